"""Whether Prometheus judges by the rules that are rendered: each loaded, as it is written, and evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from investiq.clients.prometheus import LoadedRule
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.operate.render.files import rule_documents
from investiq.operate.validate.live.context import RESTART, ValidationContext
from investiq.promql import duration
from investiq.promql.parse import ParseError, canonical

__all__ = ["RULE_STALE_SECONDS", "check_rules"]

RULE_STALE_SECONDS = 60.0
"""A rule is evaluated every 10 s; one that was not for six rounds is stuck. Where the rounds are longer, for three."""

_UNNOTICED = "what it is there for goes unnoticed"
_Key = tuple[str, str]


async def check_rules(context: ValidationContext) -> CheckResult:
    """Alerts and recording rules."""
    wanted = _rendered(context)
    loaded = {_key(rule.name, rule.labels): rule for rule in await context.prometheus.rules()}
    now = await context.prometheus.now()
    findings = [finding for key, rule in wanted.items() for finding in _faults(key, rule, loaded.get(key), now)]
    if context.here:
        findings += (_stranger(name, severity) for name, severity in sorted(loaded.keys() - wanted.keys()))
    alerts = sum("alert" in rule for rule in wanted.values())
    looked_at = f"{alerts} alerts and {len(wanted) - alerts} recording rules, of {len(loaded)} that Prometheus has"
    return CheckResult("rules", looked_at, tuple(findings))


def _rendered(context: ValidationContext) -> dict[_Key, Mapping[str, Any]]:
    files = rule_documents(context.config, context.without).values()
    groups = [group for file in files for group in file["groups"]]
    rules = [rule for group in groups for rule in group["rules"]]
    return {_key(rule.get("alert") or rule["record"], rule.get("labels", {})): rule for rule in rules}


def _key(name: str, labels: Mapping[str, str]) -> _Key:
    """Its name, and the severity of an alert, or the SLO that a recording rule is for."""
    return name, labels.get("severity") or labels.get("slo", "")


def _faults(key: _Key, wanted: Mapping[str, Any], loaded: LoadedRule | None, now: float) -> Iterator[Finding]:
    place = Place(PlaceKind.RULE, f"{key[0]} ({key[1]})" if key[1] else key[0])
    if loaded is None:
        yield Finding("rules", place, "Prometheus has not loaded it", RESTART, _UNNOTICED)
        return
    if loaded.health == "unknown":
        fix = "wait for its first round, and ask again"
        yield Finding("rules", place, "it was not evaluated yet", fix, severity=FindingSeverity.WARNING)
    elif loaded.health != "ok":
        yield Finding("rules", place, f"it does not evaluate: {loaded.error}", RESTART, _UNNOTICED)
    elif (age := now - loaded.evaluated_at) > max(RULE_STALE_SECONDS, 3 * loaded.interval_seconds):
        yield Finding("rules", place, f"it was last evaluated {age:.0f} s ago", RESTART, _UNNOTICED)
    if differs := [name for name, (ours, theirs) in _sides(wanted, loaded).items() if ours != theirs]:
        what = f"Prometheus has it with another {' and '.join(differs)}"
        yield Finding("rules", place, what, RESTART, "it fires, or tells people, otherwise than is meant")


def _stranger(name: str, severity: str) -> Finding:
    what = f"Prometheus has a rule of this name ({severity}) that nobody rendered"
    why = "nobody who is woken by it finds a runbook here"
    return Finding("rules", Place(PlaceKind.RULE, name), what, RESTART, why, FindingSeverity.WARNING)


def _sides(ours: Mapping[str, Any], theirs: LoadedRule) -> dict[str, tuple[object, object]]:
    """Each aspect of a rule as it is rendered, and as Prometheus tells it."""
    return {
        "condition": (_canonical(ours["expr"]), _canonical(theirs.expression)),
        "`for`": (duration.parse(ours.get("for", "0s")).total_seconds(), theirs.for_seconds),
        "label": (dict(ours.get("labels", {})), dict(theirs.labels)),
        "annotation": (dict(ours.get("annotations", {})), dict(theirs.annotations)),
    }


def _canonical(expression: str) -> str:
    """One spelling for each expression: Prometheus tells a rule in its own, and each version in another."""
    try:
        return canonical(expression)
    except ParseError:
        return expression
