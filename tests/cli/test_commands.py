"""The commands that speak to the API, against the real one: what they print, and the exit code of each way to end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from investiq.cli.exit_codes import ExitCode
from investiq.clients.api import connection
from investiq.clients.session import HttpSettings
from tests.cli.served import Served, serve_api, serve_silence
from tests.cli.test_main import Result, run
from tests.ports import closed_port
from tests.serve.api.installation import NOON

CLOSING = datetime(2008, 1, 3, 20, 30, tzinfo=UTC)
"""Later in the session of NOON: its high has been seen, so orders that waited at NOON have their next price."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One API for all; whoever moves its clock or halts it puts it back."""
    with serve_api(tmp_path_factory.mktemp("api") / "data") as served:
        yield served


@pytest.fixture(autouse=True)
def _the_api_logs_nothing() -> None:
    """It runs in a thread of this process, and stdout is to hold what the command prints."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


@pytest.fixture
def api(shared: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.chdir(tmp_path)
    for name, value in shared.environment.items():
        monkeypatch.setenv(name, value)
    yield shared
    shared.go_on(NOON)


def document(*argv: str) -> dict[str, Any]:
    """The JSON that a command which must succeed prints; nothing else may be on stdout."""
    result = run(*argv, "--json")
    assert result.code == ExitCode.DONE, result.err
    return dict(json.loads(result.out))


def refusal(result: Result) -> dict[str, Any]:
    """The error document on stderr, of a command with --json that failed."""
    assert result.out == ""
    return dict(json.loads(result.err.splitlines()[-1]))


# ---- status ----


def test_status_says_whether_trading_is_halted_and_why(api: Served) -> None:
    assert "trading is open (replay)" in run("status").out
    run("halt", "--reason", "odd fills")
    try:
        assert "trading is halted (replay): manual: odd fills" in run("status").out
        assert "whether it is watched or not: require_monitoring = false" in run("status").out
        trading = json.loads(run("status", "--json").out)["trading"]
        assert (trading["halted"], trading["note"]) == (True, "odd fills")
    finally:
        run("resume", "--reason", "it was nothing")


# ---- analyze and symbols ----


@pytest.mark.usefixtures("api")
def test_analyze_says_what_each_engine_answered() -> None:
    result = run("analyze", "AAPL")
    assert result.code == ExitCode.DONE
    first, *_ = result.out.splitlines()
    assert first.split()[0] == "AAPL"
    assert "2008-01-03" in first
    statuses = {row[0]: row[1] for row in map(str.split, result.out.splitlines()) if len(row) > 2}
    assert (statuses["technical"], statuses["sentiment"]) == ("ok", "unavailable")
    assert "the price provider has no news" in result.out
    assert "analysing AAPL" in result.err, "messages go to stderr"


@pytest.mark.usefixtures("api")
def test_analyze_as_json_is_what_the_api_says() -> None:
    analysis = document("analyze", "AAPL")
    assert analysis["schema"] == "investiq.analysis/1"
    assert analysis["symbol"] == "AAPL"
    assert analysis["overall"]["coverage"] < 1


@pytest.mark.usefixtures("api")
def test_a_symbol_that_is_not_known_fails_and_names_the_nearest() -> None:
    result = run("analyze", "APPL")
    assert (result.code, result.out) == (ExitCode.FAILED, "")
    assert "did you mean AAPL" in result.err
    error = refusal(run("analyze", "APPL", "--json"))
    assert (error["schema"], error["problem"], error["suggestions"][0]) == (
        "investiq.error/1",
        "unknown_symbol",
        "AAPL",
    )


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("symbol", ["A B", "../health", "%2e", "$(reboot)", "", "x" * 5000, "Ä", "-1"])
def test_a_malformed_symbol_is_wrong_usage(symbol: str) -> None:
    for argv in (("analyze", "--", symbol), ("symbols", "--", symbol)):
        result = run(*argv)
        assert result.code in (ExitCode.USAGE, ExitCode.FAILED), argv
        assert "Traceback" not in result.err
        assert result.out == ""


@pytest.mark.usefixtures("api")
def test_symbols_lists_them_and_the_bars_of_one() -> None:
    lines = run("symbols").out.splitlines()
    assert lines[0].split()[0] == "SYMBOL"
    assert [line.split()[0] for line in lines[1:]] == ["AAPL", "GOOG", "IBM", "MSFT"]
    assert document("symbols")["schema"] == "investiq.symbols/1"
    bars = document("symbols", "IBM", "--limit", "3")
    assert (bars["schema"], len(bars["bars"])) == ("investiq.bars/1", 3)
    assert run("symbols", "IBM", "--limit", "3").out.splitlines()[-1].startswith("2008-01-02")
    assert run("symbols", "IBM", "--limit", "0").code == ExitCode.USAGE


# ---- trade and positions ----


def test_an_order_is_placed_filled_shown_and_held(api: Served) -> None:
    placed = document("trade", "buy", "MSFT", "--quantity", "7")
    assert (placed["schema"], placed["side"], placed["quantity"]) == ("investiq.order/1", "buy", "7.0000")
    assert not placed["replayed"]
    api.go_on(CLOSING)
    shown = run("trade", "show", placed["id"])
    assert shown.code == ExitCode.DONE
    assert "buy 7 MSFT market: filled, 7 filled at 27.80" in shown.out
    listed = run("trade", "list", "--symbol", "MSFT", "--status", "filled")
    assert placed["id"] in listed.out
    assert document("trade", "list", "--limit", "1")["schema"] == "investiq.orders/1"
    held = document("positions")
    assert held["schema"] == "investiq.positions/1"
    assert "MSFT" in {position["symbol"] for position in held["positions"]}
    text = run("positions").out
    assert "MSFT" in text
    assert "equity           $" in text
    assert re.search(r"total return +[+−]?0\.\d\d\u202f% of \$100,000\.00", text)
    assert "[]" not in text, "what is empty is not shown as Python writes it"


@pytest.mark.usefixtures("api")
def test_an_order_can_be_cancelled_once() -> None:
    order = document("trade", "buy", "MSFT", "--quantity", "1", "--limit", "1")
    first = run("trade", "cancel", str(order["id"]))
    assert (first.code, "cancelled" in first.out) == (ExitCode.DONE, True)
    again = run("trade", "cancel", str(order["id"]))
    assert again.code == ExitCode.FAILED
    assert "Traceback" not in again.err


@pytest.mark.usefixtures("api")
def test_the_same_idempotency_key_places_one_order() -> None:
    order = ("trade", "buy", "IBM", "--notional", "1,000", "--limit", "1", "--idempotency-key", "once")
    first, second = document(*order), document(*order)
    assert (first["id"], second["replayed"]) == (second["id"], True)
    other = run("trade", "buy", "IBM", "--notional", "2000", "--idempotency-key", "once")
    assert other.code == ExitCode.FAILED
    run("trade", "cancel", str(first["id"]))


@pytest.mark.usefixtures("api")
def test_an_order_beyond_a_limit_is_refused_and_kept() -> None:
    result = run("trade", "buy", "IBM", "--notional", "999999", "--json")
    assert result.code == ExitCode.REFUSED
    order = json.loads(result.out)
    assert order["status"] == "denied"
    assert result.err.startswith("denied: the order may take $999,9")
    assert document("trade", "show", order["id"])["status"] == "denied"


@pytest.mark.usefixtures("api")
def test_a_dry_run_says_what_an_order_would_cost_and_places_nothing() -> None:
    before = document("trade", "list")["orders"]
    said = run("trade", "buy", "AAPL", "--quantity", "10", "--dry-run")
    assert said.code == ExitCode.DONE
    assert re.match(
        r"buy 10 AAPL market at [\d.]+: would be sent\n  costs         \$[\d,.]+, with a commission of \$1\.00",
        said.out,
    )
    told = document("trade", "buy", "AAPL", "--quantity", "10", "--dry-run")
    assert (told["schema"], told["denial"]) == ("investiq.order_preview/1", None)
    denied = run("trade", "buy", "AAPL", "--notional", "99999", "--dry-run")
    assert (denied.code, "would be denied: the order may take" in denied.out) == (ExitCode.REFUSED, True)
    assert document("trade", "list")["orders"] == before


@pytest.mark.usefixtures("api")
def test_older_orders_are_reached_by_the_cursor() -> None:
    placed = [document("trade", "buy", "IBM", "--quantity", "1", "--limit", "1")["id"] for _ in range(2)]
    first = run("trade", "list", "--limit", "1")
    assert placed[1] in first.out
    cursor = re.search(r"older orders: --cursor (\d+)", first.err)
    assert cursor
    assert placed[0] in run("trade", "list", "--limit", "1", "--cursor", cursor[1]).out
    for order in placed:
        run("trade", "cancel", order)


@pytest.mark.usefixtures("api")
def test_commas_between_groups_of_three_are_read() -> None:
    placed = document("trade", "buy", "AAPL", "--notional", "1,000.50", "--limit", "0.01")
    assert placed["notional"] == "1000.5000"
    document("trade", "cancel", placed["id"])


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    "argv",
    [
        ("buy", "AAPL"),
        ("buy", "AAPL", "--quantity", "1", "--notional", "1"),
        ("buy", "AAPL", "--quantity", "0"),
        ("buy", "AAPL", "--quantity", "-1"),
        ("buy", "AAPL", "--quantity", "NaN"),
        ("buy", "AAPL", "--quantity", "Infinity"),
        ("buy", "AAPL", "--quantity", "1e999999"),
        ("buy", "AAPL", "--quantity", "ten"),
        ("buy", "AAPL", "--quantity", "10,5"),
        ("buy", "AAPL", "--quantity", "1_0"),
        ("buy", "AAPL", "--quantity", "1e5"),
        ("buy", "AAPL", "--notional", "١٠"),
        ("buy", "AAPL", "--quantity", "1", "--limit", "1,00"),
        ("list", "--limit", "1_0"),
        ("list", "--limit", "1.5"),
        ("buy", "AAPL", "--notional", "1", "--limit", "-5"),
        ("buy", "A B", "--quantity", "1"),
        ("buy",),
        ("hold", "AAPL"),
        ("list", "--limit", "501"),
        ("list", "--status", "sold"),
        ("buy", "AAPL", "--quantity", "1", "--idempotency-key", "with space"),
        ("buy", "AAPL", "--quantity", "1", "--idempotency-key", "ümlaut"),
    ],
)
def test_bad_orders_are_wrong_usage(argv: tuple[str, ...]) -> None:
    before = document("trade", "list")["orders"]
    result = run("trade", *argv)
    assert (result.code, result.out) == (ExitCode.USAGE, ""), result.err
    assert result.err
    assert document("trade", "list")["orders"] == before


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("order_id", ["nope", "../trades", "", "%00"])
def test_an_order_that_does_not_exist_fails(order_id: str) -> None:
    for verb in ("show", "cancel"):
        result = run("trade", verb, order_id)
        assert result.code in (ExitCode.FAILED, ExitCode.USAGE)
        assert result.out == ""
        assert "Traceback" not in result.err


# ---- halt, resume and keys ----


@pytest.mark.usefixtures("api")
def test_halts_says_who_halted_and_resumed_and_why() -> None:
    run("halt", "--reason", "odd fills")
    run("resume", "--reason", "explained")
    shown = run("halts", "--limit", "2")
    resumed, halted = shown.out.splitlines()[1:]
    assert re.match(r"Thu 3 Jan 2008, \d\d:\d\d  resume  local admin  \$[\d,.]+  .*explained$", resumed)
    assert "manual: odd fills" in halted
    told = document("halts", "--limit", "1")
    assert (told["schema"], told["events"][0]["note"]) == ("investiq.halts/1", "explained")


@pytest.mark.usefixtures("api")
def test_orders_are_listed_by_side_and_day() -> None:
    order = document("trade", "buy", "IBM", "--quantity", "1", "--limit", "1")["id"]
    assert order in run("trade", "list", "--side", "buy", "--from", "2008-01-03", "--to", "2008-01-03").out
    assert order not in run("trade", "list", "--side", "sell").out
    assert run("trade", "list", "--from", "yesterday").code == ExitCode.USAGE
    run("trade", "cancel", order)


def test_halt_denies_entries_until_resume(api: Served) -> None:
    halted = run("halt", "--reason", "odd fills")
    assert (halted.code, "manual: odd fills" in halted.out) == (ExitCode.DONE, True)
    denied = run("trade", "buy", "AAPL", "--quantity", "1")
    assert denied.code == ExitCode.REFUSED
    assert "halted" in denied.err
    resumed = document("resume", "--reason", "explained")
    assert (resumed["schema"], resumed["halted"]) == ("investiq.trading/1", False)
    allowed = document("trade", "buy", "AAPL", "--quantity", "1", "--limit", "1")
    run("trade", "cancel", allowed["id"])


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("gro\udcdf", "gro\ufffd"),
        ("nul\0 and \x1b[2J", "nul\ufffd and \ufffd[2J"),
        ("two\nlines", "two lines"),
        ("\u202eturned\ufeff", "\ufffdturned\ufffd"),
        ("long " * 200, ("long " * 200)[:500].strip()),
    ],
    ids=["bytes", "controls", "lines", "bidi", "long"],
)
def test_a_halt_never_fails_over_its_words(reason: str, kept: str) -> None:
    try:
        halted = run("halt", "--reason", reason)
        assert halted.code == ExitCode.DONE, halted.err
        assert json.loads(run("status", "--json").out)["trading"]["note"] == kept
        assert "\u202e" not in run("status").out
    finally:
        assert run("resume", "--reason", "over \udcff").code == ExitCode.DONE


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("command", ["halt", "resume"])
def test_halt_and_resume_want_a_reason(command: str) -> None:
    for argv in ((command,), (command, "--reason", ""), (command, "--reason", "  ")):
        result = run(*argv)
        assert (result.code, result.out) == (ExitCode.USAGE, ""), result.err
    assert not run("--no-input", command).out


def test_a_key_may_do_what_its_scope_says_and_no_more(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {scope: document("keys", "create", "--name", f"my {scope}", "--scope", scope) for scope in ("read", "trade")}
    assert made["read"]["schema"] == "investiq.key/1"
    monkeypatch.setenv("INVESTIQ_CLIENT_KEY", made["read"]["secret"])
    assert run("positions").code == ExitCode.DONE
    trade = ("trade", "buy", "AAPL", "--quantity", "1", "--limit", "1")
    for argv in (trade, ("halt", "--reason", "x"), ("trade", "cancel", "any")):
        result = run(*argv)
        assert (result.code, result.out) == (ExitCode.NOT_ALLOWED, ""), argv
        assert "needs a key with trade access" in result.err
    monkeypatch.setenv("INVESTIQ_CLIENT_KEY", made["trade"]["secret"])
    run("trade", "cancel", document(*trade)["id"])
    assert run("resume", "--reason", "x").code == ExitCode.NOT_ALLOWED, "only an admin lifts a halt"

    monkeypatch.delenv("INVESTIQ_CLIENT_KEY")
    listed = run("keys", "list")
    assert "my read" in listed.out
    assert made["read"]["secret"] not in listed.out
    revoked = document("keys", "revoke", made["read"]["id"])
    assert revoked["revoked"]
    assert run("keys", "revoke", "nope").code == ExitCode.FAILED


def test_a_key_that_is_wrong_is_not_allowed_and_not_shown(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_CLIENT_KEY", "iq_do-not-print-me")
    for argv in (("positions",), ("positions", "--json")):
        result = run(*argv)
        assert (result.code, result.out) == (ExitCode.NOT_ALLOWED, "")
        assert "do-not-print-me" not in result.err


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("key", ["do-not-print-mé", "do-not\nprint-me", "do not print me"])
def test_a_key_that_no_header_can_carry_is_wrong_configuration(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_CLIENT_KEY", key)
    result = run("positions")
    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert "client.key" in result.err
    assert key not in result.err


def test_a_new_key_goes_to_stdout_alone_once(api: Served) -> None:
    created = run("keys", "create", "--name", "bot", "--scope", "trade")
    assert created.out.startswith("iq_")
    assert len(created.out.split()) == 1, "`> bot.key` must hold the key and nothing else"
    assert created.out.strip() not in created.err
    for argv in (("--name", ""), ("--name", "x" * 101), ("--name", "x", "--scope", "root"), ()):
        assert run("keys", "create", *argv).code == ExitCode.USAGE
    for name, life in (("a\x1b[2J", "90d"), ("x", "90"), ("x", "never"), ("x", "-1d")):
        assert run("keys", "create", "--name", name, "--expires", life).code == ExitCode.USAGE


def test_a_key_that_expires_says_when_and_a_list_of_keys_when_each_was_used(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document("keys", "create", "--name", "audit", "--expires", "90d")
    assert made["expires"] > made["created"]
    assert made["last_used"] is None
    ended = document("keys", "create", "--name", "ended", "--expires", "0s")
    monkeypatch.setenv("INVESTIQ_CLIENT_KEY", ended["secret"])
    assert run("positions").code == ExitCode.NOT_ALLOWED
    listed = document("keys", "list")["keys"]
    assert {key["name"]: bool(key["expires"]) for key in listed}["audit"]
    table = run("keys", "list").out.splitlines()
    assert [word for word in ("EXPIRES", "LAST USED") if word in table[0]] == ["EXPIRES", "LAST USED"]
    assert next(line for line in table if "local console" in line).split().count("never") == 2


def test_without_a_key_reading_works_and_trading_is_not_allowed(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(api.data.parent / "another"))
    assert run("positions").code == ExitCode.DONE
    assert run("halt", "--reason", "x").code == ExitCode.NOT_ALLOWED


# ---- nobody there, or nobody who answers ----

QUESTIONS = [
    ("analyze", "AAPL"),
    ("symbols",),
    ("symbols", "AAPL"),
    ("positions",),
    ("trade", "list"),
    ("trade", "show", "x"),
    ("trade", "cancel", "x"),
    ("trade", "buy", "AAPL", "--quantity", "1"),
    ("halt", "--reason", "x"),
    ("resume", "--reason", "x"),
]


@pytest.mark.parametrize("argv", [*QUESTIONS, ("models", "show"), ("inbox",)], ids=" ".join)
def test_nobody_there_is_not_running(argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for part in ("API", "SIGNALS", "INBOX"):
        monkeypatch.setenv(f"INVESTIQ_{part}_PORT", str(closed_port()))
    result = run(*argv)
    assert (result.code, result.out) == (ExitCode.NOT_RUNNING, ""), result.err
    assert "investiq" in result.err, "it names the next step"


@pytest.mark.parametrize("argv", QUESTIONS, ids=" ".join)
def test_an_api_that_never_answers_times_out(
    argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(connection, "TIMEOUT_SECONDS", 0.05)
    with serve_silence() as port:
        monkeypatch.setenv("INVESTIQ_API_PORT", str(port))
        result = run(*argv)
    assert (result.code, result.out) == (ExitCode.TIMED_OUT, ""), result.err
    if argv[:2] == ("trade", "buy"):
        assert "--idempotency-key cli-" in result.err, "how to be sure that one order exists"


@pytest.mark.parametrize("argv", [("models", "show"), ("inbox",)], ids=" ".join)
def test_a_part_that_never_answers_times_out(
    argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("investiq.cli.models.TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr("investiq.clients.session.http.DEFAULT", HttpSettings(timeout_seconds=0.05))
    with serve_silence() as port:
        monkeypatch.setenv("INVESTIQ_SIGNALS_PORT", str(port))
        monkeypatch.setenv("INVESTIQ_INBOX_PORT", str(port + 1 if argv == ("models", "show") else port))
        if argv == ("inbox",):
            monkeypatch.delenv("INVESTIQ_SIGNALS_PORT")
        result = run(*argv)
    assert (result.code, result.out) == (ExitCode.TIMED_OUT, ""), result.err


def test_ctrl_c_while_waiting_is_interrupted(tmp_path: Path) -> None:
    """A process of its own, since an interrupt goes to a whole process."""
    with serve_silence() as port:
        environment = {**os.environ, "INVESTIQ_API_PORT": str(port), "INVESTIQ_DATA_DIR": str(tmp_path)}
        command = [sys.executable, "-m", "investiq", "analyze", "AAPL"]
        with subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "analysing" in process.stderr.readline()
            deadline = time.monotonic() + 30
            process.send_signal(2)
            assert process.wait(deadline - time.monotonic()) == ExitCode.INTERRUPTED
            assert "Traceback" not in process.stderr.read()


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("typed", [("symbols",), ("completion", "bash"), ("config", "show", "--json")])
def test_a_reader_that_has_seen_enough_is_no_failure(typed: tuple[str, ...]) -> None:
    """`investiq symbols | head -1`, with a head that has gone before the first line."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        command = [sys.executable, "-m", "investiq", *typed]
        done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (ExitCode.DONE, "")


# ---- the frame ----


@pytest.mark.parametrize(
    ("typed", "meant"), [("anlyze", "analyze"), ("statsu", "status"), ("doctr", "doctor"), ("key", "keys")]
)
def test_a_misspelt_command_is_told_the_nearest(typed: str, meant: str) -> None:
    result = run(typed)
    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert f"Did you mean '{meant}'" in result.err


def test_a_misspelt_part_of_a_group_is_told_the_nearest() -> None:
    assert "'list'" in run("trade", "lst").err
    assert run("keys", "lst").code == ExitCode.USAGE


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("",),
        ("--nope",),
        ("--config",),
        ("--config", "nowhere.toml", "status"),
        ("status", "--nope"),
        ("status", "extra"),
        ("up", "--speed", "fast"),
        ("up", "--from", "yesterday"),
        ("up", "nope"),
        ("inbox", "--since", "ever"),
        ("inbox", "--limit", "0"),
        ("models", "nope"),
        ("models", "train", "--speed", "1"),
        ("serve", "nope"),
        ("completion", "tcsh"),
        ("config", "nope"),
        ("keys", "create"),
        ("doctor", "nope"),
        ("validate", "extra"),
        ("render", "extra"),
        ("trade", "buy", "AAPL", "--key", "iq_x"),
        ("analyze", "AAPL", "--api-key", "iq_x"),
    ],
    ids=lambda argv: " ".join(argv) or "nothing",
)
def test_bad_input_is_wrong_usage_and_never_a_traceback(
    argv: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    result = run(*argv)
    expected = ExitCode.NOT_RUNNING if argv == ("up", "nope") else ExitCode.USAGE
    assert (result.code, result.out) == (expected, ""), result.err
    assert result.err
    assert "Traceback" not in result.err
    assert not list(tmp_path.iterdir()), "nothing was made"


@pytest.mark.usefixtures("api")
def test_no_color_and_no_input_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert run("--no-input", "symbols") == run("--no-color", "--no-input", "symbols")
    assert "\x1b" not in run("symbols").out + run("analyze", "NOPE").err


@pytest.mark.parametrize("argv", [("keys", "list"), ("models", "train"), ("doctor", "disk"), ("status",)], ids=" ".join)
def test_a_data_dir_that_cannot_be_is_said_without_a_traceback(
    argv: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "file" / "data"))
    monkeypatch.setenv("INVESTIQ_MARKET_PROVIDER", "files")
    monkeypatch.setenv("INVESTIQ_MARKET_FOLDER", str(tmp_path / "nowhere"))
    result = run(*argv)
    assert result.code != ExitCode.DONE
    assert result.err
    assert "Traceback" not in result.err


def test_logs_of_the_product_stay_away_from_stdout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of its own, as nothing has set up logging there: `models train --json | jq` must get JSON alone."""
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars/AAA.csv").write_text("session,open,high,low,close,volume\n2008-01-02,1,2,1,2,10\n")
    settings = {"PROVIDER": "files", "FOLDER": str(tmp_path / "bars")}
    environment = {**os.environ, **{f"INVESTIQ_MARKET_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "investiq", "doctor", "data", "--json"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["schema"] == "investiq.doctor/1", done.stdout
