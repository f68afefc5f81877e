"""What to do about each alert: a page of Markdown for each subject, with a heading for each of its alerts.

They lie in the package, so that an installation without its repository has them too.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

from investiq.foundation.errors import InvestIQError

__all__ = ["FOLDER", "UnknownRunbook", "names", "text"]

FOLDER: Traversable = resources.files(__name__)

_SUFFIX = ".md"


class UnknownRunbook(InvestIQError):
    """No subject of that name has a runbook."""

    reason = "unknown_runbook"


def names() -> tuple[str, ...]:
    """The subjects that have a runbook, in order."""
    return tuple(sorted(file.name.removesuffix(_SUFFIX) for file in FOLDER.iterdir() if file.name.endswith(_SUFFIX)))


def text(subject: str) -> str:
    """The runbook of a subject, as Markdown.

    Raises:
        UnknownRunbook: there is none. The name may come from outside: it is looked up, and never becomes a path.
    """
    if subject not in (known := names()):
        raise UnknownRunbook(f"there is no runbook {subject}: there are {', '.join(known)}", subject=subject)
    return (FOLDER / f"{subject}{_SUFFIX}").read_text("utf-8")
