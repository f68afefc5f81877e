"""A service of the user that is not ours: watched from a few lines of investiq.toml, and paged for when it dies.

The service is a Prometheus that this test starts: it has a health path, a counter by status and a histogram, as other
people name them. The rules run with their real `for`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.foundation.config import load
from investiq.foundation.contract.panels import expand_variables
from investiq.monitoring.dashboards import services as service_dashboards
from tests.e2e.conftest import NewStack
from tests.e2e.stack import Stack, awaited
from tests.ports import free_port

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("own services"),  # it waits for minutes: beside the other stacks, not after them
]

PAGE_SECONDS = 150  # one minute of patience, two rounds of ten seconds, and a slow machine

INVESTIQ_TOML = """\
[[services]]
name = "archive"
url = "http://127.0.0.1:{port}"
health_path = "/-/healthy"
duration_metric = "prometheus_http_request_duration_seconds"
requests_metric = "prometheus_http_requests_total"
status_label = "code"

[[services.slos]]
kind = "availability"
objective = 0.99

[[services.slos]]
kind = "latency"
objective = 0.95
threshold = 0.1
"""


@contextmanager
def foreign_program(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A Prometheus that scrapes nothing, answering at `port`."""
    folder.mkdir()
    (folder / "prometheus.yml").write_text("scrape_configs: []\n", "utf-8")
    options = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", *options],  # noqa: S607  as Debian installs it
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        awaited("answer of the foreign program", 30, lambda: _answers(port))
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_service_that_is_not_ours_is_watched_and_paged_for(new_stack: NewStack, tmp_path: Path) -> None:
    stack = new_stack()
    port = free_port()
    file = stack.folder / "investiq.toml"
    file.write_text(INVESTIQ_TOML.format(port=port), "utf-8")
    stack.up()
    awaited("failed scrape: InvestIQ starts beside a dead service", 30, lambda: _health(stack) == {"down"})

    with foreign_program(tmp_path / "archive", port) as process:
        awaited("scrape", 30, lambda: _health(stack) == {"up"})
        awaited("probe", 30, lambda: _ask(stack, 'probe_success{service="archive"} == 1'))
        (service,) = load(file, {}).config.services
        for panel in service_dashboards.dashboard(service).panels:
            for query in panel.queries:
                awaited(f"data in {panel.title}", 60, lambda expr=query.expr: _ask(stack, expand_variables(expr)))  # type: ignore[misc]
        assert stack.investiq("validate", "--only", "own-services", "--only", "probes").code == ExitCode.DONE
        assert misfits(stack, port) == MISFITS
        awaited("error budgets", 60, lambda: budgets(stack) == {"archive-availability", "archive-latency"})
        assert stack.notifications() == []
        process.kill()
        pages = awaited("page", PAGE_SECONDS, stack.notifications)
    assert [(p["alertname"], p["severity"], p["labels"]["service"]) for p in pages] == [
        ("ServiceDown", "critical", "archive")
    ]


MISFITS = {
    "it exposes no histogram http_request_duration_seconds",
    "prometheus_http_request_duration_seconds_count has no label status",
    "the threshold 0.15 of its latency lies between two buckets",
}


def misfits(stack: Stack, port: int) -> set[str]:
    """What `investiq validate` says where the settings do not fit the same service."""
    right = INVESTIQ_TOML.format(port=port)
    between = right.replace("threshold = 0.1", "threshold = 0.15")
    label = between.replace('status_label = "code"\n', "").replace("requests_metric", "# requests_metric")
    histogram = right.replace("duration_metric", "# duration_metric")
    said: set[str] = set()
    for text in (label, histogram):
        (stack.folder / "misfit.toml").write_text(text, "utf-8")
        done = stack.investiq("--config", "misfit.toml", "validate", "--json", "--only", "own-services", "--wait", "0")
        assert done.code == 1, done.out
        said |= {finding["what"] for finding in done.json["findings"]}
    return said


def budgets(stack: Stack) -> set[str]:
    """The SLOs of the service for which `investiq slo` has an error budget."""
    slos = stack.investiq("slo", "--json").json["slos"]
    return {slo["name"] for slo in slos if slo["service"] == "archive" and slo["budget_left"] is not None}


def _health(stack: Stack) -> set[str]:
    return stack.targets().get("archive", set())


def _ask(stack: Stack, query: str) -> list[Any]:
    """The series that Prometheus has for `query`, those that are not a number left out."""
    answer = stack.get("prometheus", "/api/v1/query", {"query": query})
    return [one for one in answer["data"]["result"] if one["value"][1] != "NaN"]


def _answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/-/healthy", trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False
