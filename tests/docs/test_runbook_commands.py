"""The first commands of each runbook entry are ones that a woken person can type: they exist, and they work."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from investiq.cli.ask import PARTS
from investiq.foundation import runbooks, topology
from investiq.foundation.checkout import checkout
from investiq.foundation.config import Config
from investiq.foundation.config.schema import BackupConfig, EdgeConfig
from investiq.foundation.findings import Place
from investiq.foundation.topology import PROGRAMS
from investiq.monitoring.checks.expressions import Expression
from investiq.monitoring.checks.references import check_references
from investiq.monitoring.checks.runbooks import commands
from investiq.monitoring.scraping.jobs import jobs
from investiq.operate.supervise.parts import stack_table
from investiq.serve.http.access import MONITORING_PATHS

ENTRIES = {
    f"{subject}#{heading}": text
    for subject in runbooks.names()
    for heading, text in re.findall(r"^## (\S+)$(.*?)(?=^## |\Z)", runbooks.text(subject), re.MULTILINE | re.DOTALL)
}
COMMANDS = sorted({command for text in ENTRIES.values() for command in commands(text)})

# Asked as they stand: they read this machine, and need nothing of a running stack.
HARMLESS = ("cat", "date", "df", "free", "ps", "ulimit", "uptime")

PATHS = re.compile(r"\.investiq(/[\w.-]+)*")


def _programs(command: str) -> list[str]:
    """The first word of each part of a pipe."""
    words = shlex.shlex(command, posix=True, punctuation_chars="|")
    words.whitespace_split = True
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            parts.append([])
        else:
            parts[-1].append(word)
    return [part[0] for part in parts]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_program_of_a_first_command_is_on_this_machine(command: str) -> None:
    builtin = ("ulimit",)
    missing = [p for p in _programs(command) if p not in (*builtin, "investiq") and shutil.which(p) is None]
    assert missing == []


@pytest.mark.parametrize("command", [c for c in COMMANDS if _programs(c)[0] in HARMLESS])
def test_a_command_that_only_reads_this_machine_works(command: str, tmp_path: Path) -> None:
    done = subprocess.run(["/bin/bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("command", [c for c in COMMANDS if "http://127" in c])
def test_an_address_is_that_of_a_part(command: str) -> None:
    parts = stack_table(Config(), {name: name for name in PROGRAMS}, trained=True).parts
    ports = {part.port for part in parts} | {Config().monitoring.grafana_port}
    assert {urlsplit(url).port for url in re.findall(r"http://127[^\s'&]*", command)} <= ports


@pytest.mark.parametrize("command", [c for c in COMMANDS if "http://127" in c])
def test_an_address_is_one_that_its_program_answers_at(command: str) -> None:
    for url in re.findall(r"http://127[^\s'&]*", command):
        parts = urlsplit(url)
        assert any(re.fullmatch(path, parts.path) for path in _answered(parts.port)), url


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("investiq ask ")])
def test_what_is_asked_of_a_part_is_something_that_it_answers(command: str) -> None:
    _, _, part, path, *_ = shlex.split(command)
    port = PARTS[part].port(Config())
    assert any(re.fullmatch(known, urlsplit(path).path) for known in _answered(port)), path


@pytest.mark.parametrize("command", COMMANDS)
def test_what_asks_for_a_password_is_asked_with_it(command: str) -> None:
    asking = [part for part in PARTS.values() if part.asks_password or part is topology.INBOX]
    assert not [part.name for part in asking if "curl" in command and f":{part.port(Config())}/" in command]


OURS = ("api", "signals", "web", "inbox", "agent")
THEIRS = {
    "prometheus": "/metrics|/-/healthy|/api/v1/(query|targets|rules|alertmanagers|status/tsdb)",
    "alertmanager": "/metrics|/-/healthy|/api/v2/(alerts|silences|status)",
    "blackbox": "/metrics|/probe|/-/healthy",
    "node": "/metrics",
    "grafana": "/metrics|/api/health",
}


def _answered(port: int | None) -> list[str]:
    """Patterns of the paths at which the program at `port` answers; ours as its source has them."""
    config = Config()
    monitoring = {getattr(config.monitoring, f"{name}_port"): pattern for name, pattern in THEIRS.items()}
    if port in monitoring:
        return [monitoring[port]]
    (name,) = [name for name in OURS if getattr(config, name).port == port]
    files = (checkout() / "src/investiq/serve" / name).rglob("*.py")
    paths = [path for file in files for path in re.findall(r'\.get\(\s*"(/[^"]*)"', file.read_text("utf-8"))]
    assert paths or name == "agent"  # it has no route of its own
    return [*MONITORING_PATHS, *(re.sub(r"{[^}]*}", "[^/]+", path) for path in paths)]


@pytest.mark.parametrize("command", [c for c in COMMANDS if "query=" in c or "metrics | grep " in c])
def test_what_is_looked_for_among_the_metrics_is_one_of_them(command: str) -> None:
    jobs_known = [job.name for job in jobs(Config())]
    asked = re.findall(r"query=([^']*)'|/metrics \| grep (\S+)", command)
    for expression in (query or name.strip("'") for query, name in asked):
        asking = Expression.parsed(Place.file(command), expression)
        assert check_references([asking], jobs_known).findings == (), expression


@pytest.mark.parametrize("command", [c for c in COMMANDS if PATHS.search(c)])
def test_a_path_in_the_data_folder_is_one_that_is_made(command: str) -> None:
    edge = EdgeConfig(enabled=True, console="console.example.org")
    config = Config(edge=edge, backup=BackupConfig(schedule="supervisor"))
    parts = stack_table(config, {name: name for name in PROGRAMS}, trained=True).names
    made = {".investiq", ".investiq/logs", ".investiq/prometheus", ".investiq/monitoring/prometheus.yml"}
    made |= {f".investiq/logs/{part}.log" for part in parts}
    assert {match[0] for match in PATHS.finditer(command)} <= made


def test_the_search_finds_the_entries() -> None:
    assert len(ENTRIES) > 30
    assert all(len(commands(text)) == 3 for text in ENTRIES.values())
