"""`make proof-backup`: backups and their proof while twenty orders a second flow, a start from a bare data folder, and
backups that the supervisor schedules.

The real programs with the settings that a user gets; minutes, so `make test` leaves it out. SIGKILLs, flipped bytes and
full disks are in tests/operate/backup, with as many tries as BACKUP_PROOF_TRIES says.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.clients.alertmanager.client import AlertmanagerReader
from investiq.clients.prometheus import Prometheus
from investiq.foundation.config import Config, load
from investiq.operate.backup import questions
from investiq.operate.backup.contents import Contents, open_contents
from investiq.operate.backup.restic import Restic
from investiq.operate.backup.sets import read_only
from tests.e2e.conftest import NewStack
from tests.e2e.stack import Stack, awaited

pytestmark = pytest.mark.e2e

ORDERS_A_SECOND = 20
SENDERS = 4
BACKUPS = 3
TIMES = 3
"""How often an order is sent: on a busy machine the ledger's one writer may be waited for longer than five seconds."""
# Orders of one share: none of the limits is to be reached, neither of the account nor of the requests.
WIDE = {
    "INVESTIQ_AGENT_ENABLED": "false",
    "INVESTIQ_API_TRADES_PER_MINUTE": "100000",
    "INVESTIQ_API_REQUESTS_PER_MINUTE": "100000",
    "INVESTIQ_TRADING_MAX_OPEN_ORDERS": "1000000",
    "INVESTIQ_TRADING_INITIAL_CASH": "1000000000",
    "INVESTIQ_TRADING_HEARTBEAT_TIMEOUT_SECONDS": "120",
    "INVESTIQ_MARKET_SESSION_SECONDS": "12",
}


@dataclass
class Flow:
    """Orders that were placed: when, how long each took, and what was not taken.

    Attributes:
        repeated: when one was not answered, and sent again under its key.
    """

    seconds: list[tuple[float, float]] = field(default_factory=list)
    repeated: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def has(self, orders: int) -> bool:
        """Whether so many were taken; the first that was not ends the test with what was said."""
        assert not self.refused, f"order {len(self.seconds)}: {self.refused[0]}"
        return len(self.seconds) > orders

    def quantile(self, q: float, begin: float, end: float) -> float:
        """Of the milliseconds that the orders between two moments took."""
        took = sorted(took for at, took in self.seconds if begin <= at <= end)
        return 1000 * took[min(len(took) - 1, int(q * len(took)))] if took else float("nan")


def test_backups_are_proven_while_orders_flow(new_stack: NewStack, capsys: pytest.CaptureFixture[str]) -> None:
    stack = new_stack(**WIDE)
    stack.up()
    with orders(stack) as flow:
        awaited("20 seconds of orders", 120, lambda: flow.has(20 * ORDERS_A_SECOND))
        before, began = flow.seconds[0][0], time.monotonic()
        documents = [back_up(stack) for _ in range(BACKUPS)]
        ended = time.monotonic()
    rate = sum(began <= at <= ended for at, _ in flow.seconds) / (ended - began)
    took = "; ".join(f"{one['seconds']:.1f} s + {one['verification']['seconds']:.1f} s" for one in documents)
    told = [
        f"{name} {flow.quantile(q, before, began):.0f} ms before, {flow.quantile(q, began, ended):.0f} ms during"
        for name, q in (("p50", 0.5), ("p99", 0.99))
    ]
    with capsys.disabled():
        print(  # noqa: T201  what this is for
            f"\n{len(flow.seconds)} orders, {rate:.1f} a second beside {BACKUPS} backups ({took}), "
            f"{len(flow.refused)} not taken, sent again {sum(at < began for at in flow.repeated)} before and "
            f"{sum(began <= at <= ended for at in flow.repeated)} during; {'; '.join(told)}; {documents[-1]['bytes']}"
        )
    assert not flow.refused


def test_the_product_starts_from_a_bare_folder(new_stack: NewStack, capsys: pytest.CaptureFixture[str]) -> None:
    """With the owner's key only: what it was, it is again, and goes on."""
    stack = new_stack(**WIDE)
    stack.up()
    silence = ("silence", "HostDiskLow", "--for", "2h", "--reason", "proof")
    assert stack.investiq(*silence).code == ExitCode.DONE
    with orders(stack) as flow:
        awaited("10 seconds of orders", 120, lambda: flow.has(10 * ORDERS_A_SECOND))
    key = stack.folder / "owner.key"
    back_up(stack)
    key.write_text(stack.investiq("backup", "key", "add").out)
    stack.down()
    back_up(stack)

    models = str(stack.folder / "bare-models")  # stacks of tests share theirs
    other = new_stack(**WIDE, INVESTIQ_BACKUP_REPOSITORY=f"{stack.data}-backup", INVESTIQ_SIGNALS_MODEL_DIR=models)
    restored = other.investiq("restore", "latest", "--password-file", str(key), "--json", seconds=300)
    assert restored.code == ExitCode.DONE, restored.err
    assert restored.json["kept"] == {}
    config = load(environ=other.environment).config
    contents = contents_of(config, key.read_text().strip(), stack.folder / "snapshot")
    answers = ledger(other)
    assert answers == ledger(stack)

    other.up()
    answers |= asyncio.run(watchers(config, contents))
    of_these = {question: answer for question, answer in contents.answers.items() if "inbox" not in question}
    assert questions.differences(of_these, answers) == []
    whole = other.investiq("audit", "--verify")
    assert whole.code == ExitCode.DONE, whole.err
    with orders(other) as more:
        awaited("orders", 60, lambda: more.has(2 * ORDERS_A_SECOND))
    assert not more.refused
    shutil.copy(key, other.data / "keys" / "backup.password")
    proven = back_up(other)["verification"]
    with capsys.disabled():
        print(  # noqa: T201
            f"\nrestored into a bare folder in {restored.json['seconds']} s: the running product answers "
            f"{len(answers)} questions as before; it takes orders, and its own backup is proven by "
            f"{proven['questions']}"
        )


def test_the_supervisor_makes_and_proves_them(new_stack: NewStack, capsys: pytest.CaptureFixture[str]) -> None:
    """After the end of a session; the metrics tell of it; a stop in the middle of one leaves nothing behind."""
    often = {"INVESTIQ_BACKUP_SCHEDULE": "supervisor", "INVESTIQ_BACKUP_EVERY_HOURS": "0.005"}
    stack = new_stack(**WIDE, **often)
    stack.up()
    proven = awaited("two proven backups", 280, lambda: proven_backups(stack))
    told = awaited("metrics of it", 60, lambda: told_by_metrics(stack))
    awaited("another one under way", 120, (stack.data / "backup" / "staging").exists)
    stack.down()
    left = {one.name for one in (stack.data / "backup").iterdir()} - {"cache", "lock", "state.json"}
    snapshots = stack.data / "prometheus" / "snapshots"
    assert (left, list(snapshots.iterdir()) if snapshots.exists() else []) == (set(), [])
    assert not list((stack.folder / "data-backup" / "locks").iterdir()), "restic has gone in order"
    with capsys.disabled():
        print(f"\nthe supervisor's: {proven}; metrics: {told}; stopped in the middle, nothing is left")  # noqa: T201


def proven_backups(stack: Stack) -> list[str]:
    done = stack.investiq("backup", "list", "--json")
    made = [one["made_at"] for one in done.json["backups"] if one["proven"]] if done.code == ExitCode.DONE else []
    return made if len(made) > 1 else []


def told_by_metrics(stack: Stack) -> dict[str, float]:
    """What Prometheus has of the batch job, once it is the last one's."""
    query = '{__name__=~"investiq_backup_(made|proven)_timestamp_seconds|investiq_backup_failed"}'
    found = stack.get("prometheus", "/api/v1/query", {"query": query})["data"]["result"]
    values = {one["metric"]["__name__"]: float(one["value"][1]) for one in found}
    return values if values.get("investiq_backup_proven_timestamp_seconds") else {}


def back_up(stack: Stack) -> dict[str, Any]:
    done = stack.investiq("backup", "--verify", "--json", seconds=300)
    assert done.code == ExitCode.DONE, f"{done.out}\n{done.err}"
    document: dict[str, Any] = done.json
    return document


def ledger(stack: Stack) -> dict[str, Any]:
    """What the questions about the ledger say, of a stack that does not run."""
    with read_only(stack.data / "ledger.db") as connection:
        return questions.about_ledger(connection)


def contents_of(config: Config, password: str, folder: Path) -> Contents:
    """What the newest snapshot holds."""
    restic = Restic(config, 300, password)
    restic.restore(restic.find("latest"), folder)
    return open_contents(folder)


async def watchers(config: Config, contents: Contents) -> dict[str, Any]:
    """What the programs that run now say of then."""
    assert contents.manifest.moment is not None
    async with Prometheus.of(config) as prometheus, AlertmanagerReader.of(config) as alertmanager:
        reach = timedelta(days=max(contents.manifest.retention_days - 1, 1))
        metrics = await questions.about_metrics(prometheus, contents.manifest.moment, reach)
        return metrics | questions.about_silences(await alertmanager.all_silences())


@contextmanager
def orders(stack: Stack) -> Iterator[Flow]:
    """Twenty orders a second, until the end of the block."""
    flow, stop = Flow(), threading.Event()
    key = (stack.data / "keys" / "admin.key").read_text().strip()
    headers = {"Authorization": f"Bearer {key}"}

    def send(client: httpx2.Client) -> None:
        order = {"symbol": "AAPL", "side": "buy", "order_type": "market", "quantity": "1"}
        headers, started = {"Idempotency-Key": str(uuid.uuid4())}, time.monotonic()
        said = ""
        for _ in range(TIMES):
            try:
                answer = client.post("/api/trades", json=order, headers=headers)
            except httpx2.HTTPError as error:
                said = f"{type(error).__name__}: {error}"
            else:
                if answer.is_success:
                    flow.seconds.append((started, time.monotonic() - started))
                    return
                said = f"{answer.status_code}: {answer.text[:300]}"
            flow.repeated.append(time.monotonic())
        flow.refused.append(said)

    def go() -> None:
        with httpx2.Client(base_url=stack.url("api", ""), headers=headers, timeout=30, trust_env=False) as client:
            began, number = time.monotonic(), 0
            while not stop.wait(max(0.0, began + number * SENDERS / ORDERS_A_SECOND - time.monotonic())):
                send(client)
                number += 1

    threads = [threading.Thread(target=go) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        yield flow
    finally:
        stop.set()
        for thread in threads:
            thread.join()
