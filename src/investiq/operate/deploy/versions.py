"""The versions of an installation: each is an environment of its own, whole or not there, and one link says which runs.

A version is a copy of the environment that `investiq install` is typed in: what was tried there is what runs, and
nothing is downloaded. Every file is compared with the hash that its package came with.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import shutil
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

from investiq import __version__
from investiq.foundation.checkout import find_checkout
from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import sync_folder
from investiq.operate.deploy.layout import Layout

__all__ = ["CannotInstall", "add_version", "point", "prune", "remove_drafts", "target_of", "this_version"]

_TOOLS = ("pip", "setuptools", "wheel")
_LEFT_OUT = (*_TOOLS, *(f"{tool}-*" for tool in _TOOLS), "_distutils_hack", "distutils-precedence.pth")
"""What installs packages is no part of a version: nothing is installed into one."""
_DRAFT = ".partial"


class CannotInstall(InvestIQError):
    """This environment cannot become an installed version, or the place where it should go cannot be used."""

    reason = "cannot_install"


def this_version() -> str:
    """The name of the version that runs this: its number, and what its packages hold."""
    digest = hashlib.sha256()
    for record in sorted(_packages().glob("*.dist-info/RECORD")):
        if record.parent.name.partition("-")[0] not in _TOOLS:
            digest.update(b"".join(sorted(record.read_bytes().splitlines(keepends=True))))
    return f"{__version__}-{digest.hexdigest()[:8]}"


def add_version(layout: Layout, name: str, tell: Callable[[str], None]) -> Path:
    """Copy the environment that this runs from to `layout.versions/name`, unless it is there; returns that folder.

    Raises:
        CannotInstall: it is no environment of its own, or the copy is not what its packages are.
    """
    target = layout.versions / name
    if target.is_dir():
        return target
    source, python = _packages(), _base_python()
    layout.versions.mkdir(parents=True, exist_ok=True)
    draft = layout.versions / f"{name}{_DRAFT}"
    shutil.rmtree(draft, ignore_errors=True)
    tell(f"copying {source}")
    venv.EnvBuilder(with_pip=False, symlinks=True).create(draft)
    (draft / "bin/python").unlink()
    (draft / "bin/python").symlink_to(python)
    packages = next(draft.glob("lib/python*/site-packages"))
    shutil.copytree(source, packages, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    tell("comparing each file with its package")
    if wrong := next(_wrong_files(packages), None):
        raise CannotInstall(f"{wrong} is not what its package brought: install InvestIQ into a new environment")
    _open_to_read(draft)
    os.sync()  # a power cut after the switch must find every file
    draft.rename(target)
    sync_folder(layout.versions)
    return target


def point(link: Path, target: Path) -> None:
    """Let `link` name `target`, at once: there is no moment without it."""
    draft = link.with_name(f".{link.name}.new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(os.path.relpath(target, link.parent))
    draft.rename(link)
    sync_folder(link.parent)


def target_of(link: Path) -> Path | None:
    """The version that `link` names; None where there is none."""
    target = link.parent / link.readlink() if link.is_symlink() else None
    return Path(os.path.normpath(target)) if target is not None and target.is_dir() else None


def remove_drafts(layout: Layout) -> None:
    """Remove what an installation that was interrupted has left behind."""
    for draft in layout.versions.glob(f"*{_DRAFT}"):
        shutil.rmtree(draft, ignore_errors=True)


def prune(layout: Layout) -> list[str]:
    """Remove all versions but those that run and ran before; their names."""
    kept = {target_of(layout.current), target_of(layout.previous)}
    old = [version for version in layout.versions.iterdir() if version.is_dir() and version not in kept]
    for version in old:
        shutil.rmtree(version)
    return [version.name for version in old]


def _packages() -> Path:
    """The packages of the environment that this runs from."""
    packages = Path(sysconfig.get_path("purelib"))
    if sys.prefix == sys.base_prefix:
        raise CannotInstall(
            "this InvestIQ has no environment of its own: `python3 -m venv DIR`, `DIR/bin/pip install` the wheel, "
            "then `DIR/bin/investiq install`"
        )
    if find_checkout() is not None or not (packages / "investiq").is_dir():
        raise CannotInstall(
            "this InvestIQ runs from its repository: `make wheel` there, install the wheel into a new environment, and "
            "type `investiq install` in that"
        )
    return packages


def _base_python() -> Path:
    """The interpreter behind the environment: the service's user must be able to run it."""
    python = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    closed = [folder for folder in (python, *python.parents) if not folder.stat().st_mode & 0o001]
    if closed:
        raise CannotInstall(
            f"{python} is the Python of this environment, and only some users may enter {closed[-1]}: make the "
            "environment with the system's python3"
        )
    return python


def _wrong_files(packages: Path) -> Iterator[str]:
    """Files that are missing or differ from the RECORD of their package."""
    for record in sorted(packages.glob("*.dist-info/RECORD")):
        with record.open(encoding="utf-8", newline="") as rows:
            for name, stated, *_ in csv.reader(rows):
                algorithm, _, expected = stated.partition("=")
                if not algorithm or name.startswith(("../", "/")):  # no hash, or a script of the old environment
                    continue
                if not _holds(packages / name, algorithm, expected):
                    yield name


def _holds(file: Path, algorithm: str, expected: str) -> bool:
    try:
        with file.open("rb") as data:
            digest = hashlib.file_digest(data, algorithm).digest()
    except OSError:
        return False
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == expected


def _open_to_read(folder: Path) -> None:
    """Whoever runs the service may read it all, whatever mask it was installed with, and only its owner may write."""
    for root, _, files in os.walk(folder):
        Path(root).chmod(0o755)
        for name in files:
            file = Path(root) / name
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
