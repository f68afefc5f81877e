"""What a process waits at that has loaded ahead of its turn: a pipe, which says one byte when it may begin."""

from __future__ import annotations

import os
from typing import Self

__all__ = ["Gate"]


class Gate:
    """Shut while it is entered; whoever waits at one that was left without being opened ends."""

    def __enter__(self) -> Self:
        self.descriptor, self._ours = os.pipe()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        os.close(self._ours)

    def open(self) -> None:
        """Let who waits begin."""
        os.write(self._ours, b"1")
