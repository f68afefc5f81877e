"""The console in Chromium, in front of the real stack."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from tests.e2e.stack import Stack, awaited

pytestmark = pytest.mark.e2e

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 30_000
NETWORK_CHANGED = "ERR_NETWORK_CHANGED"
"""Chromium drops what is on its way, also on loopback, when an interface of the machine comes or goes."""


@dataclass
class Watch:
    """What a page asks for and complains about."""

    allowed: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        # A violation of the Content-Security-Policy is an error here.
        if message.type in ("error", "warning") and NETWORK_CHANGED not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")

    def outside(self) -> list[str]:
        local = (self.allowed, "data:", "blob:")
        return [url for url in self.requests if not url.startswith(local)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, f"no browser: one of {', '.join(BROWSERS)} is needed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, stack: Stack, path: str, width: int = 1440, *, clock: bool = False
) -> Iterator[tuple[Page, Watch]]:
    """A page in a profile of its own, whose header has been filled; with `clock`, its time can be put forward."""
    base = stack.url("web", "").rstrip("/")
    context = browser.new_context(viewport={"width": width, "height": 900}, base_url=base)
    context.set_default_timeout(PATIENCE_MS)
    page, watch = context.new_page(), Watch(base)
    watch.attach(page)
    if clock:
        page.clock.install()
    page.goto(path)
    expect(status(page, "mode")).to_contain_text("Replay", timeout=PATIENCE_MS)
    yield page, watch
    context.close()


def status(page: Page, name: str) -> Locator:
    return page.locator(f"#status-{name}")


def eventually(locator: Locator, text: str | re.Pattern[str]) -> None:
    expect(locator).to_contain_text(text, timeout=PATIENCE_MS)


FILLED = {
    "/": ("#overall-card", "of the evidence"),
    "/trading": ("#breaker-card", "allowed"),
    "/operations": ("#parts", "targets up"),
    "/operations/api": (".panel-timeseries .legend", "investiq-api"),
}
CHARTED = {"/", "/trading", "/operations/api"}


@pytest.mark.parametrize("path", FILLED)
@pytest.mark.parametrize("width", [1440, 390])
def test_a_page_is_filled_without_a_complaint_and_without_the_outside(
    browser: Browser, stack: Stack, path: str, width: int
) -> None:
    with opened(browser, stack, path, width) as (page, watch):
        eventually(page.locator(FILLED[path][0]).first, FILLED[path][1])
        eventually(status(page, "trading"), "Not halted")
        if path in CHARTED:
            expect(page.locator("canvas").first).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_load_state("networkidle")
        assert watch.complaints == []
        assert watch.outside() == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing to scroll sideways
        links = page.evaluate("[...document.querySelectorAll('[href],[src]')].map(e => e.href || e.src)")
        assert [link for link in links if not str(link).startswith((watch.allowed, "data:"))] == []


def test_another_symbol_changes_the_chart_and_the_cards(browser: Browser, stack: Stack) -> None:
    with opened(browser, stack, "/") as (page, watch):
        eventually(page.locator("#quote"), "AAPL")
        eventually(page.locator("#engine-technical"), "RSI")
        rsi = page.locator("#engine-technical .metric").first.inner_text()
        drawn = _chart_data(page)

        page.get_by_role("combobox", name="Symbol").or_(page.get_by_role("textbox", name="Symbol")).first.click()
        page.get_by_role("option", name="IBM").click()

        eventually(page.locator("#quote"), "IBM")
        awaited("RSI of IBM", 30, lambda: page.locator("#engine-technical .metric").first.inner_text() != rsi)
        awaited("chart of IBM", 30, lambda: _chart_data(page) != drawn)
        eventually(page.locator("#engine-sentiment"), "No answer")
        assert watch.complaints == []


def _chart_data(page: Page) -> str:
    """What the price chart shows, as pixels."""
    data: str = page.locator("#price-chart canvas").nth(1).evaluate("canvas => canvas.toDataURL()")
    return data


def test_a_person_halts_trading_buys_in_vain_and_resumes(browser: Browser, stack: Stack) -> None:
    with opened(browser, stack, "/trading") as (page, watch):
        try:
            _change(page, "Halt trading", "something looks wrong")
            eventually(status(page, "trading"), "halted by hand: something looks wrong")
            eventually(page.locator("#breaker-card"), "something looks wrong")
            assert stack.get("api", "/api/trading/status")["halted"] is True

            page.get_by_label("Amount").fill("3")
            page.get_by_role("button", name="Send order").click()
            eventually(page.locator("#ticket-answer"), re.compile("Denied.*trading is halted"))
            eventually(page.locator("#orders"), "Denied")
            newest = stack.get("api", "/api/trades?limit=50")["orders"]
            asked = [order for order in newest if order["quantity"] and Decimal(order["quantity"]) == 3]
            assert {(order["status"], order["reason"]) for order in asked} == {("denied", "halted")}
        finally:
            if stack.get("api", "/api/trading/status")["halted"]:
                _change(page, "Resume trading", "it was right after all")
        eventually(status(page, "trading"), "Not halted")
        assert stack.get("api", "/api/trading/status")["halted"] is False
        assert watch.complaints == []


def _change(page: Page, what: str, reason: str) -> None:
    page.get_by_role("button", name=f"{what}…").click()
    dialogue = page.get_by_role("dialog")
    confirm = dialogue.get_by_role("button", name=what)
    expect(dialogue.locator(".preview")).to_be_visible(timeout=PATIENCE_MS)
    expect(confirm).to_be_disabled()  # without a reason
    dialogue.get_by_label("Reason").fill(reason)
    confirm.click()
    expect(dialogue).to_be_hidden(timeout=PATIENCE_MS)


def test_operations_shows_every_part_that_prometheus_scrapes(browser: Browser, stack: Stack) -> None:
    with opened(browser, stack, "/operations") as (page, _):
        for job in stack.targets():
            eventually(page.locator(f"#part-{job}"), "Up")


def test_every_dashboard_draws_what_prometheus_has(browser: Browser, stack: Stack) -> None:
    dashboards = json.loads((stack.data / "monitoring" / "panels.json").read_text())["dashboards"]
    with opened(browser, stack, "/operations") as (page, watch):
        for dashboard in (dashboard for dashboard in dashboards if dashboard["name"] != "overview"):
            name = dashboard["title"].removeprefix("InvestIQ ")
            page.locator(".tabs").get_by_role("link", name=name, exact=True).click()
            expect(page).to_have_url(re.compile(f"/operations/{dashboard['name']}$"), timeout=PATIENCE_MS)
            panels = page.locator(".panel")
            expect(panels).to_have_count(sum(len(row["panels"]) for row in dashboard["rows"]), timeout=PATIENCE_MS)
            expect(page.locator(".panel .mantine-Skeleton-root")).to_have_count(0, timeout=PATIENCE_MS)
            faults = page.locator(".panel-words", has_text=re.compile("is refused|cannot be drawn|gives no answer"))
            assert faults.all_inner_texts() == []
            assert page.get_by_role("link", name="Operations", exact=True).get_attribute("aria-current") == "page"
        assert watch.complaints == []


def test_a_dashboard_has_lines_states_and_a_time_that_is_chosen(browser: Browser, stack: Stack) -> None:
    with opened(browser, stack, "/operations/api") as (page, watch):
        requests = page.get_by_role("region", name="Requests", exact=True)
        eventually(requests.locator(".legend"), re.compile(r"investiq-api\s*\d[\d.]*/s"))
        before = _pixels(requests)
        dependencies = page.get_by_role("region", name="Dependencies", exact=True)
        eventually(dependencies.locator(".timeline-row", has_text="database"), "up")

        page.get_by_text("24 h", exact=True).click()
        awaited("chart of a day", 30, lambda: _pixels(requests) != before)
        requests.get_by_role("button", name="About Requests").focus()
        expect(requests.get_by_role("tooltip")).to_contain_text("a second", timeout=PATIENCE_MS)
        requests.locator(".chart").scroll_into_view_if_needed()
        place = requests.locator(".chart").bounding_box()
        assert place is not None
        page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        expect(requests.locator(".legend [data-there]").first).to_be_visible(timeout=PATIENCE_MS)
        assert watch.complaints == []


def _pixels(panel: Locator) -> list[str]:
    """What the chart of a panel shows, its axes included."""
    shown: list[str] = panel.locator("canvas").evaluate_all("all => all.map(canvas => canvas.toDataURL())")
    return shown


def test_a_dashboard_that_does_not_exist_is_a_404(browser: Browser, stack: Stack) -> None:
    with opened(browser, stack, "/operations/api") as (page, _):
        answer = page.goto("/operations/nothing")
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("heading")).to_have_text("There is no page /operations/nothing")


def test_pages_are_reached_with_the_keyboard_and_the_window_is_named_after_them(browser: Browser, stack: Stack) -> None:
    with opened(browser, stack, "/") as (page, watch):
        page.get_by_role("link", name="Trading").focus()
        page.keyboard.press("Enter")
        expect(page).to_have_title("Trading · InvestIQ", timeout=PATIENCE_MS)
        eventually(page.locator("#account"), "Equity")
        expect(page.get_by_role("link", name="Trading")).to_have_attribute("aria-current", "page")
        assert watch.complaints == []


def test_both_colour_schemes_are_there_and_the_choice_stays(browser: Browser, stack: Stack) -> None:
    scheme = "document.documentElement.getAttribute('data-mantine-color-scheme')"
    with opened(browser, stack, "/") as (page, _):
        before = page.evaluate(scheme)
        page.get_by_role("button", name="Light or dark").click()
        awaited("other colour scheme", 10, lambda: page.evaluate(scheme) != before)
        page.reload(wait_until="commit")
        page.wait_for_load_state()
        assert page.evaluate(scheme) != before


def test_a_page_whose_server_is_gone_says_that_it_is_old(browser: Browser, stack: Stack) -> None:
    with opened(browser, stack, "/", clock=True) as (page, _):
        notice = page.locator("#stale")
        expect(notice).to_be_hidden()
        page.context.set_offline(True)
        page.clock.run_for(2_000)  # the page has seen what came last
        page.clock.fast_forward(15_000)
        expect(notice).to_be_visible(timeout=PATIENCE_MS)
        eventually(notice, "does not answer since")
        page.context.set_offline(False)
        expect(notice).to_be_hidden(timeout=PATIENCE_MS)


def test_a_page_of_which_a_library_did_not_arrive_loads_itself_again(browser: Browser, stack: Stack) -> None:
    page = browser.new_page(base_url=stack.url("web", ""))
    page.route("**/dash_renderer*", lambda route: route.abort(), times=1)
    page.goto("/")

    expect(status(page, "mode")).to_contain_text("Replay", timeout=PATIENCE_MS)
    page.close()


def test_an_unknown_address_is_a_page_that_leads_back(browser: Browser, stack: Stack) -> None:
    with opened(browser, stack, "/") as (page, watch):
        answer = page.goto("/nothing/here")
        assert answer is not None
        assert answer.status == 404
        page.get_by_role("link", name="Operations").click()
        eventually(page.locator("#parts"), "targets up")
        assert watch.outside() == []
