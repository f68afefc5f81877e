"""setup/programs.sh: what is missing, and who may install it."""

from __future__ import annotations

import re

import pytest

from investiq.foundation.topology import PROGRAMS
from tests.setup.conftest import REPOSITORY, Machine

RUNTIME = {
    "prometheus": ("prometheus", "promtool"),
    "prometheus-alertmanager": ("prometheus-alertmanager",),
    "prometheus-blackbox-exporter": ("prometheus-blackbox-exporter",),
    "prometheus-node-exporter": ("prometheus-node-exporter",),
    "nginx": ("nginx",),
    "prometheus-nginx-exporter": ("prometheus-nginx-exporter",),
    "restic": ("restic",),
    "curl": ("curl",),
}


@pytest.fixture
def machine_without_programs(machine: Machine) -> Machine:
    """As an ordinary user; what apt-get would bring is written down instead."""
    machine.program("id", "echo 1000")
    return machine


def _setup(machine: Machine, purpose: str = "runtime") -> tuple[int, str]:
    return machine.run("setup/programs.sh", purpose)


def test_another_system_is_told_what_is_missing_and_where_it_is(machine_without_programs: Machine) -> None:
    code, output = _setup(machine_without_programs)
    assert code == 1
    assert "prometheus: https://prometheus.io/download/\n" in output
    assert "this system has no apt-get" in output.splitlines()[-3]


def test_without_root_and_sudo_the_one_command_is_named(machine_without_programs: Machine) -> None:
    machine_without_programs.program("apt-get", "exit 1")
    code, output = _setup(machine_without_programs)
    assert code == 1
    assert f"su -c 'bash {machine_without_programs.clone}/setup/debian.sh prometheus" in output.splitlines()[-2]


def test_sudo_that_would_ask_for_a_password_is_not_called_without_a_terminal(machine_without_programs: Machine) -> None:
    machine_without_programs.program("apt-get", "exit 1")
    machine_without_programs.program(
        "sudo", '[[ $1 != -n ]] || { echo "a password is required" >&2; exit 1; }; sleep 60'
    )
    code, output = _setup(machine_without_programs)
    assert code == 1
    assert "installing them needs root" in output


def test_sudo_installs_the_missing_packages_and_no_others(machine_without_programs: Machine) -> None:
    machine = machine_without_programs
    for program in ("prometheus", "promtool", "node_exporter", "restic", "curl"):  # node_exporter: upstream's name
        machine.program(program, "")
    machine.program("apt-get", "exit 1")
    machine.program("sudo", '[[ $1 = -n ]] || echo "$*" >>$HOME/sudo')
    _setup(machine)
    (asked,) = (machine.clone / "sudo").read_text().splitlines()
    packages = set(asked.split()) - {"libgomp1", "nginx"}  # which may be here, in a folder that every machine has
    missing = {"prometheus-alertmanager", "prometheus-blackbox-exporter", "prometheus-nginx-exporter"}
    assert packages == {"bash", "setup/debian.sh", *missing}


def test_a_failure_of_apt_ends_with_cause_fix_and_log(machine_without_programs: Machine) -> None:
    machine = machine_without_programs
    machine.program("apt-get", "exit 1")
    machine.program("sudo", '[[ $1 = -n ]] || { echo "E: Unable to locate package prometheus"; exit 100; }')
    code, output = _setup(machine)
    cause, fix, log = (line.strip() for line in output.splitlines()[-3:])
    assert code == 1
    assert cause.startswith("cause: apt-get could not install prometheus")
    assert cause.endswith("E: Unable to locate package prometheus")
    assert "enable Debian's section main" in fix
    assert log.startswith("log:")


def test_it_says_nothing_when_all_are_there(machine: Machine) -> None:
    for programs in RUNTIME.values():
        for program in programs:
            machine.program(program, "")
    assert _setup(machine) == (0, "")


def test_the_setup_installs_every_program_that_the_stack_needs() -> None:
    """Two lists that must agree: the stack's programs, and the Debian packages of the setup."""
    script = (REPOSITORY / "setup" / "programs.sh").read_text()
    for program in PROGRAMS.values():
        if program.optional:
            continue
        for command in program.commands:
            known = re.search(rf"(?<![\w-]){re.escape(command)}(?![\w-])", script)
            assert known, f"setup/programs.sh does not know {command}"
