"""Every part of a stack as the HTTP answers of this process: healthy until a test plants a fault.

The answers are those of our parts, Prometheus 2.42 and Alertmanager 0.25, cut down to what is asked of them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from email.message import Message
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from investiq.foundation.config import Config, Paths
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.catalogue import Kind
from investiq.monitoring.routing.routes import alertmanager_document
from investiq.monitoring.scraping.jobs import jobs, prometheus_document
from investiq.monitoring.scraping.probes import blackbox_document
from investiq.operate.render.files import rule_documents, write_runtime
from investiq.promql import duration
from tests.ports import free_ports

__all__ = ["PORT_SETTINGS", "FakeStack", "runtime_info", "success"]

PORT_SETTINGS = {
    "api": "api.port",
    "signals": "signals.port",
    "web": "web.port",
    "inbox": "inbox.port",
    "agent": "agent.port",
    "prometheus": "monitoring.prometheus_port",
    "alertmanager": "monitoring.alertmanager_port",
    "blackbox": "monitoring.blackbox_port",
    "node": "monitoring.node_port",
}
LONG_AGO = "2026-01-01T00:00:00.123456789Z"

Answer = Any
"""A JSON document, a text, a (status, document), or a function of the request's parameters that gives one of these."""

_OWN = {metric.name + ("_count" if metric.kind is Kind.HISTOGRAM else ""): metric for metric in catalogue.ALL}


class FakeStack:
    """Answers by part and path.

    Attributes:
        rules: what Prometheus says of its rules; `load_rules` fills it from what is rendered.
        empty: names of metrics of which Prometheus has no sample.
        young: whether everything that is watched has just started.
        delivers: whether Alertmanager hands on what it is given.
        seen: is shown the headers of each request, and which part got them.
    """

    def __init__(self) -> None:
        self.ports = dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
        self.answers: dict[tuple[str, str], Answer] = {}
        self.rules: list[dict[str, Any]] = []
        self.notifications: list[dict[str, Any]] = []
        self.delivers = True
        self.seen: Callable[[str, Message], object] = lambda _part, _headers: None
        self.empty: set[str] = set()
        self.young = False
        self.date: datetime | None = None
        self._open: dict[str, ExitStack] = {}
        for part in ("api", "web", "agent"):
            self.answers[part, "/health"] = {"status": "ok"}
        self.answers |= {
            ("api", "/api/trading/status"): {
                "mode": "replay",
                "halted": False,
                "reason": None,
                "note": None,
                "monitoring": {"required": True, "heartbeat": "fresh", "age_seconds": 4.0, "note": "4 s old"},
            },
            ("signals", "/health"): {
                "status": "ok",
                "model": {
                    "loaded": True,
                    "version": "0123456789ab",
                    "trained_until": "1970-01-02",
                    "beats_constant": True,
                    "error": None,
                },
            },
            ("inbox", "/health"): {"status": "ok", "heartbeat": {"age_seconds": 4.0}},
            ("inbox", "/api/notifications"): lambda _: {"notifications": self.notifications},
            ("alertmanager", "/-/ready"): "OK",
            ("alertmanager", "/api/v2/status"): {
                "versionInfo": {"version": "0.25.0"},
                "config": {"original": json.dumps({"receivers": []})},
            },
            ("alertmanager", "/api/v2/alerts"): [],
            ("alertmanager", "/api/v2/silences"): [],
            ("blackbox", "/-/healthy"): "Healthy",
            ("node", "/"): "<h1>Node Exporter</h1>",
            ("prometheus", "/-/ready"): "Prometheus is Ready.",
            ("prometheus", "/-/healthy"): "Healthy",
            ("prometheus", "/api/v1/targets"): success({"activeTargets": []}),
            ("prometheus", "/api/v1/query"): self._query_answer,
            ("prometheus", "/api/v1/status/buildinfo"): success({"version": "2.42.0"}),
            ("prometheus", "/api/v1/alertmanagers"): success(
                {"activeAlertmanagers": [{"url": f"http://127.0.0.1:{self.ports['alertmanager']}/api/v2/alerts"}]}
            ),
            ("prometheus", "/api/v1/status/runtimeinfo"): success(runtime_info()),
            ("prometheus", "/api/v1/rules"): lambda _: success({"groups": [{"interval": 10, "rules": self.rules}]}),
        }

    def settings(self) -> dict[str, str]:
        """The variables that make a configuration of these ports."""
        return {
            f"INVESTIQ_{setting.replace('.', '_').upper()}": str(self.ports[part])
            for part, setting in PORT_SETTINGS.items()
        }

    def load_rules(self, config: Config) -> None:
        """Let Prometheus and Alertmanager have what is rendered for `config`, judged a moment ago."""
        groups = [group for document in rule_documents(config).values() for group in document["groups"]]
        self.rules = [_rule(rule) for group in groups for rule in group["rules"]]
        up = {"health": "up", "lastError": "", "lastScrape": LONG_AGO}
        targets = [{"labels": {"job": job.name, "instance": "here"}, **up} for job in jobs(config)]
        self.answers["alertmanager", "/api/v2/status"]["config"]["original"] = json.dumps(alertmanager_document(config))
        self.answers["prometheus", "/api/v1/targets"] = success({"activeTargets": targets})

    def load(self, config: Config) -> None:
        """Let everything that is asked of a stack be as it is rendered for `config`, on the disk too."""
        write_runtime(config, Paths.of(config).monitoring)
        self.load_rules(config)
        self.answers |= {
            **{(part, "/metrics"): "# TYPE up gauge" for part in PORT_SETTINGS},
            ("api", "/api/market"): {"phase": "open"},
            ("api", "/api/symbols"): {"symbols": []},
            ("web", "/"): "<html>",
            ("blackbox", "/config"): json.dumps(blackbox_document(config)),
            ("prometheus", "/api/v1/status/config"): success({"yaml": json.dumps(prometheus_document(config))}),
        }

    def start(self, *parts: str) -> None:
        """Let `parts` answer; all of them when none is named."""
        for part in parts or PORT_SETTINGS:
            self._open[part] = stack = ExitStack()
            stack.enter_context(_served(self.ports[part], self._handler(part)))

    def answers_at(self, part: str) -> bool:
        """Whether `part` was started, and not stopped since."""
        return part in self._open

    def copied_answers(self) -> dict[tuple[str, str], Answer]:
        """The answers, free of what a test does to them later."""
        return {key: answer if callable(answer) else deepcopy(answer) for key, answer in self.answers.items()}

    def stop(self, *parts: str) -> None:
        """Let nothing answer on the ports of `parts`; all of them when none is named."""
        for part in parts or list(self._open):
            self._open.pop(part).close()

    def _query_answer(self, parameters: dict[str, list[str]]) -> Any:
        """The answer to an instant query: every metric is there, and fresh."""
        expression = parameters["query"][0]
        now = datetime.now(UTC).timestamp()
        if expression == "time()":
            return success({"resultType": "scalar", "result": [now, str(now)]})
        value = (
            now if expression.startswith("timestamp(") else 1.0 if self.young or "process" not in expression else 1e6
        )
        rows = [{"metric": labels, "value": [now, str(value)]} for labels in self._series(expression)]
        return success({"resultType": "vector", "result": rows})

    def _series(self, expression: str) -> list[dict[str, str]]:
        if any(name in expression for name in self.empty):
            return []
        if expression.startswith("probe_success"):
            return [{"service": service} for service in ("investiq-api", "signal-models", "frontend")]
        metric = _OWN.get(expression.removeprefix("timestamp(").removesuffix(")"))
        if metric is None:
            return [{}]
        label_sets = metric.known_label_sets() or [("x",) * len(metric.labels)]
        return [
            {"job": part.value, **dict(zip(metric.label_names, labels, strict=True))}
            for part in metric.parts
            for labels in label_sets
        ]

    def _answer(self, part: str, url: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        answer = self.answers.get((part, parts.path), (404, {}))
        if callable(answer):
            answer = answer(parse_qs(parts.query))
        if part == "alertmanager" and body and self.delivers:
            self.notifications += [_kept(alert) for alert in json.loads(body)]
        status, document = answer if isinstance(answer, tuple) else (200, answer)
        return status, (document if isinstance(document, str) else json.dumps(document)).encode()

    def _handler(self, part: str) -> type[BaseHTTPRequestHandler]:
        stack = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stack.seen(part, self.headers)
                length = int(self.headers.get("Content-Length", 0))
                status, body = stack._answer(part, self.path, self.rfile.read(length))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815  the name that http.server asks for

            def date_time_string(self, timestamp: float | None = None) -> str:
                return format_datetime(stack.date or datetime.now(UTC), usegmt=True)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def success(data: dict[str, Any]) -> dict[str, Any]:
    """What Prometheus says where all went well."""
    return {"status": "success", "data": data}


def runtime_info(**changes: Any) -> dict[str, Any]:
    """Of a Prometheus that runs since long ago, with files that nobody has touched since."""
    return {"startTime": LONG_AGO, "lastConfigTime": "2100-01-01T00:00:00Z", "reloadConfigSuccess": True} | changes


def _kept(alert: dict[str, Any]) -> dict[str, Any]:
    """An alert that was posted to Alertmanager, as the inbox tells it."""
    labels = alert["labels"]
    return {
        "id": 1,
        "received_at": datetime.now(UTC).isoformat(),
        "status": "firing",
        "alertname": labels["alertname"],
        "severity": labels["severity"],
        "starts_at": alert["startsAt"],
        "ends_at": None,
        "fingerprint": "0123456789abcdef",
        "labels": labels,
        "annotations": alert["annotations"],
    }


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of a file, as Prometheus tells it."""
    judged = {"query": rule["expr"], "health": "ok", "lastEvaluation": datetime.now(UTC).isoformat()}
    if "record" in rule:
        labels = {"labels": rule["labels"]} if "labels" in rule else {}
        return {"name": rule["record"], "type": "recording", **labels, **judged}
    return {
        "name": rule["alert"],
        "duration": duration.parse(rule.get("for", "0s")).total_seconds(),
        "labels": rule["labels"],
        "annotations": rule["annotations"],
        "type": "alerting",
        **judged,
    }


@contextmanager
def _served(port: int, handler: type[BaseHTTPRequestHandler]) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()
