"""Where servers are reached."""

from __future__ import annotations

import pytest

from investiq.foundation import topology


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
