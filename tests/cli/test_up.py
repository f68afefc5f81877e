"""`investiq up`, with parts that behave as a test tells them; the real ones are in tests/e2e."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psutil
import pytest
import structlog.testing

from investiq.cli import startup, up
from investiq.cli.exit_codes import ExitCode
from investiq.cli.parameters import Duration
from investiq.cli.stack_screen import StackScreen
from investiq.foundation.config import Config
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.invest.market.replay_state import ReplayState, write_state
from investiq.operate.supervise import launch, stack_status
from investiq.operate.supervise.control import hold_lock
from investiq.operate.supervise.logs import tail
from investiq.operate.supervise.parts import MissingProgram, ProcessSpec, StackTable
from investiq.operate.supervise.supervisor import Supervisor
from tests.cli.test_main import run
from tests.operate.supervise.conftest import QUICK, Fakes, fakes
from tests.ports import free_ports

__all__ = ["fakes"]  # a fixture

WATCHED = CheckResult("watched", "all 9 targets of Prometheus are up; a test alert reached the inbox in 0.1 s")
UNWATCHED = CheckResult(
    "watched",
    findings=(
        Finding(
            "targets",
            Place(PlaceKind.PART, "prometheus"),
            "Prometheus does not see every target up (node: connection refused)",
            "see its log",
        ),
    ),
)
ANALYSED = CheckResult("analysed", "AAPL on 2008-01-02: buy, coverage 0.7")
WATCHERS = ("PROMETHEUS", "ALERTMANAGER", "BLACKBOX", "NODE")

Replace = Callable[..., None]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data_dir and ports of its own, in an environment that `up` may add to."""
    monkeypatch.chdir(tmp_path)
    for variable in ("INVESTIQ_MARKET_START", "INVESTIQ_MARKET_SESSION_SECONDS", "INVESTIQ_CONFIG"):
        monkeypatch.setenv(variable, "")  # so that what `up` sets is taken back after the test
        monkeypatch.delenv(variable)
    names = ("API", "SIGNALS", "WEB", "INBOX", *(f"MONITORING_{watcher}" for watcher in WATCHERS))
    for name, port in zip(names, free_ports(len(names)), strict=True):
        monkeypatch.setenv(f"INVESTIQ_{name}_PORT", str(port))
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replace]:
    """Replaces the parts and the proofs; the supervisor is the real one, and quick."""

    def replace(*parts: ProcessSpec, missing: tuple[MissingProgram, ...] = (), watched: CheckResult = WATCHED) -> None:
        for module in (up, launch, stack_status):
            monkeypatch.setattr(module, "stack_table", lambda _: StackTable(parts, missing))
        for name, proof in (("check_monitored", watched), ("check_analysis", ANALYSED)):
            monkeypatch.setattr(startup, name, _giving(proof))
        monkeypatch.setitem(Supervisor.__init__.__kwdefaults__ or {}, "timing", QUICK)

    # The logging of pytest stays; what the supervisor logs would go to the stdout of the command.
    monkeypatch.setattr("investiq.foundation.telemetry.logging.configure", lambda *_: None)
    with structlog.testing.capture_logs():
        yield replace


def _giving(proof: CheckResult) -> Callable[..., object]:
    async def prove(*_: object, **__: object) -> CheckResult:
        return proof

    return prove


@pytest.fixture
def ctrl_c_when_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is pressed when `up` begins to wait for it."""
    live_table = StackScreen.live_table

    async def press(screen: StackScreen, snapshot: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await live_table(screen, snapshot)  # type: ignore[arg-type]

    monkeypatch.setattr(StackScreen, "live_table", press)


def test_a_taken_port_starts_nothing_and_names_port_program_and_setting(data: Path) -> None:
    port = int(os.environ["INVESTIQ_API_PORT"])
    with socket.create_server(("127.0.0.1", port)):
        result = run("up")
    me = psutil.Process()
    assert result.code == ExitCode.FAILED
    assert f"port {port} (api) is taken by {me.name()} (pid {me.pid}, user {me.username()}); api.port" in result.err
    assert not data.exists(), "nothing was started, and nothing made"


@pytest.mark.usefixtures("ctrl_c_when_up")
def test_up_shows_parts_proofs_and_addresses_and_ctrl_c_stops_all_in_order(fakes: Fakes, stack: Replace) -> None:
    api, grafana = fakes.part("api"), MissingProgram("grafana", "dashboards", "get it there", optional=True)
    stack(api, fakes.part("web", needs=("api",)), missing=(grafana,))
    result = run("up")
    assert result.code == ExitCode.DONE
    lines = [" ".join(line.split()) for line in result.err.splitlines()]
    assert lines[0].startswith("InvestIQ 0.1.0: replay from 2008-01-02, one session in 30 s; data in ")
    assert [line.split()[:2] for line in lines[2:5]] == [["missing", "grafana"], ["ready", "api"], ["ready", "web"]]
    assert lines[3].endswith(f"s the fake api {api.url}")
    assert lines[5:7] == [f"watched {WATCHED.looked_at}", f"analysed {ANALYSED.looked_at}"]
    assert fakes.trace() == ["start api", "start web", "stop web", "stop api"]
    assert lines[-3:] == ["stopped web", "stopped api", "InvestIQ stopped; data is kept."]
    assert f"  {api.url}" in result.out
    assert "admin.key" in result.out
    assert "investiq down" in result.out


@pytest.mark.usefixtures("ctrl_c_when_up")
def test_the_answer_for_programs_has_parts_and_proofs(fakes: Fakes, stack: Replace) -> None:
    stack(fakes.part("api"))
    document = json.loads(run("up", "--json").out)
    assert document["schema"] == "investiq.up/1"
    assert [(part["name"], part["state"]) for part in document["parts"]] == [("api", "healthy")]
    assert [(proof["name"], proof["proven"], proof["text"]) for proof in document["proofs"]] == [
        ("watched", True, WATCHED.looked_at),
        ("analysed", True, ANALYSED.looked_at),
    ]
    assert [proof["findings"] for proof in document["proofs"]] == [[], []]


def test_what_to_type_next_works_where_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "investiq").touch(mode=0o755)
    monkeypatch.setattr("sys.executable", str(programs / "python"))
    monkeypatch.setenv("PATH", "/usr/bin")
    config = Config()

    def told() -> str:
        return "\n".join(startup.address_lines(config, StackTable((), ())))

    monkeypatch.chdir(tmp_path)
    assert "  .venv/bin/investiq status " in told()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert f"  {programs}/investiq status " in told()
    monkeypatch.setenv("PATH", str(programs))
    assert "  investiq status " in told()


def test_a_failure_ends_with_cause_fix_and_log_in_that_order(fakes: Fakes, stack: Replace, data: Path) -> None:
    cursed = ("--crashes", "99", "--say", "error: the port is cursed: move it")
    stack(fakes.part("inbox"), fakes.part("api", *cursed, needs=("inbox",)))
    result = run("up")
    assert result.code == ExitCode.FAILED
    assert result.err.splitlines()[-3:] == [
        "cause: api cannot start: it ended with exit code 3: the port is cursed: move it",
        "fix:   do what that message says, then run `investiq up` again",
        f"log:   {data / 'logs' / 'api.log'}",
    ]
    assert fakes.trace()[-1] == "stop inbox"


def test_a_stack_that_is_up_but_not_proven_to_be_watched_is_a_failure(fakes: Fakes, stack: Replace) -> None:
    stack(fakes.part("api"), watched=UNWATCHED)
    result = run("up")
    assert result.code == ExitCode.FAILED
    assert f"cause: the stack is up, but not watched: {UNWATCHED.findings[0].what}" in result.err
    assert result.err.rstrip().endswith("prometheus.log")
    assert fakes.trace()[-1] == "stop api"


@pytest.mark.usefixtures("ctrl_c_when_up")
def test_without_the_watchers_the_rest_runs_and_the_exit_code_tells(fakes: Fakes, stack: Replace) -> None:
    prometheus = MissingProgram("prometheus", "scrapes", "apt-get install prometheus", optional=False)
    stack(fakes.part("api"), missing=(prometheus,))
    result = run("up")
    assert result.code == ExitCode.FINDINGS
    assert "not watched  prometheus is not installed (apt-get install prometheus)" in result.err
    assert "trading stays halted without their heartbeat, unless require_monitoring = false" in result.err
    assert "  analysed     AAPL" in result.err


def test_ctrl_c_during_the_start_stops_what_was_started(fakes: Fakes, stack: Replace) -> None:
    (fakes.folder / "web.sick").touch()
    stack(fakes.part("api"), fakes.part("web", needs=("api",)))

    def press() -> None:
        deadline = time.monotonic() + 20
        while "start web" not in fakes.trace() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    assert run("up").code == ExitCode.INTERRUPTED
    assert fakes.trace()[-1] == "stop api"


def test_up_twice_is_harmless(fakes: Fakes, stack: Replace, data: Path) -> None:
    stack(fakes.part("api"))
    with hold_lock(data / "run"):
        result = run("up")
    assert result.code == ExitCode.DONE
    assert "InvestIQ is already running; nothing was started." in result.err
    assert "Open" in result.out
    assert fakes.trace() == []


@pytest.mark.usefixtures("ctrl_c_when_up")
def test_start_and_speed_reach_the_parts(fakes: Fakes, stack: Replace, data: Path) -> None:
    stack(
        fakes.part("api", "--tell", "INVESTIQ_MARKET_START"),
        fakes.part("web", "--tell", "INVESTIQ_MARKET_SESSION_SECONDS"),
    )
    result = run("up", "--from", "2008-09-15", "--speed", "500ms")
    assert "replay from 2008-09-15, one session in 0.5 s" in result.err
    assert tail(data / "logs" / "api.log", 1) == ("INVESTIQ_MARKET_START=2008-09-15",)
    assert tail(data / "logs" / "web.log", 1) == ("INVESTIQ_MARKET_SESSION_SECONDS=0.5",)


@pytest.mark.usefixtures("ctrl_c_when_up")
def test_a_replay_goes_on_from_its_own_start_unless_another_is_asked_for(
    fakes: Fakes, stack: Replace, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.mkdir()
    write_state(data / "replay.json", ReplayState(date(2008, 9, 15), 3.5))
    stack(fakes.part("api", "--tell", "INVESTIQ_MARKET_START"))
    assert "replay from 2008-09-15" in run("up").err
    assert tail(data / "logs" / "api.log", 1) == ("INVESTIQ_MARKET_START=2008-09-15",)

    monkeypatch.setenv("INVESTIQ_MARKET_START", "2009-03-02")
    assert "replay from 2009-03-02" in run("up").err, "what is configured counts, and the API says that it cannot be"
    monkeypatch.delenv("INVESTIQ_MARKET_START")
    assert "replay from 2008-01-02" in run("up", "--fresh").err


@pytest.mark.usefixtures("ctrl_c_when_up")
def test_fresh_moves_the_old_data_aside_and_deletes_nothing(fakes: Fakes, stack: Replace, data: Path) -> None:
    data.mkdir()
    (data / "ledger.db").write_text("precious")
    stack(fakes.part("api"))
    result = run("up", "--fresh")
    (aside,) = data.parent.glob("data.*")
    assert (aside / "ledger.db").read_text() == "precious"
    assert str(aside) in result.err
    assert not (data / "ledger.db").exists()


@pytest.mark.usefixtures("ctrl_c_when_up")
def test_the_data_is_for_its_user_only(fakes: Fakes, stack: Replace, data: Path) -> None:
    stack(fakes.part("api"))
    run("up")
    assert {oct(path.stat().st_mode & 0o777) for path in (data, data / "logs", data / "run")} == {"0o700"}


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (("up", "--speed", "fast"), ExitCode.USAGE, "'fast' is not a duration: write a number and its unit"),
        (("up", "--from", "yesterday"), ExitCode.USAGE, "'yesterday' does not match"),
        (("up", "--no-restart", "apy"), ExitCode.USAGE, "no part is called 'apy'; there are inbox, model, api"),
        (("up", "api", "--detach"), ExitCode.USAGE, "goes with no option"),
        (("up", "api"), ExitCode.NOT_RUNNING, "InvestIQ is not running; `investiq up` starts it"),
    ],
)
def test_wrong_usage_says_what_is_expected(argv: tuple[str, ...], code: ExitCode, message: str) -> None:
    result = run(*argv)
    assert (result.code, message in result.err) == (code, True), result.err


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("45", 45)])
def test_durations(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds
