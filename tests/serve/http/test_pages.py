"""Which requests a page of another site sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from investiq.serve.http.pages import is_of_another_page, names_its_page


def request(host: str = "localhost:8050", scheme: str = "http", method: str = "POST", **headers: str) -> Scope:
    fields = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in fields.items()]
    return {"type": "http", "scheme": scheme, "method": method, "headers": encoded}


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8050", "http://localhost:8050"),
        ("LOCALHOST:8050", "http://localhost:08050"),
        ("localhost", "http://localhost:80"),
        ("localhost:80", "http://localhost"),
        ("[::1]:8050", "http://[0:0:0:0:0:0:0:1]:8050"),
        ("invest.example.org", "http://invest.example.org"),
        ("invest.example.org", "https://invest.example.org"),
        ("invest.example.org:443", "https://invest.example.org"),
    ],
)
def test_a_page_of_this_server_is_ours(host: str, origin: str) -> None:
    assert not is_of_another_page(request(host, origin=origin))


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8050", "http://localhost:3000"),
        ("localhost:8050", "http://localhost"),
        ("localhost:8050", "http://127.0.0.1:8050"),
        ("localhost:8050", "https://localhost:8050"),
        ("[::1]:8050", "https://[::1]:8050"),
        ("localhost:8050", "http://evil.example"),
        ("localhost:8050", "http://localhost:8050@evil.example"),
        ("localhost:8050", "http://evil.example/localhost:8050"),
        ("localhost:8050", "http://localhost:8050/"),
        ("localhost:8050", "null"),
        ("localhost:8050", ""),
        ("localhost:8050", "localhost:8050"),
        ("localhost:8050", "file://localhost:8050"),
        ("invest.example.org", "https://invest.example.org:8443"),
        ("invest.example.org", "http://invest.example.org:443"),
    ],
)
def test_any_other_page_is_not(host: str, origin: str) -> None:
    assert is_of_another_page(request(host, origin=origin))
    assert is_of_another_page(request(host, method="GET", origin=origin))


def test_behind_a_proxy_the_scheme_is_what_it_says() -> None:
    host, forwarded = "invest.example.org", {"x_forwarded_proto": "https"}
    assert not is_of_another_page(request(host, origin=f"https://{host}", **forwarded))
    assert is_of_another_page(request(host, origin=f"http://{host}", **forwarded))


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_says_comes_from_elsewhere_is_refused_also_to_read(site: str) -> None:
    assert is_of_another_page(request(method="GET", sec_fetch_site=site))
    assert is_of_another_page(request(method="GET", sec_fetch_site=site, sec_fetch_mode="no-cors"))
    assert is_of_another_page(
        request(method="GET", sec_fetch_site=site, sec_fetch_mode="navigate", sec_fetch_dest="iframe")
    )


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_page_and_a_typed_address_are_answered(site: str) -> None:
    assert not is_of_another_page(request(method="GET", sec_fetch_site=site))


def test_a_link_may_lead_here_and_a_form_may_not() -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert not is_of_another_page(request(method="GET", **link))
    assert is_of_another_page(request(method="POST", **link))


def test_programs_name_no_page() -> None:
    assert not is_of_another_page(request())
    assert not names_its_page(request()["headers"])
    assert names_its_page(request(origin="http://localhost:8050")["headers"])
    assert not names_its_page(request(origin="http://localhost:8050")["headers"] * 2)


@given(st.text(st.characters(max_codepoint=255), max_size=40), st.text(st.characters(max_codepoint=255), max_size=40))
def test_no_header_makes_it_fail(host: str, origin: str) -> None:
    is_of_another_page(request(host, origin=origin))
    is_of_another_page(request(host, origin=f"http://{origin}"))
