"""What nginx is started with: the program itself accepts it, and what nobody can be given is refused before."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.schema import EdgeConfig, MonitoringConfig
from investiq.foundation.contract.edge import Door
from investiq.operate.edge.files import check_config, forget_passes, version_of, write_edge
from investiq.operate.edge.nginx import EdgeError, edge_files
from investiq.operate.edge.users import EdgeUsers
from investiq.operate.render.web_config import provide_passwords
from tests.e2e.edge import certificate
from tests.operate.edge.running import NGINX, needs_nginx

OLD, NEW = (1, 22, 1), (1, 26, 3)
NAMES = {door.value: f"{door}.example.org" for door in Door}


def config_of(folder: Path, **edge: Any) -> Config:
    made = certificate(folder / "tls", *NAMES.values())
    settings = {"enabled": True, "certificate": made[0], "certificate_key": made[1], **NAMES, **edge}
    config = Config(
        data_dir=folder / "data", monitoring=MonitoringConfig(grafana=True), edge=EdgeConfig.model_validate(settings)
    )
    provide_passwords(config)
    return config


@needs_nginx
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "::1", "localhost"])  # noqa: S104  rendered, not bound
@pytest.mark.parametrize("auth", ["session", "basic"])
def test_nginx_accepts_what_is_written(tmp_path: Path, host: str, auth: str) -> None:
    config = config_of(tmp_path, host=host, auth=auth)
    EdgeUsers(config).add("mary")
    write_edge(config, NGINX)
    assert check_config(NGINX, Paths.of(config).edge) == ""


@needs_nginx
def test_nginx_accepts_the_console_alone(tmp_path: Path) -> None:
    config = config_of(tmp_path, **dict.fromkeys(("api", "grafana", "prometheus", "alertmanager")))
    write_edge(config, NGINX)
    assert check_config(NGINX, Paths.of(config).edge) == ""


@needs_nginx
@pytest.mark.parametrize("auth", ["session", "basic"])
def test_gixy_finds_no_mistake_that_nginx_accepts(tmp_path: Path, auth: str) -> None:
    config = config_of(tmp_path, auth=auth)
    EdgeUsers(config).add("mary")
    write_edge(config, NGINX)
    # The other one is about worker processes, of which there are none.
    skipped = ("--skips", "worker_rlimit_nofile_vs_connections")
    command = [sys.executable, "-m", "gixy.cli.main", "--format", "json", *skipped]
    done = subprocess.run(
        [*command, str(Paths.of(config).edge / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert [(issue["plugin"], issue["reason"]) for issue in json.loads(done.stdout)] == []


def test_http2_is_spelled_as_the_version_wants_it(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    old, new = (edge_files(config, version)["nginx.conf"] for version in (OLD, NEW))
    assert "ssl http2" in old
    assert "http2 on;" not in old
    assert "ssl http2" not in new
    assert new.count("http2 on;") == 1 + len(Door)
    assert edge_files(config, (1, 25, 0))["nginx.conf"] == old


def test_no_secret_stands_in_the_configuration_itself(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    files = edge_files(config, OLD)
    for file in Paths.of(config).keys.iterdir():
        assert file.read_text().strip() not in files["nginx.conf"]
    assert re.findall("@[A-Z]", files["nginx.conf"]) == []


@needs_nginx
def test_a_secret_of_an_earlier_pass_is_not_kept(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    write_edge(config, NGINX)
    kept = Paths.of(config).edge / "passes" / "a" / "0123456789abcdef0123456789abcdea"
    kept.parent.mkdir()
    kept.write_text("KEY: console|read|a pass")
    forget_passes(config)
    assert not kept.exists()


def test_a_certificate_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    config = config_of(tmp_path, certificate=tmp_path / "none.pem")
    with pytest.raises(EdgeError, match=r"none\.pem is not there: `investiq edge certificate`"):
        edge_files(config, OLD)


@pytest.mark.parametrize("name", ['a"b', "a$b", "a\\b", "a\nb"])
def test_a_path_that_nginx_would_read_as_something_else_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("")
    with pytest.raises(EdgeError, match="nginx cannot be given the path"):
        edge_files(config_of(tmp_path, certificate=path), OLD)


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="belong together"):
        edge_files(config_of(tmp_path, certificate_key=None), OLD)


def test_a_host_for_grafana_needs_grafana(tmp_path: Path) -> None:
    config = config_of(tmp_path).model_copy(update={"monitoring": MonitoringConfig()})
    with pytest.raises(EdgeError, match=r"set monitoring\.grafana"):
        edge_files(config, OLD)


def test_basic_auth_needs_somebody_who_may_come_in(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="nobody has a password yet"):
        edge_files(config_of(tmp_path, auth="basic"), OLD)


@pytest.mark.parametrize("hashed", ["$2y$04$" + "a" * 53, "$apr1$x$y", "{SHA}x", "plain", "$2b$09$" + "a" * 53])
def test_basic_auth_with_a_hash_that_is_quickly_guessed_is_refused(tmp_path: Path, hashed: str) -> None:
    config = config_of(tmp_path, auth="basic")
    EdgeUsers(config).add("mary")
    with Paths.of(config).edge_users.open("a") as file:
        file.write(f"bob:{hashed}\n")
    with pytest.raises(EdgeError, match="the password of bob is kept in a way that is quickly guessed"):
        edge_files(config, OLD)


@pytest.mark.parametrize(
    ("edge", "fault"),
    [
        ({"enabled": True}, "needs a name for the console"),
        ({"console": "a.example", "api": "A.example"}, "two hosts are called a.example"),
        ({"console": "a.example; return 200"}, "names what is no host"),
    ],
)
def test_settings_that_cannot_be_are_refused(edge: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        EdgeConfig.model_validate(edge)


def test_what_is_no_nginx_is_said(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="names no version of nginx"):
        version_of("/bin/true")
    with pytest.raises(EdgeError, match="cannot be started"):
        version_of(str(tmp_path / "none"))
