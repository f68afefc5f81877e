"""Delivers notices in the background: nobody who hands one over ever waits, or hears of a failure.

Each notifier has a thread and a short queue of its own, so that one that hangs holds up no other, and messages to one
receiver keep their order. Tries are bounded. The threads are daemons: they keep no process from ending.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from investiq.clients.notify.notice import Notice
from investiq.clients.notify.notifier import HttpPost, Notifier, Undelivered
from investiq.clients.notify.transport import post
from investiq.foundation.telemetry import attributes, catalogue, tracing
from investiq.foundation.telemetry.metrics import Metrics

__all__ = ["BACK_OFF_SECONDS", "NotificationDispatcher"]

BACK_OFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0)
"""Waits between tries, eight in all within about two minutes: a receiver's restart is survived, its loss is not."""

_WAITING = 16

log = structlog.get_logger(__name__)


class NotificationDispatcher:
    """See the module.

    Args:
        pause: waits so many seconds, or until the dispatcher is closed.
    """

    def __init__(
        self,
        notifiers: Sequence[Notifier],
        metrics: Metrics,
        *,
        send: HttpPost = post,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._counter = metrics.counter(catalogue.DIRECT_NOTIFICATIONS)
        self._send = send
        self._closed = threading.Event()
        self._pause = pause or self._closed.wait
        self._queues: dict[Notifier, queue.Queue[Notice | None]] = {n: queue.Queue(_WAITING) for n in notifiers}

    def start(self) -> None:
        """Deliver from now on, also what was handed over before."""
        for notifier, waiting in self._queues.items():
            name = f"notify-{notifier.name}"
            threading.Thread(target=self._serve, args=(notifier, waiting), name=name, daemon=True).start()

    def enqueue(self, notice: Notice) -> None:
        """Let every notifier deliver it, soon. Where too many wait already, it is dropped and counted."""
        for notifier, waiting in self._queues.items():
            try:
                waiting.put_nowait(notice)
            except queue.Full:
                self._note(notifier, "queue_full", notice)

    def close(self) -> None:
        """No more tries; what is being sent is left to itself."""
        self._closed.set()
        for waiting in self._queues.values():
            try:
                waiting.put_nowait(None)
            except queue.Full:
                continue  # its thread looks whether all is closed before each message

    def _serve(self, notifier: Notifier, waiting: queue.Queue[Notice | None]) -> None:
        while (notice := waiting.get()) is not None and not self._closed.is_set():
            self._deliver(notifier, notice)

    def _deliver(self, notifier: Notifier, notice: Notice) -> None:
        for wait in (*BACK_OFF_SECONDS, None):
            failure = self._try(notifier, notice)
            if failure is None or not failure.again or wait is None:
                return
            self._pause(max(wait, failure.after_seconds))
            if self._closed.is_set():
                return

    def _try(self, notifier: Notifier, notice: Notice) -> Undelivered | None:
        with tracing.root(
            tracing.NOTIFICATION, {attributes.NOTIFIER: notifier.name, attributes.ALERT: notice.alertname}
        ) as span:
            failure = self._failure(notifier, notice)
            outcome = failure.outcome if failure else "delivered"
            span.set(attributes.OUTCOME, outcome)
            if failure:
                span.fail(outcome)
            self._note(notifier, outcome, notice, failure)
        return failure

    def _failure(self, notifier: Notifier, notice: Notice) -> Undelivered | None:
        ids = tracing.ids()
        try:
            notifier.deliver(notice if ids is None else replace(notice, trace_id=ids[0]), self._send)
        except Undelivered as error:
            return error
        except Exception as error:  # a fault of ours: this thread must live on for the next message
            return Undelivered("unforeseen", type(error).__name__, again=False)
        return None

    def _note(self, notifier: Notifier, outcome: str, notice: Notice, failure: Undelivered | None = None) -> None:
        self._counter.labels(notifier.name, outcome).inc()
        tell = log.info if outcome == "delivered" else log.warning
        error = failure.message if failure else None
        tell("notification", notifier=notifier.name, outcome=outcome, notice=notice.title, error=error)
