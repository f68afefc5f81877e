"""Where a page may lead on to."""

from __future__ import annotations

__all__ = ["local_path"]


def local_path(wanted: str) -> str:
    """A path of this console, or its first page: nobody is led elsewhere.

    Browsers take `//host` and `/\\host` for another host, and drop tabs and line breaks before they look.
    """
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else "/"
