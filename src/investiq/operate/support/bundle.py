"""Gathers what the bundle holds, and writes it."""

from __future__ import annotations

import io
import os
import platform
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from investiq import __version__
from investiq.foundation.config import LoadedConfig, Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.redaction import Redaction
from investiq.operate.render.web_config import WEB_FOLDER
from investiq.operate.supervise import programs

__all__ = ["COMMANDS", "BundleExists", "bundle_texts", "write_bundle"]

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "config.json": ("config", "show", "--json"),
    "status.json": ("status", "--json"),
    "doctor.json": ("doctor", "--json"),
    "validate.json": ("validate", "--json", "--wait", "0"),
    "secrets.json": ("secrets", "list", "--json"),
}
"""Of the bundle's files, those that a command says."""

_COMMAND_SECONDS = 120.0
_VERSION_SECONDS = 10.0
_LAST_BYTES = 200_000
"""Of each log."""

_NEVER = frozenset({"metrics_token"})
"""Of the rendered files, what holds nothing but a secret."""


class BundleExists(InvestIQError):
    """Something has the name of the bundle already."""

    reason = "file_exists"


def bundle_texts(loaded: LoadedConfig) -> Iterator[tuple[str, str]]:
    """Name and text of each file, redacted; what cannot be told says why."""
    redaction = Redaction.of(loaded.config)
    for name, text in _raw(loaded):
        yield name, redaction.clean(text)


def write_bundle(file: Path, texts: Iterator[tuple[str, str]]) -> None:
    """A compressed tar archive that its owner alone can read.

    Raises:
        BundleExists: there is something of that name; it stays as it is.
        OSError: it cannot be written; nothing is left of it.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise BundleExists(f"{file} is there already: give another name, or remove it") from None
    try:
        with os.fdopen(descriptor, "wb") as stream, tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for name, text in texts:
                _add(archive, f"{file.name.split('.')[0]}/{name}", text.encode("utf-8", errors="replace"))
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(data), int(time.time()), 0o600
    archive.addfile(member, io.BytesIO(data))


def _raw(loaded: LoadedConfig) -> Iterator[tuple[str, str]]:
    yield "versions.txt", "\n".join(_versions()) + "\n"
    for name, arguments in COMMANDS.items():
        yield name, _said(loaded, arguments)
    paths = Paths.of(loaded.config)
    for log in sorted(paths.logs.glob("*.log")):
        yield f"logs/{log.name}", _tail(log)
    yield from _rendered(paths.monitoring)


def _versions() -> Iterator[str]:
    yield f"investiq {__version__}"
    yield f"python {platform.python_version()} on {platform.platform()}"
    for name, program in sorted(programs.find_all().items()):
        try:
            done = subprocess.run(
                [program, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
            )
            said = (done.stdout or done.stderr).partition("\n")[0]
        except (OSError, subprocess.TimeoutExpired) as error:
            said = f"cannot be asked: {error}"
        yield f"{name}: {said}"


def _said(loaded: LoadedConfig, arguments: tuple[str, ...]) -> str:
    """What a command says, as if somebody typed it: one that fails or hangs is a part of the picture."""
    given = ("--config", str(loaded.path)) if loaded.path is not None else ()
    command = [sys.executable, "-m", "investiq", *given, "--no-input", "--no-color", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"`investiq {' '.join(arguments)}` did not end within {_COMMAND_SECONDS:g} s\n"
    return f"{done.stdout}\nexit code {done.returncode}\n{done.stderr}"


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LAST_BYTES))
            return file.read(_LAST_BYTES).decode("utf-8", errors="replace")
    except OSError as error:
        return f"cannot be read: {error.strerror}\n"


def _rendered(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if not file.is_file() or file.is_symlink() or name.name in _NEVER or name.parts[0] == WEB_FOLDER:
            continue
        if name.suffix not in (".yml", ".tmpl"):
            continue  # dashboards and panels are rendered from the version alone
        yield f"monitoring/{name}", _tail(file)
