"""The units are what systemd takes, and confine what they run: by systemd's own judgement."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from investiq.foundation.config import Config
from investiq.operate.deploy.layout import BACKUP, SERVICE, Layout
from investiq.operate.deploy.systemd import default_configuration, render_units, system_files

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")

MOST_EXPOSED = {SERVICE: 2.0, BACKUP[0]: 1.6}
"""What `systemd-analyze security` may say at most: 0 is confined, 10 is not; docs/install.md says why not less."""


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def units(tmp_path: Path) -> Path:
    layout = Layout(tmp_path)
    python = layout.current / "bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(shutil.which("true") or "/bin/true")
    for name, text in render_units(layout, Config()).items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_systemd_has_nothing_to_say_against_the_units(units: Path) -> None:
    assert _run("systemd-analyze", "verify", "--man=no", *(str(units / name) for name in (SERVICE, *BACKUP))) == ""


@pytest.mark.parametrize("unit", MOST_EXPOSED)
def test_a_service_is_confined(units: Path, unit: str) -> None:
    shown = _run("systemd-analyze", "security", "--offline=true", str(units / unit))
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", shown)
    assert exposure is not None
    assert float(exposure[1]) <= MOST_EXPOSED[unit], shown


def test_the_user_and_the_folders_are_made_by_systemd(tmp_path: Path) -> None:
    layout = Layout(Path("/"))
    files = system_files(layout)
    config = tmp_path / "users.conf"
    config.write_text(files[layout.sysusers])
    (tmp_path / "etc").mkdir()
    _run("systemd-sysusers", "--root", str(tmp_path), str(config))
    assert "investiq:" in (tmp_path / "etc/passwd").read_text()
    assert f"d {layout.credentials} 0700 root root" in files[layout.tmpfiles]


def test_a_port_below_1024_is_the_one_capability() -> None:
    plain = Config()
    edge = plain.edge.model_copy(update={"enabled": True, "port": 443})
    layout = Layout(Path("/"))
    assert "CapabilityBoundingSet=\n" in render_units(layout, plain)[SERVICE]
    bound = render_units(layout, plain.model_copy(update={"edge": edge}))[SERVICE]
    assert "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n" in bound


def test_the_first_configuration_is_one(tmp_path: Path) -> None:
    from investiq.foundation.config import load

    file = tmp_path / "investiq.toml"
    file.write_text(default_configuration(Layout(Path("/"))))
    config = load(file, {}).config
    assert (str(config.data_dir), config.backup.schedule) == ("/var/lib/investiq/data", "external")


def test_a_secret_in_the_folder_of_credentials_reaches_the_configuration(tmp_path: Path) -> None:
    """systemd names the files of a folder `ID_FILE`, and `ID` is `investiq` (systemd.exec(5), LoadCredential=)."""
    from investiq.foundation.config import load

    assert "LoadCredential=investiq:" in render_units(Layout(Path("/")), Config())[SERVICE]
    (tmp_path / "investiq_notify_pagerduty_key").write_text("0123456789abcdef0123456789abcdef")
    config = load(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).config
    assert config.notify.pagerduty_key is not None
