"""An upgrade is whole or did not happen: whatever fails, and wherever it is killed, a version that works is current."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from investiq.foundation.config.load import ConfigError
from investiq.operate.deploy import install as module
from investiq.operate.deploy.install import UpgradeFailed, install, remove, roll_back
from investiq.operate.deploy.layout import BACKUP, SERVICE, Layout
from investiq.operate.deploy.systemd import ServiceFailed
from investiq.operate.deploy.versions import CannotInstall, target_of


@dataclass
class FakeService:
    """Runs nothing, and says of each version what a test wants.

    Attributes:
        sick: versions that do not become well.
        on_start: what the started version does to the data.
    """

    layout: Layout
    sick: set[str] = field(default_factory=set)
    on_start: Callable[[str], None] = lambda version: None
    running: str | None = None
    enabled: bool | None = None

    def reload(self) -> None: ...
    def reload_units(self) -> None: ...

    def start(self) -> None:
        current = target_of(self.layout.current)
        assert current is not None
        self.on_start(current.name)
        if current.name in self.sick:
            raise ServiceFailed(f"{current.name} is sick")
        self.running = current.name

    def stop(self) -> None:
        self.running = None

    def enable(self, backup: bool) -> None:
        self.enabled = backup

    def disable(self) -> None:
        self.running = self.enabled = None


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "server")


@pytest.fixture
def service(layout: Layout) -> FakeService:
    return FakeService(layout)


@pytest.fixture
def deploy(layout: Layout, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], module.Installed]:
    """Installs a version of a name."""

    def deploy(version: str) -> module.Installed:
        (layout.versions / version).mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(module, "this_version", lambda: version)
        return install(layout, service, lambda _: None)

    return deploy


def _ledger(layout: Layout, revision: str, *orders: str) -> None:
    layout.data.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(layout.data / "ledger.db")) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
        connection.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT)")
        connection.execute("DELETE FROM alembic_version")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        connection.executemany("INSERT INTO orders VALUES (?)", [(order,) for order in orders])


def _orders(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM orders ORDER BY id")]


def test_the_first_installation_runs_and_starts_again_at_the_next_boot(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    done = deploy("1")
    assert (done.version, done.previous, service.running, service.enabled) == ("1", None, "1", True)
    assert all((layout.units / name).is_file() for name in (SERVICE, *BACKUP))
    assert layout.credentials.stat().st_mode & 0o777 == 0o700
    assert not layout.journal.exists()


def test_an_upgrade_keeps_configuration_and_the_version_before(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    deploy("1")
    text = layout.config_file.read_text() + "\n[api]\nport = 3333\n"
    layout.config_file.write_text(text)
    assert deploy("2") == module.Installed("2", "1", True, True)
    assert layout.config_file.read_text() == text
    deploy("3")
    assert sorted(version.name for version in layout.versions.iterdir()) == ["2", "3"]


def test_the_same_version_again_stays_what_it_is(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    deploy("1")
    deploy("2")
    assert deploy("2") == module.Installed("2", "1", False, True)
    assert roll_back(layout, service, lambda _: None).version == "1"


def test_a_version_that_does_not_become_well_makes_room_for_the_one_before(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    deploy("1")
    service.sick = {"2"}
    with pytest.raises(UpgradeFailed, match=r"2 is sick\. 1 runs again"):
        deploy("2")
    assert service.running == "1"
    assert target_of(layout.current) == layout.versions / "1"


def test_each_version_is_started_by_the_units_that_it_came_with(
    layout: Layout,
    service: FakeService,
    deploy: Callable[[str], module.Installed],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "render_units", lambda layout, config: {SERVICE: "of the first"})
    deploy("1")
    monkeypatch.setattr(module, "render_units", lambda layout, config: {SERVICE: "of a later one"})
    deploy("2")
    assert (layout.units / SERVICE).read_text() == "of a later one"
    roll_back(layout, service, lambda _: None)
    assert (layout.units / SERVICE).read_text() == "of the first"
    service.sick = {"3"}
    with pytest.raises(UpgradeFailed):
        deploy("3")
    assert (layout.units / SERVICE).read_text() == "of the first"


def test_a_fault_of_the_configuration_is_told_before_anything_is_stopped(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    deploy("1")
    layout.config_file.write_text("[api]\nport = 0\n")
    with pytest.raises(ConfigError, match=r"api\.port"):
        deploy("2")
    assert service.running == "1"


def test_a_first_installation_that_does_not_become_well_says_so(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    service.sick = {"1"}
    with pytest.raises(ServiceFailed, match="1 is sick"):
        deploy("1")
    service.sick = set()
    assert deploy("1").version == "1"


def test_a_ledger_that_the_old_version_cannot_read_is_put_back_and_nothing_is_lost(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    deploy("1")
    _ledger(layout, "0006", "before")
    service.sick = {"2"}
    service.on_start = lambda version: _ledger(layout, "0007", "meanwhile") if version == "2" else None
    with pytest.raises(UpgradeFailed):
        deploy("2")
    assert _orders(layout.data / "ledger.db") == ["before"]
    (aside,) = layout.data.glob("ledger.2*.db")
    assert _orders(aside) == ["before", "meanwhile"]


def test_a_ledger_that_was_not_migrated_keeps_what_was_traded(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    deploy("1")
    _ledger(layout, "0006", "before")
    service.sick = {"2"}
    service.on_start = lambda version: _ledger(layout, "0006", "meanwhile") if version == "2" else None
    with pytest.raises(UpgradeFailed):
        deploy("2")
    assert _orders(layout.data / "ledger.db") == ["before", "meanwhile"]


def test_a_rollback_to_a_version_that_cannot_read_the_ledger_is_refused(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    migrations = layout.versions / "1/lib/python3/site-packages/investiq/foundation/store/migrations/versions"
    migrations.mkdir(parents=True)
    (migrations / "r0006_first.py").touch()
    deploy("1")
    deploy("2")
    _ledger(layout, "0007")
    with pytest.raises(CannotInstall, match="revision 0007, which 1 does not know"):
        roll_back(layout, service, lambda _: None)
    assert service.running == "2"
    _ledger(layout, "0006")
    assert roll_back(layout, service, lambda _: None).version == "1"
    assert roll_back(layout, service, lambda _: None).version == "2"


def test_without_a_version_before_there_is_no_rollback(layout: Layout, service: FakeService) -> None:
    with pytest.raises(CannotInstall, match="no version to go back to"):
        roll_back(layout, service, lambda _: None)


KILLED_AT_START = """
import os, signal, sys
from pathlib import Path
from investiq.operate.deploy import install as module
from investiq.operate.deploy.layout import Layout
from investiq.operate.deploy.systemd import NoService

class Killed(NoService):
    def start(self):
        os.kill(os.getpid(), signal.SIGKILL)

module.this_version = lambda: "2"
module.install(Layout(Path(sys.argv[1])), Killed(), print)
"""


def test_an_upgrade_that_is_killed_is_put_back_by_the_next_command(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    deploy("1")
    _ledger(layout, "0006", "before")
    (layout.versions / "2").mkdir()
    killed = subprocess.run([sys.executable, "-c", KILLED_AT_START, str(layout.prefix)], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    _ledger(layout, "0007", "meanwhile")  # the new version had started already
    assert layout.journal.exists()
    started: list[str] = []
    service.on_start = started.append
    deploy("1")
    assert started[0] == "1"
    assert (service.running, _orders(layout.data / "ledger.db")) == ("1", ["before"])


def test_what_a_killed_copy_left_behind_is_removed(layout: Layout, deploy: Callable[[str], module.Installed]) -> None:
    draft = layout.versions / "2.partial"
    (draft / "lib").mkdir(parents=True)
    deploy("1")
    assert not draft.exists()


def test_two_at_once_are_refused(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    deploy("1")

    def second(_: str) -> None:
        with pytest.raises(CannotInstall, match="is at work there"):
            roll_back(layout, service, lambda _: None)

    service.on_start = second
    deploy("2")


def test_removal_keeps_the_data_unless_it_is_purged(
    layout: Layout, service: FakeService, deploy: Callable[[str], module.Installed]
) -> None:
    deploy("1")
    _ledger(layout, "0006", "mine")
    assert remove(layout, service, purge=False) == [layout.configuration, layout.state]
    left = {path.relative_to(layout.prefix) for path in layout.prefix.rglob("*") if path.is_file() or path.is_symlink()}
    assert left == {Path("etc/investiq/investiq.toml"), Path("var/lib/investiq/data/ledger.db")}
    assert remove(layout, service, purge=True) == []
    with pytest.raises(CannotInstall, match="nothing is installed"):
        remove(layout, service, purge=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_without_the_right_to_write_it_names_what_to_do(service: FakeService) -> None:
    with pytest.raises(CannotInstall, match="run it as root, or name a --prefix"):
        install(Layout(Path("/")), service, lambda _: None)


def test_a_clone_says_how_to_make_a_version(layout: Layout, service: FakeService) -> None:
    with pytest.raises(CannotInstall, match="make wheel"):
        install(layout, service, lambda _: None)
