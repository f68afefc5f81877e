"""The SLOs of the user's services: what they count, and what they are called."""

from __future__ import annotations

import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from investiq.foundation.config import Config
from investiq.foundation.config.schema import ServiceConfig, ServiceObjective
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.rules import alerts_of, recordings_of
from investiq.monitoring.rules.rule_file import rule_document
from investiq.monitoring.slo import slos_of
from tests.monitoring.services import SERVICES

TESTS = Path(__file__).with_name("own-services.yml")


def test_what_they_count(tmp_path: Path) -> None:
    config = Config(services=SERVICES)
    alerts, recordings = alerts_of(config)[Subject.SLO], recordings_of(config)[Subject.SLO]
    rules = rule_document(Subject.SLO, alerts, "http://127.0.0.1:8050", recordings)
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules, sort_keys=False), "utf-8")
    shutil.copy(TESTS, tmp_path / "tests.yml")
    command = ["promtool", "test", "rules", "tests.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("threshold", "written"),
    [
        (0.268435456, "0.268435456"),
        (0.3, "0.30"),
        (1.0, "1"),
        (1.0, "1.0"),
        (1_000_000, "1e+06"),
        (1_000_000, "1.0E6"),
        (0.00001, "1e-05"),
    ],
)
def test_a_threshold_is_found_however_the_service_writes_its_bucket(
    tmp_path: Path, threshold: float, written: str
) -> None:
    late = ServiceObjective(kind="latency", objective=Decimal("0.99"), threshold=threshold)
    config = Config(services=(SERVICES[0].model_copy(update={"slos": (late,)}),))
    rules = rule_document(Subject.SLO, (), "http://127.0.0.1:8050", recordings_of(config)[Subject.SLO])
    histogram = 'http_request_duration_seconds_{}{{job="billing", instance="a", status="200"{}}}'
    counted = {histogram.format("count", ""): "0+9x60", histogram.format("bucket", f', le="{written}"'): "0+9x60"}
    tests = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "10s",
                "input_series": [{"series": name, "values": values} for name, values in counted.items()],
                "promql_expr_test": [
                    {
                        "expr": 'slo:events_bad:rate5m{slo="billing-latency"}',
                        "eval_time": "10m",
                        "exp_samples": [
                            {"labels": 'slo:events_bad:rate5m{slo="billing-latency", service="billing"}', "value": 0}
                        ],
                    }
                ],
            }
        ],
    }
    for name, document in (("rules.yml", rules), ("tests.yml", tests)):
        (tmp_path / name).write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    command = ["promtool", "test", "rules", "tests.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_pages_as_its_service_does() -> None:
    billing, search = SERVICES
    late = ServiceObjective(kind="latency", objective=Decimal("0.9"), threshold=0.5)
    slos = {slo.name: slo for slo in slos_of(Config(services=(billing, search.model_copy(update={"slos": (late,)}))))}
    assert slos["billing-availability"].page == "critical"
    assert slos["search-latency"].page == "warning"


def test_a_counter_beside_the_histogram_leaves_the_histogram_without_status() -> None:
    (billing, _) = SERVICES
    counted = billing.model_copy(update={"requests_metric": "http_requests_total", "status_label": "code"})
    slos = {slo.name: slo.events for slo in slos_of(Config(services=(counted,)))}
    assert 'http_requests_total{job="billing", code=~"5.."}' in slos["billing-availability"].bad
    assert "code" not in slos["billing-latency"].bad


def test_two_objectives_of_one_name_are_refused_and_a_name_of_its_own_helps() -> None:
    fast = ServiceObjective(kind="latency", objective=Decimal("0.9"), threshold=0.5)
    sure = ServiceObjective(kind="latency", objective=Decimal("0.999"), threshold=5)
    service = {"name": "billing", "url": "http://127.0.0.1:8080"}
    with pytest.raises(ValidationError, match="services billing slos number 2 is called billing-latency, as services"):
        Config(services=(ServiceConfig(**service, slos=(fast, sure)),))
    named = sure.model_copy(update={"name": "billing-surely"})
    slos = slos_of(Config(services=(ServiceConfig(**service, slos=(fast, named)),)))
    assert [slo.name for slo in slos if slo.service == "billing"] == ["billing-latency", "billing-surely"]
