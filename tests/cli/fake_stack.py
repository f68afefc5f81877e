"""Every part of a stack as the HTTP answers of this process: healthy until a test plants a fault.

The answers are those of our parts, Prometheus 2.42 and Alertmanager 0.25, cut down to what is asked of them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import yaml

from investiq.config import Config
from investiq.monitoring.jobs import jobs
from investiq.stack.render import render_runtime
from tests.ports import free_port

__all__ = ["PORT_SETTINGS", "FakeStack"]

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
"""A JSON document, a text, a (status, document), or a function that gives one of these."""


class FakeStack:
    """Answers by part and path.

    Attributes:
        rules: what Prometheus says of its rules; `load_rules` fills it from what is rendered.
        delivers: whether Alertmanager hands on what it is given.
    """

    def __init__(self) -> None:
        self.ports = {part: free_port() for part in PORT_SETTINGS}
        self.answers: dict[tuple[str, str], Answer] = {}
        self.rules: list[dict[str, Any]] = []
        self.notifications: list[dict[str, Any]] = []
        self.delivers = True
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
            ("inbox", "/api/notifications"): lambda: {"notifications": self.notifications},
            ("alertmanager", "/-/ready"): "OK",
            ("alertmanager", "/api/v2/receivers"): [{"name": "inbox"}, {"name": "heartbeat"}],
            ("alertmanager", "/api/v2/alerts"): {},
            ("blackbox", "/-/healthy"): "Healthy",
            ("node", "/"): "<h1>Node Exporter</h1>",
            ("prometheus", "/-/ready"): "Prometheus is Ready.",
            ("prometheus", "/-/healthy"): "Healthy",
            ("prometheus", "/api/v1/targets"): {"data": {"activeTargets": []}},
            ("prometheus", "/api/v1/query"): {"data": {"result": []}},
            ("prometheus", "/api/v1/alertmanagers"): {"data": {"activeAlertmanagers": [{"url": "http://here"}]}},
            ("prometheus", "/api/v1/status/runtimeinfo"): {"data": {"startTime": LONG_AGO}},
            ("prometheus", "/api/v1/rules"): lambda: {"data": {"groups": [{"rules": self.rules}]}},
        }

    def settings(self) -> dict[str, str]:
        """The variables that make a configuration of these ports."""
        return {
            f"INVESTIQ_{setting.replace('.', '_').upper()}": str(self.ports[part])
            for part, setting in PORT_SETTINGS.items()
        }

    def load_rules(self, config: Config) -> None:
        """Let Prometheus have what is rendered for `config`, judged a moment ago."""
        rendered = render_runtime(config)
        groups = [
            g for name, text in rendered.items() if name.startswith("rules/") for g in yaml.safe_load(text)["groups"]
        ]
        self.rules = [_told(rule) for group in groups for rule in group["rules"]]
        targets = [{"labels": {"job": job.name, "instance": "here"}, "health": "up"} for job in jobs(config)]
        self.answers["prometheus", "/api/v1/targets"] = {"data": {"activeTargets": targets}}

    def start(self, *parts: str) -> None:
        """Let `parts` answer; all of them when none is named."""
        for part in parts or PORT_SETTINGS:
            self._open[part] = stack = ExitStack()
            stack.enter_context(_served(self.ports[part], self._handler(part)))

    def stop(self, *parts: str) -> None:
        """Let nothing answer on the ports of `parts`; all of them when none is named."""
        for part in parts or list(self._open):
            self._open.pop(part).close()

    def _answer(self, part: str, path: str, body: bytes) -> tuple[int, bytes]:
        answer = self.answers.get((part, path), (404, {}))
        if callable(answer):
            answer = answer()
        if part == "alertmanager" and body and self.delivers:
            self.notifications += json.loads(body)
        status, document = answer if isinstance(answer, tuple) else (200, answer)
        return status, (document if isinstance(document, str) else json.dumps(document)).encode()

    def _handler(self, part: str) -> type[BaseHTTPRequestHandler]:
        stack = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                status, body = stack._answer(part, urlsplit(self.path).path, self.rfile.read(length))
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


def _told(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of a file, as Prometheus tells it."""
    judged = {"query": rule["expr"], "health": "ok", "lastEvaluation": datetime.now(UTC).isoformat()}
    if "record" in rule:
        return {"name": rule["record"], "type": "recording", **judged}
    duration = rule.get("for", "0s")
    return {
        "name": rule["alert"],
        "duration": float(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]],
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
