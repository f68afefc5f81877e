"""Whether there is a browser to open."""

from __future__ import annotations

import os
import sys

__all__ = ["has_screen"]


def has_screen() -> bool:
    """Whether this runs at a desktop: its variables are conventions, as NO_COLOR is one, and no settings of ours."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
