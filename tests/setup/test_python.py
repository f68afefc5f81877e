"""setup/python.sh: which Python, when anything is installed at all, and what a failure says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.setup.conftest import Machine

# A Python that makes virtual environments whose pip writes down what it was asked to install.
PYTHON = r"""
echo "python $*" >>$HOME/calls
case "$*" in
    -V) echo "Python ${version:-3.11.9}" ;;
    *version_info\ *\<*) [[ ${version:-3.11.9} != 3.10* ]] ;;
    *ensurepip*) [[ -z ${without_ensurepip-} ]] ;;
    *print*python*venv*) echo python3.11-venv ;;
    *-m\ venv*)
        venv=${@: -1}
        mkdir -p $venv/bin && touch $venv/pyvenv.cfg $venv/bin/investiq && chmod +x $venv/bin/investiq
        cp "$0" $venv/bin/python && echo "#!$PWD/$venv/bin/python" >$venv/bin/pip ;;
    *pip\ *install*)
        echo "Collecting pandas==3.0 (from -r requirements/runtime.txt)"
        echo "${pip_says-}"
        [[ -z ${pip_says-} ]] ;;
esac
"""


@pytest.fixture
def bare(machine: Machine) -> Machine:
    machine.program("python3", PYTHON)
    machine.program("apt-get", "exit 1")
    return machine


def _setup(machine: Machine, lock: str = "runtime", **environment: str) -> tuple[int, str]:
    return machine.run("setup/python.sh", lock, **environment)


def _calls(machine: Machine) -> list[str]:
    file = machine.clone / "calls"
    return file.read_text().splitlines() if file.exists() else []


def _installed(machine: Machine) -> list[str]:
    return [call.partition(" install ")[2] for call in _calls(machine) if " install " in call]


def test_the_first_time_makes_the_environment_and_installs_by_hash_alone(bare: Machine) -> None:
    code, output = _setup(bare)
    assert code == 0, output
    build, packages, project = _installed(bare)
    assert "--require-hashes -r requirements/build.txt" in build
    assert "--require-hashes --no-build-isolation -r requirements/runtime.txt" in packages
    assert "--no-deps --no-build-isolation --editable ." in project


def test_the_second_time_says_nothing_and_starts_no_python(bare: Machine) -> None:
    _setup(bare)
    before = _calls(bare)
    assert _setup(bare) == (0, "")
    # Compiling goes on in the background, and is the one call that may come late.
    assert [call for call in _calls(bare)[len(before) :] if "compileall" not in call] == []


@pytest.mark.parametrize("changed", ["pyproject.toml", "requirements/runtime.txt", "requirements/build.txt"])
def test_a_change_of_the_lock_or_the_project_installs_again(bare: Machine, changed: str) -> None:
    _setup(bare)
    with (bare.clone / changed).open("a") as file:
        file.write("\n# changed\n")
    _setup(bare)
    assert len(_installed(bare)) == 6


def test_the_dev_lock_serves_make_up_as_well(bare: Machine) -> None:
    _setup(bare, "dev")
    assert _setup(bare, "runtime") == (0, "")
    assert "requirements/dev.txt" in _installed(bare)[1]


def test_the_lock_of_load_tests_is_installed_beside_the_runtime_one(bare: Machine) -> None:
    _setup(bare)
    _setup(bare, "load")
    assert "requirements/load.txt" in _installed(bare)[-2]
    assert _setup(bare, "runtime") == _setup(bare, "load") == (0, "")


def test_the_dev_lock_serves_load_tests_as_well(bare: Machine) -> None:
    _setup(bare, "dev")
    assert _setup(bare, "load") == (0, "")


def test_the_runtime_lock_does_not_serve_the_tests(bare: Machine) -> None:
    _setup(bare)
    _setup(bare, "dev")
    assert "requirements/dev.txt" in _installed(bare)[-2]


def test_the_peers_of_the_benchmarks_stay_in_an_environment_of_their_own(bare: Machine) -> None:
    _setup(bare, "dev")
    before = len(_installed(bare))
    assert _setup(bare, "bench")[0] == 0
    assert "requirements/bench.txt" in _installed(bare)[before + 1]
    assert (bare.clone / ".venv-bench" / "bin" / "investiq").exists()
    assert _setup(bare, "dev") == _setup(bare, "bench") == (0, "")


def test_an_existing_environment_is_kept(bare: Machine) -> None:
    _setup(bare)
    kept = bare.clone / ".venv" / "kept"
    kept.touch()
    (bare.clone / ".venv" / ".investiq-setup").unlink()
    assert _setup(bare)[0] == 0
    assert len([call for call in _calls(bare) if "-m venv" in call]) == 1
    assert kept.exists()


def test_an_environment_of_another_place_is_made_anew(bare: Machine) -> None:
    """The scripts in .venv/bin name the folder that the clone was in before it was moved."""
    _setup(bare)
    moved = bare.clone.with_name("moved")
    bare.clone.rename(moved)
    bare.clone = moved
    code, output = _setup(bare)
    assert code == 0
    assert "it was made in another place" in output


def test_a_folder_that_is_no_environment_is_not_touched(bare: Machine) -> None:
    mine = bare.clone / ".venv" / "mine"
    mine.parent.mkdir()
    mine.touch()
    code, output = _setup(bare)
    assert code == 1
    assert ".venv is here, but is no virtual environment" in output
    assert mine.exists()


def test_an_environment_of_another_clone_that_is_linked_to_is_not_emptied(bare: Machine) -> None:
    elsewhere = bare.clone.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (bare.clone / ".venv").symlink_to(elsewhere)
    code, output = _setup(bare)
    assert code == 1
    assert "remove the link" in output
    assert (elsewhere / "pyvenv.cfg").exists()


def _last_lines(output: str) -> list[str]:
    return [line.strip() for line in output.splitlines()[-3:]]


def test_a_python_that_is_too_old_is_refused(bare: Machine) -> None:
    code, output = _setup(bare, version="3.10.12")
    cause, fix, log = _last_lines(output)
    assert code == 1
    assert cause.startswith("cause: no Python 3.11 or newer")
    assert "make up PYTHON=/path/to/python3" in fix
    assert log == f"log:   {bare.clone}/.investiq/logs/setup.log"


def test_a_python_without_ensurepip_names_the_one_package_to_install(bare: Machine) -> None:
    code, output = _setup(bare, without_ensurepip="yes")
    assert code == 1
    assert _last_lines(output)[1].endswith("apt-get install python3.11-venv")


@pytest.mark.parametrize(
    ("pip_says", "cause"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "the disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "its hash differs"),
        ("WARNING: Retrying after NewConnectionError('[Errno 101] unreachable')", "cannot be reached"),
        ("ERROR: No matching distribution found for numpy==2.4.6", "no package for this machine"),
        ("ERROR: something else went wrong", "something else went wrong"),
    ],
)
def test_a_failure_of_pip_ends_with_cause_fix_and_log(bare: Machine, pip_says: str, cause: str) -> None:
    code, output = _setup(bare, pip_says=pip_says)
    lines = _last_lines(output)
    assert code == 1
    assert [line.partition(":")[0] for line in lines] == ["cause", "fix", "log"]
    assert cause in lines[0]
    assert pip_says in Path(lines[2].removeprefix("log:   ")).read_text()


def test_after_a_failure_the_next_run_tries_again(bare: Machine) -> None:
    _setup(bare, pip_says="ERROR: it broke")
    assert _setup(bare)[0] == 0
    assert len(_installed(bare)) == 4
