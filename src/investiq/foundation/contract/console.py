"""What the console says to the API about who acts by it: names of headers, each once."""

from __future__ import annotations

__all__ = ["CONSOLE_HEADER", "ORIGIN_HEADER"]

CONSOLE_HEADER = "x-investiq-console"
"""Carries the console's token: what a request with it says of the person is believed, for the audit log alone."""
ORIGIN_HEADER = "x-investiq-person-at"
"""From where the person came to the console."""
