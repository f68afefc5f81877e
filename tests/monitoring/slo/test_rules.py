"""The rules are few, the same for each SLO, and follow what is configured."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from investiq.foundation.config import Config
from investiq.foundation.config.slo import SloConfig
from investiq.foundation.vocabulary import Severity, Subject
from investiq.monitoring.rules.rule_file import rule_document
from investiq.monitoring.rules.slo import ERROR_RATIO, alerts, recordings
from investiq.monitoring.slo import Events, Slo, slos_of
from investiq.operate.render.files import render_runtime

SLOS = slos_of(Config())


def _all_off() -> SloConfig:
    return SloConfig(**{name: {"enabled": False} for name in SloConfig.model_fields})


def test_the_alerts_do_not_multiply_with_the_slos() -> None:
    many = [replace(SLOS[0], name=f"slo-{number}") for number in range(50)]
    assert len(alerts(many)) == 3
    assert [(alert.name, alert.severity) for alert in alerts(SLOS)] == [
        ("ErrorBudgetBurnsFast", Severity.CRITICAL),
        ("ErrorBudgetBurnsFast", Severity.WARNING),
        ("ErrorBudgetBurnsSlowly", Severity.WARNING),
        ("SloIndicatorAbsent", Severity.WARNING),
    ]


def test_without_slos_there_is_no_rule_and_no_file() -> None:
    config = Config(slo=_all_off())
    assert alerts(slos_of(config)) == ()
    assert recordings(slos_of(config)) == ()
    assert "rules/slo.yml" not in render_runtime(config)


def test_each_window_of_objectives_has_its_own_slos() -> None:
    other = replace(SLOS[0], name="other", window_days=7)
    (ratio,) = [one.query for one in recordings([*SLOS, other]) if one.name == ERROR_RATIO.name]
    month, week = ratio.split(" or ")
    assert 'slo="other"}[7d]' in week
    assert '"other"' not in month


def test_promtool_accepts_rules_of_several_windows_and_finds_none_twice(tmp_path: Path) -> None:
    slos = [*SLOS, replace(SLOS[0], name="other", window_days=7), replace(SLOS[3], name="third", window_days=14)]
    document = rule_document(Subject.SLO, alerts(slos), "http://127.0.0.1", recordings(slos))
    file = tmp_path / "slo.yml"
    file.write_text(yaml.safe_dump(document), "utf-8")
    command = ["promtool", "check", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_worked_example_has_the_numbers_that_promtool_computes(tmp_path: Path) -> None:
    """That of `monitoring.rules.slo`; rounded, since windows have both their ends in Prometheus 2, and one in 3."""
    slo = replace(
        SLOS[1], objective=Decimal("0.999"), events=Events(bad="bad", total="requests"), page=Severity.CRITICAL
    )
    rules = rule_document(Subject.SLO, alerts([slo]), "http://127.0.0.1", recordings([slo]))
    computed = {
        ("1h", "round(slo:events_bad:increase1h, 10)"): 720,
        ("1h", "round(slo:error_budget:burn_rate1h)"): 20,
        ("1h", "round(slo:error_budget:burn_rate5m)"): 20,
        ("1h", "round(100 * slo:error_budget:remaining, 0.1)"): 97.2,
        ("6m", "round(slo:error_budget:burn_rate1h)"): 2,
        ("1h", "count(ALERTS{alertname='ErrorBudgetBurnsFast'})"): 1,
        ("6m", "count(ALERTS) or vector(0)"): 0,
    }
    tests = {
        "rule_files": ["slo.yml"],
        "evaluation_interval": "10s",
        "group_eval_order": ["slo:recorded", "slo:recorded:20s", "slo"],
        "tests": [
            {
                "interval": "10s",
                "input_series": [{"series": "bad", "values": "0.2x400"}, {"series": "requests", "values": "10x400"}],
                "promql_expr_test": [
                    {"expr": f"sum({expr})", "eval_time": at, "exp_samples": [{"labels": "{}", "value": value}]}
                    for (at, expr), value in computed.items()
                ],
            }
        ],
    }
    for name, document in (("slo.yml", rules), ("tests.yml", tests)):
        (tmp_path / name).write_text(yaml.safe_dump(document), "utf-8")
    command = ["promtool", "test", "rules", "tests.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_slos_of_the_same_window_share_one_rule_without_a_matcher() -> None:
    (ratio,) = [one.query for one in recordings(SLOS) if one.name == ERROR_RATIO.name]
    assert "slo=" not in ratio


def test_windows_of_a_day_and_more_are_computed_less_often() -> None:
    slow = {one.name.rpartition(":")[2] for one in recordings(SLOS) if one.interval_seconds}
    assert slow == {"increase1d", "increase3d", "burn_rate1d", "burn_rate3d", "ratio_window", "remaining"}


@pytest.mark.parametrize("objective", [Decimal("0.5"), Decimal("0.9999")])
def test_the_objective_is_recorded_as_it_was_said(objective: Decimal) -> None:
    (recorded,) = [r for r in recordings([replace(SLOS[0], objective=objective)]) if r.name == "slo:objective:ratio"]
    assert recorded.query == f"vector({objective})"
    assert recorded.static == {"slo": "api-availability", "service": "investiq-api"}


def test_where_nothing_ever_failed_none_was_bad_only_if_that_can_be() -> None:
    """A dead query of bad events must not read as none: only where there may be no series is 0 filled in."""
    assert {slo.name for slo in SLOS if slo.events.sparse} == {"api-availability", "signal-availability"}
    for sparse in (True, False):
        slo = replace(SLOS[1], events=replace(SLOS[1].events, bad="sum(x)", sparse=sparse))
        (bad,) = [one.query for one in recordings([slo]) if one.name == "slo:events_bad:rate5m"]
        assert bad == ("sum(x) or vector(0)" if sparse else "sum(x)")


def _page_of(slo: Slo, tmp_path: Path, expected: dict[str, int]) -> None:
    """Whether its page fires at these times, where from the first minute on everything fails."""
    rules = rule_document(Subject.SLO, alerts([slo]), "http://127.0.0.1", recordings([slo]))
    tests = {
        "rule_files": ["slo.yml"],
        "evaluation_interval": "10s",
        "group_eval_order": ["slo:recorded", "slo:recorded:20s", "slo"],
        "tests": [
            {
                "interval": "10s",
                "input_series": [{"series": "bad", "values": "10x400"}, {"series": "requests", "values": "10x400"}],
                "promql_expr_test": [
                    {
                        "expr": "count(ALERTS{alertname='ErrorBudgetBurnsFast', alertstate='firing'}) or vector(0)",
                        "eval_time": at,
                        "exp_samples": [{"labels": "{}", "value": value}],
                    }
                    for at, value in expected.items()
                ],
            }
        ],
    }
    for name, document in (("slo.yml", rules), ("tests.yml", tests)):
        (tmp_path / name).write_text(yaml.safe_dump(document), "utf-8")
    command = ["promtool", "test", "rules", "tests.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("objective", ["0.5", "0.8", "0.9", "0.95"])
def test_an_objective_that_allows_much_pages_within_the_hour_when_everything_fails(
    objective: str, tmp_path: Path
) -> None:
    slo = replace(SLOS[1], objective=Decimal(objective), events=Events(bad="bad", total="requests"))
    _page_of(slo, tmp_path, {"1h": 1})


def test_slos_that_reach_all_factors_keep_one_rule_and_the_others_are_named_beside_them() -> None:
    low = replace(SLOS[1], name="low", objective=Decimal("0.5"))
    (critical, warning, ticket, _) = alerts([*SLOS, low])
    assert critical == alerts(SLOS)[0]
    assert 'burn_rate1h{slo="low"} > 1.5' in warning.expr
    assert "Of low less of the budget is enough" in warning.description
    assert 'burn_rate1d{slo="low"} > 1.5' in ticket.expr
    assert 'burn_rate3d{slo="low"} > 1 ' in ticket.expr
