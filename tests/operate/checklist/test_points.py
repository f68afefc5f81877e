"""Each point of the checklist: the good case, and a planted fault that it must find.

The parts answer from this process (`fake_stack`); tests/e2e/test_checklist.py asks the real ones.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from investiq.foundation.config import Config, load
from investiq.foundation.config.well_known import TRIED_FIRST
from investiq.foundation.contract.api import CheckedPoint
from investiq.foundation.telemetry.catalogue import (
    AUDIT_FAULTS,
    BACKUP_FAILED,
    BACKUP_INTERVAL,
    BACKUP_MADE,
    BACKUP_PROVEN,
    RESTORE_DOUBTED,
)
from investiq.foundation.topology import PROGRAMS
from investiq.foundation.vocabulary import ChecklistPoint, PointState
from investiq.monitoring.routing.routes import alertmanager_document
from investiq.operate.checklist import endpoint_secured, proxy
from investiq.operate.checklist.deployment import open_deployment
from investiq.operate.checklist.examine import SignOffs, examine
from investiq.operate.checklist.points import POINTS
from investiq.operate.supervise import programs
from tests.cli.fake_stack import FakeStack, success
from tests.clients.strict import Reply, StrictServer, strict
from tests.e2e.tls_proxy import tls_proxy
from tests.operate.checklist.answers import signature
from tests.ports import free_port

COUNT = 'investiq_request_duration_milliseconds_count{endpoint="/api/market",method="GET",status="200"}'
FLAGS = {"storage.tsdb.retention.time": "30d", "storage.tsdb.retention.size": "10GiB"}
EVERYBODY = SignOffs({name: signature(point=name, expires_at="2999-01-01T00:00:00Z") for name in ChecklistPoint})
PAGE = "http://127.0.0.1:9"

Plant = Callable[[FakeStack], object]


class Api:
    """Counts what it is asked, as the API does."""

    def __init__(self) -> None:
        self.asked = 0
        self.counts = True

    def market(self, _parameters: object) -> dict[str, str]:
        self.asked += self.counts
        return {"phase": "open"}

    def metrics(self, _parameters: object) -> str:
        return f"# TYPE investiq_requests_total counter\n{COUNT} {self.asked}\n"


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeStack]:
    """Ports for a stack, and a configuration of them, in a folder of its own."""
    fake = FakeStack()
    for name, value in fake.settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    installed = {name: f"/nowhere/{name}" for name, program in PROGRAMS.items() if not program.optional}
    monkeypatch.setattr(programs, "find_all", lambda: installed)
    monkeypatch.setattr("investiq.operate.validate.live.machine.refusals", lambda *_: [])
    yield fake
    fake.stop()


@pytest.fixture
def config(stack: FakeStack) -> Config:
    return load().config


@pytest.fixture
def running(stack: FakeStack, config: Config, api: Api) -> FakeStack:
    """The stack, every part of it up and well."""
    _load(stack, config, api)
    stack.start()
    return stack


def _load(stack: FakeStack, config: Config, api: Api) -> None:
    stack.load(config)
    for target in stack.answers["prometheus", "/api/v1/targets"]["data"]["activeTargets"]:
        target["lastScrape"] = datetime.now(UTC).isoformat()
    stack.answers |= {
        ("api", "/api/market"): api.market,
        ("api", "/metrics"): api.metrics,
        ("web", "/operations"): "<html>",
        ("prometheus", "/api/v1/status/flags"): success(dict(FLAGS)),
    }


def look(config: Config, name: str, sign_offs: SignOffs = EVERYBODY) -> CheckedPoint:
    """How a point is now."""

    async def ask() -> CheckedPoint:
        async with open_deployment(config) as deployment:
            return await examine(deployment, next(one for one in POINTS if one.name == name), sign_offs)

    return asyncio.run(ask())


# ---- what validate answers ----


@pytest.mark.parametrize(
    ("name", "evidence"),
    [
        ("metrics", "metrics that the API promises"),
        ("rules", "each as it is rendered"),
        ("meta-monitoring", "all up"),
        ("validation", "made 17 checks just now, and found nothing"),
        ("dashboard", "/operations is served; Prometheus answers"),
        ("services", "alertmanager, blackbox, node, prometheus run"),
        ("retention", "storage.tsdb.retention.time=30d"),
    ],
)
def test_a_stack_that_is_well_is_done(running: FakeStack, config: Config, name: str, evidence: str) -> None:
    point = look(config, name)
    assert point["state"] == PointState.DONE, point
    assert evidence in " ".join(point["evidence"])


def _no_metric(stack: FakeStack) -> None:
    stack.empty.add("investiq_trades_total")


def _no_rule(stack: FakeStack) -> None:
    stack.rules[:] = [rule for rule in stack.rules if rule["name"] != "ServiceDown"]


def _target_down(stack: FakeStack) -> None:
    target = stack.answers["prometheus", "/api/v1/targets"]["data"]["activeTargets"][0]
    target.update(health="down", lastError="connection refused")


def _probe_fails(stack: FakeStack) -> None:
    stack.empty.add("probe_success")


def _no_page(stack: FakeStack) -> None:
    stack.answers["web", "/operations"] = (500, "it broke")


def _node_down(stack: FakeStack) -> None:
    stack.stop("node")


def _kept_for_a_week(stack: FakeStack) -> None:
    stack.answers["prometheus", "/api/v1/status/flags"] = success(FLAGS | {"storage.tsdb.retention.time": "7d"})


def _kept_without_limit(stack: FakeStack) -> None:
    stack.answers["prometheus", "/api/v1/status/flags"] = success(FLAGS | {"storage.tsdb.retention.size": "0B"})


def _never_scraped(stack: FakeStack) -> None:
    for target in stack.answers["prometheus", "/api/v1/targets"]["data"]["activeTargets"]:
        target.update(health="down", lastError="refused")


@pytest.mark.parametrize(
    ("name", "plant", "told"),
    [
        (
            "metrics",
            _no_metric,
            ("investiq_trades_total of investiq-api: Prometheus has no sample of it", "docs/metrics"),
        ),
        ("rules", _no_rule, ("ServiceDown (critical): Prometheus has not loaded it", "investiq down")),
        ("meta-monitoring", _target_down, ("connection refused", "investiq up")),
        ("meta-monitoring", _probe_fails, ("Prometheus has no result of its probe", "investiq up")),
        ("validation", _no_rule, ("ServiceDown (critical): Prometheus has not loaded it", "investiq down")),
        ("dashboard", _no_page, ("it answers 500", "`investiq up web`")),
        ("services", _node_down, ("node: it is stopped", "`investiq up node`")),
        (
            "retention",
            _kept_for_a_week,
            ("keeps metrics 7 days, and monitoring.retention_days says 30", "investiq down"),
        ),
        ("retention", _kept_without_limit, ("it keeps 0B, and monitoring.retention_size says 10GB", "investiq down")),
        ("endpoint", _never_scraped, ("Prometheus does not scrape it: refused", "investiq validate")),
    ],
)
def test_a_fault_is_not_done_and_says_what_mends_it(
    running: FakeStack, config: Config, name: str, plant: Plant, told: tuple[str, str]
) -> None:
    plant(running)
    evidence, step = told
    point = look(config, name)
    assert point["state"] == PointState.NOT_DONE, point
    assert evidence in " ".join(point["evidence"])
    assert step in " ".join(point["next_steps"])


def test_a_metric_that_another_part_lacks_is_no_fault_of_the_api(running: FakeStack, config: Config) -> None:
    running.empty.add("investiq_agent")
    assert look(config, "metrics")["state"] == PointState.DONE
    assert look(config, "validation")["state"] == PointState.NOT_DONE


def test_many_faults_are_told_by_the_first_few_and_how_to_see_the_rest(running: FakeStack, config: Config) -> None:
    running.rules.clear()
    point = look(config, "rules")
    assert len(point["evidence"]) == 4
    assert re.search(r"and \d\d more", point["evidence"][-1])
    assert "`investiq validate` lists what is wrong, and how to mend it" in point["next_steps"]


@pytest.mark.parametrize("name", [point for point in ChecklistPoint if point not in ("services", "training")])
def test_nothing_is_said_to_be_done_where_nothing_runs(stack: FakeStack, config: Config, name: str) -> None:
    point = look(config, name)
    assert point["state"] in (PointState.NOT_DONE, PointState.NOT_CHECKED)
    assert point["next_steps"]


def test_where_nothing_runs_the_services_are_not_started(stack: FakeStack, config: Config) -> None:
    point = look(config, "services")
    assert (point["state"], point["next_steps"]) == (PointState.NOT_DONE, ["`investiq up`"])


@pytest.mark.parametrize("name", ["metrics", "rules", "dashboard", "meta-monitoring", "endpoint", "retention"])
def test_without_prometheus_nothing_that_it_knows_is_done(running: FakeStack, config: Config, name: str) -> None:
    running.stop("prometheus")
    assert look(config, name)["state"] in (PointState.NOT_CHECKED, PointState.NOT_DONE)


# ---- endpoint ----


def test_a_request_that_is_made_is_counted(running: FakeStack, config: Config) -> None:
    point = look(config, "endpoint")
    assert point["state"] == PointState.DONE, point
    assert "a request to /api/market was counted (0, then 1)" in point["evidence"][0]


def test_an_endpoint_that_counts_nothing_is_not_tested(running: FakeStack, config: Config, api: Api) -> None:
    api.counts = False
    point = look(config, "endpoint")
    assert point["state"] == PointState.NOT_DONE
    assert "was not counted" in point["evidence"][0]


def test_what_answers_without_metrics_is_no_endpoint(running: FakeStack, config: Config) -> None:
    running.answers["api", "/metrics"] = '{"requests": 12}'
    assert look(config, "endpoint")["state"] == PointState.NOT_DONE


# ---- passwords, and who gets at /metrics ----


def test_a_program_without_a_password_is_found(running: FakeStack, config: Config) -> None:
    point = look(config, "passwords")  # the stand-ins ask for none
    assert point["state"] == PointState.NOT_DONE
    assert "alertmanager: it opens to no password at all" in point["evidence"]
    assert "inbox: it tells everybody what was paged" in point["evidence"]
    assert any("alertmanager.password, then `investiq down`" in step for step in point["next_steps"])


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("postgresql://ledger:ledger@db/investiq", PointState.NOT_DONE),
        ("postgresql://investiq:2vUq7xA9@db/investiq", PointState.NOT_CHECKED),  # nothing runs that could be tried
    ],
)
def test_a_well_known_password_of_the_database_is_found_and_not_shown(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch, url: str, state: PointState
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    if state is PointState.NOT_DONE:
        _load(stack, load().config, Api())
        stack.answers |= {(part, path): (401, {}) for part, path in _ASKING}
        stack.start()
    point = look(load().config, "passwords")
    assert point["state"] == state, point
    assert "ledger:ledger" not in json.dumps(point)


_ASKING = (
    ("prometheus", "/-/ready"),
    ("alertmanager", "/-/ready"),
    ("blackbox", "/-/healthy"),
    ("node", "/"),
    ("inbox", "/api/notifications"),
)


def test_a_well_known_token_of_the_metrics_is_found(running: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "3f0c9d1be7a64c58a1d2")  # what the settings say now is not what it runs with
    running.answers |= {(part, path): (401, {}) for part, path in _ASKING}
    point = look(load().config, "passwords")
    assert point["evidence"] == ["api.metrics_token: /metrics opens to a token that everybody tries first"]


def test_passwords_that_nobody_knows_are_done_and_each_was_tried(running: FakeStack, config: Config) -> None:
    running.answers |= {(part, path): (401, {}) for part, path in _ASKING}
    shown: list[str] = []
    running.seen = lambda part, headers: shown.append(headers["Authorization"]) if part == "node" else None
    assert look(config, "passwords")["state"] == PointState.DONE
    assert len(set(shown)) == 1 + 2 * (1 + len(TRIED_FIRST))
    assert shown[0] is None


def test_metrics_that_a_stranger_reads_are_found(running: FakeStack, config: Config) -> None:
    point = look(config, "endpoint-secured")  # the stand-ins tell everybody
    assert point["state"] == PointState.NOT_DONE
    url = f"http://127.0.0.1:{running.ports['api']}"
    assert f"{url}: /metrics is open to whoever asks, without a credential" in point["evidence"]


def test_metrics_that_refuse_strangers_are_secured(running: FakeStack, config: Config) -> None:
    running.answers |= {(part, "/metrics"): (401, {}) for part in running.ports}
    hosts: list[str] = []
    running.seen = lambda _part, headers: hosts.append(headers["X-Forwarded-For"])
    assert look(config, "endpoint-secured")["state"] == PointState.DONE
    assert set(hosts) == {"203.0.113.7"}


def test_a_part_that_listens_to_other_machines_is_asked_there(
    running: FakeStack, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """127.0.0.1 stands for an address outside, from a network that is not trusted."""
    running.answers |= {(part, "/metrics"): (401, {}) for part in running.ports if part != "agent"}
    monkeypatch.setattr(endpoint_secured, "_own_addresses", lambda: [ip_address("127.0.0.1")])
    monkeypatch.setenv("INVESTIQ_API_TRUSTED_NETWORKS", "::1/128")
    hosts: list[str] = []
    running.seen = lambda _part, headers: hosts.append(headers["Host"])
    point = look(load().config, "endpoint-secured")
    assert "localhost" in hosts  # a stranger names the host that opens most
    assert point["state"] == PointState.NOT_DONE
    assert {text.partition(": /metrics")[0] for text in point["evidence"]} == {
        f"http://127.0.0.1:{running.ports['agent']}"
    }


# ---- Grafana, where it runs ----


@pytest.fixture
def grafana(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictServer]:
    with strict() as server:
        monkeypatch.setenv("INVESTIQ_MONITORING_GRAFANA", "true")
        monkeypatch.setenv("INVESTIQ_MONITORING_GRAFANA_PORT", server.url.rpartition(":")[2])
        server.on("GET /api/health", {"database": "ok"})
        server.on("GET /api/user", Reply(status=401))
        yield server


@pytest.mark.parametrize(
    ("answer", "state"),
    [({"database": "ok"}, PointState.DONE), ({"database": "failing"}, PointState.NOT_DONE), ([], PointState.NOT_DONE)],
)
def test_grafana_has_to_be_well_where_it_runs(
    stack: FakeStack, grafana: StrictServer, api: Api, answer: object, state: PointState
) -> None:
    config = load().config
    _load(stack, config, api)
    stack.start()
    grafana.on("GET /api/health", answer)
    assert look(config, "dashboard")["state"] == state


def test_the_password_that_grafana_comes_with_is_tried(stack: FakeStack, grafana: StrictServer, api: Api) -> None:
    config = load().config
    _load(stack, config, api)
    stack.answers |= {(part, path): (401, {}) for part, path in _ASKING}
    stack.start()
    point = look(config, "passwords")
    assert (point["state"], "Grafana" in point["evidence"][0]) == (PointState.DONE, True), point
    assert "Basic YWRtaW46YWRtaW4=" in {asked.headers.get("authorization") for asked in grafana.asked}
    grafana.on("GET /api/user", Reply(status=401), Reply(status=401), {"login": "admin"})
    point = look(config, "passwords")
    assert point["evidence"] == ["grafana: it opens to admin with a password that everybody tries first"]
    assert "reset-admin-password" in point["next_steps"][0]


def test_what_grafana_tells_this_machine_alone_is_no_open_door(
    stack: FakeStack, grafana: StrictServer, api: Api
) -> None:
    config = load().config
    _load(stack, config, api)
    stack.answers |= {(part, "/metrics"): (401, {}) for part in stack.ports}
    stack.start()
    grafana.on("GET /metrics", Reply("# TYPE grafana_info gauge"))
    assert look(config, "endpoint-secured")["state"] == PointState.DONE


# ---- channels ----


@pytest.fixture
def told(stack: FakeStack, monkeypatch: pytest.MonkeyPatch, api: Api) -> Callable[..., Config]:
    """A stack with receivers outside."""

    def start(**variables: str) -> Config:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        config = load().config
        _load(stack, config, api)
        stack.start()
        return config

    return start


def _counts(stack: FakeStack, sent: dict[str, float], failed: dict[str, float], ever: dict[str, float]) -> None:
    """Let Prometheus tell these counters of Alertmanager."""
    usual = stack.answers["prometheus", "/api/v1/query"]

    def answer(parameters: dict[str, list[str]]) -> Any:
        expression = parameters["query"][0]
        if "notification_requests" not in expression:
            return usual(parameters)
        through = {kind: count - failed.get(kind, 0) for kind, count in sent.items()}
        values = ever if "max_over_time" in expression else through if " - " in expression else failed
        rows = [{"metric": {"integration": kind}, "value": [0, str(value)]} for kind, value in values.items()]
        return success({"resultType": "vector", "result": rows})

    stack.answers["prometheus", "/api/v1/query"] = answer


def test_an_inbox_on_this_machine_alone_is_no_channel(running: FakeStack, config: Config) -> None:
    point = look(config, "channels")
    assert (point["state"], "no receiver outside" in point["evidence"][0]) == (PointState.NOT_DONE, True)
    assert "DISCORD_WEBHOOK_URL" in point["next_steps"][0]


def test_a_channel_counts_when_something_came_through_it(stack: FakeStack, told: Callable[..., Config]) -> None:
    config = told(DISCORD_WEBHOOK_URL=f"{PAGE}/hook", PAGERDUTY_KEY="0" * 32)
    _counts(stack, {"discord": 3, "pagerduty": 2, "webhook": 9}, {"discord": 1, "pagerduty": 2}, {})
    point = look(config, "channels")
    assert point["state"] == PointState.NOT_DONE
    assert "pagerduty: 2 notifications were tried, and none came through" in point["evidence"]
    assert "alertmanager.log" in point["next_steps"][0]
    _counts(stack, {"discord": 3, "pagerduty": 3}, {"discord": 1, "pagerduty": 2}, {})
    assert look(config, "channels")["evidence"] == [
        "by Alertmanager's own counters, discord took 2 notifications; pagerduty took 1 notifications"
    ]


def test_what_came_through_before_a_restart_of_alertmanager_counts(
    stack: FakeStack, told: Callable[..., Config]
) -> None:
    config = told(DISCORD_WEBHOOK_URL=f"{PAGE}/hook")
    _counts(stack, {"discord": 0}, {}, {"discord": 5})
    assert look(config, "channels")["state"] == PointState.DONE


def test_an_address_that_nothing_was_sent_to_is_no_channel_yet(stack: FakeStack, told: Callable[..., Config]) -> None:
    config = told(PAGERDUTY_KEY="0" * 32)
    _counts(stack, {"webhook": 50}, {}, {"webhook": 50})
    point = look(config, "channels")
    assert point["evidence"] == ["pagerduty: it is configured, and nothing was ever delivered through it"]
    assert "`investiq down api`" in point["next_steps"][0]


def test_the_files_alone_make_no_channel(stack: FakeStack, told: Callable[..., Config]) -> None:
    """What counts is what the Alertmanager that runs has."""
    config = told(DISCORD_WEBHOOK_URL=f"{PAGE}/hook")
    _counts(stack, {"discord": 3}, {}, {})
    running = alertmanager_document(Config(data_dir=config.data_dir))
    stack.answers["alertmanager", "/api/v2/status"]["config"]["original"] = json.dumps(running)
    assert "no receiver outside" in look(config, "channels")["evidence"][0]


def _page(severity: str, minutes_ago: float) -> dict[str, Any]:
    at = (datetime.now(UTC) - timedelta(minutes=minutes_ago)).isoformat()
    return {
        **{"id": 1, "received_at": at, "status": "firing", "alertname": "Any", "severity": severity},
        **{"starts_at": at, "ends_at": None, "fingerprint": "f", "labels": {}, "annotations": {}},
    }


@pytest.mark.parametrize(
    ("failed", "pages", "expected"),
    [
        ({}, [("critical", 10)], (PointState.DONE, "1 pages went out")),
        ({}, [("critical", 1)], (PointState.NOT_DONE, "no page has gone out")),  # it may still be on its way
        ({}, [("none", 10)], (PointState.NOT_DONE, "no page has gone out")),  # a test alert stays here
        ({}, [], (PointState.NOT_DONE, "no page has gone out")),
        ({"webhook": 2}, [("critical", 10)], (PointState.NOT_CHECKED, "2 webhooks failed")),
    ],
)
def test_a_webhook_is_proven_by_a_page_and_no_failure(
    stack: FakeStack,
    told: Callable[..., Config],
    failed: dict[str, float],
    pages: list[tuple[str, int]],
    expected: tuple[PointState, str],
) -> None:
    state, evidence = expected
    config = told(INVESTIQ_NOTIFY_WEBHOOK_URL=f"{PAGE}/hook")
    _counts(stack, {"webhook": 40}, failed, {})
    stack.notifications = [_page(severity, minutes) for severity, minutes in pages]
    point = look(config, "channels")
    assert (point["state"], evidence in point["evidence"][0]) == (state, True), point


# ---- proxy ----


def _behind(
    monkeypatch: pytest.MonkeyPatch, stack: FakeStack, tmp_path: Path, health: object, trusted: bool = True
) -> CheckedPoint:
    stack.answers["web", "/health"] = health
    stack.start("web")
    port = free_port()
    monkeypatch.setenv("INVESTIQ_WEB_PUBLIC_URL", f"https://localhost:{port}")
    with tls_proxy(f"http://127.0.0.1:{stack.ports['web']}", port, tmp_path) as front:
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(front.ca_file))
        return look(load().config, "proxy")


def test_a_proxy_with_tls_in_front_of_the_console_is_done(
    monkeypatch: pytest.MonkeyPatch, stack: FakeStack, tmp_path: Path
) -> None:
    point = _behind(monkeypatch, stack, tmp_path, {"part": "frontend"})
    assert point["state"] == PointState.DONE, point
    assert "its certificate is trusted for" in point["evidence"][0]


def test_a_proxy_that_asks_who_is_there_is_done(
    monkeypatch: pytest.MonkeyPatch, stack: FakeStack, tmp_path: Path
) -> None:
    assert _behind(monkeypatch, stack, tmp_path, (401, {}))["state"] == PointState.DONE


def test_a_certificate_that_ends_soon_is_found(
    monkeypatch: pytest.MonkeyPatch, stack: FakeStack, tmp_path: Path
) -> None:
    monkeypatch.setattr(proxy, "_LEAST_DAYS", 1_000_000)
    point = _behind(monkeypatch, stack, tmp_path, {"part": "frontend"})
    assert (point["state"], "its certificate ends in" in point["evidence"][0]) == (PointState.NOT_DONE, True)


@pytest.mark.parametrize("health", [{"part": "blog"}, "<html>", [], (502, "")])
def test_something_else_behind_the_proxy_is_found(
    monkeypatch: pytest.MonkeyPatch, stack: FakeStack, tmp_path: Path, health: object
) -> None:
    point = _behind(monkeypatch, stack, tmp_path, health)
    assert (point["state"], "something else" in point["evidence"][0]) == (PointState.NOT_DONE, True)


def test_a_certificate_of_an_unknown_authority_is_found(
    monkeypatch: pytest.MonkeyPatch, stack: FakeStack, tmp_path: Path
) -> None:
    point = _behind(monkeypatch, stack, tmp_path, {"part": "frontend"}, trusted=False)
    assert (point["state"], "is not trusted" in point["evidence"][0]) == (PointState.NOT_DONE, True)


@pytest.mark.parametrize(
    ("url", "state", "evidence"),
    [
        ("http://invest.example.org", PointState.NOT_DONE, "at http://invest.example.org, without TLS"),
        ("https://localhost:1", PointState.NOT_CHECKED, "cannot be reached from this machine"),
    ],
)
def test_an_address_without_tls_or_without_an_answer_is_not_done(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch, url: str, state: PointState, evidence: str
) -> None:
    monkeypatch.setenv("INVESTIQ_WEB_PUBLIC_URL", url)
    point = look(load().config, "proxy")
    assert (point["state"], evidence in point["evidence"][0]) == (state, True), point


# ---- load ----


def _report(config: Config, name: str, **changes: Any) -> None:
    folder = config.data_dir / "load"
    folder.mkdir(parents=True, exist_ok=True)
    ended = datetime.now(UTC).timestamp()
    report = {"schema": "investiq.load/1", "scenario": "mixed", "ended_at": ended, "passed": True, "requests": 6000}
    (folder / f"{name}.json").write_text(json.dumps(report | changes))


def test_the_newest_report_of_a_load_test_counts(stack: FakeStack, config: Config) -> None:
    _report(config, "2026-01-01T10", passed=False)
    _report(config, "2026-01-02T10")
    (config.data_dir / "load" / "2026-01-03T10.json").write_text('{"schema": "investiq.load/1", "scen')
    _report(config, "2026-01-04T10", schema="somebody.else/1")
    point = look(config, "load")
    assert point["state"] == PointState.DONE, point
    assert "6000 requests, every threshold kept" in point["evidence"][0]


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ({"passed": False}, "did not keep its thresholds"),
        ({"passed": "yes"}, "did not keep its thresholds"),
        ({"ended_at": datetime(2020, 1, 1, tzinfo=UTC).timestamp()}, "2020-01-01: what it showed is old"),
    ],
)
def test_a_load_test_that_failed_or_is_old_is_none(
    stack: FakeStack, config: Config, changes: dict[str, Any], evidence: str
) -> None:
    _report(config, "2026-01-02T10", **changes)
    point = look(config, "load")
    assert (point["state"], evidence in point["evidence"][0]) == (PointState.NOT_DONE, True), point
    assert "`investiq load mixed`" in point["next_steps"][0]


# ---- backup ----

HOUR = 3600.0


def _backups(stack: FakeStack, age: float | None, interval: float, **further: float | None) -> None:
    """The newest backup was made and proven so long ago; None for never."""
    usual, now = stack.answers["prometheus", "/api/v1/query"], datetime.now(UTC).timestamp()
    moment = None if age is None else now - age
    values = {BACKUP_MADE.name: moment, BACKUP_PROVEN.name: moment, BACKUP_INTERVAL.name: interval}
    values |= {RESTORE_DOUBTED.name: 0.0, BACKUP_FAILED.name: 0.0, **further}

    def answer(parameters: dict[str, list[str]]) -> Any:
        name = parameters["query"][0].removeprefix("max(").removesuffix(")")
        if name not in values:
            return usual(parameters)
        value = values[name]
        rows = [] if value is None else [{"metric": {}, "value": [now, str(value)]}]
        return success({"resultType": "vector", "result": rows})

    stack.answers["prometheus", "/api/v1/query"] = answer


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ((HOUR, 24 * HOUR), (PointState.DONE, "was restored and held the same; the next is due 24h 0m after it")),
        ((73 * HOUR, 24 * HOUR), (PointState.NOT_DONE, "the newest proven backup is 3d 1h old")),
        ((HOUR, 0.0), (PointState.NOT_DONE, "nothing is scheduled to make the next")),
        ((None, 24 * HOUR), (PointState.NOT_DONE, "no backup of it is proven")),
    ],
)
def test_a_backup_is_done_when_it_is_proven_and_goes_on(
    running: FakeStack,
    config: Config,
    made: tuple[float | None, float],
    expected: tuple[PointState, str],
) -> None:
    _backups(running, *made)
    point = look(config, "backup")
    assert (point["state"], expected[1] in point["evidence"][0]) == (expected[0], True), point


@pytest.mark.parametrize(
    ("further", "evidence"),
    [
        ({RESTORE_DOUBTED.name: 2.0}, "2 questions answered otherwise than before the backup"),
        ({BACKUP_FAILED.name: 1.0}, "the last try of another failed"),
    ],
)
def test_a_backup_that_failed_or_answers_otherwise_is_not_done_though_an_older_one_is_proven(
    running: FakeStack, config: Config, further: dict[str, float], evidence: str
) -> None:
    _backups(running, HOUR, 24 * HOUR, **further)
    point = look(config, "backup")
    assert (point["state"], evidence in point["evidence"][0]) == (PointState.NOT_DONE, True), point


@pytest.mark.parametrize(
    ("faults", "expected"),
    [(0.0, PointState.DONE), (2.0, PointState.NOT_DONE), (None, PointState.NOT_CHECKED)],
)
def test_the_log_of_changes_is_done_while_the_api_finds_it_whole(
    running: FakeStack, config: Config, faults: float | None, expected: PointState
) -> None:
    _backups(running, None, 0.0, **{AUDIT_FAULTS.name: faults})
    assert look(config, "audit")["state"] == expected


def test_where_there_are_backups_a_person_signs_for_their_password(running: FakeStack, config: Config) -> None:
    _backups(running, HOUR, 24 * HOUR)
    assert look(config, "backup-password")["state"] == PointState.DONE
    assert look(config, "backup-password", SignOffs({}))["state"] == PointState.NEEDS_PERSON


# ---- what was never done here ----


@pytest.mark.parametrize("name", ["backup", "load", "drills", "backup-password"])
def test_what_was_never_proven_is_not_done_whoever_signs(running: FakeStack, config: Config, name: str) -> None:
    _backups(running, None, 0.0)
    assert look(config, name)["state"] == PointState.NOT_DONE


def test_alerts_are_not_said_to_be_proven(running: FakeStack, config: Config) -> None:
    assert look(config, "drills")["evidence"][0].startswith("not proven yet")
