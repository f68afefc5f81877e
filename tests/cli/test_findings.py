"""Findings as they are read: the place first, what is the same said once."""

from __future__ import annotations

from investiq.foundation.findings import Finding, FindingSeverity, Place, PlaceKind, finding_lines


def test_a_finding_starts_with_its_place_and_says_why_before_what_to_do() -> None:
    place = Place.file("monitoring/rules/api.yml", "HighLatency", 12, "src/api.py")
    assert finding_lines([Finding("rates", place, "a gauge", "use delta()", "it falls")], "  ") == [
        "  monitoring/rules/api.yml:12: HighLatency: a gauge (source: src/api.py)",
        "    why: it falls",
        "    fix: use delta()",
    ]


def test_what_is_the_same_for_neighbours_is_said_once() -> None:
    parts = [Place(PlaceKind.PART, name) for name in ("api", "web", "inbox")]
    findings = [Finding("services", part, "stopped", "start it") for part in parts[:2]]
    findings.append(Finding("services", parts[2], "crashed", "see its log"))
    assert finding_lines(findings) == [
        "api: stopped",
        "web: stopped",
        "  fix: start it",
        "inbox: crashed",
        "  fix: see its log",
    ]


def test_what_is_no_error_says_so() -> None:
    place = Place(PlaceKind.MACHINE, "kernel")
    lines = [
        finding_lines([Finding("clock", place, "odd", "look", severity=severity)])[0] for severity in FindingSeverity
    ]
    assert lines == ["kernel: odd", "kernel: warning: odd", "kernel: could not check: odd"]
