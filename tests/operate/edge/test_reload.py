"""A reload of the real nginx: what is new counts, and what is broken leaves the old one running."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from investiq.foundation.config import Config, Paths
from investiq.operate.edge.files import write_edge
from investiq.operate.edge.nginx import EdgeError
from investiq.operate.edge.reload import reload_edge
from tests.e2e.edge import AUTHORITY, certificate
from tests.operate.edge.running import NGINX, needs_nginx, nginx_in
from tests.operate.edge.test_nginx import NAMES, config_of
from tests.ports import free_ports

pytestmark = needs_nginx


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Config]:
    port, status = free_ports(2)
    config = config_of(tmp_path, port=port, status_port=status)
    write_edge(config, NGINX)
    with nginx_in(Paths.of(config).edge, port):
        yield config


def changed(config: Config, **edge: Any) -> Config:
    return config.model_copy(update={"edge": config.edge.model_copy(update=edge)})


def shown(config: Config, port: int | None = None) -> str:
    """The serial number of the certificate that a client is shown."""
    trusted = ssl.create_default_context(cafile=str(config.data_dir.parent / "tls" / AUTHORITY))
    asked = ("127.0.0.1", port or config.edge.port)
    with (
        socket.create_connection(asked, timeout=10) as connection,
        trusted.wrap_socket(connection, server_hostname=NAMES["console"]) as tls,
    ):
        return str((tls.getpeercert() or {})["serialNumber"])


def test_a_renewed_certificate_is_shown_after_a_reload_and_not_before(running: Config, tmp_path: Path) -> None:
    before = shown(running)
    certificate(tmp_path / "tls", *NAMES.values())
    assert shown(running) == before
    reload_edge(running)
    assert shown(running) != before


def test_another_port_counts_after_a_reload(running: Config) -> None:
    (port,) = free_ports(1)
    reload_edge(changed(running, port=port))
    assert shown(running, port)


def test_a_key_of_another_certificate_leaves_the_old_one_running(running: Config, tmp_path: Path) -> None:
    before = shown(running)
    other = certificate(tmp_path / "other", *NAMES.values())
    assert running.edge.certificate_key is not None
    running.edge.certificate_key.write_bytes(other[1].read_bytes())
    with pytest.raises(EdgeError, match="belongs to another certificate"):
        reload_edge(running)
    assert shown(running) == before


def test_what_nginx_refuses_changes_no_file_and_leaves_the_old_one_running(running: Config) -> None:
    folder, before = Paths.of(running).edge, shown(running)
    files = {path.name: path.read_bytes() for path in folder.glob("*.conf")}
    with pytest.raises(EdgeError, match=r"nginx would not start with what is configured: .*host not found"):
        reload_edge(changed(running, host="none.invalid"))
    assert {path.name: path.read_bytes() for path in folder.glob("*.conf")} == files
    assert not (folder / "draft").exists()
    assert shown(running) == before


def test_a_taken_port_which_nginx_sees_too_late_is_said(running: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("investiq.operate.edge.reload._SECONDS", 1.0)
    before = shown(running)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(EdgeError, match="it goes on with what it had"):
            reload_edge(changed(running, port=taken.getsockname()[1]))
        assert shown(running) == before


def test_a_request_that_is_under_way_is_not_lost(running: Config, tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cafile=str(tmp_path / "tls" / AUTHORITY))
    asked = ("127.0.0.1", running.edge.port)
    with (
        socket.create_connection(asked, timeout=10) as connection,
        trusted.wrap_socket(connection, server_hostname=NAMES["console"]) as tls,
    ):
        tls.sendall(b"GET /health HTTP/1.1\r\n")
        reload_edge(running)
        tls.sendall(f"Host: {NAMES['console']}\r\nConnection: close\r\n\r\n".encode())
        assert tls.recv(4096).startswith(b"HTTP/1.1 200")


def test_without_a_running_edge_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="the edge does not run: `investiq up` starts it"):
        reload_edge(config_of(tmp_path))
