"""No inhibition mutes more than its symptom: Alertmanager takes two labels that are both absent for equal.

An alert that lacks all labels in `equal` mutes every alert that lacks them too, whatever that is about: anybody who can
post an alert could quiet the rest. And nothing ever mutes the Watchdog: its silence is how a dead monitoring is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from investiq.foundation.contract.heartbeat import WATCHDOG_LABELS, WATCHDOG_NAME
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.promql.matcher import Matcher, matching
from investiq.promql.parse import ParseError, parse
from investiq.promql.tree import Selector

__all__ = ["check_inhibitions", "inhibition_findings"]

CHECK = "inhibitions"

_WIDE = 'require one of them on both sides, as in `service != ""`'
_QUIET = "a page that it mutes reaches nobody, while all looks well"


def check_inhibitions(document: Mapping[str, Any]) -> CheckResult:
    """Check every inhibition of an Alertmanager configuration."""
    return CheckResult(CHECK, f"{len(_rules(document))} inhibitions", tuple(inhibition_findings(CHECK, document)))


def inhibition_findings(check: str, document: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the inhibitions, said by `check`."""
    for number, rule in enumerate(_rules(document), 1):
        place = Place(PlaceKind.ROUTE, f"inhibit_rules, number {number}")
        source, target = _matchers(rule, "source"), _matchers(rule, "target")
        equal = [str(label) for label in rule.get("equal") or ()]
        if equal and not any(_requires(label, source) or _requires(label, target) for label in equal):
            what = f"its labels in `equal` may all be absent ({', '.join(equal)}), and absent labels are equal"
            yield Finding(check, place, what, _WIDE, _QUIET)
        if _mutes_watchdog(target, equal, source):
            fix = f"leave {WATCHDOG_NAME} out of its target"
            yield Finding(check, place, f"it can mute {WATCHDOG_NAME}", fix, "without that heartbeat, trading halts")


def _rules(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return document.get("inhibit_rules") or ()


def _requires(label: str, matchers: Sequence[Matcher]) -> bool:
    return any(matcher.label == label and not matcher.accepts("") for matcher in matchers)


def _mutes_watchdog(target: Sequence[Matcher], equal: Sequence[str], source: Sequence[Matcher]) -> bool:
    accepted = all(matcher.accepts(WATCHDOG_LABELS.get(matcher.label, "")) for matcher in target)
    # What its labels are must be so in the source too.
    pinned = [matcher for matcher in source if matcher.label in equal]
    return accepted and all(matcher.accepts(WATCHDOG_LABELS.get(matcher.label, "")) for matcher in pinned)


def _matchers(rule: Mapping[str, Any], side: str) -> tuple[Matcher, ...]:
    """Those of one side, also as Alertmanager wrote them before version 0.22."""
    written = rule.get(f"{side}_matchers") or ()
    plain, patterns = rule.get(f"{side}_match") or {}, rule.get(f"{side}_match_re") or {}
    return (
        *(matcher for text in written for matcher in _parsed(str(text))),
        *(Matcher(label, "=", str(value)) for label, value in plain.items()),
        *(matching(label, str(pattern)) for label, pattern in patterns.items()),
    )


def _parsed(text: str) -> tuple[Matcher, ...]:
    """One matcher; none where it is not written as PromQL has it, so that it restricts nothing here."""
    try:
        tree = parse(f"x{{{text.strip().removeprefix('{').removesuffix('}')}}}")
    except ParseError:
        return ()
    return tree.alternatives[0] if isinstance(tree, Selector) else ()
