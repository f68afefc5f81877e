"""Where servers are reached."""

from __future__ import annotations

import pytest

from investiq.foundation import topology
from investiq.foundation.config import ConfigError, load


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),  # noqa: S104  nothing is bound
        ("::", "http://[::1]:1"),
        ("2001:db8::1", "http://[2001:db8::1]:1"),
        ("api.example.org", "http://api.example.org:1"),
    ],
)
def test_a_server_is_reached_where_it_listens(host: str, url: str) -> None:
    assert topology.base_url(topology.target(host, 1)) == url


def test_a_part_with_an_address_is_dialled_there_and_listens_where_it_did() -> None:
    config = load(
        environ={"INVESTIQ_ADDRESSES_API": "api-server:3000", "INVESTIQ_ADDRESSES_INBOX": "[fd00::7]:5001"}
    ).config
    assert (topology.API.target(config), topology.API.host(config)) == ("api-server:3000", "127.0.0.1")
    assert topology.API.network_names(config) == ("api-server",)
    assert topology.INBOX.network_names(config) == ("fd00::7",)
    assert topology.WEB.network_names(config) == ()


@pytest.mark.parametrize(
    "text", ["", "api", "api:", "api:0", "api:65536", "http://api:1", "a b:1", "fd00::7:1", "api:１"]
)
def test_an_address_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"such as|example"):
        load(environ={"INVESTIQ_ADDRESSES_API": text})
