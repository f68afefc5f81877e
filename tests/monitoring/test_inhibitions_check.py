"""Inhibitions that mute more than a symptom are found, however they are written."""

from __future__ import annotations

from typing import Any

import pytest

from investiq.foundation.config import Config
from investiq.monitoring.checks.inhibitions import check_inhibitions
from investiq.monitoring.routing.routes import alertmanager_document

DEATH = 'alertname="ServiceDown"'
REST = 'alertname!="ServiceDown"'


def said(**rule: Any) -> list[str]:
    return [finding.what for finding in check_inhibitions({"inhibit_rules": [rule]}).findings]


def test_ours_are_whole() -> None:
    assert check_inhibitions(alertmanager_document(Config())).findings == ()


def test_labels_that_may_be_absent_are_found() -> None:
    wide, watchdog = said(source_matchers=[DEATH], target_matchers=[REST], equal=["service"])
    assert "may all be absent (service)" in wide
    assert watchdog == "it can mute Watchdog"


@pytest.mark.parametrize("required", ['service!=""', 'service=~".+"', 'service="api"', 'service !~ "|other"'])
def test_one_side_that_requires_the_label_is_enough(required: str) -> None:
    assert said(source_matchers=[DEATH, required], target_matchers=['alertname="HighLatency"'], equal=["service"]) == []


def test_the_old_way_of_writing_is_read_too() -> None:
    old = {"source_match": {"severity": "critical"}, "target_match_re": {"severity": "warning|none"}}
    assert len(said(**old, equal=["instance"])) == 2
    assert said(**old | {"target_match_re": {"severity": "warning", "instance": ".+"}}, equal=["instance"]) == []


@pytest.mark.parametrize(
    ("target", "muted"),
    [
        ([], True),
        (['severity="none"'], True),
        (['severity="none"', 'alertname!="Watchdog"'], False),
        (['severity="warning"'], False),
        (['team="shop"'], False),
    ],
)
def test_the_watchdog_is_never_muted(target: list[str], muted: bool) -> None:
    assert said(source_matchers=[DEATH], target_matchers=target) == (["it can mute Watchdog"] if muted else [])


def test_a_matcher_that_cannot_be_read_restricts_nothing() -> None:
    assert said(source_matchers=[DEATH], target_matchers=["alertname=Other"]) == ["it can mute Watchdog"]
