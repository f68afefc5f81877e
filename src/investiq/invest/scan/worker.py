"""What a worker process on this machine owes whoever started it: to end with them, and to leave Ctrl-C to them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["end_with", "interrupts_left_to_this_process"]

_LOOK_SECONDS: Final = 1.0


def end_with(parent: int) -> None:
    """End as soon as the process `parent` has, however it did: joblib's workers would wait minutes for more to do."""
    threading.Thread(target=_end_with, args=(parent,), name="end-with-parent", daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


@contextmanager
def interrupts_left_to_this_process() -> Iterator[None]:
    """Processes that are started meanwhile take no notice of Ctrl-C, which a terminal sends to all of its processes."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a mask is inherited, unlike a handler
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
