"""Who types."""

from __future__ import annotations

import os
import pwd

from investiq.foundation.foreign_text import replaced

__all__ = ["login_name"]


def login_name() -> str:
    """The login name of the user who runs this; the number where the system knows no name."""
    user = os.getuid()
    try:
        return replaced(pwd.getpwuid(user).pw_name)
    except KeyError:
        return f"uid {user}"
