"""`make screenshots`: takes the pictures of docs/images anew, of a stack of its own that has traded for minutes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import NewStack
from tests.e2e.stack import Stack, awaited
from tests.e2e.test_browser import browser, logged_in, opened

__all__ = ["browser"]

pytestmark = pytest.mark.e2e

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PICTURES = {"console": ("/", 900), "trading": ("/trading", 900), "operations": ("/operations", 2060)}
SESSIONS = 60
TRADING_SECONDS = 900


def test_the_pictures_are_taken(new_stack: NewStack, browser: Browser) -> None:
    stack = new_stack(INVESTIQ_MARKET_SESSION_SECONDS="5")
    stack.up()
    awaited("trades of some sessions", TRADING_SECONDS, lambda: _has_traded(stack))
    with logged_in(browser, stack) as profile:
        for name, (path, height) in PICTURES.items():
            with opened(profile, stack, path) as (page, watch):
                page.set_viewport_size({"width": 1440, "height": height})
                page.wait_for_load_state("networkidle")
                page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
                assert watch.complaints == []


def _has_traded(stack: Stack) -> bool:
    if stack.get("api", "/api/trading/status")["halted"]:
        stack.investiq("resume", "--reason", "the pictures are of trading that is open")
    return len(stack.get("api", "/api/account/equity")["points"]) >= SESSIONS
