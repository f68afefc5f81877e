"""Mantine's components that the console is made of, and only those.

The library makes classes of all of its two hundred when it is imported, which is three quarters of a second of
processor time: a quarter of the console's start. It takes its list from a module of its own, so that one is there
before it is looked for. What is not in `USED` is not in `dmc`; should the library once have no such list, all of it is.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any, Final

__all__ = ["USED", "dmc"]

USED: Final = (
    "Alert",
    "Button",
    "ColorSchemeToggle",
    "InputWrapper",
    "MantineProvider",
    "Modal",
    "SegmentedControl",
    "Select",
    "Skeleton",
    "TextInput",
    "Textarea",
)

_LIBRARY: Final = "dash_mantine_components"
_LIST: Final = f"{_LIBRARY}._imports_"


class _Components(ModuleType):
    """In the place of the library's list: each component is loaded as it is asked for."""

    def __init__(self) -> None:
        super().__init__(_LIST)
        self.__all__ = list(USED)  # the library adds to it

    def __getattr__(self, name: str) -> Any:
        if name not in USED:
            raise AttributeError(name)
        return getattr(import_module(f"{_LIBRARY}.{name}"), name)


def _loaded() -> Any:
    if _LIBRARY in sys.modules:
        return sys.modules[_LIBRARY]
    sys.modules[_LIST] = _Components()
    return import_module(_LIBRARY)


dmc: Final[Any] = _loaded()
