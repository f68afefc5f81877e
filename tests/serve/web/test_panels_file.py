"""The file of panels: what the monitoring renders is what the console draws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from investiq.foundation.config import Config, Paths
from investiq.foundation.contract.panels import SCHEMA, PanelsUnreadable
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.events import EVENTS
from investiq.operate.render.files import write_runtime
from investiq.serve.web.panels_file import PanelsFile
from tests.serve.web.panels import document, raw_panel, written

DASHBOARDS = dashboards_of(Config())


def test_what_up_renders_is_read_with_every_panel(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    write_runtime(config, Paths.of(config).monitoring)

    boards = PanelsFile(Paths.of(config).panels).read()

    assert [board.name for board in boards.dashboards] == [dashboard.name for dashboard in DASHBOARDS]
    for board, dashboard in zip(boards.dashboards, DASHBOARDS, strict=True):
        assert [panel.title for panel in board.panels] == [panel.title for panel in dashboard.panels]
    assert [event.title for event in boards.events] == [event.title for event in EVENTS]


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
