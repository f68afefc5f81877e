"""Takes secrets out of text: those that are known, by value, and whatever has the form of one of ours.

A known secret is found however programs write it: as it stands, percent-encoded, escaped for JSON, HTML or a string of
a program, also several times over. No such writing touches letters, digits, `-`, `.`, `_` and `~` without need (RFC
3986, 2.3), so the longest run of these, its core, tells whether a text is worth a closer look. That is what makes
it cheap: nearly all that is logged holds no secret.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.fields import settings
from investiq.foundation.topology import NEXT_USER, PROGRAM_USER

__all__ = ["LONGEST", "MASK", "Redaction", "known_secrets", "secret_files"]

MASK = "********"
LONGEST = 8_192
"""Bytes that a secret takes at most, however it is written: settings and files hold far shorter ones."""

_SHORTEST = 6
"""A shorter one would take half of the words with it. No setting that bounds its length takes one."""
_SHORTEST_PART = 12
"""Of a path or query that is masked without its address: `/hook` is a word of others, too."""

_PEM = "-----"
"""How lines begin in a key file that are the same in all of them."""

_CORE = re.compile(rb"[A-Za-z0-9._~-]+")
_NEEDLESSLY_ESCAPED = re.compile(
    rb"[%\\&](?:"
    rb"(?:(?:25)*|\\*u00|\\*x|#[xX]0*)(2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])"
    rb"|#0*(4[5-9]|[5-9]\d|1[012]\d);)"
)
"""What no usual writing escapes, and would hide a core."""

_FORMS: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    (b"iq_", re.compile(rb"\biq_[A-Za-z0-9_-]{20,}")),  # keys
    (b"iqs_", re.compile(rb"\biqs_[A-Za-z0-9_-]{20,}")),  # sessions
    (b"iql_", re.compile(rb"\biql_[A-Za-z0-9_-]{20,}")),  # links
    (b"bearer", re.compile(rb"\b(?i:bearer)(?:\s|%20|\+)+[A-Za-z0-9+/=_.~-]{12,}")),
    (b"basic", re.compile(rb"\b(?i:basic)(?:\s|%20|\+)+[A-Za-z0-9+/=_.~-]{12,}")),
    (b"$2", re.compile(rb"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")),  # what bcrypt makes of a password
    (b"@", re.compile(rb"(?<=://)[^\s/:@\"']{0,256}:[^\s/@\"']{1,1024}(?=@)")),  # user and password in an address
)
"""What must be there, to be looked for first, and the form."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A secret, its core, and every way in which it may be written."""

    core: bytes
    written: re.Pattern[bytes]


class Redaction:
    """Knows what is to be hidden. Immutable; safe to share."""

    def __init__(self, secrets: Iterable[str]) -> None:
        wanted = {secret.encode("utf-8", "surrogateescape") for secret in secrets if len(secret) >= _SHORTEST}
        self._known = [known for secret in sorted(wanted) for known in _ways(secret)]
        self._cores = {known.core for known in self._known}

    @classmethod
    def of(cls, config: Config) -> Redaction:
        """By the configuration, and the files of keys as they are now."""
        return cls(known_secrets(config))

    def clean(self, text: str) -> str:
        """`text` without them."""
        data = text.encode("utf-8", "surrogatepass")
        spans = self.spans(data)
        return masked(data, spans).decode("utf-8", "surrogatepass") if spans else text

    def clean_bytes(self, data: bytes) -> bytes:
        """`data`, text in UTF-8 or a superset of ASCII, without them."""
        return masked(data, self.spans(data))

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Where secrets are: beginning and end of each, in order, none in another."""
        return _merged([*self._known_spans(data), *_form_spans(data)])

    def _known_spans(self, data: bytes) -> Iterator[tuple[int, int]]:
        plain = _NEEDLESSLY_ESCAPED.sub(_meant, data) if any(sign in data for sign in (b"%", b"\\", b"&#")) else data
        there = {core for core in self._cores if core in plain}
        for known in self._known if there else ():
            if known.core in there:
                yield from (match.span() for match in known.written.finditer(data))


def masked(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    """`data` with a mask in the place of each of `spans`."""
    if not spans:
        return data
    kept, end = [], 0
    for start, stop in spans:
        kept += [data[end:start], MASK.encode()]
        end = stop
    return b"".join((*kept, data[end:]))


def known_secrets(config: Config) -> Iterator[str]:
    """Every secret that the configuration and the key files hold now."""
    yield from _configured(config)
    for file in secret_files(config):
        try:
            lines = file.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            continue
        yield from (word for line in lines for word in line.split()[:1] if not word.startswith(_PEM))


def secret_files(config: Config) -> list[Path]:
    """The files that hold nothing but secrets, those of a rotation among them."""
    services = (one.token_file for one in config.services if one.token_file)
    own = (file for file in Paths.of(config).keys.glob("*.*") if file.suffix != ".crt")  # everybody is shown these
    return [*own, *services]


def _configured(config: Config) -> Iterator[str]:
    for key, setting in settings().items():
        value: object = config
        for name in key.split("."):
            value = getattr(value, name)
        if setting.secret and isinstance(value, SecretStr):
            secret = value.get_secret_value()
            yield secret
            yield from _parts_of_url(secret)


def _parts_of_url(secret: str) -> Iterator[str]:
    """The password in an address, and its path, whole and by steps: that of a webhook is the secret of it."""
    try:
        parts = urlsplit(secret)
        password = parts.password
    except ValueError:
        return
    if password:
        yield password
    if parts.netloc:
        further = (parts.path, parts.query, *parts.path.split("/"))
        yield from (part for part in further if len(part) >= _SHORTEST_PART)


def _ways(secret: bytes) -> Iterator[_Known]:
    """As it stands, in base64, and as a user shows it who is asked for a password."""
    yield _known(secret)
    yield _known(b64encode(secret).rstrip(b"="))
    for user in (PROGRAM_USER, NEXT_USER):
        shown = _known(b64encode(f"{user}:".encode() + secret).rstrip(b"="))
        # What all of a user's begin with tells enough, and is looked for once.
        yield replace(shown, core=b64encode(f"{user}:".encode())[: len(user) * 4 // 3])


def _known(secret: bytes) -> _Known:
    core = max(_CORE.findall(secret), key=len, default=b"")
    text = secret.decode("utf-8", "surrogateescape")
    return _Known(core, re.compile(b"".join(map(_written, text))))


def _written(character: str) -> bytes:
    """The ways in which programs write one character."""
    data = character.encode("utf-8", "surrogateescape")
    utf16 = character.encode("utf-16-be", "surrogatepass")
    units = [utf16[at : at + 2].hex().encode() for at in range(0, len(utf16), 2)]
    ways = [
        rb"\\*" + re.escape(data) if not (character.isalnum() or character in "._~-") else re.escape(data),
        b"".join(rb"%%(?:25)*(?i:%02x)" % byte for byte in data),
        b"".join(rb"\\+u(?i:%b)" % unit for unit in units),
        b"".join(rb"\\+x(?i:%02x)" % byte for byte in data),
        rb"&#(?:0*%d|[xX]0*(?i:%x));" % (ord(character), ord(character)),
    ]
    if (named := html.escape(character)) != character:
        ways.append(re.escape(named.encode()))
    if character == " ":
        ways.append(rb"\+")
    return b"(?:" + b"|".join(ways) + b")"


def _meant(escaped: re.Match[bytes]) -> bytes:
    in_hex, in_decimal = escaped.groups()
    return bytes([int(in_hex, 16) if in_hex else int(in_decimal)])


def _form_spans(data: bytes) -> Iterator[tuple[int, int]]:
    folded = data.lower()
    for sign, form in _FORMS:
        if sign in folded:
            yield from (match.span() for match in form.finditer(data))


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
