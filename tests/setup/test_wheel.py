"""The wheel is whole, and the same commit gives the same bytes, on whatever machine it is built."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from email.parser import BytesParser
from pathlib import Path

import pytest

from tests.setup.conftest import REPOSITORY


def _build(folder: Path, umask: int = 0o022) -> Path:
    command = [REPOSITORY / "setup/wheel.sh", folder]
    environment = {**os.environ, "PYTHON": sys.executable, "TZ": f"UTC{umask}"}
    done = subprocess.run(command, env=environment, umask=umask, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("dist"))


def _committed(folder: str) -> set[str]:
    command = ["git", "ls-tree", "-r", "--name-only", "HEAD", folder]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    return {name.removeprefix(f"{folder}/") for name in listed.splitlines()}


def test_it_holds_the_package_and_the_tests_of_its_rules_and_nothing_else(wheel: Path) -> None:
    link = "investiq/operate/validate/shipped_rule_tests"
    expected = _committed("src") - {link} | {f"{link}/{name}" for name in _committed("tests/rules")}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == expected


def test_it_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        told = BytesParser().parsebytes(archive.read(name))
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    assert (told["Name"], told["License-Expression"], told["Requires-Python"]) == ("investiq", "Apache-2.0", ">=3.11")
    assert told["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in told.get_all("Classifier", [])


def test_another_mask_and_time_zone_give_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    again = _build(tmp_path, umask=0o077)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()
