"""Looks at one point: what its check sees, and who has signed for what no check can see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from investiq.clients.session import ClientError
from investiq.foundation.contract.api import CheckedPoint, SignOff
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, PlaceKind
from investiq.foundation.vocabulary import PointState
from investiq.operate.checklist.deployment import Deployment
from investiq.operate.checklist.points import Point
from investiq.operate.validate.runner import THIS_MACHINE, run_check_within

__all__ = ["SignOffs", "checked_point", "examine", "read_sign_offs"]

_SECONDS = 180.0
"""A validation of what has just started takes two minutes."""


@dataclass(frozen=True, slots=True)
class SignOffs:
    """The latest sign-off of each point.

    Attributes:
        unknown: why nobody knows them; None where they are known.
    """

    by_point: Mapping[str, SignOff]
    unknown: ClientError | None = None


async def read_sign_offs(deployment: Deployment) -> SignOffs:
    """Ask the API, which has the ledger."""
    try:
        return SignOffs({one["point"]: one for one in await deployment.api.sign_offs()})
    except ClientError as error:
        return SignOffs({}, error)


async def examine(deployment: Deployment, point: Point, sign_offs: SignOffs) -> CheckedPoint:
    """How the point is now. A question that nobody can answer is no answer; and no signature makes a fault good."""
    result = await run_check_within(_SECONDS, point.name, THIS_MACHINE, point.check(deployment))
    return checked_point(point, result, sign_offs, datetime.now(UTC))


def checked_point(point: Point, result: CheckResult, sign_offs: SignOffs, now: datetime) -> CheckedPoint:
    """What the check saw and who signed, as one answer."""
    state, further, steps = _judged(point, result, sign_offs, now)
    findings = _worst(result)
    evidence = [*map(_said, findings)] if findings else [result.looked_at]
    return CheckedPoint(
        point=point.name.value,
        title=point.title,
        state=state.value,
        evidence=[*further, *evidence, *result.notes],
        next_steps=[*dict.fromkeys(finding.fix for finding in findings), *steps],
        checked_at=now.isoformat(timespec="seconds"),
        seconds=result.seconds,
        sign_off=sign_offs.by_point.get(point.name) if point.is_signed else None,
    )


def _judged(
    point: Point, result: CheckResult, sign_offs: SignOffs, now: datetime
) -> tuple[PointState, list[str], list[str]]:
    """The state, what is to be said of signatures, and what to do about them."""
    if result.severity is FindingSeverity.UNCHECKED:
        return PointState.NOT_CHECKED, [], []
    if result.findings:
        return PointState.NOT_DONE, [], []
    if not point.is_signed:
        return PointState.DONE, [], []
    if sign_offs.unknown is not None:
        error = sign_offs.unknown
        return (
            PointState.NOT_CHECKED,
            [f"who has signed is not known: {error.what}"],
            [error.fix or "`investiq status`"],
        )
    return _by_signature(point, sign_offs.by_point.get(point.name), now)


def _by_signature(point: Point, sign_off: SignOff | None, now: datetime) -> tuple[PointState, list[str], list[str]]:
    how = f"`investiq checklist sign {point.name} --by NAME`, by whoever has seen to it"
    if sign_off is None:
        return PointState.NEEDS_PERSON, ["nobody has signed for it"], [how]
    signed = f"{sign_off['by']} signed for it on {_day(sign_off['signed_at'])}"
    note = f": {sign_off['note']}" if sign_off["note"] else ""
    if datetime.fromisoformat(sign_off["expires_at"]) <= now:
        expired = f"{signed}, which expired on {_day(sign_off['expires_at'])}{note}"
        return PointState.NEEDS_PERSON, [expired], [f"look again, then {how}"]
    return PointState.DONE, [f"{signed}, valid until {_day(sign_off['expires_at'])}{note}"], []


def _worst(result: CheckResult) -> list[Finding]:
    return sorted(result.findings, key=lambda finding: list(FindingSeverity).index(finding.severity))


def _said(finding: Finding) -> str:
    return finding.what if finding.place.kind is PlaceKind.MACHINE else f"{finding.place}: {finding.what}"


def _day(iso: str) -> str:
    return iso[:10]
