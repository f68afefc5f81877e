"""Every alert has its heading in the runbook of its subject, with what a woken person needs; none is left over."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place
from investiq.monitoring.alert import Alert

__all__ = ["check_runbooks", "commands"]

CHECK = "runbooks"

SECTIONS = ("What it means.", "What the user loses.", "First three commands.", "Mitigate.", "Over when.")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_LINKED = "the page that wakes somebody links there"
_COMMANDS = re.compile(r"^\*\*First three commands\.\*\*\s+```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One heading of a page, and the text below it."""

    name: str
    line: int
    text: str


def check_runbooks(alerts: Collection[Alert], pages: Mapping[str, str]) -> CheckResult:
    """Check the runbooks against the alerts.

    Args:
        pages: subject -> text, of every runbook there is.
    """
    wanted = {(_path(alert.subject), alert.name) for alert in alerts}
    entries = {(_path(subject), entry.name): entry for subject, page in pages.items() for entry in _entries(page)}
    findings = [
        Finding(CHECK, Place.file(path), f"{name} has no heading", f"add `## {name}` to {path}", _LINKED)
        for path, name in sorted(wanted - entries.keys())
    ]
    for (path, name), entry in entries.items():
        place = Place.file(path, line=entry.line)
        if (path, name) not in wanted:
            what = f"the heading {name} belongs to no alert"
            fix = "remove it, or add the alert"
            findings.append(Finding(CHECK, place, what, fix, severity=FindingSeverity.WARNING))
        place = Place.file(path, name, entry.line)
        findings += (Finding(CHECK, place, *fault) for fault in _faults(entry.text))
    return CheckResult(CHECK, f"{len(entries)} headings in {len(pages)} runbooks", tuple(findings))


def commands(entry: str) -> list[str]:
    """The first commands of a runbook entry, one a line."""
    found = _COMMANDS.search(entry)
    return found[1].splitlines() if found else []


def _path(subject: str) -> str:
    """From the root of the repository, for whoever is to mend it."""
    return f"src/investiq/foundation/runbooks/{subject}.md"


def _entries(page: str) -> Iterator[_Entry]:
    headings = list(_HEADING.finditer(page))
    ends = [*(heading.start() for heading in headings), len(page)][1:]
    for heading, end in zip(headings, ends, strict=True):
        yield _Entry(heading[1], page.count("\n", 0, heading.start()) + 1, page[heading.end() : end])


def _faults(text: str) -> Iterator[tuple[str, str, str]]:
    """What is wrong, what to do, and why it matters."""
    for section in SECTIONS:
        if f"**{section}**" not in text:
            fix = f"add a paragraph that starts with **{section}**"
            yield f"it does not say: {section}", fix, "who is woken has nobody to ask"
    if len(given := commands(text)) != 3:
        fix = "give exactly three in a ```sh block"
        yield f"it has {len(given)} first commands", fix, "nobody reads more at night"
