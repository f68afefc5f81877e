"""The rendered files: the committed copy is current, secrets stay in 0600 files, and the programs accept them."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from investiq.foundation.checkout import checkout
from investiq.foundation.config import Config
from investiq.foundation.config.schema import ApiConfig, NotifyConfig, ServiceConfig
from investiq.operate.render.files import (
    HEADER,
    RenderError,
    render_committed,
    render_runtime,
    write_committed,
    write_runtime,
)
from tests.monitoring.services import SERVICES

DISCORD = "https://discord.com/api/webhooks/1/discord-token"
PAGERDUTY = "0123456789abcdef0123456789abcdef"
WEBHOOK = "https://hook.example/own-token"
ALL_RECEIVERS = NotifyConfig(discord_webhook_url=DISCORD, pagerduty_key=PAGERDUTY, webhook_url=WEBHOOK)


def test_the_committed_files_are_what_the_source_renders() -> None:
    root = checkout()
    differing = [str(path) for path, text in render_committed().items() if (root / path).read_text("utf-8") != text]
    assert differing == [], "run `investiq render`"


def test_committed_files_say_that_they_are_rendered() -> None:
    assert all(text.startswith(HEADER) for path, text in render_committed().items() if path.suffix == ".yml")


def test_rendering_twice_writes_nothing_the_second_time(tmp_path: Path) -> None:
    assert len(write_committed(tmp_path)) == len(render_committed())
    assert write_committed(tmp_path) == ()
    assert (tmp_path / "monitoring/validate.sh").stat().st_mode & stat.S_IXUSR


def test_files_with_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    config = Config(notify=ALL_RECEIVERS, api=ApiConfig(metrics_token="scrape-token"))
    directory = tmp_path / "monitoring"
    written = write_runtime(config, directory)
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert (directory / "metrics_token").read_text("utf-8") == "scrape-token"
    assert "scrape-token" not in (directory / "prometheus.yml").read_text("utf-8")
    text = (directory / "alertmanager.yml").read_text("utf-8")
    assert DISCORD in text
    assert PAGERDUTY in text
    assert WEBHOOK in text


def test_a_file_that_others_could_read_is_closed_by_the_next_start(tmp_path: Path) -> None:
    write_runtime(Config(), tmp_path)
    (tmp_path / "alertmanager.yml").chmod(0o644)
    write_runtime(Config(), tmp_path)
    assert stat.S_IMODE((tmp_path / "alertmanager.yml").stat().st_mode) == 0o600


def test_no_temporary_file_stays_and_what_is_no_longer_rendered_goes(tmp_path: Path) -> None:
    write_runtime(Config(api=ApiConfig(metrics_token="an-older-token")), tmp_path)
    (tmp_path / "rules/gone.yml").write_text("groups: []", "utf-8")
    written = write_runtime(Config(), tmp_path)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)


@pytest.mark.parametrize(
    ("notify", "setting"),
    [
        (NotifyConfig(discord_webhook_url="${DISCORD_WEBHOOK_URL}"), "notify.discord_webhook_url"),
        (NotifyConfig(discord_webhook_url="https://discord.com/${TOKEN}"), "notify.discord_webhook_url"),
        (NotifyConfig(webhook_url="hook.example/x"), "notify.webhook_url"),
        (NotifyConfig(pagerduty_key="${PAGERDUTY_KEY}"), "notify.pagerduty_key"),
    ],
)
def test_a_receiver_that_cannot_work_is_refused_by_its_setting_and_never_shown(
    tmp_path: Path, notify: NotifyConfig, setting: str
) -> None:
    with pytest.raises(RenderError, match=setting) as raised:
        write_runtime(Config(notify=notify), tmp_path)
    assert "${" not in raised.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_this_machine_lacks_is_not_scraped() -> None:
    assert "job_name: node" not in render_runtime(Config(), without=("node",))["prometheus.yml"]


@pytest.mark.parametrize("notify", [NotifyConfig(), ALL_RECEIVERS, NotifyConfig(pagerduty_key=PAGERDUTY)])
def test_the_programs_accept_the_files_of_this_machine(tmp_path: Path, notify: NotifyConfig) -> None:
    write_runtime(Config(notify=notify, api=ApiConfig(metrics_token="scrape-token")), tmp_path)
    _accept(tmp_path)


def test_the_programs_accept_the_committed_files() -> None:
    _accept(checkout() / "monitoring")


def _accept(directory: Path) -> None:
    blackbox = shutil.which("prometheus-blackbox-exporter") or "blackbox_exporter"
    for command in (
        ["promtool", "check", "config", str(directory / "prometheus.yml")],
        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", *map(str, directory.glob("rules/*.yml"))],
        ["amtool", "check-config", str(directory / "alertmanager.yml")],
        [blackbox, "--config.check", f"--config.file={directory / 'blackbox.yml'}"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_service_that_has_the_name_of_a_part_is_refused() -> None:
    config = Config(services=(ServiceConfig(name="frontend", url="http://127.0.0.1:8080"),))
    with pytest.raises(RenderError, match="frontend is a scrape job of InvestIQ itself: give the service another name"):
        render_runtime(config)


def test_a_service_whose_token_is_not_there_is_refused_before_prometheus_fails_each_scrape(tmp_path: Path) -> None:
    billing = ServiceConfig(name="billing", url="http://127.0.0.1:8080", token_file=tmp_path / "billing.token")
    with pytest.raises(RenderError, match=r"billing: token_file .*billing\.token is not there"):
        render_runtime(Config(services=(billing,)))
    (tmp_path / "billing.token").write_text("secret", "utf-8")
    assert (
        f"credentials_file: {tmp_path}/billing.token" in render_runtime(Config(services=(billing,)))["prometheus.yml"]
    )


def test_the_programs_accept_files_with_services_of_the_user(tmp_path: Path) -> None:
    write_runtime(Config(services=SERVICES), tmp_path)
    for command in (
        ("promtool", "check", "config", "prometheus.yml"),
        ("prometheus-blackbox-exporter", "--config.check", "--config.file", "blackbox.yml"),
    ):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "ServiceDown" in (tmp_path / "rules/services.yml").read_text("utf-8")
