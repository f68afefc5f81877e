"""`investiq validate` with the real programs: a stack that runs is whole; a Prometheus with faults is found out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from investiq.cli.exit_codes import Validation
from investiq.operate.supervise.programs import find_all
from tests.e2e.stack import Stack, awaited
from tests.ports import free_port

pytestmark = pytest.mark.e2e

START_SECONDS = 60.0


def test_a_stack_that_runs_is_whole(stack: Stack) -> None:
    done = stack.investiq("validate", "--json", seconds=150)
    document = done.json
    assert (done.code, document["findings"], document["unchecked"]) == (Validation.WHOLE, [], []), done.out
    assert {check["verdict"] for check in document["checks"]} == {"ok"}
    assert (document["left_out"], document["exit_code"]) == ([], 0)


def test_a_setting_that_was_changed_since_the_start_is_found(stack: Stack) -> None:
    kept = dict(stack.environment)
    stack.environment["INVESTIQ_NOTIFY_WEBHOOK_URL"] = "http://127.0.0.1:9/of-today"
    try:
        done = stack.investiq("validate", "--only", "files", "--only", "receivers", "--only", "routes", "--json")
    finally:
        stack.environment = kept
    assert done.code == Validation.FINDINGS
    found = {(finding["check"], Path(finding["where"]).name) for finding in done.json["findings"]}
    assert found >= {
        ("files", "alertmanager.yml"),
        ("receivers", "critical"),
        ("routes", "route.routes (3 in place of 5)"),
    }
    assert "of-today" not in done.out


def test_another_prometheus_that_lacks_a_rule_and_a_metric_is_found_out(stack: Stack, tmp_path: Path) -> None:
    with faulty_prometheus(stack, tmp_path) as url:

        def found() -> dict[str, Any] | None:
            only = ("--only", "rules", "--only", "metrics", "--only", "targets", "--only", "panels")
            done = stack.investiq("validate", "--prometheus", url, "--wait", "0", *only, "--json")
            checks = {finding["check"] for finding in done.json["findings"]}
            settled = "targets" not in checks and not any("not evaluated" in f["what"] for f in done.json["findings"])
            return done.json if settled else None

        document = awaited("scraped and evaluated round", START_SECONDS, found)
    assert document is not None
    assert document["exit_code"] == Validation.FINDINGS
    findings = {(finding["check"], finding["where"]): finding["what"] for finding in document["findings"]}
    assert findings["rules", "ServiceDown (critical)"] == "Prometheus has not loaded it"
    assert findings["rules", "HighLatency (warning)"] == "Prometheus has it with another condition"
    assert findings["metrics", "investiq_equity_dollars of investiq-api"] == "Prometheus has no sample of it"
    assert [what for (check, _), what in findings.items() if check == "panels" and what.startswith("it shows nothing")]
    assert {check for check, _ in findings} == {"rules", "metrics", "panels"}


def test_what_is_no_prometheus_could_not_be_checked(stack: Stack) -> None:
    for url, what in (
        (f"http://127.0.0.1:{free_port()}", "nothing usable answers"),
        (stack.url("web").rstrip("/"), "not as Prometheus does"),
    ):
        done = stack.investiq("validate", "--prometheus", url)
        assert done.code == Validation.UNCHECKED, done.out
        assert what in done.out
        assert "Traceback" not in done.err


@contextmanager
def faulty_prometheus(stack: Stack, folder: Path) -> Iterator[str]:
    """A second Prometheus on the targets of the stack: a rule is gone, one is changed, and a metric is dropped."""
    rendered = stack.data / "monitoring"
    document = yaml.safe_load((rendered / "prometheus.yml").read_text("utf-8"))
    del document["alerting"]  # it is to tell nobody
    for job in document["scrape_configs"]:
        dropped = {"source_labels": ["__name__"], "regex": "investiq_equity_dollars", "action": "drop"}
        job["metric_relabel_configs"] = [dropped]
        if "basic_auth" in job:
            job["basic_auth"]["password_file"] = str(rendered / job["basic_auth"]["password_file"])
    (folder / "prometheus.yml").write_text(yaml.safe_dump(document), "utf-8")
    (folder / "rules").mkdir()
    for file in rendered.glob("rules/*.yml"):
        (folder / "rules" / file.name).write_text(yaml.safe_dump(_spoilt(yaml.safe_load(file.read_text("utf-8")))))
    address = f"127.0.0.1:{free_port()}"
    arguments = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb")
    with (folder / "log").open("wb") as log:
        program = [find_all()["prometheus"], *arguments, f"--web.listen-address={address}"]
        process = subprocess.Popen(program, stdout=log, stderr=log)
    try:
        awaited("start of the second Prometheus", START_SECONDS, lambda: _is_ready(f"http://{address}"))
        yield f"http://{address}"
    finally:
        process.kill()
        process.wait()


def _spoilt(document: dict[str, Any]) -> dict[str, Any]:
    for group in document["groups"]:
        rules = [rule for rule in group["rules"] if rule.get("alert") != "ServiceDown"]
        group["rules"] = [
            {**rule, "expr": rule["expr"].replace("> ", ">= ")} if rule.get("alert") == "HighLatency" else rule
            for rule in rules
        ]
    return document


def _is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/-/ready", timeout=5, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False
