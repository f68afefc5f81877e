"""What a check says: how bad, where, and how the whole of it ended."""

from __future__ import annotations

import json

import pytest

from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind, Verdict

ERROR, WARNING, UNCHECKED = FindingSeverity


def _finding(severity: FindingSeverity = ERROR, place: Place | None = None) -> Finding:
    return Finding(
        "rates", place or Place.file("api.yml", "HighLatency", 12), "a gauge", "use delta()", "why", severity
    )


@pytest.mark.parametrize(
    ("place", "text", "where"),
    [
        (Place.file("api.yml", "HighLatency", 12), "api.yml:12: HighLatency", "api.yml: HighLatency"),
        (Place.file("api.yml", line=12), "api.yml:12", "api.yml"),
        (Place.file("api.yml", "HighLatency"), "api.yml: HighLatency", "api.yml: HighLatency"),
        (Place(PlaceKind.PART, "inbox"), "inbox", "inbox"),
    ],
)
def test_a_place_is_written_as_compilers_do_and_compared_without_its_line(place: Place, text: str, where: str) -> None:
    assert (str(place), place.where) == (text, where)


@pytest.mark.parametrize(
    ("severities", "worst", "verdict"),
    [
        ([], None, Verdict.OK),
        ([UNCHECKED], UNCHECKED, Verdict.UNCHECKED),
        ([WARNING], WARNING, Verdict.FINDINGS),
        ([UNCHECKED, WARNING, ERROR], ERROR, Verdict.FINDINGS),
        ([UNCHECKED, WARNING], WARNING, Verdict.FINDINGS),
    ],
)
def test_the_worst_finding_is_the_verdict(
    severities: list[FindingSeverity], worst: FindingSeverity | None, verdict: Verdict
) -> None:
    result = CheckResult("rates", "2 expressions", tuple(map(_finding, severities)))
    assert (result.severity, result.verdict) == (worst, verdict)


def test_a_check_that_was_not_made_is_left_out_and_looked_at_nothing() -> None:
    result = CheckResult("rules", left_out="prometheus could not be asked")
    assert (result.verdict, result.looked_at) == (Verdict.LEFT_OUT, "nothing")


def test_a_finding_as_json_says_everything() -> None:
    place = Place.file("monitoring/rules/api.yml", "HighLatency", 12, "src/api.py")
    assert json.loads(json.dumps(_finding(UNCHECKED, place).document())) == {
        "check": "rates",
        "severity": "unchecked",
        "kind": "file",
        "where": "monitoring/rules/api.yml: HighLatency",
        "line": 12,
        "source": "src/api.py",
        "what": "a gauge",
        "why": "why",
        "fix": "use delta()",
        "unchecked": True,
    }
    assert _finding().document()["unchecked"] is False
