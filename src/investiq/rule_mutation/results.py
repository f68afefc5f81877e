"""Waiting for the threads that judge mutants, until they are told to stop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from typing import TypeVar

from investiq.foundation.errors import InvestIQError
from investiq.foundation.subprocesses import StopSign

__all__ = ["Stopped", "results"]

T = TypeVar("T")

_GLANCE_SECONDS = 0.2


class Stopped(InvestIQError):
    """Nobody waits for the results any more."""

    reason = "stopped"


def results(futures: Sequence[Future[T]], stop: StopSign) -> Iterator[T]:
    """The results of `futures`, in their order.

    Raises:
        Stopped: `stop` is up.
    """
    for future in futures:
        while not wait([future], _GLANCE_SECONDS).done and not stop.up:
            pass
        if stop.up:
            raise Stopped("stopped before the end")
        yield future.result()
