"""The locks: what `make up` and `make test` install, on every machine the same."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.setup.conftest import REPOSITORY

LOCKS = sorted((REPOSITORY / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def _entries(lock: Path) -> Iterator[tuple[Requirement, list[str]]]:
    """Each requirement of a lock with its hashes."""
    text = re.sub(r"^\s*#.*\n", "", lock.read_text(), flags=re.MULTILINE)
    for entry in text.replace("\\\n", " ").splitlines():
        line, *hashes = entry.split("--hash=")
        yield Requirement(line.strip()), [value.strip() for value in hashes]


def _pinned(name: str, python: str) -> dict[str, str]:
    """Package -> version that the lock gives to Python `python` on Linux."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "sys_platform": "linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement, _ in _entries(REPOSITORY / "requirements" / f"{name}.txt")
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }


def test_every_lock_is_there() -> None:
    assert [lock.stem for lock in LOCKS] == ["bench", "build", "dev", "image", "load", "runtime", "uv"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_no_index_no_host_and_no_path(lock: Path) -> None:
    """Where packages come from is the machine's own setting; an address in a lock would override it."""
    text = lock.read_text()
    assert not re.findall(
        r"\S*://\S*|--(?:extra-)?index-url.*|--find-links.*|--trusted-host.*|^-i .*", text, re.MULTILINE
    )
    assert not re.findall(r"(?:^|\s)(?:/|~/|file:)\S+", text), "a path of the machine that made it"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_package_has_one_exact_version_and_sha256_hashes(lock: Path) -> None:
    for requirement, hashes in _entries(lock):
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), requirement


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("lock", ["runtime", "load", "dev", "bench"])
def test_a_lock_holds_all_that_the_project_asks_for(lock: str, python: str) -> None:
    """Fails when pyproject.toml was changed without `make lock`."""
    pinned = _pinned(lock, python)
    for requirement in _asked(lock):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is in no lock for Python {python}: make lock"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} but {version}: make lock"


def _asked(extra: str) -> Iterator[Requirement]:
    """What the project asks for, with that of an extra, which may name others."""
    if extra == "runtime":
        yield from map(Requirement, PROJECT["project"]["dependencies"])
        return
    yield from _asked("runtime")
    for requirement in map(Requirement, PROJECT["project"]["optional-dependencies"][extra]):
        if requirement.name == PROJECT["project"]["name"]:
            for further in requirement.extras:
                yield from _asked(further)
        else:
            yield requirement


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("lock", ["load", "dev", "bench"])
def test_the_other_locks_hold_the_runtime_lock(lock: str, python: str) -> None:
    """What is tested and what is measured is what runs."""
    assert _pinned("runtime", python).items() <= _pinned(lock, python).items()


def test_the_build_backend_is_pinned() -> None:
    """The project and source packages are built without isolation, with this and nothing fetched beside it."""
    pinned = _pinned("build", "3.11")
    for requirement in map(Requirement, PROJECT["build-system"]["requires"]):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])
