"""Which Host headers a server answers to."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.config import load
from investiq.foundation.topology import SIGNALS
from investiq.serve.http import HostPolicy
from investiq.serve.http.hosts import host_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST:3000", "localhost"),
        ("localhost.", "localhost"),
        ("127.0.0.1:3000", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[::1]:3000", "::1"),
        ("[0:0:0:0:0:0:0:1]:3000", "::1"),
        ("[::0001]", "::1"),
        ("invest.example.org:443", "invest.example.org"),
        ("", None),
        (":3000", None),
        ("[::1", None),
        ("[]", None),
        ("[127.0.0.1]", None),
        ("[::1]3000", None),
        ("[::1]:x", None),
        ("localhost:x", None),
        ("localhost:", None),
        ("localhost:３０００", None),
        ("::1", None),
    ],
)
def test_a_host_header_has_one_canonical_name(header: str, name: str | None) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize("header", ["localhost:3000", "127.0.0.1", "[::1]:3000", "invest.example.org"])
def test_a_server_answers_to_its_own_names(header: str) -> None:
    assert HostPolicy("127.0.0.1", ["invest.example.org"]).allows(_with_hosts(header.encode()))


@pytest.mark.parametrize(
    "header",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.2", "[::2]", "2130706433"],
)
def test_a_server_answers_to_no_other_name(header: str) -> None:
    assert not HostPolicy("127.0.0.1").allows(_with_hosts(header.encode()))


def _with_hosts(*hosts: bytes) -> dict[str, Any]:
    return {"headers": [(b"accept", b"*/*"), *((b"host", host) for host in hosts)]}


def test_exactly_one_host_header_is_wanted() -> None:
    policy = HostPolicy("127.0.0.1")
    assert not policy.allows(_with_hosts())
    assert not policy.allows(_with_hosts(b"localhost", b"localhost"))


def test_a_wildcard_answers_to_the_addresses_of_the_machine_and_to_no_name() -> None:
    policy = HostPolicy("0.0.0.0")  # noqa: S104  nothing is bound
    assert policy.allows(_with_hosts(b"127.0.0.1:3000"))
    assert not policy.allows(_with_hosts(b"evil.example"))
    assert not policy.allows(_with_hosts(b"203.0.113.99"))


@given(st.text(max_size=60))
def test_no_header_makes_the_parser_fail(text: str) -> None:
    name = host_name(text)
    assert name is None or name


@given(st.ip_addresses(v=6), st.integers(0, 65_535))
def test_every_spelling_of_an_ipv6_address_is_one_name(address: object, port: int) -> None:
    assert isinstance(address, IPv6Address)
    assert host_name(f"[{address.exploded.upper()}]:{port}") == host_name(f"[{address.compressed}]") == str(address)


def test_a_server_answers_to_the_name_by_which_others_are_told_to_ask_it() -> None:
    config = load(environ={"INVESTIQ_ADDRESSES_SIGNALS": "signal-models:8004"}).config
    policy = HostPolicy(config.signals.host, SIGNALS.network_names(config))
    asked = {name: policy.allows({"headers": [(b"host", name)]}) for name in (b"signal-models:8004", b"evil:8004")}
    assert asked == {b"signal-models:8004": True, b"evil:8004": False}
