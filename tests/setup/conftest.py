"""A copy of the setup scripts in a folder of its own, and hand-written stand-ins for the programs of a system."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

_TOOLS = """
awk bash cat chmod cp cut date dirname env expr flock git grep head id kill ls make mkdir mv nice nproc readlink rm sed
sha256sum sh sleep sort tail tee touch tr uniq wc
"""


@dataclass
class Machine:
    """A machine that has nothing but the tools of a bare Debian, and what a test adds.

    Attributes:
        clone: the setup scripts, the locks and the Makefile, as in a clone.
        bin: its only folder of programs.
    """

    clone: Path
    bin: Path
    environment: dict[str, str] = field(default_factory=dict)

    def program(self, name: str, script: str) -> None:
        """Puts a program on the PATH."""
        file = self.bin / name
        file.unlink(missing_ok=True)
        file.write_text(f"#!/bin/bash\n{script}\n")
        file.chmod(0o755)

    def without(self, name: str) -> None:
        (self.bin / name).unlink()

    def start(self, *argv: str, **environment: str) -> subprocess.Popen[str]:
        """Starts a command in a process group of its own, with both outputs in one pipe."""
        return subprocess.Popen(
            argv,
            cwd=self.clone,
            env={**self._variables(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *argv: str, **environment: str) -> tuple[int, str]:
        """Exit code, and all that was printed."""
        process = self.start(*argv, **environment)
        output, _ = process.communicate(timeout=30)
        return process.returncode, output

    def _variables(self) -> Mapping[str, str]:
        return {"PATH": str(self.bin), "HOME": str(self.clone), "LANG": "C.UTF-8", **self.environment}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    clone, programs = tmp_path / "clone", tmp_path / "bin"
    programs.mkdir()
    for tool in _TOOLS.split():
        if found := shutil.which(tool, path=f"{os.defpath}:/usr/bin:/bin"):
            (programs / tool).symlink_to(found)
    shutil.copytree(REPOSITORY / "setup", clone / "setup")
    shutil.copytree(REPOSITORY / "requirements", clone / "requirements")
    shutil.copytree(REPOSITORY / ".ci", clone / ".ci")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, clone / name)
    return Machine(clone, programs)
