"""Numbers in text, as people type them and as programs write them.

What has more than one meaning, or would have another one elsewhere, is refused with what it may have meant.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from investiq.foundation.errors import InvestIQError

__all__ = ["MalformedNumber", "parse_decimal", "parse_number"]

_TYPED = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?)")
_WRITTEN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_SCIENTIFIC = re.compile(r"-?[0-9]+(?:\.[0-9]+)?[eE][+-]?(?:0?[0-9]|1[0-5])")
_COMMA_FOR_POINT = re.compile(r"(-?(?:[0-9]*|[0-9]{1,3}(?:[.,][0-9]{3})+)),([0-9]+)")
_COMMAS_ANYWHERE = re.compile(r"-?[0-9,]+(?:\.[0-9]*)?")
_POINTS_BETWEEN_GROUPS = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_DECORATION = re.compile(r"[\s_'’$]")
_BLANKS = " \t\r\n"
_LONGEST = 60


class MalformedNumber(InvestIQError):
    """That is no number, or may be more than one."""

    reason = "usage"


def parse_number(text: str) -> Decimal:
    """What a person typed: `1000`, `-2.5`, or `1,000.50` with commas between groups of three.

    Raises:
        MalformedNumber: it is none of these; the message says what it may have meant.
    """
    typed = text.strip(_BLANKS)
    if len(typed) > _LONGEST:
        raise MalformedNumber(f"{typed[:_LONGEST]!r}… is too long for a number")
    if not _TYPED.fullmatch(typed):
        raise MalformedNumber(_refusal(typed))
    return Decimal(typed.replace(",", ""))


def parse_decimal(text: str) -> Decimal:
    """What a program wrote: ASCII digits, a point, perhaps an exponent, nothing between digits.

    Raises:
        MalformedNumber: it is no such number.
    """
    written = text.strip(_BLANKS)
    if len(written) > _LONGEST or not _WRITTEN.fullmatch(written):
        raise MalformedNumber(f"{written[:_LONGEST]!r} is not a decimal number, such as 1234.5")
    return Decimal(written)


def _refusal(typed: str) -> str:
    meanings = _meanings(typed)
    if not meanings:
        return f"{typed!r} is not a number: write it as 10 or 2,500.50"
    wrong = "may mean two numbers" if len(meanings) > 1 else "is not a plain number"
    return f"{typed!r} {wrong}: write {' or '.join(meanings)}"


def _meanings(typed: str) -> list[str]:
    """Plain numbers that somebody may have meant by it."""
    ascii_digits = (str(unicodedata.decimal(character, character)) for character in _DECORATION.sub("", typed))
    bare = "".join(ascii_digits).removeprefix("+")
    if _SCIENTIFIC.fullmatch(bare):
        return [format(Decimal(bare), "f")]
    found = []
    if comma_for_point := _COMMA_FOR_POINT.fullmatch(bare):
        whole, fraction = comma_for_point.groups()
        found.append(f"{re.sub('[.,]', '', whole)}.{fraction}")
    if _COMMAS_ANYWHERE.fullmatch(bare):
        found.append(bare.replace(",", "").removesuffix("."))
    if _POINTS_BETWEEN_GROUPS.fullmatch(bare):
        found.append(bare.replace(".", ""))
    plain = (re.sub(r"^(-?)0+(?=[0-9])", r"\1", one) for one in found)
    return [one for one in dict.fromkeys(plain) if _TYPED.fullmatch(one)]
