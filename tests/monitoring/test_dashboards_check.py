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


def _variable(document: Any, name: str) -> Any:
    return next(variable for variable in document["templating"]["list"] if variable["name"] == name)


def _without(name: str) -> Callable[[Any], None]:
    def plant(document: Any) -> None:
        document["templating"]["list"].remove(_variable(document, name))

    return plant


def _of_variable(name: str, **values: Any) -> Callable[[Any], None]:
    return lambda document: _variable(document, name).update(values)


def _of_panel(**values: Any) -> Callable[[Any], None]:
    return lambda document: _panel(document).update(values)


def _of_query(**values: Any) -> Callable[[Any], None]:
    return lambda document: _panel(document)["targets"][0].update(values)


def _asking(expr: str) -> Callable[[Any], None]:
    return _of_query(expr=expr)


def _of_unit(unit: str | None) -> Callable[[Any], None]:
    return lambda document: _panel(document)["fieldConfig"]["defaults"].update(unit=unit)


FAULTS: list[tuple[str, Callable[[Any], None], str]] = [
    ("template-datasource", _without("datasource"), "it has 0 variables for the data source"),
    ("template-datasource", _of_variable("datasource", query="loki"), "its data source is called"),
    ("template-datasource", _of_variable("datasource", label="Source"), "its data source is called"),
    ("template-job", _without("job"), "the job cannot be chosen"),
    ("template-job", _of_variable("job", multi=False), "multi of the variable job is False"),
    ("template-job", _of_variable("job", datasource={"uid": "prometheus"}), "the variable job asks prometheus"),
    ("template-instance", _without("instance"), "the instance cannot be chosen"),
    ("template-instance", _of_variable("instance", allValue=".*"), "allValue of the variable instance is '.*'"),
    ("template-instance", _of_variable("instance", label="Host"), "label of the variable instance is 'Host'"),
    ("template-label-promql", _of_variable("job", query="label_values(up{, job)"), "the variable job asks 'label_val"),
    ("template-label-promql", _of_variable("job", query="values(up, job)"), "the variable job asks 'values(up, job)'"),
    (
        "template-on-time-change-reload",
        _of_variable("job", refresh=1),
        "the variable job keeps what it was loaded with",
    ),
    ("panel-datasource", _of_panel(datasource={"uid": "prometheus"}), "it asks the data source prometheus"),
    ("panel-datasource", _of_query(datasource=None), "it asks the data source None"),
    ("panel-title-description", _of_panel(description=""), "it has no description"),
    ("panel-title-description", _of_panel(title=""), "it has no title"),
    ("panel-units", _of_unit(None), "its unit is None"),
    ("panel-units", _of_unit("requests"), "its unit is 'requests'"),
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
    ("uneditable-dashboard", lambda document: document.update(editable=True), "it can be edited"),
    ("ids", _of_panel(id=None), "its id, None, is not its own"),
    ("ids", lambda d: d["panels"][2].update(id=d["panels"][1]["id"]), "its id, "),
    ("ids", lambda d: d["panels"][3]["targets"][1].update(refId="A"), "its queries are called ['A', 'A', 'C']"),
    ("overlap", lambda d: d["panels"][2]["gridPos"].update(x=4), "it lies over"),
    ("overlap", lambda d: d["panels"][3]["gridPos"].update(x=20), "it lies over the edge"),
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


def test_two_dashboards_of_one_uid_are_found() -> None:
    found = check_dashboards({"a.json": _sound(), "b.json": _sound()}).findings
    assert [finding.place.where for finding in found] == ["a.json", "b.json"]
    assert found[0].what.startswith("another dashboard has its uid, investiq-api")


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
