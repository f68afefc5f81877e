"""The console in Chromium, in front of the real stack."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from investiq.foundation.config import load
from investiq.monitoring.alert import Alert
from investiq.monitoring.rules import ALERTS
from investiq.monitoring.rules.api import SERVICE_DOWN
from investiq.operate.render.files import render_runtime
from investiq.serve.web.browser_session import join
from tests.alertmanager import posted
from tests.clients.notify.services import Service, discord, served
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


@pytest.fixture(scope="module")
def visitor(browser: Browser, stack: Stack) -> Iterator[BrowserContext]:
    """A profile for those who only look: the libraries of the console are loaded and compiled once for all of them."""
    profile = _profile(browser, stack)
    yield profile
    profile.close()


@pytest.fixture(scope="module")
def trader(browser: Browser, stack: Stack) -> Iterator[BrowserContext]:
    """A profile in which somebody has logged in."""
    with logged_in(browser, stack) as profile:
        yield profile


@contextmanager
def logged_in(browser: Browser, stack: Stack) -> Iterator[BrowserContext]:
    """A profile in which somebody has logged in, by a link of `investiq login`."""
    profile = _profile(browser, stack)
    page = profile.new_page()
    page.goto(stack.investiq("login", "--json").json["url"])
    page.get_by_role("button", name="Log in with this link").click()
    eventually(page.locator("#who"), "local admin (admin)")
    page.close()
    yield profile
    profile.close()


def _profile(browser: Browser, stack: Stack) -> BrowserContext:
    profile = browser.new_context(base_url=stack.url("web", "").rstrip("/"))
    profile.set_default_timeout(PATIENCE_MS)
    return profile


@contextmanager
def opened_by_itself(
    browser: Browser, stack: Stack, path: str, *, clock: bool = False, filled: bool = True
) -> Iterator[tuple[Page, Watch]]:
    """A page in a profile of its own; with `clock`, its time can be put forward."""
    profile = _profile(browser, stack)
    if clock:
        profile.clock.install()
    with opened(profile, stack, path, filled=filled) as (page, watch):
        yield page, watch
    profile.close()


@contextmanager
def opened(
    profile: BrowserContext, stack: Stack, path: str, width: int = 1440, *, first: str = "", filled: bool = True
) -> Iterator[tuple[Page, Watch]]:
    """A page whose header, where it has one, has been filled.

    Args:
        first: a script that runs before those of the page.
    """
    page, watch = profile.new_page(), Watch(stack.url("web", "").rstrip("/"))
    page.set_viewport_size({"width": width, "height": 900})
    page.add_init_script(first)
    watch.attach(page)
    page.goto(path)
    if filled:
        expect(status(page, "mode")).to_contain_text("Replay", timeout=PATIENCE_MS)
    yield page, watch
    page.close()


def status(page: Page, name: str) -> Locator:
    return page.locator(f"#status-{name}")


def eventually(locator: Locator, text: str | re.Pattern[str]) -> None:
    expect(locator).to_contain_text(text, timeout=PATIENCE_MS)


FILLED = {
    "/silence": (".names", "ServiceDown"),
    "/silence/ServiceDown": ("#silence-count", "now"),
    "/": ("#overall-card", "of the evidence"),
    "/trading": ("#breaker-card", "allowed"),
    "/operations": ("#parts", "targets up"),
    "/operations/api": (".panel-timeseries .legend", "investiq-api"),
    "/checklist": ("#checklist", "investiq "),  # how to look for the first time, or what was found
}
CHARTED = {"/", "/trading", "/operations/api"}
PHONE = 360


@pytest.mark.parametrize("path", FILLED)
def test_a_page_is_filled_without_a_complaint_and_without_the_outside(
    visitor: BrowserContext, stack: Stack, path: str
) -> None:
    with opened(visitor, stack, path, PHONE) as (page, watch):
        eventually(page.locator(FILLED[path][0]).first, FILLED[path][1])
        eventually(status(page, "trading"), "Not halted")
        if path in CHARTED:
            expect(page.locator("canvas").first).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_load_state("networkidle")
        for width in (PHONE, 390, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing to scroll sideways
        assert watch.complaints == []
        assert watch.outside() == []
        links = page.evaluate("[...document.querySelectorAll('[href],[src]')].map(e => e.href || e.src)")
        assert [link for link in links if not str(link).startswith((watch.allowed, "data:"))] == []


def test_tab_stops_in_a_table_at_nothing_but_its_buttons(visitor: BrowserContext, stack: Stack) -> None:
    """Cell by cell it took 258 presses. Who only looks finds no buttons."""
    with opened(visitor, stack, "/trading") as (page, _watch):
        eventually(page.locator("#breaker-card"), "allowed")
        expect(page.locator("#orders [role=columnheader]").first).to_be_visible(timeout=PATIENCE_MS)
        page.locator("#page").focus()
        within = 0
        for _ in range(40):
            page.keyboard.press("Tab")
            within += page.evaluate("Boolean(document.activeElement.closest('#positions, #orders'))")
            if page.evaluate("document.activeElement === document.body"):
                break
        assert page.evaluate("document.activeElement === document.body"), "all of the page was gone through"
        assert within == 0


def test_a_link_that_a_poll_draws_anew_keeps_the_focus(visitor: BrowserContext, stack: Stack) -> None:
    with opened(visitor, stack, "/trading") as (page, _watch):
        eventually(page.locator("#breaker-card"), "allowed")
        page.wait_for_load_state("networkidle")
        link = page.locator("#breaker-permission a")
        link.evaluate("element => { element.dataset.drawn = 'before'; element.focus() }")
        expect(link).not_to_have_attribute("data-drawn", "before", timeout=PATIENCE_MS)
        expect(link).to_be_focused()
        page.locator("#ticket-symbol").focus()
        link.evaluate("element => { element.dataset.drawn = 'before' }")
        expect(link).not_to_have_attribute("data-drawn", "before", timeout=PATIENCE_MS)
        expect(page.locator("#ticket-symbol")).to_be_focused()  # its user went on, and is left there


def test_what_is_pressed_has_a_name(trader: BrowserContext, stack: Stack) -> None:
    with opened(trader, stack, "/trading") as (page, _watch):
        page.get_by_role("button", name="Halt trading").click()
        expect(page.get_by_role("dialog").get_by_role("button", name="Close without changes")).to_be_visible()
        for name in ("Side", "Shares or dollars", "Type"):
            expect(page.get_by_role("radiogroup", name=name)).to_have_count(1)
        assert page.locator("footer").count() == 1


def test_another_symbol_changes_the_chart_and_the_cards(visitor: BrowserContext, stack: Stack) -> None:
    with opened(visitor, stack, "/") as (page, watch):
        eventually(page.locator("#quote"), "AAPL")
        eventually(page.locator("#engine-technical"), "RSI")
        rsi = page.locator("#engine-technical .metric").first.inner_text()
        drawn = _chart_data(page)

        page.get_by_role("combobox", name="Symbol").or_(page.get_by_role("textbox", name="Symbol")).first.click()
        page.get_by_role("option", name="IBM").click()

        eventually(page.locator("#quote"), "IBM")
        awaited("RSI of IBM", 30, lambda: page.locator("#engine-technical .metric").first.inner_text() != rsi)
        awaited("chart of IBM", 30, lambda: _chart_data(page) != drawn)
        eventually(page.locator("#engine-sentiment"), "No result")
        assert watch.complaints == []


def _chart_data(page: Page) -> str:
    """What the price chart shows, as pixels."""
    data: str = page.locator("#price-chart canvas").nth(1).evaluate("canvas => canvas.toDataURL()")
    return data


def test_a_person_halts_trading_buys_in_vain_and_resumes(trader: BrowserContext, stack: Stack) -> None:
    with opened(trader, stack, "/trading") as (page, watch):
        try:
            _change(page, "Halt trading", "something looks wrong")
            eventually(status(page, "trading"), "halted manually: something looks wrong")
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


def test_who_logs_in_by_a_link_halts_under_his_name_and_may_not_after_he_has_logged_out(
    browser: Browser, stack: Stack
) -> None:
    key = _new_key(stack, "alice")
    link = _link(stack, key)
    with opened_by_itself(browser, stack, "/trading") as (page, watch):
        halt = page.get_by_role("button", name="Halt trading…")
        way_in = page.locator("#who").get_by_role("link", name="Log in")
        eventually(page.locator("#breaker-permission"), "Log in to halt trading.")
        eventually(page.locator("#ticket-permission"), "Log in to send orders.")
        expect(halt).to_be_disabled()
        expect(way_in).to_have_attribute("href", "/login?next=%2Ftrading")

        page.goto(f"/login?next=%2Ftrading#{link}")
        expect(page.get_by_role("button", name="Log in with this link")).to_be_visible()
        assert link not in page.url  # and so not in the history
        page.get_by_role("button", name="Log in with this link").click()
        expect(page).to_have_url(re.compile("/trading$"), timeout=PATIENCE_MS)
        eventually(page.locator("#who"), "alice (admin)")
        try:
            _change(page, "Halt trading", "something looks wrong")
            who = f"alice (session {_session_of(stack, 'alice')})"
            eventually(page.locator("#breaker-card"), who)
            assert stack.get("api", "/api/trading/status")["by"] == who
        finally:
            stack.investiq("resume", "--reason", "the end of a test")
        eventually(status(page, "trading"), "Not halted")

        page.get_by_role("button", name="Log out").click()
        expect(way_in).to_be_visible(timeout=PATIENCE_MS)
        eventually(page.locator("#breaker-permission"), "Log in to halt trading.")
        expect(halt).to_be_disabled()
        assert page.context.cookies() == []
        assert page.evaluate("window.localStorage.getItem('investiq-half')") is None
        assert watch.complaints == []

        page.goto(f"/login#{link}")
        page.get_by_role("button", name="Log in with this link").click()
        eventually(page.locator("#said"), "works once")


def test_a_session_that_ends_in_the_middle_of_a_change_says_so_and_nothing_typed_is_lost(
    browser: Browser, stack: Stack
) -> None:
    key = _new_key(stack, "bob")
    with opened_by_itself(browser, stack, f"/login?next=%2Ftrading#{_link(stack, key)}", filled=False) as (page, _):
        page.get_by_role("button", name="Log in with this link").click()
        eventually(page.locator("#who"), "bob (admin)")
        _asked(page, "Halt trading", "something looks wrong")
        dialogue = page.get_by_role("dialog")
        confirm = dialogue.get_by_role("button", name="Halt trading")
        secret = _secret(page)
        stack.investiq("keys", "revoke", _session_of(stack, "bob"))
        awaited("end of the session", 10, lambda: _asks_as(stack, secret) == 401)
        confirm.click()
        eventually(dialogue, "Your session has ended")
        expect(dialogue.get_by_label("Reason")).to_have_value("something looks wrong")
        assert stack.get("api", "/api/trading/status")["halted"] is False

        with page.expect_popup() as popup:
            dialogue.get_by_role("link", name="Log in").click()
        popup.value.get_by_label("API key").fill(key)
        popup.value.get_by_role("button", name="Log in").click()
        eventually(popup.value.locator("#said"), "You are logged in as bob")
        popup.value.close()
        try:
            confirm.click()
            expect(dialogue).to_be_hidden(timeout=PATIENCE_MS)
            assert stack.get("api", "/api/trading/status")["note"] == "something looks wrong"
        finally:
            stack.investiq("resume", "--reason", "the end of a test")


def _new_key(stack: Stack, name: str) -> str:
    secret: str = stack.investiq("keys", "create", "--name", name, "--scope", "admin", "--json").json["secret"]
    return secret


def _link(stack: Stack, key: str) -> str:
    headers = {"Authorization": f"Bearer {key}"}
    made = httpx2.post(stack.url("api", "/api/sessions/links"), headers=headers, timeout=10, trust_env=False)
    return str(made.raise_for_status().json()["token"])


def _session_of(stack: Stack, name: str) -> str:
    """The id of the one session of a key."""
    (session,) = [one for one in stack.investiq("keys", "sessions", "--json").json["sessions"] if one["name"] == name]
    return str(session["id"])


def _secret(page: Page) -> str:
    """What both halves are together."""
    (cookie,) = page.context.cookies()
    secret = join(str(cookie.get("value")), page.evaluate("window.localStorage.getItem('investiq-half')"))
    assert secret is not None
    return secret


def _asks_as(stack: Stack, secret: str) -> int:
    """The status for who presents this to the API."""
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx2.get(stack.url("api", "/api/market"), headers=headers, timeout=10, trust_env=False).status_code


def test_another_port_of_the_same_host_cannot_use_what_the_browser_sends_it(
    trader: BrowserContext, stack: Stack
) -> None:
    with opened(trader, stack, "/trading") as (page, _):
        (cookie,) = page.context.cookies()
        assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (True, "Strict", "/")
        assert _asks_as(stack, _secret(page)) == 200
        for stolen in (str(cookie.get("value")), f"iqs_{cookie.get('value')}"):
            assert _asks_as(stack, stolen) == 401


def _change(page: Page, what: str, reason: str) -> None:
    _asked(page, what, reason)
    dialogue = page.get_by_role("dialog")
    dialogue.get_by_role("button", name=what).click()
    expect(dialogue).to_be_hidden(timeout=PATIENCE_MS)


def _asked(page: Page, what: str, reason: str) -> None:
    """The dialogue is open, and its reason is typed."""
    page.get_by_role("button", name=f"{what}…").click()
    dialogue = page.get_by_role("dialog")
    expect(dialogue.locator(".preview")).to_be_visible(timeout=PATIENCE_MS)
    expect(dialogue.get_by_role("button", name=what)).to_be_disabled()  # without a reason
    dialogue.get_by_label("Reason").fill(reason)


def test_operations_shows_every_part_that_prometheus_scrapes(visitor: BrowserContext, stack: Stack) -> None:
    with opened(visitor, stack, "/operations") as (page, _):
        for job in stack.targets():
            eventually(page.locator(f"#part-{job}"), "Up")


def test_every_dashboard_draws_what_prometheus_has(visitor: BrowserContext, stack: Stack) -> None:
    dashboards = json.loads((stack.data / "monitoring" / "panels.json").read_text())["dashboards"]
    with opened(visitor, stack, "/operations") as (page, watch):
        for dashboard in (dashboard for dashboard in dashboards if dashboard["name"] != "overview"):
            name = dashboard["title"].removeprefix("InvestIQ ")
            page.locator(".tabs").get_by_role("link", name=name, exact=True).click()
            expect(page).to_have_url(re.compile(f"/operations/{dashboard['name']}$"), timeout=PATIENCE_MS)
            panels = page.locator(".panel")
            expect(panels).to_have_count(sum(len(row["panels"]) for row in dashboard["rows"]), timeout=PATIENCE_MS)
            expect(page.locator(".panel .mantine-Skeleton-root")).to_have_count(0, timeout=PATIENCE_MS)
            faults = page.locator(".panel-words", has_text=re.compile("is refused|cannot be drawn|has not answered"))
            assert faults.all_inner_texts() == []
            assert page.get_by_role("link", name="Operations", exact=True).get_attribute("aria-current") == "page"
        assert watch.complaints == []


def test_a_dashboard_has_lines_states_and_a_time_that_is_chosen(visitor: BrowserContext, stack: Stack) -> None:
    with opened(visitor, stack, "/operations/api") as (page, watch):
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


SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((shift) => {
      const footAlone = shift.sources.every(({ node }) => node && node.closest && node.closest(".foot"));
      window.shifted += shift.hadRecentInput || footAlone ? 0 : shift.value;
    })).observe({ type: "layout-shift", buffered: true });
"""
"""Sums up what moves without having been asked to; before a page is there, the foot stands below nothing."""


@contextmanager
def told_on_discord(stack: Stack) -> Iterator[Service]:
    """The stack's Alertmanager as it is where somebody has set DISCORD_WEBHOOK_URL, and what was sent there."""
    document = stack.data / "monitoring" / "alertmanager.yml"
    before = document.read_text("utf-8")
    with served(discord) as chat:
        address = {"DISCORD_WEBHOOK_URL": f"{chat.url}/api/webhooks/1/token"}
        document.write_text(
            render_runtime(load(environ=stack.environment | address).config)["alertmanager.yml"], "utf-8"
        )
        try:
            _read_again(stack)
            yield chat
        finally:
            document.write_text(before, "utf-8")
            _read_again(stack)
    assert chat.refused == []


def _read_again(stack: Stack) -> None:
    stack.post("alertmanager", "/-/reload")


LONGEST_RUNBOOK = max((alert.runbook for alert in ALERTS), key=len)


@contextmanager
def firing(stack: Stack, alert: Alert, **labels: str) -> Iterator[None]:
    """The alert fires in Alertmanager, as if Prometheus said so; nothing of it is left, and no silence."""
    told = {"alertname": alert.name, "severity": alert.severity.value, "subject": alert.subject.value, **labels}

    def post(**times: datetime) -> None:
        runbook = stack.url("web", f"/runbooks/{LONGEST_RUNBOOK}")
        notes = {"summary": f"{alert.name} of a test", "description": f"See {runbook}", "runbook": runbook}
        raw = posted(told, **times) | {"annotations": notes}
        stack.post("alertmanager", "/api/v2/alerts", [raw])

    post()
    try:
        yield
    finally:
        for silence in open_silences(stack):
            stack.investiq("unsilence", silence["id"])
        post(until=datetime.now(UTC))


def open_silences(stack: Stack) -> list[dict[str, Any]]:
    """What Alertmanager itself has."""
    return [one for one in stack.get("alertmanager", "/api/v2/silences") if one["status"]["state"] != "expired"]


def test_a_page_is_silenced_on_a_phone_by_the_link_that_it_carries(trader: BrowserContext, stack: Stack) -> None:
    with told_on_discord(stack) as chat, firing(stack, SERVICE_DOWN, service="investiq-api"):
        told = awaited("page on Discord", 60, lambda: [one for sent in list(chat.taken) for one in sent["embeds"]])[0]
        assert told["title"] == "CRITICAL: ServiceDown investiq-api"
        awaited("page in the inbox", 60, lambda: "ServiceDown" in {row["alertname"] for row in stack.notifications()})
        link = re.findall(r"\[silence\]\((\S+)\)", told["description"])[0]
        assert httpx2.get(link, timeout=10, trust_env=False).status_code == 200

        with opened(trader, stack, link, PHONE, first=SHIFTS) as (page, watch):
            eventually(page.locator("#silence-count"), "1 alert of it fires now")
            eventually(page.locator("#silence-firing"), "ServiceDown of a test")
            eventually(page.locator("#silence-list"), "Not silenced")
            page.wait_for_load_state("networkidle")
            assert page.evaluate("window.shifted") < 0.02  # a tenth is what is called good
            _silence(page, "Other", "90", "known, #214", "Anna")
            eventually(page.locator("#silence-answer"), "such as 30s, 10m, 2h or 7d")
            assert open_silences(stack) == []
            asked = datetime.now(UTC)
            _silence(page, "Other", "90m", "known, #214", "Anna")
            eventually(page.locator("#silence-answer"), re.compile(r"Silenced until .*\d\d:\d\d UTC"))
            eventually(page.locator("#silence-answer"), "It mutes 1 firing alert")
            eventually(page.locator("#silence-count"), "silenced already")

            (silence,) = open_silences(stack)  # of a double click
            assert {(one["name"], one["value"], one["isRegex"], one["isEqual"]) for one in silence["matchers"]} == {
                ("alertname", "ServiceDown", False, True),
                ("service", "investiq-api", False, True),
            }
            assert (silence["createdBy"], silence["comment"]) == ("Anna (local admin)", "known, #214")
            left = datetime.fromisoformat(silence["endsAt"]) - asked
            assert timedelta(minutes=90) <= left < timedelta(minutes=92)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE

            page.get_by_role("link", name="Operations").click()
            fires = page.locator(".alert", has_text="ServiceDown of a test")
            eventually(fires, "Silenced by Anna (local admin) until")
            eventually(fires, "known, #214")
            eventually(fires, LONGEST_RUNBOOK)
            what_to_do = fires.get_by_role("link", name="Runbook: what to do")
            expect(what_to_do).to_have_attribute("href", "/runbooks/api/ServiceDown")
            eventually(page.locator("#pages"), "ServiceDown")
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE  # long names are broken
            page.locator(".tabs").get_by_role("link", name="Alerts", exact=True).click()
            expect(page).to_have_url(re.compile("/operations/alerts$"), timeout=PATIENCE_MS)
            fires.get_by_role("link", name="Silence").click()
            expect(page).to_have_url(link, timeout=PATIENCE_MS)
            expect(page.get_by_label("Your name")).to_have_value("Anna")  # remembered
            page.get_by_role("button", name="End the silence of Anna (local admin)").click()
            eventually(page.locator("#silence-ended"), "notifications resume if it is still firing")
            eventually(page.locator("#silence-list"), "Not silenced")
            assert open_silences(stack) == []
            assert watch.complaints == []
            assert watch.outside() == []


def _silence(page: Page, choice: str, other: str, reason: str, name: str) -> None:
    page.get_by_text(choice, exact=True).click()
    page.get_by_label("Other duration").fill(other)
    page.get_by_label("Reason").fill(reason)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Silence", exact=True).dblclick()


def test_an_alert_that_no_rule_has_is_not_found_and_the_nearest_is_offered(
    visitor: BrowserContext, stack: Stack
) -> None:
    with opened(visitor, stack, "/operations/alerts", PHONE) as (page, _):
        answer = page.goto("/silence/ServiceDwn")
        assert answer is not None
        assert answer.status == 404
        eventually(page.locator("#page"), "did you mean ServiceDown?")
        page.get_by_role("link", name="Silence ServiceDown").click()
        eventually(page.locator("#silence-count"), "now")


def test_a_dashboard_that_does_not_exist_is_a_404(visitor: BrowserContext, stack: Stack) -> None:
    with opened(visitor, stack, "/operations/api") as (page, _):
        answer = page.goto("/operations/nothing")
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("heading")).to_have_text("Page not found: /operations/nothing")


def test_pages_are_reached_with_the_keyboard_and_the_window_is_named_after_them(
    visitor: BrowserContext, stack: Stack
) -> None:
    with opened(visitor, stack, "/") as (page, watch):
        page.get_by_role("link", name="Trading").focus()
        page.keyboard.press("Enter")
        expect(page).to_have_title("Trading · InvestIQ", timeout=PATIENCE_MS)
        eventually(page.locator("#account"), "Equity")
        expect(page.get_by_role("link", name="Trading")).to_have_attribute("aria-current", "page")
        assert watch.complaints == []


def test_both_colour_schemes_are_there_and_the_choice_stays(browser: Browser, stack: Stack) -> None:
    scheme = "document.documentElement.getAttribute('data-mantine-color-scheme')"
    with opened_by_itself(browser, stack, "/") as (page, _):
        before = page.evaluate(scheme)
        page.get_by_role("button", name="Light or dark").click()
        awaited("other colour scheme", 10, lambda: page.evaluate(scheme) != before)
        page.reload(wait_until="commit")
        page.wait_for_load_state()
        assert page.evaluate(scheme) != before


def test_a_page_whose_server_is_gone_says_that_it_is_old(browser: Browser, stack: Stack) -> None:
    with opened_by_itself(browser, stack, "/", clock=True) as (page, _):
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


def test_an_unknown_address_is_a_page_that_leads_back(visitor: BrowserContext, stack: Stack) -> None:
    with opened(visitor, stack, "/") as (page, watch):
        answer = page.goto("/nothing/here")
        assert answer is not None
        assert answer.status == 404
        page.get_by_role("link", name="Operations").click()
        eventually(page.locator("#parts"), "targets up")
        assert watch.outside() == []
