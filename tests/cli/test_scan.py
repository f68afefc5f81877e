"""`investiq scan`: the table and the document, the file, and each way to end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.foundation.config import load
from investiq.invest.scan.journal import Journal
from investiq.invest.scan.opening import open_scan
from investiq.invest.scan.run import run as run_scan
from tests.cli.test_main import run
from tests.invest.scan.conftest import made_universe, write_prices


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose settings name made prices, in which the command is typed."""
    write_prices(tmp_path / "bars", made_universe(4))
    settings = 'data_dir = "data"\n[market]\nprovider = "files"\nfolder = "bars"\nclock = "wall"\n'
    (tmp_path / "investiq.toml").write_text(settings)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_best_are_shown_with_what_is_missing() -> None:
    result = run("scan", "--top", "2")
    assert result.code == ExitCode.DONE
    head, _, columns, first, second = result.out.splitlines()
    assert "4 of 6 symbols have a score  signal model none" in head
    assert columns.split() == ["SYMBOL", "PRICE", "SIGNAL", "SCORE", "CONFIDENCE", "COVERAGE", "MISSING"]
    assert float(first.split()[3]) >= float(second.split()[3])
    assert "signal, sentiment, fundamental" in first
    assert "analysing 6 symbols at the close of 2006-03-13" in result.err


def test_for_programs_it_is_one_document(installation: Path) -> None:
    document = json.loads(run("scan", "--json", "--symbols", "s001,OLD", "--as-of", "2005-12-24").out)
    assert document["schema"] == "investiq.scan/1"
    assert (document["session"], document["as_of"]) == ("2005-12-23", "2005-12-23T21:00:00Z")
    assert {row["symbol"] for row in document["rows"]} == {"S001", "OLD"}
    assert (document["symbols"], document["output"], document["model_version"]) == (2, None, None)


def test_the_file_has_every_row_and_nothing_is_left_of_the_journal(installation: Path) -> None:
    result = run("scan", "--output", "all.csv", "--top", "0")
    assert "written to all.csv: 6 rows" in result.err
    assert len((installation / "all.csv").read_text().splitlines()) == 7
    assert list((installation / "data" / "scans").iterdir()) == []


def test_an_interrupted_scan_says_so_and_goes_on(installation: Path) -> None:
    scan = open_scan(load().config)

    def stop(done: int, _total: int) -> None:
        if done >= 2:
            raise InterruptedError

    with Journal(installation / "data" / "scans", scan.key) as journal, pytest.raises(InterruptedError):
        run_scan(scan, journal, 1, stop, chunk=2)
    result = run("scan")
    assert result.code == ExitCode.DONE
    assert "going on with what was interrupted: 2 of 6 symbols are done" in result.err


def test_the_same_scan_twice_at_a_time_is_refused(installation: Path) -> None:
    scan = open_scan(load().config)
    with Journal(installation / "data" / "scans", scan.key):
        result = run("scan", "--json")
    assert (result.code, result.out) == (ExitCode.FAILED, "")
    assert json.loads(result.err.splitlines()[-1])["reason"] == "scan_running"


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["--symbols", "S000,NOPE,NADA"], ExitCode.FAILED, "no prices for NADA, NOPE"),
        (["--symbols", ""], ExitCode.USAGE, "'' is not a symbol"),
        (["--symbols", "S000,,S001"], ExitCode.USAGE, "'' is not a symbol"),
        (["--as-of", "2040-01-03"], ExitCode.USAGE, "is over"),
        (["--as-of", "2001-01-03"], ExitCode.USAGE, "there are no prices on 2001-01-03"),
        (["--as-of", "yesterday"], ExitCode.USAGE, "does not match the format"),
        (["--output", "rows.txt"], ExitCode.USAGE, "expected a name that ends with .csv, .jsonl, .parquet"),
        (["--output", "nowhere/rows.csv"], ExitCode.FAILED, "expected a file in a folder"),
        (["--jobs", "0"], ExitCode.USAGE, "0"),
        (["--top", "-1"], ExitCode.USAGE, "-1"),
    ],
)
def test_each_way_not_to_scan_has_its_reason(argv: list[str], code: ExitCode, says: str) -> None:
    result = run("scan", *argv)
    assert (result.code, result.out) == (code, "")
    assert says in result.err


@pytest.mark.e2e
def test_ctrl_c_ends_it_and_says_how_to_go_on(installation: Path) -> None:
    """In a terminal it reaches the processes at work as well."""
    write_prices(installation / "bars", {symbol: bars for symbol, bars in made_universe(400).items() if len(bars) > 20})
    command = [sys.executable, "-m", "investiq", "scan", "--jobs", "2"]
    assert run("scan", "--top", "0", "--symbols", "S000").code == ExitCode.DONE  # the cache is made
    with subprocess.Popen(
        command, cwd=installation, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "analysing" not in process.stderr.readline():
            pass
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (ExitCode.INTERRUPTED, "")
    assert "symbols are done and kept: give the same command again to go on" in err
    assert "Traceback" not in err
