"""Who types."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

from investiq.foundation.foreign_text import replaced

if TYPE_CHECKING:
    from investiq.foundation.store.audit import Actor

__all__ = ["local_actor", "login_name"]


def login_name() -> str:
    """The login name of the user who runs this; the number where the system knows no name."""
    user = os.getuid()
    try:
        return replaced(pwd.getpwuid(user).pw_name)
    except KeyError:
        return f"uid {user}"


def local_actor() -> Actor:
    """The same, as the audit log keeps it."""
    from investiq.foundation.store.audit import Actor  # noqa: PLC0415  the database's library is not for every command

    return Actor(login_name(), f"this machine, uid {os.getuid()}")
