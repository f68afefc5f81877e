"""Remembers the newest row of the audit log in a file beside the database, so that a log that was cut off shows.

Whoever owns the database alone cannot write it. Whoever owns the data folder can: against that one, keep the hash
elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import replace_whole
from investiq.foundation.store.audit import Witness

__all__ = ["UnreadableWitness", "keep_witness", "read_witness"]

_LONGEST = 4_096


class UnreadableWitness(InvestIQError):
    """The file is there, and does not say what was written into it."""

    reason = "unreadable_witness"


def read_witness(file: Path) -> Witness | None:
    """The row that was remembered; None where none ever was.

    Raises:
        UnreadableWitness: the file cannot be read, or holds something else.
    """
    try:
        with file.open("rb") as stream:
            document = json.loads(stream.read(_LONGEST))
        witness = Witness(document["id"], document["hash"])
        if not isinstance(witness.id, int) or not isinstance(witness.hash, str):
            raise TypeError
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableWitness(
            f"{file} does not say which row of the audit log was the newest: look who wrote into it, then "
            "`investiq audit --accept`"
        ) from error
    return witness


def keep_witness(file: Path, witness: Witness) -> None:
    """Remember `witness` in place of the one before.

    Raises:
        OSError: it cannot be written; the one before still is.
    """
    replace_whole(file, json.dumps(asdict(witness)) + "\n")
