"""docker-compose.yml: what is true of every service, and what each program's container gets to read."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths, load
from investiq.foundation.config.schema import NotifyConfig
from investiq.monitoring.scraping.jobs import jobs
from investiq.operate.deploy.containers.compose import compose_document, container_files, services
from investiq.operate.deploy.containers.images import Image, images
from investiq.operate.deploy.containers.network import SERVICES, container_config, settings
from investiq.operate.deploy.containers.reading import READERS, prepare
from investiq.operate.deploy.containers.service import USER

DOCUMENT = compose_document()
ROWS: dict[str, dict[str, Any]] = DOCUMENT["services"]


@pytest.mark.parametrize("name", ROWS)
def test_every_service_may_do_as_little_as_it_needs(name: str) -> None:
    row = ROWS[name]
    assert row["user"] == USER
    assert (row["read_only"], row["init"]) == (True, True)
    assert (row["cap_drop"], row["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert all("noexec" in mount for mount in row["tmpfs"])
    assert set(row["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert row["logging"]["options"]["max-size"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc"} & set(row)


@pytest.mark.parametrize("name", ROWS)
def test_only_loopback_is_published_and_nothing_of_the_host_is_mounted(name: str) -> None:
    row = ROWS[name]
    assert {port["host_ip"] for port in row.get("ports", ())} <= {"127.0.0.1"}
    binds = [mount for mount in row.get("volumes", ()) if mount["type"] == "bind"]
    assert all(mount["source"].startswith("${") and mount["read_only"] for mount in binds)


def test_what_must_not_leave_is_in_internal_networks_only() -> None:
    internal = {name for name, row in DOCUMENT["networks"].items() if row.get("internal")}
    closed = {name for name, row in ROWS.items() if set(row["networks"]) <= internal}
    assert closed == {"init", "model", "inbox", "signal-models", "agent", "node-exporter"}
    assert all("ports" not in ROWS[name] for name in closed), "an internal network publishes nothing"


def test_a_service_without_a_profile_requires_none_that_has_one() -> None:
    for name, row in ROWS.items():
        for needed, how in row.get("depends_on", {}).items():
            assert "profiles" not in ROWS[needed] or "profiles" in row or how.get("required") is False, (name, needed)


def test_the_names_are_those_of_the_guide() -> None:
    containers = {name: row["container_name"] for name, row in ROWS.items()}
    assert containers["api-server"] == "investiq-api"
    assert containers["blackbox-exporter"] == "investiq-blackbox"
    assert {"investiq-prometheus", "investiq-alertmanager", "investiq-grafana"} <= set(containers.values())
    assert (DOCUMENT["name"], {"prometheus_data", "grafana_data"} <= set(DOCUMENT["volumes"])) == ("investiq", True)


def test_every_image_has_an_exact_version_and_none_is_latest() -> None:
    assert all(any(character.isdigit() for character in image.tag) for image in images().values())
    assert Image("a/b", "1.2", "sha256:0").reference == "a/b:1.2@sha256:0"


def test_only_who_builds_our_image_may_fetch_it() -> None:
    """The others would ask a registry for an image that is only here."""
    ours = {name: row for name, row in ROWS.items() if row["image"].startswith("${PRODUCT_IMAGE")}
    assert {name for name, row in ours.items() if "build" in row} == {"init"}
    assert {row["pull_policy"] for name, row in ours.items() if name != "init"} == {"never"}


def test_the_variables_of_our_containers_are_the_configuration_that_was_rendered() -> None:
    given = {name: value.replace("${INVESTIQ_WEB_PUBLIC_URL:-", "").rstrip("}") for name, value in settings().items()}
    assert load(environ=given).config == container_config()


def test_prometheus_finds_every_part_by_its_service_and_shows_ours_the_token() -> None:
    rendered = yaml.safe_load(container_files()[_path("monitoring/containers/prometheus.yml")])
    scraped = {row["job_name"]: row for row in rendered["scrape_configs"]}
    for process in topology.scraped(container_config()):
        row = scraped[process.job]
        assert row["static_configs"][0]["targets"] == [f"{SERVICES[process.name]}:{ROWS_PORT[process.name]}"]
        assert ("authorization" in row) == (process in topology.OURS)
    assert "127.0.0.1" not in json.dumps([job.targets for job in jobs(container_config())])


def test_the_probe_of_the_api_shows_the_token_from_another_machine_only() -> None:
    rendered = yaml.safe_load(container_files()[_path("monitoring/containers/blackbox.yml")])
    shown = rendered["modules"]["http_health"]["http"]["authorization"]
    assert shown == {"type": "Bearer", "credentials_file": "/var/lib/investiq/monitoring/metrics_token"}


def test_committed_files_hold_no_secret_of_a_machine() -> None:
    assert all("${DISCORD" not in text for text in container_files().values())


# ---- what each program reads ----


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    for name in READERS:
        (tmp_path / "volumes" / name).mkdir(parents=True)
    return tmp_path / "volumes"


def configured(tmp_path: Path, **changes: Any) -> Config:
    return container_config().model_copy(update={"data_dir": tmp_path / "data", **changes})


def test_each_program_reads_its_files_and_no_key_of_another(tmp_path: Path, volumes: Path) -> None:
    prepare(configured(tmp_path), volumes)
    keys = {name: {file.name for file in (volumes / name / "keys").iterdir()} for name in READERS}
    assert keys == {
        "prometheus": {f"{name}.password" for name in ("alertmanager", "blackbox", "node", "prometheus")},
        "alertmanager": {"alertmanager.password", "heartbeat.token", "inbox.token"},
        "blackbox": {"blackbox.password"},
        "node": {"node.password"},
        "grafana": {"alertmanager.password", "grafana.password", "prometheus.password"},
    }
    assert (volumes / "prometheus/monitoring/rules/api.yml").is_file()
    assert (volumes / "grafana/monitoring/grafana/dashboards/overview.json").is_file()
    assert not (volumes / "node/monitoring/prometheus.yml").exists()
    modes = {stat.S_IMODE(file.stat().st_mode) for file in volumes.rglob("*") if file.is_file()}
    assert modes == {0o600}


def test_a_second_start_keeps_every_secret_and_brings_what_changed(tmp_path: Path, volumes: Path) -> None:
    prepare(configured(tmp_path), volumes)
    token = Paths.of(configured(tmp_path)).metrics_token.read_text()
    (volumes / "prometheus/monitoring/rules/gone.yml").write_text("groups: []")
    discord = "https://discord.com/api/webhooks/1/token"
    prepare(configured(tmp_path, notify=NotifyConfig(discord_webhook_url=discord)), volumes)
    assert Paths.of(configured(tmp_path)).metrics_token.read_text() == token
    assert discord in (volumes / "alertmanager/monitoring/alertmanager.yml").read_text()
    assert not (volumes / "prometheus/monitoring/rules/gone.yml").exists(), "Prometheus loads whatever lies there"


def test_a_link_in_a_volume_leads_nowhere(tmp_path: Path, volumes: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (volumes / "node/monitoring").mkdir()
    (volumes / "node/monitoring/http.yml").symlink_to(outside)
    prepare(configured(tmp_path), volumes)
    assert outside.read_text() == "mine"
    assert not (volumes / "node/monitoring/http.yml").is_symlink()


def test_a_program_without_a_volume_is_left_out(tmp_path: Path, volumes: Path) -> None:
    (volumes / "grafana").rmdir()
    assert {folder.name for folder in prepare(configured(tmp_path), volumes)} == set(READERS) - {"grafana"}


def test_every_service_that_runs_for_long_says_how_it_is() -> None:
    assert [service.name for service in services() if service.health is None and not service.once] == []


def _path(text: str) -> Any:
    return next(path for path in container_files() if str(path) == text)


ROWS_PORT = {process.name: int(process.target(container_config()).rpartition(":")[2]) for process in topology.PROCESSES}
