"""Who was given the same has the same fingerprint, and nobody else; where the data is, the configuration agrees."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from investiq.foundation.config import load
from investiq.foundation.setting_sources import Given, given

BARE = {"PATH": "/usr/bin", "HOME": "/home/somebody"}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(file: Path | None = None, /, **environ: str) -> Given:
    one = given(file, {**BARE, **environ})
    assert one is not None
    return one


def test_nothing_changed_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "investiq.toml").write_text("[api]\nport = 3005\n")
    assert found() == found() == found(LANG="de_DE.UTF-8", INVESTIQ_CONFIG=str(tmp_path / "investiq.toml"))


def test_the_same_file_from_another_folder_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "investiq.toml"
    file.write_text('data_dir = "data"\n')
    here = found()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert found(file) == here
    assert found() != here


@pytest.mark.parametrize(
    "change",
    [
        {"INVESTIQ_API_PORT": "3002"},
        {"INVESTIQ_DATA_DIR": "elsewhere"},
        {"METRICS_TOKEN": "another-one-of-twelve"},
        {"METRICS_TOKEN_FILE": "secret"},
        {"CREDENTIALS_DIRECTORY": "credentials"},
        {"PATH": "/usr/local/bin"},
        {"HOME": "/root"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_variable_that_counts_makes_another(tmp_path: Path, change: Mapping[str, str]) -> None:
    (tmp_path / "secret").write_text("9f2c4be07d1a8e35")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "METRICS_TOKEN").write_text("9f2c4be07d1a8e35")
    assert found(**change).fingerprint != found().fingerprint


@pytest.mark.parametrize(
    ("file", "environ"),
    [
        ("investiq.toml", {}),
        ("secret", {"METRICS_TOKEN_FILE": "secret"}),
        ("credentials/METRICS_TOKEN", {"CREDENTIALS_DIRECTORY": "credentials"}),
    ],
)
def test_each_file_that_counts_makes_another(tmp_path: Path, file: str, environ: Mapping[str, str]) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("# one")
    before = found(**environ)
    (tmp_path / file).write_text("# two")
    assert found(**environ).fingerprint != before.fingerprint


def test_it_does_not_tell_a_secret() -> None:
    assert "9f2c4be07d1a8e35" not in str(found(METRICS_TOKEN="9f2c4be07d1a8e35"))


@pytest.mark.parametrize(
    "text", ["", 'data_dir = "data"', 'data_dir = "~/data"', "[api]\nport = 3005", "# data_dir = 1"]
)
@pytest.mark.parametrize("variable", [None, "", "elsewhere", "~/elsewhere", "a/../b"])
@pytest.mark.parametrize("named", [False, True])
def test_the_folder_of_the_data_is_that_of_the_configuration(
    tmp_path: Path, text: str, variable: str | None, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "named"
    folder.mkdir()
    file = (folder if named else tmp_path) / "investiq.toml"
    if text:
        file.write_text(text)
    environ = {} if variable is None else {"INVESTIQ_DATA_DIR": variable}
    path = file if named and text else None
    one = given(path, environ)
    assert one is not None
    assert one.data_dir == load(path, environ).config.data_dir


def _unreadable(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")


def _no_toml(file: Path) -> None:
    file.write_text("data_dir = [")


def _a_pipe(file: Path) -> None:
    os.mkfifo(file)


@pytest.mark.parametrize("wrong", [_unreadable, _no_toml, _a_pipe])
def test_what_is_wrong_is_left_to_who_reads_all_of_it(tmp_path: Path, wrong: Callable[[Path], None]) -> None:
    wrong(tmp_path / "investiq.toml")
    assert given(None, BARE) is None


def test_a_file_or_a_secret_that_is_not_there_is_left_to_who_reads_all_of_it(tmp_path: Path) -> None:
    assert given(tmp_path / "none.toml", BARE) is None
    assert given(None, {**BARE, "METRICS_TOKEN_FILE": "none"}) is None
    assert given(None, {**BARE, "CREDENTIALS_DIRECTORY": "none"}) is None
