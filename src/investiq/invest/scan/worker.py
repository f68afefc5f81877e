"""What a worker process on this machine owes whoever started it."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

__all__ = ["serve_process"]

_LOOK_SECONDS: Final = 1.0


def serve_process(parent: int) -> None:
    """End with the process `parent`, however that ends, and leave Ctrl-C to it: a terminal sends that to both.

    joblib's own workers would wait five minutes for more to do.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), name="end-with-parent", daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)
