"""The check that no burn-rate alert is out of reach."""

from __future__ import annotations

from typing import Any

import pytest

from investiq.monitoring.checks.burn_rates import check_burn_rates

BURN = "slo:error_budget:burn_rate1h"


def _rules(expr: str, **objectives: str) -> dict[str, Any]:
    recorded = [
        {"record": "slo:objective:ratio", "expr": f"vector({objective})", "labels": {"slo": slo}}
        for slo, objective in objectives.items()
    ]
    return {"slo.yml": {"groups": [{"name": "slo", "rules": [{"alert": "Burns", "expr": expr}, *recorded]}]}}


@pytest.mark.parametrize(
    "expr",
    [
        f"{BURN} > 6",
        f"{BURN} >= 5",
        f'{BURN}{{slo=~"low|other"}} > 5',
        f'({BURN}{{slo="low"}} > 6 and slo:error_budget:burn_rate5m > 6 unless on (service) up) or {BURN} > 1',
    ],
)
def test_a_limit_that_a_budget_never_burns_at_is_found(expr: str) -> None:
    (finding,) = check_burn_rates(_rules(expr, low="0.8", high="0.999")).findings
    assert finding.place.where == "slo.yml: Burns"
    assert finding.what.startswith("the burn rate of low is at most 5: ")


@pytest.mark.parametrize(
    "expr",
    [
        f"{BURN} > 4.9",
        f'{BURN}{{slo="high"}} > 14.4 and slo:error_budget:burn_rate5m > 14.4',
        f'{BURN}{{slo!="low"}} > 14.4 or {BURN}{{slo="low"}} > 3',
        "slo:error_budget:remaining > 14",
        "not promql (",
    ],
)
def test_what_can_be_reached_is_no_finding(expr: str) -> None:
    checked = check_burn_rates(_rules(expr, low="0.8", high="0.999"))
    assert (checked.findings, checked.looked_at) == ((), "2 objectives")
