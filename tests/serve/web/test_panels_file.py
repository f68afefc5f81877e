"""The file of panels: what the monitoring renders is what the console draws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from investiq.foundation.config import Config, Paths
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.events import EVENTS
from investiq.monitoring.dashboards.panel import PanelState as MonitoringState
from investiq.monitoring.dashboards.panel import PanelUnit as MonitoringUnit
from investiq.monitoring.dashboards.panel import PanelView as MonitoringView
from investiq.monitoring.dashboards.panel import expand_variables
from investiq.monitoring.dashboards.panels_file import SCHEMA as MONITORING_SCHEMA
from investiq.monitoring.dashboards.panels_file import panels_document
from investiq.operate.render.files import write_runtime
from investiq.serve.web.panels_file import SCHEMA, PanelsFile, PanelsUnreadable, PanelView, State
from investiq.serve.web.units import unit_named
from tests.serve.web.panels import boards_of, document, panel, raw_panel, written

DASHBOARDS = dashboards_of(Config())


def test_what_up_renders_is_read_with_every_panel(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    write_runtime(config, Paths.of(config).monitoring)

    boards = PanelsFile(Paths.of(config).panels).read()

    assert [board.name for board in boards.dashboards] == [dashboard.name for dashboard in DASHBOARDS]
    for board, dashboard in zip(boards.dashboards, DASHBOARDS, strict=True):
        assert [panel.title for panel in board.panels] == [panel.title for panel in dashboard.panels]
    assert [event.title for event in boards.events] == [event.title for event in EVENTS]


def test_expressions_are_made_concrete_as_the_monitoring_does_it() -> None:
    boards = boards_of(panels_document(DASHBOARDS, EVENTS))

    for dashboard in DASHBOARDS:
        for query in (query for drawn in dashboard.panels for query in drawn.queries):
            assert boards.concrete(query.expr, 60) == expand_variables(query.expr, "60s")


def test_the_console_knows_each_view_state_and_unit_of_the_monitoring() -> None:
    assert SCHEMA == MONITORING_SCHEMA
    assert {view.value for view in PanelView} == {view.value for view in MonitoringView}
    assert set(State.model_json_schema()["properties"]["state"]["enum"]) == {state.value for state in MonitoringState}
    plain = unit_named("a unit that nobody knows")
    assert {unit.value for unit in MonitoringUnit if unit_named(unit.value) is plain} <= {"none"}


def test_a_variable_that_begins_with_the_name_of_another_is_replaced_whole() -> None:
    boards = boards_of(document(variables={"$job": "A", "$job_name": "B"}))

    assert boards.concrete("$job_name $job [$__rate_interval]", 75) == "B A [75s]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is not there: `investiq up` renders it"),
        ("{", "is not JSON"),
        ("[]", "names no schema"),
        (document(schema="investiq.panels/2"), "has the schema 'investiq.panels/2'"),
        (document(raw_panel(view="pie")), "dashboards.0.rows.0.panels.0.view"),
        (document(raw_panel(queries="up")), "dashboards.0.rows.0.panels.0.queries"),
        ({"schema": SCHEMA}, "Field required"),
    ],
)
def test_a_file_that_cannot_be_drawn_is_named_with_what_is_wrong(tmp_path: Path, text: Any, said: str) -> None:
    path = tmp_path / "panels.json"
    if text is not None:
        written(path, text)

    with pytest.raises(PanelsUnreadable, match=r"panels\.json") as refused:
        PanelsFile(path).read()
    assert said in refused.value.message
    assert "investiq up" in refused.value.message


def test_what_a_later_version_adds_is_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "panels.json"
    written(path, document(raw_panel(sparkle=True)))

    assert PanelsFile(path).read().dashboards[0].panels[0].title == "Requests"


def test_the_file_is_read_again_when_it_has_changed_and_only_then(tmp_path: Path) -> None:
    path = tmp_path / "panels.json"
    file = PanelsFile(path)
    written(path, document())
    first = file.read()
    assert file.read() is first

    written(path, document(raw_panel(title="Errors")))
    second = file.read()
    assert second.dashboards[0].panels[0].title == "Errors"
    assert second.revision != first.revision

    path.unlink()
    with pytest.raises(PanelsUnreadable):
        file.read()
    written(path, json.dumps(document()))
    assert file.read().revision == first.revision


def test_a_threshold_is_passed_on_its_bad_side_only() -> None:
    limits = [
        {"value": 5, "op": op, "severity": "warning", "alert": "A", "subject": "api"} for op in (">", "<", "==", "!=")
    ]

    above, below, same, other = panel(thresholds=limits).thresholds

    assert [above.passed(6), above.passed(5), above.passed(4)] == [True, False, False]
    assert [below.passed(6), below.passed(5), below.passed(4)] == [False, False, True]
    assert [same.passed(5), same.passed(4)] == [True, False]
    assert [other.passed(5), other.passed(4)] == [False, True]
