"""Installs, upgrades, rolls back and removes InvestIQ on a server.

An upgrade, with what a kill leaves behind at each step:

1. The new version is copied beside the old one, checked, and renamed. A kill leaves a folder that the next run removes.
2. The old one is stopped, and its ledger is copied. A kill leaves the old one as the current one.
3. `upgrade.json` says what would be put back, and `current` is switched. After a kill the next run puts it back.
4. The new one starts, migrates, and every part must become well. Likewise.
5. Where one does not, all is put back and the old one starts. Else the file goes.

The ledger goes back only where the new version has migrated it: the old one could not read it. What the new version
wrote is kept beside it then.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from investiq.foundation.config import Config, Paths, load
from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import replace_whole, sync_folder
from investiq.foundation.subprocesses import run
from investiq.operate.deploy.kept_ledger import LedgerStep, step
from investiq.operate.deploy.layout import BACKUP, SERVICE, Layout
from investiq.operate.deploy.systemd import (
    NoService,
    Service,
    ServiceFailed,
    Systemd,
    default_configuration,
    render_units,
    system_files,
)
from investiq.operate.deploy.versions import (
    CannotInstall,
    add_version,
    point,
    prune,
    remove_drafts,
    target_of,
    this_version,
)

__all__ = ["Installed", "UpgradeFailed", "install", "remove", "roll_back", "service_of"]

Tell = Callable[[str], None]
_LEDGER_SECONDS = 900.0
_UNITS = "units"
"""Folder of a version: what systemd starts it by."""


class UpgradeFailed(InvestIQError):
    """The new version did not become healthy; the one before it runs again."""

    reason = "upgrade_failed"


@dataclass(frozen=True, slots=True)
class Installed:
    """What is there now.

    Attributes:
        version, previous: names; previous None where there is none to go back to.
        changed: whether another version ran before.
        started: whether it was started, and every part is well.
    """

    version: str
    previous: str | None
    changed: bool
    started: bool


def service_of(layout: Layout) -> Service:
    """Who runs the installation: systemd, on a machine that it runs."""
    return Systemd(layout) if layout.is_system and Systemd.runs() else NoService()


def install(layout: Layout, service: Service, tell: Tell) -> Installed:
    """Make the environment that this runs from the current version, and start it.

    Raises:
        CannotInstall: it cannot be one, or there is no right to write there; nothing has changed.
        UpgradeFailed: it did not become healthy, and the version before it runs again.
        ServiceFailed: it did not become healthy, and there is none before it.
    """
    with _alone(layout):
        _finish_interrupted(layout, service, tell)
        remove_drafts(layout)
        version = add_version(layout, this_version(), tell)
        config = _write_files(layout)
        _keep_units(layout, version, config)
        changed = target_of(layout.current) != version
        _switch(layout, service, version, config, tell)
        prune(layout)
        return _installed(layout, service, changed)


def roll_back(layout: Layout, service: Service, tell: Tell) -> Installed:
    """Go back to the version that ran before.

    Raises:
        CannotInstall: there is none, or it could not read the ledger as it is now.
        UpgradeFailed: it did not become healthy; what ran before the call runs again.
    """
    with _alone(layout):
        _finish_interrupted(layout, service, tell)
        previous = target_of(layout.previous)
        if previous is None:
            raise CannotInstall("there is no version to go back to")
        config = _write_files(layout)
        _refuse_newer_ledger(layout, previous, config)
        _switch(layout, service, previous, config, tell)
        return _installed(layout, service, True)


def remove(layout: Layout, service: Service, purge: bool) -> list[Path]:
    """Stop it, and remove all that `install` made; with `purge` the configuration and the data too.

    Returns:
        what is still there, and is the user's.
    """
    if not layout.program.is_dir() and not (purge and (layout.configuration.exists() or layout.state.exists())):
        raise CannotInstall(f"nothing is installed in {layout.program}")
    with _alone(layout):
        service.disable()
        names = [layout.units / name for name in (SERVICE, *BACKUP)]
        for file in (*names, layout.sysusers, layout.tmpfiles, layout.command):
            file.unlink(missing_ok=True)
        service.reload_units()
        layout.current.unlink(missing_ok=True)
        shutil.rmtree(layout.program)
        for folder in (layout.configuration, layout.state):
            if purge and folder.exists():
                shutil.rmtree(folder)
    return [folder for folder in (layout.configuration, layout.state) if folder.exists()]


# ---- the switch ----


def _switch(layout: Layout, service: Service, version: Path, config: Config, tell: Tell) -> None:
    old = target_of(layout.current)
    if old:
        tell(f"stopping {old.name}")
        service.stop()
    revision = _ledger(layout, config, LedgerStep.KEEP)
    before = {"version": old.name if old else None, "revision": revision}
    replace_whole(layout.journal, json.dumps(before))
    point(layout.current, version)
    _put_units(layout, version)
    service.reload()
    try:
        tell(f"switching to {version.name}")
        service.start()
    except ServiceFailed as error:
        _put_back(layout, service, tell)
        if old is None:
            raise
        raise UpgradeFailed(f"{error.message}. {old.name} runs again") from error
    if old and old != version:
        point(layout.previous, old)
    service.enable(config.backup.schedule == "external")
    _forget(layout)


def _finish_interrupted(layout: Layout, service: Service, tell: Tell) -> None:
    """Put back what an upgrade that was killed has left half done."""
    if layout.journal.exists():
        tell("an upgrade was interrupted: putting back what was there before")
        _put_back(layout, service, tell)


def _put_back(layout: Layout, service: Service, tell: Tell) -> None:
    before = json.loads(layout.journal.read_text("utf-8"))
    config = load(layout.config_file, {}).config  # a fault of it is told before anything is stopped
    service.stop()
    if before["version"] is None:
        layout.current.unlink(missing_ok=True)
        _forget(layout)
        return
    old = layout.versions / before["version"]
    if aside := _ledger(layout, config, LedgerStep.RESTORE, before["revision"]):
        tell(f"the ledger is as it was before the upgrade; what the newer version wrote is kept in {aside}")
    point(layout.current, old)
    _put_units(layout, old)
    service.reload()
    tell(f"starting {before['version']} again")
    service.start()
    _forget(layout)


def _forget(layout: Layout) -> None:
    layout.journal.unlink(missing_ok=True)
    sync_folder(layout.program)


def _installed(layout: Layout, service: Service, changed: bool) -> Installed:
    current, previous = target_of(layout.current), target_of(layout.previous)
    assert current is not None  # noqa: S101  it was just made so
    name = previous.name if previous and previous != current else None
    return Installed(current.name, name, changed, not isinstance(service, NoService))


# ---- the ledger ----


def _ledger(layout: Layout, config: Config, what: LedgerStep, revision: str | None = None) -> str | None:
    """Do it with the rights of whom the data belong to: root follows no link that somebody else has put there."""
    ledger = Paths.of(config).ledger
    if config.database_url is not None or not ledger.exists():  # PostgreSQL's is for `investiq backup`
        return None
    owner = ledger.stat()
    if owner.st_uid == os.geteuid():
        return step(what, ledger, layout.kept_ledger, revision)
    # Not the environment that this runs from: whom the data belong to may not be able to read it.
    python = next(str(python) for python in layout.versions.glob("*/bin/python") if _has_steps(python.parents[1]))
    rights = ("setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", "--")
    module = ("-P", "-m", "investiq.operate.deploy.kept_ledger", what, str(ledger), str(layout.kept_ledger))
    done = run([*rights, python, *module, *([revision] if revision else [])], _LEDGER_SECONDS, {})
    if not done.succeeded:
        raise CannotInstall(f"the ledger {ledger} cannot be copied: {done.output.strip()[-300:]}")
    return done.output.strip() or None


def _has_steps(version: Path) -> bool:
    """Whether it knows the steps of `kept_ledger`."""
    return any(version.glob("lib/*/site-packages/investiq/operate/deploy/kept_ledger.py"))


def _refuse_newer_ledger(layout: Layout, previous: Path, config: Config) -> None:
    files = previous.glob("lib/*/site-packages/investiq/foundation/store/migrations/versions/r*.py")
    known = {file.name[1:5] for file in files}
    revision = _ledger(layout, config, LedgerStep.REVISION)
    if revision is not None and known and revision not in known:
        raise CannotInstall(
            f"the ledger is at revision {revision}, which {previous.name} does not know: restore a backup from before "
            f"the upgrade (`investiq restore`), or put {layout.kept_ledger} in its place and lose what was traded since"
        )


# ---- files ----


def _write_files(layout: Layout) -> Config:
    """The files beside the versions; the configuration only where there is none. Returns what it says."""
    for folder in (layout.configuration, layout.credentials, layout.state):
        folder.mkdir(mode=0o755 if folder == layout.configuration else 0o700, parents=True, exist_ok=True)
    layout.configuration.chmod(0o755)
    if not layout.config_file.exists():
        replace_whole(layout.config_file, default_configuration(layout), 0o644)
    for file, text in system_files(layout).items():
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(file, text, 0o755 if file == layout.command else 0o644)
    return load(layout.config_file, {}).config


def _keep_units(layout: Layout, version: Path, config: Config) -> None:
    """Render the units of a version into it: an older one is started by the units that it came with."""
    folder = version / _UNITS
    folder.mkdir(exist_ok=True)
    for name, text in render_units(layout, config).items():
        replace_whole(folder / name, text, 0o644)


def _put_units(layout: Layout, version: Path) -> None:
    layout.units.mkdir(parents=True, exist_ok=True)
    for unit in sorted((version / _UNITS).iterdir()):
        replace_whole(layout.units / unit.name, unit.read_text("utf-8"), 0o644)


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """No other installation at the same time; files are for all to read."""
    mask = os.umask(0o022)
    try:
        layout.program.mkdir(parents=True, exist_ok=True)
        with layout.lock.open("w") as lock:
            try:
                flock(lock, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                raise CannotInstall("another `investiq install` is at work there: wait for its end") from None
            yield
    except PermissionError as error:
        where = error.filename or layout.prefix
        raise CannotInstall(
            f"{where}: no right to write there: run it as root, or name a --prefix of your own"
        ) from error
    finally:
        os.umask(mask)
