"""What may not be silenced, and not for so long."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import timedelta

from investiq.clients.alertmanager.silence import LONGEST_SILENCE
from investiq.foundation.errors import InvestIQError
from investiq.foundation.foreign_text import acted_upon

__all__ = ["NotSilenceable", "check_length", "check_name", "check_text"]


class NotSilenceable(InvestIQError):
    """That cannot be silenced, or not for so long, or not without a word."""

    reason = "usage"


def check_name(name: str, refusals: Mapping[str, str]) -> None:
    """Refuse a name that no rule has, since a misspelt silence silences nothing, and what has to be heard.

    Args:
        refusals: the name of each rule, and why it cannot be silenced; empty where it can.

    Raises:
        NotSilenceable: with the nearest name, or the reason.
    """
    if name in refusals:
        if refusals[name]:
            raise NotSilenceable(refusals[name])
        return
    known = {one.lower(): one for one in refusals}
    near = [known[one] for one in difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)]
    advice = f"did you mean {near[0]}?" if near else "/runbooks of the console names them all"
    raise NotSilenceable(f"no rule is called {name}: {advice}", suggestions=near)


def check_length(length: timedelta, longest: timedelta = LONGEST_SILENCE) -> None:
    """Refuse a silence of no time, and one that would be forgotten.

    Raises:
        NotSilenceable: it is not between a second and `longest`.
    """
    if length < timedelta(seconds=1):
        raise NotSilenceable("a silence lasts a second at least, such as 10m")
    if length > longest:
        limit = f"{longest.days} days" if longest.days > 1 else f"{longest.total_seconds() / 3600:.0f} hour"
        raise NotSilenceable(f"the longest is {limit}: what lasts longer is forgotten, and so is the fault under it")


def check_text(text: str, missing: str) -> str:
    """The text without the space around it.

    Raises:
        NotSilenceable: nothing is left, and `missing` says what to write; or a character of it cannot be read.
    """
    if not text.strip():
        raise NotSilenceable(missing)
    if character := acted_upon(text.strip()):
        raise NotSilenceable(f"the character U+{ord(character):04X} cannot be read: write one line of text")
    return text.strip()
