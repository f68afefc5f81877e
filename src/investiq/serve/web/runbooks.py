"""The runbooks as pages: what a notification links to.

Plain documents, without callbacks and without JavaScript: they are read on a phone, at night, by somebody who may have
neither the repository nor a computer at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from fastapi import FastAPI, Response
from markdown_it import MarkdownIt
from starlette.exceptions import HTTPException

from investiq.foundation import runbooks, topology
from investiq.foundation.config import Config
from investiq.serve.web.links import runbook_page

__all__ = ["add_routes"]

_HEADING = re.compile(r"^## (\S+)$", re.MULTILINE)
_LINK_WITHIN = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)#]*)(#[^)]*)?\)")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · InvestIQ</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/console.css">
<script src="/assets/first/scheme.js"></script>
</head>
<body>
<main class="runbook">
<p class="brand">Invest<span class="brand-iq">IQ</span></p>
{body}
<p class="runbook-links">{links}<a href="/runbooks">All runbooks</a> <a href="/operations">Operations</a></p>
</main>
</body>
</html>
"""


def add_routes(server: FastAPI, config: Config) -> None:
    """Serve the runbooks: one page for each alert, one for each subject, and one that names them all."""
    here = _Here(config)

    @server.get("/runbooks", include_in_schema=False)
    def of_all() -> Response:
        return _page("Runbooks", "\n".join(_contents(subject, _entries(subject, here)) for subject in runbooks.names()))

    @server.get("/runbooks/{subject}", include_in_schema=False)
    def of_subject(subject: str) -> Response:
        entries = _entries(subject, here)
        body = "\n".join(
            f'<section id="{name.lower()}">{_html(name, text, subject)}</section>' for name, text in entries.items()
        )
        return _page(f"Runbook: {subject}", body)

    @server.get("/runbooks/{subject}/{alert}", include_in_schema=False)
    def of_alert(subject: str, alert: str) -> Response:
        entries = _entries(subject, here)
        if alert not in entries:
            raise HTTPException(404, f"no entry {alert} in the runbook {subject}")
        return _page(alert, _html(alert, entries[alert], subject), subject)


class _Here:
    """Writes the addresses and the data folder of this installation where the runbooks have the default ones.

    A command that is typed at night asks this API, not another one that has the default port.
    """

    def __init__(self, config: Config) -> None:
        usual = Config()
        at = {process.target(usual): process.target(config) for process in topology.PROCESSES}
        self._words = at | {str(usual.data_dir): str(config.data_dir)}
        self._known = re.compile(r"(?<![\w.])(?:" + "|".join(map(re.escape, self._words)) + r")(?![\w-])")

    def written(self, text: str) -> str:
        """All at once: what is another part's default port is not replaced again."""
        return self._known.sub(lambda found: self._words[found[0]], text)


def _entries(subject: str, here: _Here) -> Mapping[str, str]:
    """Alert -> its entry."""
    try:
        text = runbooks.text(subject)
    except runbooks.UnknownRunbook as error:
        raise HTTPException(404, error.message) from error
    return dict(_sections(here.written(text)))


def _sections(text: str) -> Iterator[tuple[str, str]]:
    headings = list(_HEADING.finditer(text))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        yield heading[1], text[heading.end() : following.start() if following else len(text)]


def _contents(subject: str, alerts: Iterable[str]) -> str:
    links = "".join(f'<li><a href="{runbook_page(subject, alert)}">{escape(alert)}</a></li>' for alert in alerts)
    return f'<section><h1><a href="/runbooks/{escape(subject)}">{escape(subject)}</a></h1><ul>{links}</ul></section>'


def _html(name: str, text: str, subject: str) -> str:
    rendered: str = _MARKDOWN.render(_LINK_WITHIN.sub(lambda link: _link_here(link, subject), text))
    return f"<h1>{escape(name)}</h1>\n{rendered}"


def _link_here(link: re.Match[str], subject: str) -> str:
    """A link to a runbook leads to its page. The guide is not here; what a link to it says is still worth reading."""
    words, path, anchor = link.groups(default="")
    of = path.removesuffix(".md") if path else subject
    return f"[{words}](/runbooks/{of}{anchor})" if of in runbooks.names() else words


def _page(title: str, body: str, subject: str | None = None) -> Response:
    links = f'<a href="/runbooks/{escape(subject)}">All of {escape(subject)}</a> ' if subject else ""
    return Response(_PAGE.format(title=escape(title), body=body, links=links), media_type="text/html")
