"""Writes what nginx is started with, once nginx itself has found nothing wrong with it."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from investiq.foundation.config import Config, Paths
from investiq.foundation.files import replace_whole
from investiq.foundation.subprocesses import run
from investiq.operate.edge.nginx import CONFIG_FILE, EdgeError, edge_files

__all__ = ["check_config", "forget_passes", "version_of", "write_draft", "write_edge"]

_DRAFT = "draft"
_VERSION = re.compile(r"nginx/(\d+)\.(\d+)\.(\d+)")


def write_edge(config: Config, nginx: str) -> str:
    """Write it into the folder of the edge, mode 0700; what was there stays where nginx would not start with the new.

    Args:
        nginx: its file.

    Returns:
        the mark by which a running nginx tells that it has read these files.

    Raises:
        EdgeError: it could not start with it.
        UnusableTokenFile: a secret cannot be made or read.
    """
    folder, mark = Paths.of(config).edge, secrets.token_hex(8)
    files = edge_files(config, version_of(nginx), mark)
    _make_folders(folder)
    draft = folder / _DRAFT
    try:
        write_draft(files, draft)
        if fault := check_config(nginx, draft):
            raise EdgeError(f"nginx would not start with what is configured: {fault}")
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    for name, text in files.items():
        replace_whole(folder / name, text)
    return mark


def write_draft(files: Mapping[str, str], folder: Path) -> None:
    """Write files that are only looked at into a folder of their own, which an earlier draft may have left."""
    shutil.rmtree(folder, ignore_errors=True)
    _make_folders(folder)
    for name, text in files.items():
        replace_whole(folder / name, text)


def check_config(nginx: str, folder: Path) -> str:
    """What `nginx -t` has against the files in `folder`; nothing where it would start with them."""
    command = [nginx, "-t", "-q", "-p", f"{folder}/", "-c", str(folder / CONFIG_FILE), "-e", "stderr"]
    done = run(command, 30.0, {})
    return "" if done.succeeded else " ".join(done.output.replace(f"{folder}/", "").split())


def forget_passes(config: Config) -> None:
    """Empty what an nginx that no longer runs has kept of the passes that it let in."""
    for kept in (Paths.of(config).edge / "passes").glob("*/*"):
        kept.unlink(missing_ok=True)


def version_of(nginx: str) -> tuple[int, int, int]:
    """The version of that program.

    Raises:
        EdgeError: it does not say.
    """
    try:
        found = _VERSION.search(run([nginx, "-v"], 10.0, {}).output)
    except OSError as error:
        raise EdgeError(f"{nginx} cannot be started: {error.strerror}") from error
    if found is None:
        raise EdgeError(f"{nginx} -v names no version of nginx")
    return int(found[1]), int(found[2]), int(found[3])


def _make_folders(folder: Path) -> None:
    for path in (folder, folder / "unused", folder / "passes"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
