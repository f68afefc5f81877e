"""The panels that Grafana, the console and the live validation share."""

from __future__ import annotations

import json

import promql_parser
import pytest

from investiq.config import Config
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.panel import Dashboard, concrete
from investiq.monitoring.panels_document import panels_document
from tests.monitoring.services import SERVICES

DASHBOARDS = dashboards_of(Config(services=SERVICES))


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_every_expression_parses_once_its_variables_are_chosen(dashboard: Dashboard) -> None:
    for panel in dashboard.panels:
        for query in panel.queries:
            expression = concrete(query.expr)
            assert "$" not in expression
            promql_parser.parse(expression)


def test_the_document_for_the_console_is_json_with_every_panel() -> None:
    document = json.loads(json.dumps(panels_document(DASHBOARDS)))
    titles = [p["title"] for d in document["dashboards"] for row in d["rows"] for p in row["panels"]]
    assert titles == [panel.title for dashboard in DASHBOARDS for panel in dashboard.panels]
