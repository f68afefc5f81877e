"""What the names of a request's headers say to the layers."""

from __future__ import annotations

from typing import Any

import pytest

from investiq.serve.http.header_names import header_names, only_host


def request(*names: str) -> dict[str, Any]:
    return {"headers": [(name.encode(), f"value {place}".encode()) for place, name in enumerate(names)]}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("authorization", "has_authorization"),
        ("x-request-id", "has_request_id"),
        ("content-length", "has_body"),
        ("transfer-encoding", "has_body"),
        ("origin", "names_page"),
        ("sec-fetch-site", "names_page"),
        ("x-forwarded-for", "is_forwarded"),
        ("via", "is_forwarded"),
        ("accept", ""),
    ],
)
def test_each_name_says_one_thing(name: str, says: str) -> None:
    found = header_names(request("host", name, "user-agent"))
    said = {attribute for attribute in found.__slots__ if attribute != "host" and getattr(found, attribute)}
    assert said == ({says} if says else set())


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (["host"], b"value 0"),
        (["accept", "host"], b"value 1"),
        (["accept"], None),
        (["host", "accept", "host"], None),
        ([], None),
    ],
)
def test_the_host_is_told_where_exactly_one_is_there(names: list[str], host: bytes | None) -> None:
    assert only_host(request(*names)) == host


def test_values_are_those_of_the_request_and_not_of_one_with_the_same_names() -> None:
    first, second = request("host"), {"headers": [(b"host", b"evil.example")]}
    assert header_names(first) is header_names(second)
    assert (only_host(first), only_host(second)) == (b"value 0", b"evil.example")
