"""One analysis and one trade through real processes: the command line, the API and the signal models."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from investiq.foundation.config.schema import Config
from investiq.invest import wiring
from tests.otlp_receiver import OtlpReceiver, ReceivedSpan, receiving, tree
from tests.ports import free_port
from tests.serve.api.servers import Servers

pytestmark = pytest.mark.e2e

COMMANDS = ("analyze AAPL", "trade buy AAPL --quantity 10")
COMMAND = "from investiq.cli import entry_point; entry_point()"


@pytest.fixture(scope="module")
def receiver() -> Iterator[OtlpReceiver]:
    with receiving() as started:
        yield started


@dataclass
class Traced:
    """Servers that have ended, and handed over everything; what two commands said while they ran."""

    servers: Servers
    receiver: OtlpReceiver
    said: dict[str, str]

    def run(self, line: str, **settings: str) -> str:
        """What a command prints."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("INVESTIQ_")},
            "INVESTIQ_DATA_DIR": str(self.servers.data),
            "INVESTIQ_API_PORT": str(self.servers.api_port),
            **settings,
        }
        command, folder = [sys.executable, "-c", COMMAND, *line.split()], self.servers.data.parent
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def trace_of(self, command: str) -> str:
        return self.receiver.named(command).trace_id


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, receiver: OtlpReceiver) -> Traced:
    servers = Servers(tmp_path_factory.mktemp("traced") / "data", free_port(), free_port())
    wiring.train_models(Config(data_dir=servers.data), lambda _stage, _done, _total: None)
    settings = {
        "INVESTIQ_TRACING_ENABLED": "true",
        "INVESTIQ_TRACING_SAMPLE_RATIO": "0",  # what the command line begins is kept all the same
        "INVESTIQ_TRACING_ENDPOINT": receiver.url,
    }
    made = Traced(servers, receiver, {})
    started = [
        servers.start("signals", f"http://127.0.0.1:{servers.signals_port}/health", **settings),
        servers.start_api(**settings),
    ]
    try:
        for line in COMMANDS:
            made.said[line] = made.run(line, **settings)
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(30)
    logs = servers.data / "logs"
    logs.mkdir()
    for part in ("api", "signals"):
        shutil.copy(servers.data.parent / f"{part}.log", logs)
    return made


def without_statements(spans: list[ReceivedSpan]) -> list[ReceivedSpan]:
    return [span for span in spans if "db.system.name" not in span.attributes]


def test_an_analysis_is_one_tree_from_the_command_line_to_the_signal_models(traced: Traced) -> None:
    spans = without_statements(traced.receiver.of(traced.trace_of("investiq analyze")))
    lines = tree(spans)
    assert lines[:4] == [
        "investiq-cli: investiq analyze",
        "  investiq-cli: GET",
        "    investiq-api: GET /api/analyze/{symbol}",
        "      investiq-api: analyze",
    ]
    assert sorted(lines[4:]) == sorted(
        [
            "        investiq-api: engine technical",
            "        investiq-api: engine quantitative",
            "        investiq-api: engine signal",
            "          investiq-api: POST",
            "            signal-models: POST /predict",
            "        investiq-api: engine sentiment",
            "        investiq-api: engine fundamental",
        ]
    )
    by_name = {span.name: span for span in spans}
    predicted, asked = by_name["POST /predict"], by_name["POST"]
    assert (asked.kind, predicted.kind) == ("client", "server")
    assert asked.start <= predicted.start <= asked.end
    assert asked.attributes["server.port"] == traced.servers.signals_port
    assert asked.attributes["http.response.status_code"] == predicted.attributes["http.response.status_code"] == 200
    assert by_name["engine signal"].attributes["investiq.engine.status"] == "ok"
    assert by_name["engine sentiment"].attributes["investiq.engine.status"] == "unavailable"
    assert not any(span.failed for span in spans)


def test_a_trade_is_one_tree_from_the_command_line_to_the_broker(traced: Traced) -> None:
    spans = traced.receiver.of(traced.trace_of("investiq trade buy"))
    assert tree(without_statements(spans)) == [
        "investiq-cli: investiq trade buy",
        "  investiq-cli: POST",
        "    investiq-api: POST /api/trades",
        "      investiq-api: submit order",
        "        investiq-api: broker submit",
    ]
    names = [span.name for span in spans]
    assert names.index("INSERT orders") < names.index("INSERT paper_orders") < names.index("UPDATE orders")


def test_the_command_prints_the_same_tree_from_the_files(traced: Traced) -> None:
    trace = traced.trace_of("investiq trade buy")
    printed = traced.run(f"trace {trace[:12]}")
    received = [line.split(": ", 1)[1] for line in tree(traced.receiver.of(trace))]
    found = json.loads(traced.run(f"trace {trace} --json"))
    assert [span["name"] for span in found["spans"]] == received
    assert printed.startswith(f"trace {trace}  ")
    assert "INSERT orders" in printed
    brief = traced.run(f"trace {trace} --brief")
    assert "broker submit" in brief
    assert "INSERT" not in brief
    listed = json.loads(traced.run("trace --json"))["traces"]
    assert [one["name"] for one in listed] == ["investiq trade buy", "investiq analyze"]


def test_a_request_is_found_by_its_id_in_the_log_of_every_process(traced: Traced) -> None:
    asked = traced.receiver.named("GET /api/analyze/{symbol}")
    request = asked.attributes["investiq.request_id"]
    found = json.loads(traced.run(f"logs --since 1h --request {request} --json"))["records"]
    requests = [record for record in found if record["text"] == "request"]
    assert [(record["part"], record["fields"]["path"]) for record in requests] == [
        ("signals", "/predict"),
        ("api", "/api/analyze/AAPL"),
    ]
    assert {record["fields"]["trace_id"] for record in requests} == {asked.trace_id}
    assert traced.run(f"logs --request {request} --query").strip() == f'{{job="investiq"}} | request_id="{request}"'
    assert f"trace {asked.trace_id}" in traced.run(f"trace {request}")
