"""What the users of `investiq load` do. Locust loads this file in the process of `child`; nothing else imports it."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any

import gevent
from gevent import ssl
from locust import FastHttpUser, constant, constant_pacing, events, task
from locust.env import Environment

from investiq.operate.load.console_page import CALLBACKS, DESCRIPTION, Page
from investiq.operate.load.outcomes import outcome_of
from investiq.operate.load.page_door import guard_page
from investiq.operate.load.record import Group, Outcome, RunRecord
from investiq.operate.load.settings import ChildSettings

SETTINGS = ChildSettings.read()
RECORD = RunRecord()
TIMEOUT_SECONDS = 10.0
PROGRESS_SECONDS = 1.0
READS = ("/api/positions", "/api/account", "/api/trading/status", "/api/market", "/api/trades")
PAGES = ("/", "/trading", "/operations")
POLLS = 5
"""Of a page, before the user goes to the next."""
OK = 200
FAILURES = 400

_started_cpu = 0.0


class _User(FastHttpUser):
    """Asks one address, whatever is typed into Locust's page, and follows nobody elsewhere with its key."""

    abstract = True
    host = SETTINGS.url
    insecure = False
    ssl_context_factory = staticmethod(ssl.create_default_context)
    network_timeout = connection_timeout = TIMEOUT_SECONDS
    default_headers = {"User-Agent": "investiq-load"}  # noqa: RUF012  Locust declares it so
    wait_time = constant_pacing(1 / SETTINGS.pace) if SETTINGS.pace else constant(0)

    def on_start(self) -> None:
        self.client.base_url = SETTINGS.url
        if SETTINGS.pace:  # or all of them would ask at the same moment, again and again
            gevent.sleep(random.uniform(0, 1 / SETTINGS.pace))  # noqa: S311  not for secrets

    def ask(
        self,
        method: str,
        path: str,
        endpoint: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer to one request, which is counted under its route's template."""
        started = time.time()
        with self.client.request(
            method,
            path,
            name=endpoint,
            json=body,
            headers=dict(headers or {}),
            catch_response=True,
            allow_redirects=False,
        ) as answer:
            status = answer.status_code or 0
            text = (answer.text or "") if status >= FAILURES else ""  # to read what is good would only take time
            outcome, why = outcome_of(status, text, getattr(answer, "error", None))
            milliseconds = answer.request_meta["response_time"]
            RECORD.add(Group(method, endpoint, status, outcome, why), started, milliseconds)
            if outcome in (Outcome.SERVED, Outcome.DENIED):
                answer.success()
            else:
                answer.failure(why or outcome.value)
            return answer


class _ApiUser(_User):
    abstract = True

    def on_start(self) -> None:
        super().on_start()
        self.symbols: list[str] = []

    def api(self, method: str, path: str, endpoint: str = "", body: object = None, **headers: str) -> Any:
        """One request to the API, with the key."""
        shown = {"Authorization": f"Bearer {SETTINGS.key}"} if SETTINGS.key else {}
        return self.ask(method, path, endpoint or path, body, {**shown, **headers})

    def symbol(self) -> str | None:
        """One of those that can be analysed and traded."""
        if not self.symbols:
            answer = self.api("GET", "/api/symbols")
            if answer.status_code == 200:
                self.symbols = [row["symbol"] for row in answer.json()["symbols"] if row["last_price"]]
        return random.choice(self.symbols) if self.symbols else None  # noqa: S311  not for secrets

    def health(self) -> None:
        self.api("GET", "/health")

    def analyse(self) -> None:
        if symbol := self.symbol():
            self.api("GET", f"/api/analyze/{symbol}", "/api/analyze/{symbol}")

    def bars(self) -> None:
        if symbol := self.symbol():
            self.api("GET", f"/api/bars/{symbol}?limit=100", "/api/bars/{symbol}")

    def read(self) -> None:
        self.api("GET", random.choice(READS))  # noqa: S311


class _Orders:
    """How often all users together may place an order, and which number the next one has."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._next_at = time.monotonic()

    def next_key(self) -> str | None:
        """The idempotency key of an order that may be placed now; None while it is not time."""
        now = time.monotonic()
        if now < self._next_at:
            return None
        self._next_at = max(self._next_at, now - 1) + 60 / SETTINGS.orders_per_minute
        return f"{SETTINGS.run}-{next(self._numbers)}"


ORDERS = _Orders()


class _Trader(_ApiUser):
    """Buys one share, sells it once it has it, leaves a limit order open for a moment and cancels it."""

    abstract = True

    def on_start(self) -> None:
        super().on_start()
        self.bought: dict[str, str] | None = None
        self.open: str | None = None
        self.turn = random.choice((self.buy, self.leave_open))  # noqa: S311

    def trade(self) -> None:
        if self.open is not None:
            order, self.open = self.open, None
            self.api("DELETE", f"/api/trades/{order}", "/api/trades/{order_id}")
        elif self.bought is not None and not self.has_filled(self.bought["id"]):
            return
        else:
            self.order(ORDERS.next_key())

    def order(self, key: str | None) -> None:
        if key is None:
            self.read()
        else:
            (self.sell if self.bought else self.turn)(key)

    def has_filled(self, order: str) -> bool:
        """Whether it has; what ended otherwise is forgotten."""
        answer = self.api("GET", f"/api/trades/{order}", "/api/trades/{order_id}")
        status = answer.json()["status"] if answer.status_code == 200 else ""
        if status in ("cancelled", "rejected", "denied", "expired"):
            self.bought = None
        return bool(status == "filled")

    def buy(self, key: str) -> None:
        self.turn = self.leave_open
        if symbol := self.symbol():
            self.bought = self.place(key, {"symbol": symbol, "side": "buy", "quantity": "1"})

    def sell(self, key: str) -> None:
        bought, self.bought = self.bought, None
        if bought is not None:
            self.place(key, {"symbol": bought["symbol"], "side": "sell", "quantity": "1"})

    def leave_open(self, key: str) -> None:
        """A limit that no price is likely to reach."""
        self.turn = self.buy
        if symbol := self.symbol():
            limit = {"order_type": "limit", "limit_price": "0.01"}
            order = self.place(key, {"symbol": symbol, "side": "buy", "quantity": "1", **limit})
            self.open = order["id"] if order else None

    def place(self, key: str, body: Mapping[str, str]) -> dict[str, str] | None:
        """The order, if the broker has it. After a doubt, the same is asked again with the same key."""
        for _ in range(3):
            answer = self.api("POST", "/api/trades", body=body, **{"Idempotency-Key": key})
            if answer.status_code:
                break
        else:
            note_order({"doubt": key})
        if answer.status_code not in (200, 201):
            return None
        order: dict[str, str] = answer.json()
        note_order({"id": order["id"]})
        return order


def note_order(line: Mapping[str, str]) -> None:
    """Keep it where it outlives this process."""
    descriptor = os.open(SETTINGS.orders, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, f"{json.dumps(line)}\n".encode())
    finally:
        os.close(descriptor)


class HealthUser(_ApiUser):
    @task
    def probe(self) -> None:
        self.health()


class AnalysisUser(_ApiUser):
    @task(8)
    def ask_analysis(self) -> None:
        self.analyse()

    @task(1)
    def ask_bars(self) -> None:
        self.bars()

    @task(1)
    def ask_market(self) -> None:
        self.api("GET", "/api/market")


class TradingUser(_Trader):
    @task(1)
    def ask_account(self) -> None:
        self.read()

    @task(1)
    def go_on_trading(self) -> None:
        self.trade()


class MixedUser(_Trader):
    @task(6)
    def ask_analysis(self) -> None:
        self.analyse()

    @task(2)
    def ask_account(self) -> None:
        self.read()

    @task(1)
    def go_on_trading(self) -> None:
        self.trade()

    @task(1)
    def probe(self) -> None:
        self.health()


class ConsoleUser(_User):
    """Opens a page, draws it, and polls it a few times, before it goes to the next."""

    def on_start(self) -> None:
        super().on_start()
        self.steps: Iterator[None] = iter(())

    @task
    def look(self) -> None:
        """One step of a visit: a request, or those that a browser sends at once."""
        for _ in self.steps:
            return
        self.steps = self.visit(random.choice(PAGES))  # noqa: S311
        next(self.steps)

    def visit(self, path: str) -> Iterator[None]:
        if self.ask("GET", path, path).status_code != OK:
            yield
            return
        answers = [self.ask("GET", place, place) for place in DESCRIPTION]
        yield
        if any(answer.status_code != OK for answer in answers):
            return
        layout, dependencies = (answer.json() for answer in answers)
        page = Page(layout, dependencies, path)
        for body in page.first_bodies():
            self.call_back(page, body)
        for _ in range(POLLS):
            yield
            for body in page.polls():
                self.call_back(page, body)

    def call_back(self, page: Page, body: Mapping[str, Any]) -> None:
        answer = self.ask("POST", CALLBACKS, CALLBACKS, body, {"Origin": SETTINGS.url})
        if answer.status_code == OK:
            page.take(answer.json())


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: object) -> None:
    page = environment.web_ui.app if environment.web_ui is not None else None
    if page is not None:
        guard_page(page, SETTINGS.page_token)
    gevent.spawn(tell_progress, environment)


def tell_progress(environment: Environment) -> None:
    """A line a second for the process that started this one."""
    while True:
        gevent.sleep(PROGRESS_SECONDS)
        users = environment.runner.user_count if environment.runner is not None else 0
        state = {"users": users, "requests": RECORD.count(), "seconds": RECORD.seconds}
        state |= {outcome.value: RECORD.count(lambda group, o=outcome: group.outcome is o) for outcome in Outcome}  # type: ignore[misc]
        os.write(1, f"{json.dumps(state)}\n".encode())


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def start(**_: object) -> None:
    global _started_cpu  # noqa: PLW0603  one process, one run
    _started_cpu = process_time()


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def end(environment: Environment, **_: object) -> None:
    if environment.runner is not None:
        environment.runner.stop()  # requests under way get their answers
    keep_record()


@events.test_stop.add_listener  # type: ignore[untyped-decorator]
def keep_record(**_: object) -> None:
    """Also before Locust writes its own report, which may fail."""
    RECORD.cpu_seconds = process_time() - _started_cpu
    Path(SETTINGS.record).write_text(json.dumps(RECORD.document()), "utf-8")
