"""The page for an address that does not exist."""

from __future__ import annotations

from html import escape

__all__ = ["not_found_page"]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not found · InvestIQ</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/console.css">
<script src="/assets/first/scheme.js"></script>
</head>
<body>
<main class="not-found">
<p class="brand">Invest<span class="brand-iq">IQ</span></p>
<h1>Page not found: {path}</h1>
<p><a href="/">Analysis</a> <a href="/trading">Trading</a> <a href="/operations">Operations</a>
<a href="/checklist">Checklist</a></p>
</main>
</body>
</html>
"""


def not_found_page(path: str) -> str:
    """The page as HTML; `path` is what was asked for, from outside."""
    shown = path if len(path) <= 80 else path[:79] + "…"
    return _PAGE.format(path=escape(shown))
