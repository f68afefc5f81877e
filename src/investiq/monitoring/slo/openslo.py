"""SLOs as OpenSLO v1 documents: https://github.com/OpenSLO/OpenSLO, apiVersion openslo/v1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from investiq.foundation.vocabulary import Severity
from investiq.monitoring.slo.burn import PAIRS, AlertUrgency, Pair, pairs_for
from investiq.monitoring.slo.indicators import RATE_WINDOW
from investiq.monitoring.slo.objective import BudgetingMethod, Slo
from investiq.monitoring.slo.openslo_document import API_VERSION

__all__ = ["METHODS", "PAGE", "documents"]

PAGE = "investiq/page"
"""The annotation that carries what OpenSLO has no word for: the severity of the page."""

METHODS = {BudgetingMethod.OCCURRENCES: "Occurrences", BudgetingMethod.RATIO_TIMESLICES: "RatioTimeslices"}


def documents(slos: Sequence[Slo]) -> list[dict[str, Any]]:
    """Services, indicators, objectives and alert policies."""
    services = dict.fromkeys(slo.service for slo in slos)
    policies = {(pair, page): None for slo in slos for pair, page in _told(slo)}
    return [
        *(_document("Service", service, {}) for service in services),
        *(_sli(slo) for slo in slos),
        *(_slo(slo) for slo in slos),
        *(_alert_policy(pair, page) for pair, page in policies),
    ]


def _document(kind: str, name: str, spec: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, **metadata}, "spec": dict(spec)}


def _sli(slo: Slo) -> dict[str, Any]:
    bad, total = (_written_out(slo, expression) for expression in (slo.events.bad, slo.events.total))
    # Not counters: both are events a second.
    return _document(
        "SLI", slo.name, {"ratioMetric": {"counter": False, "bad": _prometheus(bad), "total": _prometheus(total)}}
    )


def _prometheus(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _written_out(slo: Slo, expression: str) -> str:
    """With what it reads in place: a Prometheus elsewhere has no such recording."""
    for recording in slo.events.reads:
        before, found, after = expression.partition(f"{recording.name}[{RATE_WINDOW}]")
        expression = f"{before}({recording.query})[{RATE_WINDOW}:10s]{after}" if found else expression
    return expression


def _slo(slo: Slo) -> dict[str, Any]:
    slices = {"timeSliceWindow": RATE_WINDOW} if slo.budgeting is BudgetingMethod.RATIO_TIMESLICES else {}
    spec = {
        "description": slo.description,
        "service": slo.service,
        "indicatorRef": slo.name,
        "timeWindow": [{"duration": f"{slo.window_days}d", "isRolling": True}],
        "budgetingMethod": METHODS[slo.budgeting],
        "objectives": [{"target": float(slo.objective), **slices}],
        "alertPolicies": [{"alertPolicyRef": _policy_name(pair, page)} for pair, page in _told(slo)],
    }
    return _document("SLO", slo.name, spec, annotations={PAGE: slo.page.value})


def _told(slo: Slo) -> Iterator[tuple[Pair, str]]:
    for pair in pairs_for(slo.objective, PAIRS):
        yield pair, slo.page.value if pair.tells is AlertUrgency.PAGE else Severity.WARNING.value


def _policy_name(pair: Pair, severity: str) -> str:
    lower = "" if pair in PAIRS else f"-{pair.limit}"
    return f"burns-{pair.long}-{pair.short}-{severity}{lower}"


def _alert_policy(pair: Pair, severity: str) -> dict[str, Any]:
    condition = {
        "kind": "AlertCondition",
        "metadata": {"name": _policy_name(pair, severity)},
        "spec": {
            "description": f"and at the same time over {pair.short}, which OpenSLO has no field for",
            "severity": severity,
            "condition": {
                "kind": "burnrate",
                "op": "gt",
                "threshold": pair.factor,
                "lookbackWindow": pair.long,
                "alertAfter": "0m",
            },
        },
    }
    target = {
        "kind": "AlertNotificationTarget",
        "metadata": {"name": "alertmanager"},
        "spec": {"target": "Alertmanager"},
    }
    spec = {
        "description": f"the burn rate is above {pair.limit} over {pair.long} and {pair.short}",
        "alertWhenNoData": False,
        "alertWhenResolved": True,
        "alertWhenBreaching": True,
        "conditions": [condition],
        "notificationTargets": [target],
    }
    return _document("AlertPolicy", _policy_name(pair, severity), spec)
