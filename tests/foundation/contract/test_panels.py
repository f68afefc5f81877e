"""The file of panels: what the monitoring writes is what the console reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from investiq.foundation.config import Config
from investiq.foundation.contract.panels import (
    PanelsDocument,
    ThresholdDocument,
    expand_variables,
    parse_panels,
)
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.events import EVENTS
from investiq.monitoring.dashboards.panels_file import panels_document


def empty(**changes: Any) -> PanelsDocument:
    nothing = {"variables": {}, "rate_interval": "$rate", "dashboards": (), "events": (), "alerts": ()}
    return PanelsDocument.model_validate(nothing | changes)


def test_what_is_written_is_read() -> None:
    document = panels_document(dashboards_of(Config()), EVENTS)

    read = parse_panels(document.text().encode(), "panels.json")

    assert read.model_copy(update={"revision": ""}) == document
    assert read.text() == document.text()


def test_another_content_has_another_revision() -> None:
    texts = [empty().text(), empty(rate_interval="$window").text()]

    first, second, again = (parse_panels(text.encode(), "panels.json").revision for text in (*texts, texts[0]))

    assert first == again != second
    assert "revision" not in json.loads(texts[0])


def test_a_variable_that_begins_with_the_name_of_another_is_replaced_whole() -> None:
    document = empty(variables={"$job": "A", "$job_name": "B"})

    assert document.expand_variables("$job_name $job [$rate]", 75) == "B A [75s]"


def test_nothing_chosen_is_every_job_and_instance() -> None:
    expr = 'rate(requests{job=~"$job", instance=~"$instance"}[$__rate_interval])'

    assert expand_variables(expr) == 'rate(requests{job=~".+", instance=~".+"}[1m])'


@pytest.mark.parametrize(
    ("op", "passed"),
    [
        (">", (False, False, True)),
        ("<", (True, False, False)),
        ("==", (False, True, False)),
        ("!=", (True, False, True)),
    ],
)
def test_a_threshold_is_passed_on_its_bad_side_only(op: Any, passed: tuple[bool, ...]) -> None:
    limit = ThresholdDocument(value=5, op=op, severity="warning", alert="A", subject="api")

    assert tuple(limit.passed(value) for value in (4, 5, 6)) == passed
