"""The secrets that everybody tries first, and that stand in examples: none of them is taken for one."""

from __future__ import annotations

__all__ = ["TRIED_FIRST", "WELL_KNOWN", "is_well_known"]

TRIED_FIRST = ("admin", "password", "changeme", "secret", "investiq", "prometheus", "grafana", "postgres", "123456")
"""Of them, those that are tried at what runs: some programs shut out who tries many."""

_FURTHER = """
12345678 123456789 1234567890 abc123 admin123 administrator alertmanager alpaca bearer change-me change_me changeit
default demo dummy example foobar guest hunter2 key letmein master metrics monitoring none null passw0rd passwd
password1 password123 placeholder qwerty replace-me replaceme root s3cr3t s3cret sample secret123 test test123 testing
token todo user welcome xxx your-password your-secret your-token yourpassword
"""

WELL_KNOWN = frozenset({*TRIED_FIRST, *_FURTHER.split()})


def is_well_known(secret: str) -> bool:
    """Whether it is one of them, in whatever case."""
    return secret.lower() in WELL_KNOWN
