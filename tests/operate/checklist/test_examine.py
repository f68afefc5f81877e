"""What becomes of a point: what its check saw, and who signed for what no check can see."""

from __future__ import annotations

from datetime import UTC, datetime

from investiq.clients.session import Unreachable
from investiq.foundation.contract.api import CheckedPoint
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint, PointState
from investiq.operate.checklist.examine import SignOffs, checked_point
from investiq.operate.checklist.points import POINTS
from tests.operate.checklist.answers import signature

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY = SignOffs({})
SIGNED = SignOffs({"training": signature()})


def judged(name: str, sign_offs: SignOffs, *findings: Finding, now: datetime = NOW) -> CheckedPoint:
    point = next(one for one in POINTS if one.name == name)
    return checked_point(point, CheckResult(name, "what was seen", findings, ("by the way",)), sign_offs, now)


def finding(what: str, severity: FindingSeverity = FindingSeverity.ERROR) -> Finding:
    return Finding("any", Place(PlaceKind.PART, "node"), what, f"mend {what}", severity=severity)


def test_the_points_are_the_guides_in_their_order_and_two_of_ours() -> None:
    assert [point.name for point in POINTS] == list(ChecklistPoint)
    assert len(POINTS) == 18


def test_what_was_seen_is_done_with_its_evidence() -> None:
    point = judged("metrics", NOBODY)
    assert (point["state"], point["evidence"], point["next_steps"]) == ("done", ["what was seen", "by the way"], [])
    assert point["checked_at"] == "2026-03-01T12:00:00+00:00"


def test_a_fault_is_not_done_and_says_what_mends_it_the_worst_first() -> None:
    unsure = finding("the log", FindingSeverity.UNCHECKED)
    point = judged("metrics", NOBODY, unsure, finding("the disk"))
    assert point["state"] == PointState.NOT_DONE
    assert point["evidence"] == ["node: the disk", "node: the log", "by the way"]
    assert point["next_steps"] == ["mend the disk", "mend the log"]


def test_a_warning_is_not_done_either() -> None:
    assert judged("metrics", NOBODY, finding("rust", FindingSeverity.WARNING))["state"] == PointState.NOT_DONE


def test_what_nobody_could_answer_is_neither_done_nor_not_done() -> None:
    point = judged("metrics", NOBODY, finding("the log", FindingSeverity.UNCHECKED))
    assert (point["state"], point["evidence"][0]) == (PointState.NOT_CHECKED, "node: the log")


def test_a_point_that_nobody_has_signed_needs_a_person() -> None:
    point = judged("training", NOBODY)
    assert (point["state"], point["evidence"][0]) == (PointState.NEEDS_PERSON, "nobody has signed for it")
    assert "investiq checklist sign training --by NAME" in point["next_steps"][0]


def test_a_signature_is_shown_with_its_name_dates_and_note() -> None:
    point = judged("training", SignOffs({"training": signature(note="all four of us")}))
    assert point["state"] == PointState.DONE
    assert point["evidence"][0] == "Anna signed for it on 2026-03-01, valid until 2026-08-28: all four of us"
    assert point["sign_off"] == signature(note="all four of us")


def test_an_expired_signature_is_said_to_be_expired() -> None:
    just_before, at_the_end = datetime(2026, 8, 28, 8, 59, tzinfo=UTC), datetime(2026, 8, 28, 9, tzinfo=UTC)
    assert judged("training", SIGNED, now=just_before)["state"] == PointState.DONE
    point = judged("training", SIGNED, now=at_the_end)
    assert point["state"] == PointState.NEEDS_PERSON
    assert point["evidence"][0] == "Anna signed for it on 2026-03-01, which expired on 2026-08-28"
    assert point["next_steps"][0].startswith("look again")


def test_a_signature_makes_no_failing_check_pass() -> None:
    signed = SignOffs({"rules": signature(point="rules"), "metrics": signature(point="metrics")})
    assert judged("rules", signed)["state"] == PointState.DONE
    assert judged("rules", signed, finding("a rule"))["state"] == PointState.NOT_DONE
    assert judged("rules", signed, finding("a rule", FindingSeverity.UNCHECKED))["state"] == PointState.NOT_CHECKED
    assert judged("metrics", signed, finding("a metric"))["state"] == PointState.NOT_DONE


def test_where_the_ledger_cannot_be_asked_nobody_is_said_to_have_signed_or_not() -> None:
    silent = SignOffs({}, Unreachable("no answer from the API", "is it running?"))
    point = judged("training", silent)
    assert point["state"] == PointState.NOT_CHECKED
    assert point["evidence"][0] == "who has signed is not known: no answer from the API"
    assert point["next_steps"] == ["is it running?"]
    assert judged("metrics", silent)["state"] == PointState.DONE
