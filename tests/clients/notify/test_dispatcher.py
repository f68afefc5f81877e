"""The dispatcher: nobody waits for it, one receiver does not hold up another, tries are bounded and counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from investiq.clients.notify import Notice, NotificationDispatcher, Notifier
from investiq.clients.notify.dispatcher import BACK_OFF_SECONDS
from investiq.clients.notify.notifier import HttpPost, Undelivered
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from tests.clients.notify.notices import notice, over

PATIENCE = 30.0


@dataclass(eq=False)
class Receiver:
    """A notifier that does what `does` says, try by try, and then delivers."""

    name: str = "discord"
    does: list[Callable[[], None]] = field(default_factory=list)
    delivered: list[Notice] = field(default_factory=list)
    tries: int = 0

    def deliver(self, notice: Notice, post: HttpPost) -> None:
        self.tries += 1
        if self.does:
            self.does.pop(0)()
        self.delivered.append(notice)


def failing(outcome: str = "server_error", *, again: bool = True, after: float = 0.0) -> Callable[[], None]:
    def fail() -> None:
        raise Undelivered(outcome, "no", again=again, after_seconds=after)

    return fail


def never(url: str, document: Mapping[str, Any], expected: tuple[int, ...], token_file: Path | None = None) -> None:
    raise AssertionError("these receivers send nothing")


@dataclass
class Bench:
    dispatcher: NotificationDispatcher
    metrics: Metrics
    pauses: list[float]

    def counted(self, notifier: str, outcome: str) -> float:
        value = self.metrics.registry.get_sample_value(
            catalogue.DIRECT_NOTIFICATIONS.name, {"notifier": notifier, "outcome": outcome}
        )
        assert value is not None
        return value


@contextmanager
def dispatching(*receivers: Notifier) -> Iterator[Bench]:
    metrics, pauses = Metrics(Part.API), list[float]()
    made = NotificationDispatcher(receivers, metrics, send=never, pause=pauses.append)
    made.start()
    yield Bench(made, metrics, pauses)
    made.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_messages_arrive_in_order() -> None:
    receiver = Receiver()
    with dispatching(receiver) as bench:
        for told in (notice(), over()):
            bench.dispatcher.enqueue(told)
        until(lambda: bench.counted("discord", "delivered") == 2)
    assert receiver.delivered == [notice(), over()]


def test_a_passing_fault_is_tried_again_with_growing_pauses() -> None:
    receiver = Receiver(does=[failing("timeout"), failing("unreachable"), failing("rate_limited", after=45.0)])
    with dispatching(receiver) as bench:
        bench.dispatcher.enqueue(notice())
        until(lambda: bench.counted("discord", "delivered") == 1)
        assert bench.pauses == [1.0, 2.0, 45.0]
        for outcome in ("timeout", "unreachable", "rate_limited"):
            assert bench.counted("discord", outcome) == 1


def test_tries_are_bounded_and_the_next_message_has_its_own() -> None:
    receiver = Receiver(does=[failing()] * (len(BACK_OFF_SECONDS) + 1))
    with dispatching(receiver) as bench:
        bench.dispatcher.enqueue(notice())
        bench.dispatcher.enqueue(over())
        until(lambda: bench.counted("discord", "delivered") == 1)
        assert bench.counted("discord", "server_error") == len(BACK_OFF_SECONDS) + 1
    assert receiver.delivered == [over()]


def test_what_is_refused_is_not_tried_again() -> None:
    receiver = Receiver(does=[failing("refused", again=False)])
    with dispatching(receiver) as bench:
        bench.dispatcher.enqueue(notice())
        bench.dispatcher.enqueue(over())
        until(lambda: bench.counted("discord", "delivered") == 1)
    assert (receiver.tries, receiver.delivered, bench.pauses) == (2, [over()], [])


def test_a_fault_of_ours_ends_no_thread() -> None:
    receiver = Receiver(does=[lambda: 1 / 0])  # type: ignore[list-item]
    with dispatching(receiver) as bench:
        bench.dispatcher.enqueue(notice())
        bench.dispatcher.enqueue(over())
        until(lambda: bench.counted("discord", "delivered") == 1)
        assert bench.counted("discord", "unforeseen") == 1


def test_one_that_hangs_holds_up_neither_the_others_nor_the_caller() -> None:
    release, hangs = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        release.wait(PATIENCE)

    stuck, well = Receiver("webhook", does=[hang]), Receiver("pagerduty")
    with dispatching(stuck, well) as bench:
        bench.dispatcher.enqueue(notice())
        assert hangs.wait(PATIENCE)
        for _ in range(100):
            bench.dispatcher.enqueue(over())
        until(lambda: bench.counted("webhook", "queue_full") == 84)  # 100 less the 16 that may wait
        until(lambda: bench.counted("pagerduty", "delivered") + bench.counted("pagerduty", "queue_full") == 101)
        assert bench.counted("pagerduty", "delivered") >= 17
        assert stuck.delivered == []
        release.set()


def test_closing_ends_its_threads_also_between_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("investiq.clients.notify.dispatcher.BACK_OFF_SECONDS", (PATIENCE,))
    receiver = Receiver(does=[failing()])
    made = NotificationDispatcher([receiver], Metrics(Part.API), send=never)
    before = set(threading.enumerate())
    made.start()
    (thread,) = set(threading.enumerate()) - before
    made.enqueue(notice())
    until(lambda: receiver.tries)
    made.close()
    thread.join(PATIENCE / 2)
    assert not thread.is_alive()
    assert receiver.delivered == []
