"""`investiq doctor`: for each check a planted fault that it must find, and the healthy case in which it must not.

The parts answer from this process (`fake_stack`); tests/e2e/test_doctor.py asks the real ones.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.clients.session import TrustedUsers
from investiq.foundation.config import Config, Paths, load
from investiq.foundation.config.schema import MarketConfig
from investiq.foundation.topology import PROGRAMS
from investiq.invest import wiring
from investiq.invest.market.calendar import xnys
from investiq.invest.market.replay_state import ReplayState, write_state
from investiq.operate.doctor import clock, disk, watch
from investiq.operate.doctor.examine import CHECKS
from investiq.operate.render.files import write_runtime
from investiq.operate.supervise import programs, stack_status
from investiq.operate.supervise.status import PartStatus, Phase, ProcessState, StackSnapshot
from investiq.operate.validate.live import run as live_run
from tests.cli.fake_stack import FakeStack, runtime_info, success
from tests.cli.test_main import run
from tests.invest.signals import synthetic

DAYS = [session.day for session in xnys().sessions(date(2003, 1, 2), date(2006, 1, 3))]
START = DAYS[620]
NEEDING_NOTHING = ("clock", "disk", "secrets", "data")

Answer = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with prices, and a model that was trained on those before START."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "bars").mkdir()
    for symbol, bars in synthetic.trends(650).items():
        rows = [f"{day},{b.open},{b.high},{b.low},{b.close},{b.volume}" for day, b in zip(DAYS, bars, strict=False)]
        (folder / "bars" / f"{symbol}.csv").write_text("\n".join(["session,open,high,low,close,volume", *rows]) + "\n")
    market = MarketConfig(provider="files", folder=folder / "bars", start=START)
    wiring.train_models(Config(data_dir=folder / "data", market=market), lambda _stage, _done, _total: None)
    return folder


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStack]:
    """A stack that answers nothing yet, and the only one that this process knows of."""
    fake = FakeStack()
    for name, value in fake.settings().items():
        monkeypatch.setenv(name, value)
    installed = {name: f"/nowhere/{name}" for name, program in PROGRAMS.items() if not program.optional}
    monkeypatch.setattr(programs, "find_all", lambda: installed)
    yield fake
    fake.stop()


@pytest.fixture
def config(trained: Path, stack: FakeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """An installation that has run: data, model, keys, rendered files; a clock that is kept in step."""
    shutil.copytree(trained / "bars", tmp_path / "bars")
    shutil.copytree(trained / "data", tmp_path / "data", symlinks=True)
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATA_DIR": tmp_path / "data",
        "MARKET_PROVIDER": "files",
        "MARKET_FOLDER": tmp_path / "bars",
        "MARKET_START": START,
    }.items():
        monkeypatch.setenv(f"INVESTIQ_{name}", str(value))
    monkeypatch.setattr(clock, "kept_in_step", lambda: True)
    made = load().config
    paths = Paths.of(made)
    paths.data_dir.chmod(0o700)
    paths.keys.mkdir(mode=0o700)
    for file in (paths.admin_key, paths.agent_key, paths.ledger):
        file.touch(0o600)
    write_runtime(made, paths.monitoring)
    stack.load_rules(made)
    return made


@pytest.fixture
def running(config: Config, stack: FakeStack) -> FakeStack:
    """The stack, every part of it up and well."""
    stack.start()
    return stack


def examined(check: str) -> dict[str, Any]:
    """What one check says; the exit code must agree."""
    result = run("doctor", check, "--json")
    (answer,) = json.loads(result.out)["checks"]
    assert result.code == (ExitCode.FINDINGS if answer["findings"] else ExitCode.DONE), result.err
    assert (answer["verdict"] == "ok") == (not answer["findings"])
    assert all(finding["fix"] and finding["check"] for finding in answer["findings"])
    return dict(answer)


def faults(check: str) -> list[tuple[str, str]]:
    """Where, and what is wrong there."""
    return [(finding["where"], finding["what"]) for finding in examined(check)["findings"]]


def only(check: str) -> dict[str, Any]:
    """The one finding of a check."""
    (finding,) = examined(check)["findings"]
    return dict(finding)


# ---- the whole ----


@pytest.mark.usefixtures("running")
def test_an_installation_without_a_fault_is_done_and_says_so() -> None:
    result = run("doctor")
    assert result.code == ExitCode.DONE
    assert [line.split()[:2] for line in result.out.splitlines() if not line.startswith(" ")] == [
        ["ok", name] for name in CHECKS
    ]
    assert result.err == f"{len(CHECKS)} checks: all is right\n"


@pytest.mark.usefixtures("running")
def test_json_names_every_check_and_what_it_looked_at() -> None:
    document = json.loads(run("doctor", "--json").out)
    assert (document["schema"], document["well"]) == ("investiq.doctor/1", True)
    assert [check["check"] for check in document["checks"]] == list(CHECKS)
    assert all(check["looked_at"] for check in document["checks"])


@pytest.mark.usefixtures("config")
def test_where_nothing_runs_the_rest_is_checked_and_the_start_is_named_once() -> None:
    result = run("doctor")
    assert result.code == ExitCode.FINDINGS
    words = {line.split()[1]: line.split()[0] for line in result.out.splitlines() if line[:1].strip() and " " in line}
    assert {name for name in CHECKS if words[name] == "ok"} == set(NEEDING_NOTHING)
    assert {name for name in CHECKS if words[name] == "?"} == set(CHECKS) - set(NEEDING_NOTHING)
    assert result.out.endswith("What to do\n  ports, model, broker, rules, alert: `investiq up`\n")
    assert "5 could not be checked in full" in result.err


def test_a_new_clone_is_told_to_start_and_nothing_is_made(
    stack: FakeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("--config", str(_toml(tmp_path, f'data_dir = "{tmp_path}/new"')), "doctor")
    assert result.code == ExitCode.FINDINGS
    assert "FAIL" not in result.out
    assert "`investiq models train`" not in result.out.partition("What to do")[2], "the first start trains"
    assert [path.name for path in tmp_path.iterdir()] == ["investiq.toml"]


def _toml(folder: Path, text: str, mode: int = 0o644) -> Path:
    file = folder / "investiq.toml"
    file.write_text(text + "\n")
    file.chmod(mode)
    return file


@pytest.mark.usefixtures("running")
def test_nothing_is_changed(tmp_path: Path) -> None:
    def seen() -> dict[Path, tuple[int, int, int]]:
        stats = ((path, path.lstat()) for path in tmp_path.rglob("*"))
        return {path: (stat.st_mtime_ns, stat.st_mode, stat.st_size) for path, stat in stats}

    before = seen()
    run("doctor")
    assert seen() == before


def test_a_check_that_does_not_exist_is_wrong_usage() -> None:
    result = run("doctor", "weather")
    assert result.code == ExitCode.USAGE
    assert "clock" in result.err


@pytest.mark.usefixtures("config")
def test_the_nearest_fault_does_not_hide_the_next(running: FakeStack) -> None:
    running.answers["prometheus", "/api/v1/rules"] = (500, "down")
    result = run("doctor", "rules", "disk")
    assert result.code == ExitCode.FINDINGS
    assert [line.split()[1] for line in result.out.splitlines()[:1]] == ["disk"]
    assert "rules" in result.out


@pytest.mark.usefixtures("config")
def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, running: FakeStack) -> None:
    monkeypatch.setenv("DISCORD_WEBHOOK_URL", "https://discord.example/do-not-print-me")
    monkeypatch.setenv("ALPACA_SECRET_KEY", "do-not-print-me")
    result = run("doctor")
    assert result.code == ExitCode.FINDINGS
    assert "do-not-print-me" not in result.out + result.err


def test_each_finding_says_how_bad_it_is_and_why_it_matters(running: FakeStack, config: Config) -> None:
    Paths.of(config).admin_key.chmod(0o644)
    running.stop("signals")
    result = run("doctor", "secrets", "model")
    said = result.out.splitlines()
    assert said[0].startswith(f"FAIL  secrets  {Paths.of(config).admin_key}: it holds an API key")
    assert said[1].strip().startswith("why: whoever gets at it can ")
    assert said[2] == "?     model    signals: needed, and not running"
    assert result.err.endswith("2 checks: 1 wrong, 1 could not be checked in full\n")


@pytest.mark.usefixtures("running")
def test_a_warning_is_a_finding_and_looks_like_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPACA_API_KEY", "AK")
    result = run("doctor", "broker")
    assert result.code == ExitCode.FINDINGS
    assert result.out.startswith("warn  broker   configuration: alpaca_api_key set, ")
    assert result.err.endswith("1 checks: 1 with a warning\n")
    assert examined("broker")["verdict"] == "wrong"


# ---- clock ----


@pytest.mark.usefixtures("running")
def test_clock_that_is_kept_in_step() -> None:
    assert "kept in step" in examined("clock")["looked_at"]


@pytest.mark.usefixtures("config")
def test_clock_that_nothing_keeps_is_a_note_for_a_replay_and_a_fault_for_real_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "kept_in_step", lambda: False)
    assert "timedatectl" in examined("clock")["notes"][0]
    monkeypatch.setenv("INVESTIQ_MARKET_CLOCK", "wall")
    finding = only("clock")
    assert finding["severity"] == "warning"
    assert "market.clock" in finding["why"]
    assert "timedatectl" in finding["fix"]


@pytest.mark.usefixtures("config")
def test_clock_of_a_system_that_does_not_tell_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "kept_in_step", lambda: None)
    monkeypatch.setenv("INVESTIQ_MARKET_CLOCK", "wall")
    assert "does not tell" in examined("clock")["notes"][0]


def test_the_kernel_is_really_asked() -> None:
    assert clock.kept_in_step() in (True, False, None)


def test_clock_that_was_set_back(config: Config) -> None:
    later = time.time() + 3600
    os.utime(Paths.of(config).ledger, (later, later))
    finding = only("clock")
    assert finding["where"] == str(Paths.of(config).ledger)
    assert "set back" in finding["what"]


def test_clock_that_differs_from_that_of_prometheus(running: FakeStack) -> None:
    running.date = datetime.now(UTC) - timedelta(seconds=60)
    assert "differs by 60 s" in only("clock")["what"] or "differs by 61 s" in only("clock")["what"]


# ---- disk ----


@pytest.mark.usefixtures("config")
def test_disk_with_room() -> None:
    assert "GiB free" in examined("disk")["looked_at"]


def test_disk_that_is_nearly_full(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "FREE_BYTES", 2**62)
    finding = only("disk")
    assert finding["where"] == str(config.data_dir)
    assert "monitoring.retention_size" in finding["fix"]


@pytest.mark.parametrize("name", ["data_dir", "ledger", "keys"])
def test_disk_that_this_user_may_not_write_to(config: Config, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    barred: Path = getattr(Paths.of(config), name)
    real = os.access  # tests may run as root, whom no mode keeps out
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != barred and real(path, mode))
    finding = only("disk")
    assert finding["where"] == str(barred)
    assert "chown" in finding["fix"]


def test_disk_where_data_dir_is_still_to_be_made(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(config.data_dir / "not" / "there"))
    assert examined("disk")["verdict"] == "ok"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert only("disk")["where"] == str(config.data_dir)


# ---- secrets ----


@pytest.mark.usefixtures("config")
def test_secrets_that_are_private() -> None:
    assert examined("secrets")["looked_at"].startswith("5 files")


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("keys/admin.key", 0o644),
        ("keys/agent.key", 0o640),
        ("keys/bot.key", 0o604),
        ("monitoring/alertmanager.yml", 0o644),
        ("keys/node.password", 0o640),
        ("keys/inbox.token", 0o604),
        ("ledger.db", 0o602),
    ],
)
def test_secrets_that_others_can_reach(config: Config, name: str, mode: int) -> None:
    file = config.data_dir / name
    file.touch()
    file.chmod(mode)
    finding = only("secrets")
    assert (finding["where"], finding["fix"]) == (str(file), f"`chmod 600 {file}`")
    assert f"{mode:04o}" in finding["what"]
    file.chmod(0o600)
    assert examined("secrets")["verdict"] == "ok"


def test_a_data_folder_that_others_can_enter(config: Config) -> None:
    config.data_dir.chmod(0o755)
    finding = only("secrets")
    assert (finding["where"], finding["fix"]) == (str(config.data_dir), f"`chmod 700 {config.data_dir}`")
    config.data_dir.chmod(0o700)
    assert examined("secrets")["verdict"] == "ok"


@pytest.mark.usefixtures("config")
def test_secrets_in_the_files_that_the_configuration_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("hush-hush-hush")
    token.chmod(0o644)
    monkeypatch.setenv("METRICS_TOKEN_FILE", str(token))
    finding = only("secrets")
    assert finding["where"] == str(token)
    assert "api.metrics_token" in finding["what"]
    token.chmod(0o400)
    assert examined("secrets")["verdict"] == "ok"


@pytest.mark.usefixtures("config")
def test_secrets_in_investiq_toml(tmp_path: Path) -> None:
    file = _toml(tmp_path, "[logging]\nlevel = 'info'", 0o644)
    assert examined("secrets")["verdict"] == "ok", "without a secret, everybody may read it"
    _toml(tmp_path, "[notify]\npagerduty_key = 'hush'", 0o644)
    assert only("secrets")["where"] == str(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_secrets_that_belong_to_somebody_else(config: Config) -> None:
    key = Paths.of(config).admin_key
    os.chown(key, 12345, -1)
    assert "belongs to another user" in only("secrets")["what"]


# ---- data ----


@pytest.mark.usefixtures("config")
def test_data_without_a_gap() -> None:
    assert examined("data")["looked_at"] == "3 symbols, 1950 bars without a gap against XNYS"


def _rewrite(file: Path, change: Callable[[list[str]], list[str]]) -> None:
    file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")


def test_data_with_a_gap_names_symbol_and_days(config: Config, tmp_path: Path) -> None:
    _rewrite(tmp_path / "bars/AAA.csv", lambda rows: rows[:11] + rows[12:20] + rows[21:])
    finding = only("data")
    assert finding["where"] == "AAA"
    assert finding["what"] == f"lacks 2 of its sessions: {DAYS[10]}, {DAYS[19]}"


def test_data_that_is_refused_names_the_line(config: Config, tmp_path: Path) -> None:
    _rewrite(tmp_path / "bars/BBB.csv", lambda rows: [*rows[:5], rows[5].replace(",", ",-", 1), *rows[6:]])
    finding = only("data")
    assert finding["where"] == "BBB"
    assert "BBB.csv:6" in finding["what"]


@pytest.mark.usefixtures("config")
def test_data_with_a_column_that_is_nearly_the_adjusted_close(tmp_path: Path) -> None:
    for name in ("AAA", "BBB"):
        _rewrite(tmp_path / f"bars/{name}.csv", lambda rows: [f"{rows[0]},closeadj", *(f"{row},1" for row in rows[1:])])
    finding = only("data")
    assert finding["severity"] == "warning"
    assert finding["what"] == "column 'closeadj' of AAA.csv, BBB.csv is not used"
    assert "call it adj_close" in finding["fix"]


@pytest.mark.usefixtures("config")
def test_figures_that_no_engine_asks_for_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "bars/fundamentals.csv").write_text(f"as_of,symbol,roe,employees\n{DAYS[0]},AAA,0.2,7\n")
    result = examined("data")
    assert (result["findings"], result["notes"]) == (
        [],
        ["no engine asks for column 'employees' of fundamentals.csv"],
    )


@pytest.mark.usefixtures("config")
def test_data_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INVESTIQ_MARKET_FOLDER", str(tmp_path / "elsewhere"))
    assert "is not a folder" in only("data")["what"]


@pytest.mark.usefixtures("config")
def test_data_that_ends_before_the_replay_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_MARKET_START", "2020-01-02")
    finding = only("data")
    assert "is not inside the data" in finding["what"]
    assert "--from" in finding["fix"]


def test_data_of_another_replay(config: Config) -> None:
    write_state(Paths.of(config).replay_state, ReplayState(DAYS[600], 3.0))
    finding = only("data")
    assert f"from {DAYS[600]}" in finding["what"]
    assert "--fresh" in finding["fix"]


def test_data_goes_on_from_its_own_start_when_none_is_set(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `investiq up --from DAY` leaves it: the day stands in no configuration."""
    monkeypatch.delenv("INVESTIQ_MARKET_START")
    write_state(Paths.of(config).replay_state, ReplayState(START, 3.0))
    assert examined("data")["verdict"] == "ok"
    assert not [f for f in examined("model")["findings"] if f["where"] == "disk"]


@pytest.mark.usefixtures("config")
def test_data_that_is_late_by_the_time_of_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_MARKET_CLOCK", "wall")
    found = faults("data")
    assert [where for where, _ in found] == ["AAA", "BBB", "CCC"]
    assert f"its prices end on {DAYS[649]}" in found[0][1]


# ---- ports ----


@pytest.mark.usefixtures("running")
def test_ports_on_which_every_part_answers() -> None:
    answer = examined("ports")
    assert answer["looked_at"] == "9 of 9 parts are well"
    assert any("grafana" in note for note in answer["notes"]), "optional: named, and no fault"


@pytest.mark.parametrize("is_running", [True, False])
def test_ports_that_a_foreign_program_holds(config: Config, stack: FakeStack, is_running: bool) -> None:
    if is_running:
        stack.start()
        stack.stop("node")
    with socket.create_server(("127.0.0.1", stack.ports["node"])):
        found = {f["where"]: f for f in examined("ports")["findings"]}
    assert f"port {stack.ports['node']} is held by" in found["node"]["what"]
    assert f"(pid {os.getpid()}, user " in found["node"]["what"]
    assert "monitoring.node_port (or $INVESTIQ_MONITORING_NODE_PORT)" in found["node"]["fix"]
    assert set(found) == ({"node"} if is_running else {"node", "InvestIQ"})


def test_ports_where_something_else_answers(running: FakeStack) -> None:
    running.answers["web", "/health"] = "<h1>my own site</h1>"
    finding = only("ports")
    assert finding["where"] == "web"
    assert "does not answer as web does" in finding["what"]


def test_ports_where_another_users_program_answers_just_as_the_part_would(
    running: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrustedUsers, "ids", lambda self: frozenset())  # this process is a stranger's now
    found = {finding["where"]: finding["what"] for finding in examined("ports")["findings"]}
    assert f"port {running.ports['node']} is held by" in found["node"]
    parts = {part["name"]: part for part in json.loads(run("status", "--json").out)["parts"]}
    assert parts["node"]["state"] == "unhealthy"
    assert f"port {running.ports['node']} of this machine is held by" in parts["node"]["note"]


def test_ports_of_a_part_that_is_down(running: FakeStack) -> None:
    running.stop("web")
    assert only("ports")["what"] == "it is stopped: nothing answers"


@pytest.mark.parametrize(
    ("state", "what", "fix"),
    [
        (ProcessState.STOPPED_BY_USER, "`investiq down web`", "`investiq up web`"),
        (ProcessState.CRASHED, "it is crashed: killed by SIGKILL", "`investiq up web`; its log is "),
        (ProcessState.UNHEALTHY, "it is unhealthy: nothing answers", "`investiq down web`, then `investiq up web`"),
    ],
)
def test_ports_with_what_the_supervisor_knows(
    running: FakeStack, monkeypatch: pytest.MonkeyPatch, state: ProcessState, what: str, fix: str
) -> None:
    running.stop("web")
    pid = os.getpid() if state is ProcessState.UNHEALTHY else None
    web = PartStatus("web", "", state, running.ports["web"], pid=pid, note="killed by SIGKILL" * (not pid))
    web = replace(web, note="nothing answers") if pid else web

    async def supervisor(_: Config) -> StackSnapshot:
        return StackSnapshot(Phase.RUNNING, os.getpid(), "", (web,))

    monkeypatch.setattr(stack_status, "_supervisor", supervisor)
    finding = only("ports")
    assert what in finding["what"]
    assert fix in finding["fix"]


def test_ports_of_a_sick_part_of_ours_are_not_called_foreign(
    running: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.answers["web", "/health"] = (503, {"status": "down"})
    web = PartStatus("web", "", ProcessState.HEALTHY, running.ports["web"], pid=os.getpid())

    async def supervisor(_: Config) -> StackSnapshot:
        return StackSnapshot(Phase.RUNNING, os.getpid(), "", (web,))

    monkeypatch.setattr(stack_status, "_supervisor", supervisor)
    finding = only("ports")
    assert finding["what"].startswith("it is unhealthy: answers 503")
    assert "`investiq down web`" in finding["fix"]


def test_ports_of_a_program_that_is_not_installed(running: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {part: file for part, file in programs.find_all().items() if part != "blackbox"}
    monkeypatch.setattr(programs, "find_all", lambda: installed)
    finding = only("ports")
    assert finding["where"] == "blackbox"
    assert "apt-get install prometheus-blackbox-exporter" in finding["fix"]


# ---- model ----


@pytest.mark.usefixtures("running")
def test_model_that_serves() -> None:
    assert "a verified model serves: 0123456789ab" in examined("model")["looked_at"]


def test_model_that_is_damaged(running: FakeStack, config: Config) -> None:
    file = Paths.of(config).current_model / "model.txt"
    file.write_text(file.read_text().replace("tree", "trap", 1))
    finding = only("model")
    assert "SHA-256 differs" in finding["what"]
    assert "`investiq models train`" in finding["fix"]


def test_model_that_is_gone(running: FakeStack, config: Config) -> None:
    shutil.rmtree(Paths.of(config).models)
    assert "no signal model" in only("model")["what"]


@pytest.mark.usefixtures("running")
def test_model_on_the_disk_that_has_seen_the_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_MARKET_START", str(DAYS[600]))
    assert "saw prices up to" in only("model")["what"]


def test_model_in_service_that_has_seen_the_replay(running: FakeStack) -> None:
    running.answers["signals", "/health"]["model"]["trained_until"] = str(START)
    finding = only("model")
    assert "has seen prices up to" in finding["what"]
    assert str(running.ports["signals"]) in finding["where"]


def test_model_service_without_a_model(running: FakeStack) -> None:
    running.answers["signals", "/health"] = (
        503,
        {
            "status": "down",
            "model": {
                "loaded": False,
                "error": "refused: cut off",
                "version": None,
                "trained_until": None,
                "beats_constant": None,
            },
        },
    )
    assert "refused: cut off" in only("model")["what"]


def test_model_no_better_than_a_constant_is_a_note(running: FakeStack) -> None:
    running.answers["signals", "/health"]["model"]["beats_constant"] = False
    assert "constant" in examined("model")["notes"][0]


# ---- broker ----


@pytest.mark.usefixtures("running")
def test_broker_as_configured() -> None:
    assert examined("broker")["looked_at"] == "orders go to replay, as configured"


def test_broker_that_is_not_the_configured_one(running: FakeStack) -> None:
    running.answers["api", "/api/trading/status"]["mode"] = "live"
    assert only("broker")["what"] == "orders go to live, and the configuration says replay"


@pytest.mark.usefixtures("running")
def test_broker_keys_that_nothing_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPACA_API_KEY", "AK")
    finding = only("broker")
    assert "alpaca_api_key set, but orders go to the paper broker" in finding["what"]
    assert "unset ALPACA_API_KEY" in finding["fix"]


def test_broker_of_another_installation(running: FakeStack) -> None:
    running.answers["api", "/api/trading/status"] = (401, {"reason": "unauthorised", "detail": "the API key is wrong"})
    finding = only("broker")
    assert finding["unchecked"]
    assert "the API key is wrong" in finding["what"]
    assert "data_dir" in finding["fix"]


def test_a_halt_is_a_note(running: FakeStack) -> None:
    running.answers["api", "/api/trading/status"] |= {"halted": True, "reason": "manual", "note": "odd fills"}
    (note,) = examined("broker")["notes"]
    assert "odd fills" in note
    assert "investiq resume" in note


# ---- rules ----


@pytest.mark.usefixtures("running")
def test_rules_as_they_are_rendered() -> None:
    assert examined("rules")["verdict"] == "ok"


def test_rules_in_another_spelling_of_prometheus(running: FakeStack) -> None:
    for rule in running.rules:
        rule["query"] = rule["query"].replace("sum by (", "sum by  (").replace(" > ", "  >  ")
    assert examined("rules")["verdict"] == "ok"


def test_rules_that_are_not_loaded(running: FakeStack) -> None:
    gone = running.rules.pop(0)
    finding = only("rules")
    assert finding["where"].startswith(gone["name"])
    assert "has not loaded it" in finding["what"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"query": "vector(0) > 1"}, "another condition"),
        ({"duration": 86_400.0}, "another `for`"),
        ({"labels": {"severity": "critical", "team": "x"}}, "another label"),
        ({"annotations": {}}, "another annotation"),
        ({"health": "err", "lastError": "many-to-many"}, "does not evaluate: many-to-many"),
    ],
)
def test_rules_that_were_changed(running: FakeStack, change: dict[str, Any], what: str) -> None:
    rule = next(rule for rule in running.rules if rule["name"] == "ServiceDown")
    rule |= change
    finding = only("rules")
    assert "ServiceDown" in finding["where"]
    assert what in finding["what"]


def test_rules_that_nobody_rendered(running: FakeStack) -> None:
    running.rules.append({**running.rules[0], "name": "MyOwn"})
    assert only("rules")["where"] == "MyOwn"


def test_rule_files_that_were_edited_or_removed(running: FakeStack, config: Config) -> None:
    folder = Paths.of(config).monitoring
    file = folder / "rules/api.yml"
    text = file.read_text()
    file.write_text(text + "# mine\n")
    assert (only("rules")["where"], "was changed" in only("rules")["what"]) == (str(file), True)
    file.unlink()
    assert "is gone" in only("rules")["what"]


def test_rules_on_the_first_round_of_prometheus_are_waited_for(
    running: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_run, "_ASK_AGAIN_SECONDS", 0.0)
    started = success(runtime_info(startTime=datetime.now(UTC).isoformat()))
    running.answers["prometheus", "/api/v1/status/runtimeinfo"] = started
    health = iter(["unknown", "unknown"])

    def rules(_: object) -> dict[str, Any]:
        first = {**running.rules[0], "health": next(health, "ok")}
        return success({"groups": [{"rules": [first, *running.rules[1:]]}]})

    running.answers["prometheus", "/api/v1/rules"] = rules
    assert examined("rules")["verdict"] == "ok"


# ---- alert ----


@pytest.mark.usefixtures("running")
def test_alert_that_arrives() -> None:
    assert "a test alert reached the inbox" in examined("alert")["looked_at"]


def test_alert_that_is_lost(running: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_DELIVERY_SECONDS", 0.05)
    running.delivers = False
    finding = only("alert")
    assert "did not reach the inbox" in finding["what"]
    assert "alertmanager.log" in finding["fix"]


def test_alerts_that_never_leave_prometheus(running: FakeStack) -> None:
    running.answers["prometheus", "/api/v1/alertmanagers"] = success({"activeAlertmanagers": []})
    assert "knows no Alertmanager" in only("alert")["what"]


def test_alert_without_the_heartbeat(running: FakeStack) -> None:
    running.answers["inbox", "/health"]["heartbeat"]["age_seconds"] = 300.0
    assert "300 s old" in only("alert")["what"]


def test_alert_with_one_part_of_the_way_down(running: FakeStack) -> None:
    running.stop("inbox", "alertmanager")
    answer = examined("alert")
    assert answer["verdict"] == "unchecked"
    assert [(f["where"], f["fix"]) for f in answer["findings"]] == [("alertmanager and inbox", "`investiq up`")]
