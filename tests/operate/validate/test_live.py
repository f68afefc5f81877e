"""`validate_live` names what a monitoring that answers, but does not watch, gets wrong; and what it could not ask.

The answers are those of Prometheus 2.42 and Alertmanager 0.25, cut down; tests/e2e asks the real programs.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from investiq.clients.session import HttpCredentials
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths, load
from investiq.foundation.contract.panels import expand_variables
from investiq.foundation.findings import CheckResult, Finding
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.routing.routes import alertmanager_document
from investiq.operate.render.files import rule_documents
from investiq.operate.supervise import programs
from investiq.operate.validate.live import panels, run
from investiq.operate.validate.live import run as live_run
from investiq.operate.validate.live.drift import differences
from investiq.operate.validate.live.run import LIVE_CHECKS, RemoteTarget
from tests.cli.fake_stack import PORT_SETTINGS, FakeStack, success
from tests.ports import free_port


class Monitoring(FakeStack):
    """A whole stack that answers as it should; a test spoils one thing."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__()
        environment = {**self.settings(), "INVESTIQ_DATA_DIR": str(data_dir)}
        self.config: Config = load(None, environment).config
        self.load(self.config)
        self.start()

    def checked(self, *only: str, **options: Any) -> dict[str, CheckResult]:
        made = asyncio.run(run.validate_live(self.config, only=only or None, **options))
        return {one.check: one for one in made}

    def findings(self, *only: str, **options: Any) -> list[Finding]:
        return [finding for one in self.checked(*only, **options).values() for finding in one.findings]

    def found(self, *only: str) -> Finding:
        (finding,) = self.findings(*only)
        assert finding.fix
        return finding


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    """One for all tests, since rendering and listening take their time; each leaves it as it was."""
    stack = Monitoring(tmp_path_factory.mktemp("data"))
    yield stack
    stack.stop()


@pytest.fixture
def monitoring(whole: Monitoring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitoring]:
    installed = dict.fromkeys(("prometheus", "alertmanager", "blackbox", "node"), "/bin/true")
    monkeypatch.setattr(programs, "find_all", lambda: installed)
    config, rules, answers = whole.config, deepcopy(whole.rules), whole.copied_answers()
    shutil.copytree(Paths.of(config).monitoring, tmp_path / "kept")
    yield whole
    shutil.copytree(tmp_path / "kept", Paths.of(config).monitoring, dirs_exist_ok=True)
    whole.config, whole.rules, whole.answers = config, rules, answers
    whole.empty, whole.young = set(), False
    if stopped := [part for part in PORT_SETTINGS if not whole.answers_at(part)]:
        whole.start(*stopped)


def test_a_monitoring_that_watches_has_no_finding(monitoring: Monitoring) -> None:
    checked = monitoring.checked()
    assert [finding for one in checked.values() for finding in one.findings] == []
    assert list(checked) == list(LIVE_CHECKS)
    assert not any(one.left_out or one.looked_at == "nothing" for one in checked.values())


# ---- this machine ----


def test_files_of_another_start_and_such_as_no_program_takes(monitoring: Monitoring) -> None:
    file = Paths.of(monitoring.config).monitoring / "blackbox.yml"
    file.write_text("modules: {x: {probe: http}}\n")
    findings = monitoring.findings("files")
    assert [finding.what[:30] for finding in findings] == [
        "it was changed since it was re",
        "prometheus-blackbox-exporter r",
    ]
    file.unlink()
    assert "it is gone" in [finding.what for finding in monitoring.findings("files")]


def test_a_stack_that_was_never_started(monitoring: Monitoring, tmp_path: Path) -> None:
    monitoring.config = monitoring.config.model_copy(update={"data_dir": tmp_path / "other"})
    assert "never started" in monitoring.found("files").what


def test_a_file_that_was_written_after_prometheus_read_it(monitoring: Monitoring) -> None:
    monitoring.answers["prometheus", "/api/v1/status/runtimeinfo"]["data"]["lastConfigTime"] = "2026-01-01T00:00:00Z"
    assert {finding.what for finding in monitoring.findings("loaded")} == {"it was written after Prometheus read it"}


def test_a_prometheus_that_scrapes_otherwise_than_rendered(monitoring: Monitoring) -> None:
    told = monitoring.answers["prometheus", "/api/v1/status/config"]["data"]
    told["yaml"] = told["yaml"].replace('"scrape_interval": "5s"', '"scrape_interval": "1m"')
    assert "global.scrape_interval" in monitoring.found("loaded").what


def test_a_part_that_is_down_is_found_as_process_and_as_endpoint(monitoring: Monitoring) -> None:
    monitoring.stop("web")
    findings = monitoring.findings("services", "endpoints")
    assert {(f.check, f.place.where.partition("/metrics")[0]) for f in findings} >= {("services", "web")}
    assert {finding.check for finding in findings} == {"services", "endpoints"}


def test_nothing_that_runs_is_one_finding_and_what_needs_it_is_left_out(monitoring: Monitoring) -> None:
    monitoring.stop()
    checked = monitoring.checked()
    assert [(f.check, f.is_unchecked) for one in checked.values() for f in one.findings] == [
        ("services", False),
        ("endpoints", False),
        ("prometheus", True),
        ("alertmanager", True),
        ("heartbeat", True),
    ]
    assert {one.left_out for one in checked.values()} == {
        "",
        "prometheus could not be asked",
        "alertmanager could not be asked",
    }


def test_something_else_on_a_port_of_ours(monitoring: Monitoring) -> None:
    monitoring.answers["web", "/"] = "hello"
    assert "something else answers" in monitoring.found("endpoints").what


@pytest.mark.parametrize(
    ("age", "what"), [(None, "no heartbeat has arrived"), (31.0, "the latest heartbeat is 31 s old")]
)
def test_a_heartbeat_that_is_late_at_the_inbox(monitoring: Monitoring, age: float | None, what: str) -> None:
    monitoring.answers["inbox", "/health"]["heartbeat"] = {"age_seconds": age}
    found = monitoring.found("heartbeat")
    assert found.what == what
    assert found.fix == f"see {topology.console_url(monitoring.config)}/runbooks/monitoring/Watchdog"


def test_a_heartbeat_that_does_not_reach_the_api(monitoring: Monitoring) -> None:
    monitoring.answers["api", "/api/trading/status"]["monitoring"] = {
        "heartbeat": "lost",
        "age_seconds": None,
        "note": "no heartbeat yet",
    }
    assert monitoring.found("heartbeat").what == "trading is halted: no heartbeat yet"


# ---- Prometheus ----


def test_a_job_that_is_not_scraped_and_a_target_that_is_down(monitoring: Monitoring) -> None:
    targets = monitoring.answers["prometheus", "/api/v1/targets"]["data"]["activeTargets"]
    gone = targets.pop(0)
    targets[0] |= {"health": "down", "lastError": "connection refused"}
    assert [(f.place.where, f.what) for f in monitoring.findings("targets")] == [
        (gone["labels"]["job"], "Prometheus does not scrape it"),
        ("signal-models here", "connection refused"),
    ]


def test_a_job_that_this_machine_cannot_have_is_not_missed(
    monitoring: Monitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = monitoring.answers["prometheus", "/api/v1/targets"]["data"]["activeTargets"]
    targets[:] = [target for target in targets if target["labels"]["job"] != "node"]
    assert monitoring.found("targets").place.where == "node"
    monkeypatch.setattr(
        programs, "find_all", lambda: dict.fromkeys(("prometheus", "alertmanager", "blackbox"), "/bin/true")
    )
    assert monitoring.findings("targets") == []


def test_a_probe_that_has_no_result(monitoring: Monitoring) -> None:
    monitoring.empty = {"probe_success"}
    assert {finding.what for finding in monitoring.findings("probes")} == {"Prometheus has no result of its probe"}


@pytest.mark.parametrize("metric", ["investiq_trading_halted", "investiq_request_duration_milliseconds"])
def test_a_metric_of_the_catalogue_that_nobody_emits(monitoring: Monitoring, metric: str) -> None:
    monitoring.empty = {metric}
    findings = monitoring.findings("metrics")
    assert {finding.place.where.split()[0] for finding in findings} == {metric}
    assert {finding.what for finding in findings} == {"Prometheus has no sample of it"}


def _samples(monitoring: Monitoring, metric: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Let `change` spoil the series of `metric`."""
    whole = monitoring.answers["prometheus", "/api/v1/query"]

    def spoilt(parameters: dict[str, list[str]]) -> Any:
        answer = whole(parameters)
        if metric in parameters["query"][0]:
            change(answer["data"]["result"])
        return answer

    monitoring.answers["prometheus", "/api/v1/query"] = spoilt


def _aged(row: dict[str, Any]) -> None:
    row["value"][1] = str(row["value"][0] - 100)


def test_a_metric_whose_last_sample_is_old(monitoring: Monitoring) -> None:
    _samples(monitoring, "investiq_trades_total", lambda rows: _aged(rows[0]))
    finding = monitoring.found("metrics")
    assert finding.place.where == "investiq_trades_total of investiq-api"
    assert finding.what == "its latest sample is 100 s old, at most 60"


def test_a_sample_may_be_older_where_scrapes_are_further_apart(monitoring: Monitoring) -> None:
    for target in monitoring.answers["prometheus", "/api/v1/targets"]["data"]["activeTargets"]:
        target["scrapeInterval"] = "1m30s"
    _samples(monitoring, "investiq_trades_total", lambda rows: _aged(rows[0]))
    assert monitoring.findings("metrics") == []


def test_a_label_value_that_has_no_series(monitoring: Monitoring) -> None:
    _samples(monitoring, "investiq_dependency_health", lambda rows: rows.pop(1))
    assert monitoring.found("metrics").what == "no fresh series with name=broker"


def test_a_label_value_whose_series_went_silent(monitoring: Monitoring) -> None:
    _samples(monitoring, "investiq_dependency_health", lambda rows: _aged(rows[1]))
    assert monitoring.found("metrics").what == "no fresh series with name=broker"


def test_what_a_part_said_before_its_restart_is_no_fault(monitoring: Monitoring) -> None:
    def old_beside_new(rows: list[dict[str, Any]]) -> None:
        rows.append(deepcopy(rows[0]))
        rows[-1]["metric"]["endpoint"] = "/asked/before"
        _aged(rows[-1])

    _samples(monitoring, "investiq_request_duration_milliseconds", old_beside_new)
    assert monitoring.findings("metrics") == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"health": "err", "lastError": "many-to-many"}, "it does not evaluate: many-to-many"),
        ({"health": "unknown"}, "it was not evaluated yet"),
        ({"lastEvaluation": "2026-01-01T00:00:00.123456789Z"}, "it was last evaluated"),
        ({"query": "vector(0) > 1"}, "Prometheus has it with another condition"),
        ({"duration": 86_400.0}, "Prometheus has it with another `for`"),
        ({"annotations": {}}, "Prometheus has it with another annotation"),
    ],
)
def test_a_rule_that_is_not_the_rendered_one_or_is_not_judged(
    monitoring: Monitoring, change: dict[str, Any], what: str
) -> None:
    rule = next(rule for rule in monitoring.rules if rule["name"] == "ServiceDown")
    rule |= change
    assert monitoring.found("rules").what.startswith(what)


def test_a_rule_that_waits_for_a_minute_and_a_half_is_compared_by_length(
    monitoring: Monitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = rule_documents(monitoring.config)
    for rule in (rule for file in documents.values() for group in file["groups"] for rule in group["rules"]):
        if rule.get("for") == "1m":
            rule["for"] = "1m30s"
    monkeypatch.setattr("investiq.operate.validate.live.rules.rule_documents", lambda *_: documents)
    waiting = [rule for rule in monitoring.rules if rule.get("duration") == 60.0]
    assert len(monitoring.findings("rules")) == len(waiting) > 0
    for rule in waiting:
        rule["duration"] = 90.0
    assert monitoring.findings("rules") == []


def test_a_recording_rule_that_is_not_loaded(monitoring: Monitoring) -> None:
    monitoring.rules = [rule for rule in monitoring.rules if rule["type"] != "recording"]
    assert "job:investiq_requests:rate5m" in [finding.place.where for finding in monitoring.findings("rules")]


def test_a_rule_that_nobody_rendered_is_one_too_many_here_and_nobodys_business_elsewhere(
    monitoring: Monitoring,
) -> None:
    monitoring.rules.append({**monitoring.rules[0], "name": "MyOwn"})
    assert monitoring.found("rules").place.where == "MyOwn"
    assert monitoring.findings("rules", remote=_elsewhere(monitoring)) == []


def test_alerts_that_never_leave_prometheus_or_go_elsewhere(monitoring: Monitoring) -> None:
    known = monitoring.answers["prometheus", "/api/v1/alertmanagers"]["data"]
    known["activeAlertmanagers"] = [{"url": "http://other:9093/api/v2/alerts"}]
    assert "its alerts go to http://other:9093" in monitoring.found("alertmanager-known").what
    known["activeAlertmanagers"] = []
    assert "no alert leaves it" in monitoring.found("alertmanager-known").what


# ---- panels ----


def _first_panel(config: Config) -> Any:
    return dashboards_of(config)[0].panels[0]


def _drawing(monitoring: Monitoring, change: Callable[[list[dict[str, Any]]], object]) -> str:
    """Spoil what the first query of the first panel is answered; the title of the panel."""
    panel = _first_panel(monitoring.config)
    _samples(monitoring, expand_variables(panel.queries[0].expr), change)
    return str(panel.title)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda rows: rows.clear(), "there is no data"),
        (lambda rows: rows[0]["value"].__setitem__(1, "NaN"), "its values are not numbers"),
    ],
)
def test_a_dead_panel(monitoring: Monitoring, change: Callable[[list[dict[str, Any]]], object], what: str) -> None:
    title = _drawing(monitoring, change)
    findings = monitoring.findings("panels")
    assert title in [finding.place.where.split(": ")[1] for finding in findings]
    assert {finding.what.partition(": ")[2] for finding in findings} == {what}


def test_a_panel_that_says_why_it_is_empty(monitoring: Monitoring, monkeypatch: pytest.MonkeyPatch) -> None:

    board = dashboards_of(monitoring.config)[0]
    quiet = replace(board.panels[0], emptiness="no firing alerts")
    row = replace(board.rows[0], panels=(quiet,))
    monkeypatch.setattr(panels, "dashboards_of", lambda _config: (replace(board, rows=(row,)),))
    _drawing(monitoring, lambda rows: rows.clear())
    checked = monitoring.checked("panels")["panels"]
    assert checked.findings == ()
    assert "1 panels empty, as they may be" in checked.looked_at


def test_a_panel_whose_query_is_refused(monitoring: Monitoring) -> None:
    whole = monitoring.answers["prometheus", "/api/v1/query"]
    refusal = (400, {"status": "error", "errorType": "bad_data", "error": "parse error"})
    monitoring.answers["prometheus", "/api/v1/query"] = lambda p: whole(p) if p["query"] == ["time()"] else refusal
    findings = monitoring.findings("panels")
    assert {finding.what for finding in findings} == {"Prometheus refuses its query: bad_data: parse error"}
    assert not any(finding.is_unchecked for finding in findings)


def test_panels_that_nobody_may_ask_for_are_left_open(monitoring: Monitoring) -> None:
    whole = monitoring.answers["prometheus", "/api/v1/query"]
    monitoring.answers["prometheus", "/api/v1/query"] = lambda p: whole(p) if p["query"] == ["time()"] else (401, {})
    finding = monitoring.found("panels")
    assert finding.is_unchecked
    assert "it wants other credentials" in finding.what


# ---- Alertmanager ----


def test_a_receiver_that_is_not_there_and_one_that_reaches_somebody_else(monitoring: Monitoring) -> None:
    document = alertmanager_document(monitoring.config)
    document["receivers"][0]["webhook_configs"][0]["url"] = "http://127.0.0.1:1/webhook"
    document["receivers"].pop(1)
    monitoring.answers["alertmanager", "/api/v2/status"]["config"]["original"] = json.dumps(document)
    assert [(f.place.where, f.what) for f in monitoring.findings("receivers")] == [
        ("inbox", "it differs from what is rendered: webhook_configs[0].url"),
        ("heartbeat", "Alertmanager has no such receiver"),
    ]


def test_routes_and_inhibitions_that_are_not_the_rendered_ones(monitoring: Monitoring) -> None:
    document = alertmanager_document(monitoring.config)
    document["route"]["routes"][0]["repeat_interval"] = "1h"
    document["inhibit_rules"].pop()
    monitoring.answers["alertmanager", "/api/v2/status"]["config"]["original"] = json.dumps(document)
    places = [finding.place.where.split()[0] for finding in monitoring.findings("routes")]
    assert places == ["route.routes[0].repeat_interval", "inhibit_rules"]


@pytest.mark.parametrize(
    ("rendered", "running", "places"),
    [
        ({"a": "60s"}, {"a": "1m", "b": "a default"}, []),
        ({"a": "90s"}, {"a": "1m30s"}, []),
        ({"url": "https://secret"}, {"url": "<secret>"}, []),
        ({"credentials_file": "../keys/a"}, {"credentials_file": "/data/keys/a"}, []),
        ({"on": False}, {}, []),
        ({"on": True}, {}, ["on"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["a[0].b"]),
        ({"a": [1]}, {"a": []}, ["a (0 in place of 1)"]),
        ({"a": {"b": "1m"}}, {"a": {"b": "2m"}}, ["a.b"]),
        (
            {"routes": [{"receiver": "x"}]},
            {"routes": [{"receiver": "x", "matchers": ["a=b"]}]},
            ["routes[0].matchers (added)"],
        ),
        ({"receiver": "x"}, {"receiver": "x", "mute_time_intervals": ["night"]}, ["mute_time_intervals (added)"]),
        ({"job_name": "x"}, {"job_name": "x", "metric_relabel_configs": [{}]}, ["metric_relabel_configs (added)"]),
        ({"source_matchers": []}, {"source_matchers": [], "equal": ["service"]}, ["equal (added)"]),
        ({"receiver": "x"}, {"receiver": "x", "matchers": []}, []),
    ],
)
def test_what_counts_as_another_configuration(rendered: object, running: object, places: list[str]) -> None:
    assert list(differences(rendered, running)) == places


# ---- what is not as it should be to be asked at all ----


def _elsewhere(monitoring: Monitoring, **options: Any) -> RemoteTarget:
    return RemoteTarget(prometheus=f"http://127.0.0.1:{monitoring.ports['prometheus']}", **options)


def test_a_prometheus_elsewhere_is_asked_and_what_needs_this_machine_is_said_to_be_left_out(
    monitoring: Monitoring,
) -> None:
    checked = monitoring.checked(remote=_elsewhere(monitoring))
    left_out = {name for name, one in checked.items() if one.left_out}
    assert left_out == {
        "files", "services", "endpoints", "loaded", "alertmanager", "receivers", "routes", "silences", "heartbeat",
    }  # fmt: skip
    assert "--alertmanager" in checked["routes"].left_out
    assert not any(one.findings for one in checked.values())


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ("<html>a page</html>", "not as Prometheus does"),
        ((302, {}), "redirects to"),
        ((401, {}), "answers 401: it wants other credentials"),
        ((503, "starting"), "answers 503"),
        ({"hello": "world"}, "not as Prometheus does"),
        ({"status": "success", "data": {"resultType": "scalar", "result": []}}, "not as expected"),
        ((503, {"status": "error", "errorType": "timeout", "error": "too slow"}), "too slow"),
    ],
)
def test_what_is_no_prometheus_leaves_everything_open(monitoring: Monitoring, answer: Any, what: str) -> None:
    monitoring.answers["prometheus", "/api/v1/query"] = answer
    checked = monitoring.checked("rules", "metrics", remote=_elsewhere(monitoring))
    (finding,) = checked["prometheus"].findings
    assert what in finding.what
    assert finding.is_unchecked
    assert finding.fix
    assert checked["rules"].left_out == checked["metrics"].left_out == "prometheus could not be asked"


def test_a_port_on_which_nothing_listens(monitoring: Monitoring) -> None:
    (finding,) = monitoring.findings("rules", remote=RemoteTarget(prometheus=f"http://127.0.0.1:{free_port()}"))
    assert finding.is_unchecked
    assert "nothing usable answers at http://127.0.0.1" in finding.what


def test_one_strange_answer_leaves_only_its_own_question_open(monitoring: Monitoring) -> None:
    monitoring.answers["prometheus", "/api/v1/targets"] = {"hello": "world"}
    assert {(f.check, f.is_unchecked) for f in monitoring.findings("targets", "rules")} == {("targets", True)}


@pytest.mark.parametrize("kind", ["token_file", "basic_auth_file"])
def test_credentials_are_shown_to_what_is_elsewhere_only(monitoring: Monitoring, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("ann:open sesame\n" if kind == "basic_auth_file" else "sesame\n")
    seen: dict[str, set[str | None]] = {}
    monitoring.seen = lambda part, headers: seen.setdefault(part, set()).add(headers["authorization"])
    shown = "Basic YW5uOm9wZW4gc2VzYW1l" if kind == "basic_auth_file" else "Bearer sesame"

    access = HttpCredentials(**{kind: secret})
    assert monitoring.findings("rules", remote=_elsewhere(monitoring, access=access)) == []
    assert seen == {"prometheus": {shown}}
    monitoring.findings("rules", "heartbeat", "routes", remote=RemoteTarget(access=access))
    assert seen == {"prometheus": {shown, None}, "alertmanager": {None}, "inbox": {None}, "api": {None}}


@pytest.mark.parametrize(("kind", "text"), [("token_file", ""), ("token_file", "a\nb"), ("basic_auth_file", "ann")])
def test_a_secret_that_cannot_be_used(monitoring: Monitoring, tmp_path: Path, kind: str, text: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(text)
    for remote in (
        _elsewhere(monitoring, access=HttpCredentials(**{kind: secret})),
        RemoteTarget(prometheus="https://example.org", access=HttpCredentials(ca_file=secret)),
    ):
        (finding,) = monitoring.findings("rules", remote=remote)
        assert finding.is_unchecked
        assert str(secret) in finding.what
        assert finding.fix


# ---- time ----


def test_findings_of_what_has_just_started_are_asked_again(
    monitoring: Monitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_run, "_ASK_AGAIN_SECONDS", 0.0)
    monitoring.young = True
    health = iter(["unknown", "unknown"])

    def rules(_: object) -> Any:
        first = {**monitoring.rules[0], "health": next(health, "ok"), "lastEvaluation": datetime.now(UTC).isoformat()}
        return success({"groups": [{"rules": [first, *monitoring.rules[1:]]}]})

    monitoring.answers["prometheus", "/api/v1/rules"] = rules
    told: list[str] = []
    assert monitoring.findings("rules", tell=told.append) == []
    assert told == ["not whole yet: rules; asking again, for 60 s at most"]


def test_findings_of_what_has_run_for_long_are_final(monitoring: Monitoring) -> None:
    monitoring.empty = {"investiq_trades_total"}
    told: list[str] = []
    assert monitoring.findings("metrics", tell=told.append)
    assert not any("asking again" in line for line in told)


def test_a_wrong_setting_is_not_waited_for(monitoring: Monitoring) -> None:
    monitoring.young = True
    document = alertmanager_document(monitoring.config) | {"inhibit_rules": []}
    monitoring.answers["alertmanager", "/api/v2/status"]["config"]["original"] = json.dumps(document)
    told: list[str] = []
    assert monitoring.findings("routes", tell=told.append)
    assert not any("asking again" in line for line in told)


def test_a_check_that_does_not_end_is_left_open(monitoring: Monitoring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_run, "_CHECK_SECONDS", 0.0)
    (finding,) = monitoring.findings("rules")
    assert finding.is_unchecked
    assert "not done within" in finding.what
