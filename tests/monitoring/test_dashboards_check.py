"""The rules of Grafana's dashboard-linter: each finds its planted fault, and is content with the real dashboards."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from investiq.monitoring.checks.dashboards import EXEMPT, RULES, check_dashboards
from investiq.monitoring.dashboards.api import DASHBOARD
from investiq.monitoring.dashboards.events import EVENTS
from investiq.monitoring.dashboards.grafana import dashboard_json
from investiq.monitoring.rules.api import ERROR_RATIO

CHOSEN = 'job=~"$job", instance=~"$instance"'


def _sound() -> Any:
    return json.loads(dashboard_json(DASHBOARD, EVENTS, "http://127.0.0.1:8050"))


def _panel(document: Any) -> Any:
    """The first panel that is no heading: requests of users."""
    return document["panels"][1]


def _of_panel(**values: Any) -> Callable[[Any], None]:
    return lambda document: _panel(document).update(values)


def _of_query(**values: Any) -> Callable[[Any], None]:
    return lambda document: _panel(document)["targets"][0].update(values)


def _asking(expr: str) -> Callable[[Any], None]:
    return _of_query(expr=expr)


FAULTS: list[tuple[str, Callable[[Any], None], str]] = [
    ("panel-title-description", _of_panel(description=""), "it has no description"),
    ("panel-title-description", _of_panel(title=""), "it has no title"),
    ("panel-no-targets", _of_panel(targets=[]), "it asks nothing"),
    ("target-promql", _asking(f"sum(rate(up{{{CHOSEN}}})"), "'sum(rate(up"),
    ("target-promql", _asking(""), "'' does not parse"),
    ("target-rate-interval", _asking(f"rate(a_total{{{CHOSEN}}}[5m])"), "rate(a_total"),
    ("target-job", _asking('up{instance=~"$instance"}'), 'up{instance=~"$instance"} does not follow the chosen job'),
    ("target-job", _asking('up{job="$job", instance=~"$instance"}'), 'up{job="$job"'),
    ("target-instance", _asking('up{job=~"$job"}'), 'up{job=~"$job"} does not follow the chosen instance'),
    ("target-counter-agg", _asking(f"sum(a_total{{{CHOSEN}}})"), "a_total"),
    ("target-counter-agg", _asking(f"max_over_time(a_total{{{CHOSEN}}}[$__rate_interval])"), "a_total"),
    (
        "target-legend",
        _of_query(expr=f"sum by (job) (up{{{CHOSEN}}})", legendFormat="{{job}} {{instance}}"),
        "its legend has the label instance, which 'sum by (job) (up",
    ),
    ("target-ratio", _asking(f"sum(up{{{CHOSEN}}}) / sum(up{{{CHOSEN}}}) or vector(0)"), "sum(up"),
    ("target-ratio", _asking(f"a{{{CHOSEN}}} / b{{{CHOSEN}}} >= 0 or 0 * b{{{CHOSEN}}}"), "a{"),
    ("target-prediction", _asking(f"predict_linear(a{{{CHOSEN}}}[3h], 86400)"), "'predict_linear(a"),
    ("ids", lambda d: d["panels"][2].update(id=d["panels"][1]["id"]), "its id, "),
]


@pytest.mark.parametrize(("rule", "plant", "what"), FAULTS, ids=[f"{rule}{i}" for i, (rule, *_) in enumerate(FAULTS)])
def test_a_planted_fault_is_found(rule: str, plant: Callable[[Any], None], what: str) -> None:
    document = _sound()
    plant(document)
    found = check_dashboards({"api.json": document}).findings
    by_rule = [finding for finding in found if finding.what.endswith(f"({rule})")]
    assert by_rule, found
    assert by_rule[0].what.startswith(what)
    assert by_rule[0].place.where.startswith("api.json")
    assert by_rule[0].fix


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule for rule, *_ in FAULTS} == set(RULES)


def test_a_sound_dashboard_passes_and_an_increase_may_have_its_own_window() -> None:
    document = _sound()
    _asking(f"sum by (job) (increase(a_total{{{CHOSEN}}}[24h]))")(document)
    assert check_dashboards({"api.json": document}).findings == ()


def test_what_is_asked_and_never_fails_is_nothing_of_something() -> None:
    document = _sound()
    every = f"sum by (job) (rate(a_total{{{CHOSEN}}}[$__rate_interval]))"
    _asking(f"({every} or 0 * {every}) / ({every} > 0)")(document)
    assert check_dashboards({"api.json": document}).findings == ()


def test_no_dashboard_at_all_is_a_finding() -> None:
    assert [finding.what for finding in check_dashboards({}).findings] == ["there is no dashboard at all"]


def test_what_is_recorded_follows_by_the_labels_that_it_has() -> None:
    document = _sound()
    _asking(f'{ERROR_RATIO.name}{{job=~"$job"}}')(document)
    assert check_dashboards({"api.json": document}).findings == ()
    _asking(ERROR_RATIO.name)(document)
    (finding,) = check_dashboards({"api.json": document}).findings
    assert finding.what == f"{ERROR_RATIO.name} does not follow the chosen job (target-job)"


def test_an_alert_need_not_have_the_labels_of_a_target() -> None:
    document = _sound()
    _asking('ALERTS{alertstate="firing"}')(document)
    assert check_dashboards({"api.json": document}).findings == ()
    assert all(EXEMPT.values()), "each exemption says why"
