"""Every alert has its heading in the runbook of its subject, with what a woken person needs; none is left over."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from investiq.foundation.findings import CheckResult, Finding
from investiq.monitoring.alert import Alert

__all__ = ["check_runbooks", "commands"]

CHECK = "runbooks"

SECTIONS = ("What it means.", "What the user loses.", "First three commands.", "Mitigate.", "Over when.")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_COMMANDS = re.compile(r"^\*\*First three commands\.\*\*\s+```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def check_runbooks(alerts: Collection[Alert], pages: Mapping[str, str]) -> CheckResult:
    """Check the runbooks against the alerts.

    Args:
        pages: subject -> text, of every runbook there is.
    """
    wanted = {(_path(alert.subject), alert.name) for alert in alerts}
    entries = {(_path(subject), name): text for subject, page in pages.items() for name, text in _entries(page)}
    findings = [
        Finding(CHECK, path, f"{name} has no heading", f"add `## {name}` to {path}")
        for path, name in sorted(wanted - entries.keys())
    ]
    for (path, name), text in entries.items():
        if (path, name) not in wanted:
            findings.append(
                Finding(CHECK, path, f"the heading {name} belongs to no alert", "remove it, or add the alert")
            )
        findings += (Finding(CHECK, f"{path}#{name.lower()}", what, fix) for what, fix in _faults(text))
    return CheckResult(CHECK, f"{len(entries)} headings in {len(pages)} runbooks", tuple(findings))


def commands(entry: str) -> list[str]:
    """The first commands of a runbook entry, one a line."""
    found = _COMMANDS.search(entry)
    return found[1].splitlines() if found else []


def _path(subject: str) -> str:
    """From the root of the repository, for whoever is to mend it."""
    return f"src/investiq/foundation/runbooks/{subject}.md"


def _entries(page: str) -> Iterator[tuple[str, str]]:
    parts = _HEADING.split(page)[1:]
    yield from zip(parts[::2], parts[1::2], strict=True)


def _faults(text: str) -> Iterator[tuple[str, str]]:
    for section in SECTIONS:
        if f"**{section}**" not in text:
            yield f"it does not say: {section}", f"add a paragraph that starts with **{section}**"
    if len(given := commands(text)) != 3:
        yield f"it has {len(given)} first commands", "give exactly three in a ```sh block: nobody reads more at night"
