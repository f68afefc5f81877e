"""Whose request it is: a proxy is believed where it is the edge, or configured, and nowhere else."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from investiq.foundation.config import Config
from investiq.foundation.config.schema import ApiConfig, EdgeConfig
from investiq.foundation.vocabulary import Part
from investiq.serve.http.access import MonitoringAccess, client_bucket
from investiq.serve.http.proxied import ProxiedClient, is_from_edge, proxied_client

TOKEN = "t" * 43
PROXIES = (ip_network("10.0.0.7/32"), ip_network("2001:db8:7::/64"))


async def seen(peer: str | None, headers: list[tuple[str, str]], token: str | None = TOKEN) -> Scope:
    """The request as the layers further in see it."""
    found: list[Scope] = []

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        found.append(scope)

    async def nothing(*_: Any) -> Any: ...

    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    client = (peer, 1234) if peer else None
    scope = {"type": "http", "method": "GET", "path": "/api/market", "headers": raw, "client": client}
    await ProxiedClient(inner, token, PROXIES)(scope, nothing, nothing)
    return found[0]


PROOF = ("X-InvestIQ-Edge", TOKEN)


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("127.0.0.1", [PROOF, ("X-Forwarded-For", "192.0.2.9")], "192.0.2.9"),
        ("127.0.0.1", [PROOF, ("X-Forwarded-For", "2001:db8::9")], "2001:db8::9"),
        ("127.0.0.1", [PROOF, ("X-Forwarded-For", "::ffff:192.0.2.9")], "192.0.2.9"),
        ("10.0.0.7", [("X-Forwarded-For", "192.0.2.9")], "192.0.2.9"),
        ("::ffff:10.0.0.7", [("X-Forwarded-For", "192.0.2.9")], "192.0.2.9"),
        ("2001:db8:7::1", [("X-Forwarded-For", "192.0.2.9")], "192.0.2.9"),
        # What the client wrote itself stands further left; a second proxy of ours is stepped over.
        ("10.0.0.7", [("X-Forwarded-For", "127.0.0.1, 192.0.2.9")], "192.0.2.9"),
        ("10.0.0.7", [("X-Forwarded-For", "192.0.2.9, 10.0.0.7")], "192.0.2.9"),
        ("10.0.0.7", [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-For", "192.0.2.9")], "192.0.2.9"),
    ],
)
async def test_a_proxy_that_is_believed_names_the_client(
    peer: str, headers: list[tuple[str, str]], client: str
) -> None:
    assert (await seen(peer, headers))["client"][0] == client


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("127.0.0.1", [("X-Forwarded-For", "192.0.2.9")]),
        ("10.0.0.8", [("X-Forwarded-For", "192.0.2.9")]),
        ("127.0.0.1", [("X-InvestIQ-Edge", "wrong"), ("X-Forwarded-For", "192.0.2.9")]),
        ("127.0.0.1", [("X-InvestIQ-Edge", ""), ("X-Forwarded-For", "192.0.2.9")]),
        ("127.0.0.1", [PROOF, PROOF, ("X-Forwarded-For", "192.0.2.9")]),
        ("127.0.0.1", [PROOF, ("X-Forwarded-For", "nonsense")]),
        ("127.0.0.1", [PROOF]),
        ("10.0.0.7", [("X-Forwarded-For", "10.0.0.7")]),
    ],
)
async def test_from_anybody_else_the_peer_is_the_client(peer: str, headers: list[tuple[str, str]]) -> None:
    assert (await seen(peer, headers))["client"][0] == peer


async def test_an_edge_that_does_not_run_proves_nothing_with_an_empty_token() -> None:
    scope = await seen("127.0.0.1", [("X-InvestIQ-Edge", ""), ("X-Forwarded-For", "192.0.2.9")], token=None)
    assert (is_from_edge(scope), scope["client"][0]) == (False, "127.0.0.1")


async def test_a_request_without_a_peer_stays_without() -> None:
    assert (await seen(None, [("X-Forwarded-For", "192.0.2.9")]))["client"] is None


@pytest.mark.parametrize("named", ["127.0.0.1", "::1", "192.0.2.9"])
async def test_whoever_comes_through_a_proxy_is_never_trusted_for_an_address(named: str) -> None:
    networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"), ip_network("192.0.2.0/24"))
    access = MonitoringAccess(Part.API, ApiConfig(trusted_networks=networks))
    headers = [PROOF, ("X-Forwarded-For", named), ("Host", "127.0.0.1:3000")]
    assert not access.reads_from_trusted_network(await seen("127.0.0.1", headers))


async def test_clients_behind_the_edge_have_a_budget_each() -> None:
    buckets = {
        client_bucket(await seen("127.0.0.1", [PROOF, ("X-Forwarded-For", address)]))
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2")
    }
    assert len(buckets) == 3  # of IPv6, a /64 is one


def test_without_a_proxy_there_is_no_layer(tmp_path: Path) -> None:
    assert proxied_client(Config(data_dir=tmp_path)) == []
    edge = EdgeConfig(enabled=True, console="a.example")
    assert len(proxied_client(Config(data_dir=tmp_path, edge=edge))) == 1
