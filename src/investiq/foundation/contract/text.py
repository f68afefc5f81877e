"""Free text on a wire: one type for all of it, so that every server of ours refuses the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from investiq.foundation.foreign_text import acted_upon

__all__ = ["Line", "in_paragraphs", "one_line"]

_BMP = (
    r"\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b"
    r"\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
_BEYOND = "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
_NEVER = _BMP + _BEYOND
"""What `acted_upon` finds, apart from line breaks and tabs, as a regular expression of JSON Schema can say it."""


@dataclass(frozen=True, slots=True)
class _Text:
    lines: bool

    def check(self, text: str) -> str:
        """The text itself.

        Raises:
            ValueError: a character of it is none that can be read.
        """
        if character := acted_upon(text, lines=self.lines):
            what = "text" if self.lines else "one line of text"
            raise ValueError(f"the character U+{ord(character):04X} cannot be read: write {what}")
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        seen = rf"^[^{_NEVER}]*[^\s{_NEVER}][^{_NEVER}]*$"
        return {**handler(schema), "pattern": seen if self.lines else rf"^[^{_NEVER}\t\n]*$"}


one_line: Final = _Text(lines=False)
"""Of a string: no control characters, lone surrogates or marks that turn the direction of reading."""

in_paragraphs: Final = _Text(lines=True)
"""The same, with line breaks and tabs, and with something that can be seen."""

Line = Annotated[str, one_line]
