"""What Grafana is given: the panels as they are, ids that stay, and links that lead somewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Literal

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard as Model

from investiq.foundation.config import Config
from investiq.foundation.contract.panels import PanelUnit, PanelView
from investiq.monitoring.checks.dashboards import check_dashboards
from investiq.monitoring.dashboards import api, dashboards_of, trading
from investiq.monitoring.dashboards.events import EVENTS
from investiq.monitoring.dashboards.grafana import DATA_SOURCE_UID, dashboard_json, dashboards_provider, data_source
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.rules import ALERTS
from investiq.monitoring.rules.host import HOST_MEMORY_LOW
from investiq.monitoring.rules.monitoring import CERTIFICATE_EXPIRING, CERTIFICATE_NEAR_ITS_END
from tests.monitoring.services import SERVICES

CONSOLE = "https://invest.example.org"
DASHBOARDS = dashboards_of(Config(services=SERVICES))
COUNTED = api.DASHBOARD.targets.name


def _document(dashboard: Dashboard) -> Any:
    return json.loads(dashboard_json(dashboard, EVENTS, CONSOLE))


def _panel(document: Any, title: str) -> Any:
    (panel,) = [panel for panel in document["panels"] if panel["title"] == title and panel["type"] != "row"]
    return panel


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_every_panel_is_there_with_its_queries(dashboard: Dashboard) -> None:
    document = _document(dashboard)
    assert document["uid"] == dashboard.uid
    drawn = [panel for panel in document["panels"] if panel["type"] != "row"]
    assert [(panel["title"], panel["type"], [t["expr"] for t in panel["targets"]]) for panel in drawn] == [
        (panel.title, panel.view.value, [query.expr for query in panel.queries]) for panel in dashboard.panels
    ]
    assert [panel["title"] for panel in document["panels"] if panel["type"] == "row"] == [
        row.title for row in dashboard.rows
    ]


def _small(title: str, view: PanelView, width: Literal[8, 12, 24], *exprs: str) -> Panel:
    queries = tuple(Query(expr, "") for expr in exprs)
    return Panel(title=title, description="x", unit=PanelUnit.COUNT, queries=queries, view=view, width=width)


def test_a_small_dashboard_is_laid_out_numbered_and_asked_for_like_this() -> None:
    """What the builder gives every dashboard alike has no rule of the check `dashboards`: it is looked at here."""
    number, lines = _small("Number", PanelView.NUMBER, 8, "up"), _small("Lines", PanelView.LINES, 24, "up", "up")
    more, table = _small("More", PanelView.LINES, 12, "up"), _small("Table", PanelView.TABLE, 12, "up")
    rows = (Row("First", (number, lines)), Row("Second", (more, table)))
    document = _document(replace(api.DASHBOARD, rows=rows))

    assert (document["uid"], document["editable"]) == ("investiq-api", False)
    asked = {"type": "prometheus", "uid": "${datasource}"}
    every = {"type": "query", "datasource": asked, "multi": True, "includeAll": True, "allValue": ".+", "refresh": 2}
    source, job, instance = document["templating"]["list"]
    assert (source["type"], source["name"], source["label"]) == ("datasource", "datasource", "Data source")
    assert source["query"] == "prometheus"
    assert job == {**job, **every, "name": "job", "label": "Job", "query": f"label_values({COUNTED}, job)"}
    of_the_job = f'label_values({COUNTED}{{job=~"$job"}}, instance)'
    assert instance == {**instance, **every, "name": "instance", "label": "Instance", "query": of_the_job}

    places = [(panel["title"], *(panel["gridPos"][side] for side in "xywh")) for panel in document["panels"]]
    assert places == [
        ("First", 0, 0, 24, 1),
        ("Number", 0, 1, 8, 4),
        ("Lines", 0, 5, 24, 8),
        ("Second", 0, 13, 24, 1),
        ("More", 0, 14, 12, 8),
        ("Table", 12, 14, 12, 8),
    ]
    assert len({panel["id"] for panel in document["panels"]}) == len(places)
    drawn = [panel for panel in document["panels"] if panel["type"] != "row"]
    assert [[target["refId"] for target in panel["targets"]] for panel in drawn] == [["A"], ["A", "B"], ["A"], ["A"]]
    assert all(part["datasource"] == asked for panel in drawn for part in (panel, *panel["targets"]))
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in drawn} == {"short"}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_the_types_of_grafana_know_every_field(dashboard: Dashboard) -> None:
    plugins.register_default_plugins()
    document = _document(dashboard)
    again = json.loads(JSONEncoder().encode(Model.from_json(document)))
    assert _differences(document, again) == []


def _differences(written: Any, read: Any, path: str = "") -> list[str]:
    """Where a field that was written is not read back the same."""
    if isinstance(written, dict):
        lost = [f"{path}.{name}" for name in written if name not in (read or {})]
        return lost + [d for name in written if name in read for d in _differences(written[name], read[name], name)]
    if isinstance(written, list):
        return [
            d for i, (a, b) in enumerate(zip(written, read, strict=True)) for d in _differences(a, b, f"{path}[{i}]")
        ]
    return [] if written == read else [path]


def test_the_same_dashboard_is_always_the_same_text() -> None:
    assert dashboard_json(api.DASHBOARD, EVENTS, CONSOLE) == dashboard_json(api.DASHBOARD, EVENTS, CONSOLE)


def test_a_panel_that_is_inserted_changes_no_id() -> None:
    row, *others = trading.DASHBOARD.rows
    new = replace(row.panels[0], title="New")
    longer = replace(trading.DASHBOARD, rows=(Row(row.title, (new, *row.panels)), *others))
    before, after = (
        {panel["title"]: panel["id"] for panel in _document(dashboard)["panels"]}
        for dashboard in (trading.DASHBOARD, longer)
    )
    assert after == {**before, "New": after["New"]}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_dashboards_of_services_pass_the_rules_like_the_committed_ones(dashboard: Dashboard) -> None:
    assert check_dashboards({"x.json": _document(dashboard)}).findings == ()


def test_what_is_chosen_comes_from_the_counter_of_a_histogram() -> None:
    (service,) = [one for one in DASHBOARDS if one.name == f"service-{SERVICES[0].name}"]
    queries = [v["query"] for v in _document(service)["templating"]["list"]]
    assert queries[1] == f"label_values({service.targets.name}_count, job)"


def _steps(**changes: Any) -> list[tuple[float | None, str]]:
    panel = replace(api.CONNECTIONS, **changes)
    dashboard = replace(api.DASHBOARD, rows=(Row("x", (panel,)),))
    defaults = _panel(_document(dashboard), panel.title)["fieldConfig"]["defaults"]
    return [(step["value"], step["color"]) for step in defaults["thresholds"]["steps"]]


def test_thresholds_are_those_of_the_alerts_in_the_colour_of_their_severity() -> None:
    latency = next(alert for alert in ALERTS if alert.name == "HighLatency")
    assert _steps(alerts=(latency,)) == [(None, "green"), (1000, "orange")]
    assert _steps(alerts=(HOST_MEMORY_LOW,)) == [(None, "orange"), (0.05, "green")]
    expiring = (CERTIFICATE_EXPIRING, CERTIFICATE_NEAR_ITS_END)
    assert _steps(alerts=expiring, unit=PanelUnit.DAYS) == [(None, "red"), (3, "orange"), (20, "green")]
    assert _steps() == [(None, "text")]


def test_a_state_is_a_word_and_a_colour() -> None:
    (mapping,) = _panel(_document(trading.DASHBOARD), "Trading")["fieldConfig"]["defaults"]["mappings"]
    assert {value: (result["text"], result["color"]) for value, result in mapping["options"].items()} == {
        "0": ("trading", "green"),
        "1": ("halted", "red"),
    }


def test_the_reader_finds_the_runbook_the_console_and_the_other_dashboards() -> None:
    document = _document(trading.DASHBOARD)
    assert [link.get("url") for link in document["links"]] == [
        None,
        f"{CONSOLE}/operations/trading",
        f"{CONSOLE}/runbooks/trading",
    ]
    assert document["links"][0]["tags"] == document["tags"]
    (runbook,) = _panel(document, "Agent lag")["links"]
    assert runbook["url"] == f"{CONSOLE}/runbooks/trading/AgentStalled"
    # In the SDK's menu of controls nobody would look for them.
    assert "placement" not in json.dumps(document)


def test_numbers_and_tables_ask_for_the_latest_value_only() -> None:
    for dashboard in DASHBOARDS:
        for panel, drawn in zip(
            dashboard.panels, [p for p in _document(dashboard)["panels"] if p["type"] != "row"], strict=True
        ):
            latest = panel.view in (PanelView.NUMBER, PanelView.TABLE)
            assert {target["instant"] for target in drawn["targets"]} == {latest}


def test_halts_starts_silences_and_alerts_are_marked() -> None:
    marks = _document(api.DASHBOARD)["annotations"]["list"]
    assert [mark["name"] for mark in marks] == [
        "Halts",
        "Deployments and restarts",
        "Silences",
        "Critical alerts",
        "Warnings",
    ]
    assert [mark["name"] for mark in marks if mark["useValueForTime"]] == ["Deployments and restarts"]
    assert all(mark["datasource"]["uid"] == "${datasource}" and mark["expr"] for mark in marks)


def test_what_is_provisioned_belongs_together() -> None:
    (source,) = data_source("http://prometheus:9090", PurePosixPath("/keys/prometheus.password"))["datasources"]
    assert (source["uid"], source["name"]) == (DATA_SOURCE_UID, "Prometheus")
    assert source["secureJsonData"] == {"basicAuthPassword": "$__file{/keys/prometheus.password}"}
    chosen = _document(api.DASHBOARD)["templating"]["list"][0]
    assert chosen["current"] == {"text": "Prometheus", "value": DATA_SOURCE_UID}
    (provider,) = dashboards_provider("/somewhere")["providers"]
    assert provider["options"]["path"] == "/somewhere"
    assert provider["allowUiUpdates"] is False
