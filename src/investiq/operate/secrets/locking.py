"""One rotation at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from investiq.foundation.config import Config, Paths
from investiq.foundation.errors import InvestIQError

__all__ = ["RotationUnderWay", "one_at_a_time"]


class RotationUnderWay(InvestIQError):
    """Another process rotates."""

    reason = "rotation_under_way"


@contextmanager
def one_at_a_time(config: Config) -> Iterator[None]:
    """Be the only one who rotates here. The kernel lets go of it whenever this process ends.

    Raises:
        RotationUnderWay: another one does.
    """
    folder = Paths.of(config).keys
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "rotation.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RotationUnderWay("another `investiq secrets rotate` is at work: wait for its end") from None
        yield
