"""The Makefile and .ci/run: thin, and honest about what there is."""

from __future__ import annotations

import re

from tests.setup.conftest import REPOSITORY, Machine


def test_make_alone_lists_every_target_with_what_it_does(machine: Machine) -> None:
    code, output = machine.run("make", "--no-print-directory")
    assert code == 0
    listed = set(re.findall(r"^  make ([a-z0-9-]+) +\S", output, re.MULTILINE))
    phony = re.findall(r"^\.PHONY: (.+)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert listed == set(" ".join(phony).split()) - {"runtime", "dev"}


def test_arguments_reach_the_command_behind_a_target(machine: Machine) -> None:
    _, output = machine.run("make", "-n", "up", "ARGS=--from 2008-01-02 --detach")
    assert output.splitlines()[-1] == "exec .venv/bin/investiq up --from 2008-01-02 --detach"


def test_the_tests_come_last_in_make_test_so_that_it_ends_with_their_summary(machine: Machine) -> None:
    _, output = machine.run("make", "-n", "test")
    steps = output.splitlines()
    assert "pytest" in steps[-1]
    for tool in ("ruff check", "ruff format --check", "lint-imports"):  # mypy is one of the tests
        assert any(tool in step for step in steps[:-1]), tool


def test_ci_runs_make_test_without_a_terminal(machine: Machine) -> None:
    machine.program("make", 'echo "make $*"; echo "CI=$CI"; read -r line || echo "no input"')
    code, output = machine.run("bash", ".ci/run")
    assert code == 0
    assert output.splitlines() == ["make --no-print-directory test", "CI=true", "no input"]
