"""The units of systemd, as its own checker reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from investiq.foundation.config import load
from investiq.operate.backup.timer import NotATime, units

CHECKER = shutil.which("systemd-analyze") or ""


def written(folder: Path, at: str = "22:30", **environ: str) -> dict[str, str]:
    made = units(load(environ={"INVESTIQ_DATA_DIR": str(folder / "data"), **environ}), at, "daemon")
    for name, text in made.items():
        (folder / name).write_text(text)
    return made


@pytest.mark.skipif(CHECKER == "", reason="systemd's own checker is not installed")
@pytest.mark.parametrize("folder", ["plain", 'with space, 100% and "quotes"'])
def test_systemd_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    monkeypatch.chdir(place)
    made = written(place)
    for name in made:
        (tmp_path / name).write_text(made[name])
    files = [str(tmp_path / name) for name in made]
    done = subprocess.run([CHECKER, "verify", *files], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "investiq-backup" in line]
    assert (done.returncode, ours) == (0, [])


def test_they_run_once_a_day_or_as_often_as_it_is_set(tmp_path: Path) -> None:
    assert "OnCalendar=*-*-* 04:05" in written(tmp_path, "04:05")["investiq-backup.timer"]
    often = written(tmp_path, INVESTIQ_BACKUP_EVERY_HOURS="1.5", INVESTIQ_BACKUP_MAX_HOURS="0.5")
    assert "OnUnitActiveSec=5400s" in often["investiq-backup.timer"]
    assert "TimeoutStartSec=2h" in often["investiq-backup.service"]


def test_what_only_the_shell_knows_is_named_without_its_value(tmp_path: Path) -> None:
    made = written(tmp_path, DATABASE_URL="postgresql://me:geheim@db/x")["investiq-backup.service"]
    assert "DATABASE_URL" in made
    assert "geheim" not in made


@pytest.mark.parametrize("at", ["24:00", "7:30", "noon", "12:30\nExecStart=/bin/sh", ""])
def test_a_time_that_is_none_is_refused(tmp_path: Path, at: str) -> None:
    with pytest.raises(NotATime):
        written(tmp_path, at)
