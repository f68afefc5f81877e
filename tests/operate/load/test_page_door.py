"""Who may see Locust's page: it could start any load."""

from __future__ import annotations

import pytest
from flask import Flask

from investiq.operate.load.page_door import COOKIE, guard_page


@pytest.fixture
def page() -> Flask:
    made = Flask("page")
    made.add_url_rule("/", "index", lambda: "the page", methods=["GET", "POST"])
    guard_page(made, "right")
    return made


def test_nobody_sees_it_without_the_link(page: Flask) -> None:
    for path in ("/", "/?token=", "/?token=wrong", "/nosuch"):
        assert page.test_client().get(path).status_code == 403
        assert page.test_client().post(path).status_code == 403


def test_the_link_gives_a_cookie_that_other_sites_cannot_use(page: Flask) -> None:
    browser = page.test_client()
    answer = browser.get("/?token=right")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=right")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert browser.get("/").text == "the page"


def test_an_empty_token_opens_nothing() -> None:
    made = Flask("page")
    guard_page(made, "")
    for path in ("/", "/?token="):
        assert made.test_client().get(path).status_code == 403
