"""Takes secrets out of text: those that are known, by value, and whatever has the form of one of ours."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from investiq.foundation.config import LoadedConfig, Paths
from investiq.foundation.config.fields import settings
from investiq.foundation.topology import NEXT_USER, PROGRAM_USER

__all__ = ["MASK", "Redaction"]

MASK = "********"
_SHORTEST = 6
"""A shorter one would take half of the words with it. No setting that bounds its length takes one."""

_FORMS = re.compile(
    r"\biq[sl]?_[A-Za-z0-9_-]{20,}"  # keys, sessions, links
    r"|(?i:\b(bearer|basic)\s+)[A-Za-z0-9+/=_.~-]{12,}"
    r"|\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}"  # what bcrypt makes of a password
    r"|(?<=://)[^\s/:@\"']*:[^\s/@\"']+(?=@)"  # user and password in an address
)


class Redaction:
    """Knows what an installation has to hide."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelled for secret in secrets for spelled in _spellings(secret) if len(spelled) >= _SHORTEST}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    @classmethod
    def of(cls, loaded: LoadedConfig) -> Redaction:
        """By the configuration, and the files of keys as they are now."""
        return cls([*_configured(loaded), *_in_files(loaded)])

    def clean(self, text: str) -> str:
        """`text` without them."""
        known = self._known.sub(MASK, text) if self._known is not None else text
        return _FORMS.sub(MASK, known)


def _configured(loaded: LoadedConfig) -> Iterator[str]:
    for key, setting in settings().items():
        value: object = loaded.config
        for name in key.split("."):
            value = getattr(value, name)
        if setting.secret and isinstance(value, SecretStr):
            secret = value.get_secret_value()
            yield secret
            yield from _parts_of_url(secret)


def _parts_of_url(secret: str) -> Iterator[str]:
    """The password in an address, and its path: that of a webhook is the secret of it."""
    try:
        parts = urlsplit(secret)
        yield from (part for part in (parts.password, parts.path, parts.query) if part)
    except ValueError:
        return


def _in_files(loaded: LoadedConfig) -> Iterator[str]:
    paths = Paths.of(loaded.config)
    files = [*paths.keys.glob("*.*"), *(one.token_file for one in loaded.config.services if one.token_file)]
    for file in files:
        try:
            lines = file.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            continue
        yield from (word for line in lines for word in line.split()[:1])


def _spellings(secret: str) -> Iterator[str]:
    """As it stands, in JSON, in an address, and as a user shows it who is asked for a password."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
    for user in (PROGRAM_USER, NEXT_USER):
        yield b64encode(f"{user}:{secret}".encode()).decode("ascii").rstrip("=")
