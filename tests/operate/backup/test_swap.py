"""Several replacements at once: killed at any line, the old ones are whole again, or all of the new ones are there."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from investiq.operate.backup import swap
from tests.operate.backup.lines import killed_at_line

STAMP = "20261127-120000"
STEP = 1 if "BACKUP_PROOF_TRIES" in os.environ else 12
"""Lines from one kill to the next; `make proof-backup` kills at each."""
OLD = {"file": "old file", "folder/inside": "old inside", "wal": "old wal"}
NEW = {"file": "new file", "folder/inside": "new inside", "fresh": "fresh"}


def test_everything_is_replaced_and_what_was_there_is_kept(tmp_path: Path) -> None:
    pairs = prepared(tmp_path)
    kept = swap.swap_all(tmp_path / "journal", pairs, STAMP)
    assert contents(tmp_path / "data") == NEW | kept_aside()
    assert {target.name for target in kept} == {"file", "folder", "wal"}
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize("in_one_step", [True, False], ids=["exchanged", "renamed"])
def test_killed_at_any_line_all_of_it_is_old_or_all_of_it_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_one_step: bool
) -> None:
    if not in_one_step:  # as on a file system that cannot exchange two names
        monkeypatch.setattr(swap, "_exchanged_in_one_step", lambda *_: False)
    seen, number = set(), int(in_one_step)
    while True:
        folder = tmp_path / str(number)
        pairs, journal = prepared(folder), folder / "journal"
        ended = killed(number, partial(swap.swap_all, journal, pairs, STAMP))
        swap.recover(journal)
        found = contents(folder / "data")
        assert found in (OLD, NEW | kept_aside()), f"killed at line {number}"
        seen.add(found == OLD)
        if ended:
            break
        number += STEP
    assert seen == {True, False}


def test_killed_while_it_puts_things_right_it_puts_them_right_the_next_time(tmp_path: Path) -> None:
    for swapped in range(0, 160, 5 * STEP):
        for recovered in range(0, 60, 3 * STEP):
            folder = tmp_path / f"{swapped}-{recovered}"
            pairs, journal = prepared(folder), folder / "journal"
            killed(swapped, partial(swap.swap_all, journal, pairs, STAMP))
            killed(recovered, partial(swap.recover, journal))
            swap.recover(journal)
            assert contents(folder / "data") in (OLD, NEW | kept_aside()), f"killed at {swapped} and {recovered}"


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed process has written is there: only a power cut is another matter."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def prepared(folder: Path) -> list[tuple[Path | None, Path]]:
    for base, texts in (("data", OLD), ("new", NEW)):
        for name, text in texts.items():
            file = folder / base / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    data, new = folder / "data", folder / "new"
    named = [(new / name, data / name) for name in ("file", "folder", "fresh")]
    return [*named, (None, data / "wal")]


def kept_aside() -> dict[str, str]:
    return {f"{name.split('/')[0]}.before-{STAMP}{rest(name)}": text for name, text in OLD.items()}


def rest(name: str) -> str:
    _, slash, inside = name.partition("/")
    return slash + inside


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def killed(number: int, act: Callable[[], Any]) -> bool:
    return killed_at_line(number, act, {swap.__file__})
