"""A process that dies at a certain line of what it does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any

__all__ = ["killed_at_line"]


def killed_at_line(number: int, act: Callable[[], Any], modules: Collection[str]) -> bool:
    """Do it in a process that dies at the line with this number, counted in the files of `modules`.

    Returns:
        Whether it came to its end before.
    """
    child = os.fork()
    if child == 0:
        try:
            sys.settrace(_dying_at(number, modules))
            act()
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9), "it raised"
    return code == 0


def _dying_at(number: int, modules: Collection[str]) -> Callable[[FrameType, str, Any], Any]:
    left = number

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in modules:
            return None
        if event == "line":
            left -= 1
            if left < 0:
                os._exit(9)
        return trace

    return trace
