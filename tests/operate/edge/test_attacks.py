"""What strangers try at the real nginx: what arrives behind it, and whom they keep out."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.schema import ApiConfig, MonitoringConfig, WebConfig
from investiq.operate.edge.files import write_edge
from investiq.operate.edge.users import EdgeUsers
from tests.operate.edge.running import NGINX, needs_nginx, nginx_in
from tests.operate.edge.test_nginx import NAMES, config_of
from tests.operate.edge.upstream import Arrived, upstream
from tests.ports import free_ports

pytestmark = needs_nginx

CONSOLE = NAMES["console"]
SPOOFED = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "for=127.0.0.1", "10.0.0.7, 127.0.0.1")


@dataclass
class Edge:
    """A running nginx, and what arrives behind it."""

    config: Config
    arrived: Arrived

    def connected(self, name: str = CONSOLE, source: str = "127.0.0.1") -> ssl.SSLSocket:
        """A connection as a client has it that accepts any certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.config.edge.port), 10, (source, 0))
        return context.wrap_socket(plain, server_hostname=name)

    def send(self, raw: str | bytes, name: str = CONSOLE) -> bytes:
        """All that is answered to these bytes, until nginx ends the connection or waits for more."""
        with self.connected(name) as connection:
            connection.settimeout(1)
            answer = b""
            with contextlib.suppress(TimeoutError, ConnectionError, ssl.SSLError):
                connection.sendall(raw.encode("latin-1") if isinstance(raw, str) else raw)
                while chunk := connection.recv(65_536):
                    answer += chunk
            return answer

    def status(self, path: str = "/", host: str = CONSOLE, name: str = CONSOLE, **headers: str) -> int:
        """What one request is answered."""
        more = "".join(f"{header.replace('_', '-')}: {value}\r\n" for header, value in headers.items())
        return _status(self.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n", name))


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@contextlib.contextmanager
def edge_of(folder: Path, **settings: Any) -> Iterator[Edge]:
    port, status, api, web, grafana, prometheus, alertmanager = free_ports(7)
    made = config_of(folder, port=port, status_port=status, **settings)
    monitoring = MonitoringConfig(
        grafana=True, grafana_port=grafana, prometheus_port=prometheus, alertmanager_port=alertmanager
    )
    inside = {"api": ApiConfig(port=api), "web": WebConfig(port=web), "monitoring": monitoring}
    config = made.model_copy(update=inside)
    EdgeUsers(config).add("mary")
    write_edge(config, NGINX)
    with (
        upstream(api, web, grafana, prometheus, alertmanager) as arrived,
        nginx_in(Paths.of(config).edge, port),
    ):
        yield Edge(config, arrived)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edge_of(tmp_path_factory.mktemp("edge"), requests_per_second=1_000) as made:
        yield made


@pytest.fixture
def edge(shared: Edge) -> Edge:
    shared.arrived.requests.clear()
    shared.arrived.judged.clear()
    return shared


def test_a_request_arrives(edge: Edge) -> None:
    assert edge.status("/trading") == 200
    assert edge.arrived.paths() == ["/trading"]


@pytest.mark.parametrize(("judged", "answered"), [(429, 429), (503, 503), (500, 503), (403, 403)])
def test_what_the_api_says_of_a_key_is_told_as_it_is(edge: Edge, judged: int, answered: int) -> None:
    before = edge.arrived.judgement
    edge.arrived.judgement = f"HTTP/1.1 {judged} No\r\nContent-Length: 0\r\n\r\n".encode()
    try:
        assert edge.status("/trading", Authorization="Bearer iq_of-a-script") == answered
    finally:
        edge.arrived.judgement = before
    assert edge.arrived.requests == []


# ---- ways around a closed path

CLOSED = (
    "/metrics",
    "/metrics/",
    "/metrics?x",
    "/metrics#x",
    "//metrics",
    "///metrics",
    "/./metrics",
    "/x/../metrics",
    "/%6detrics",
    "/%6D%65trics",
    "/x/..%2fmetrics",
    "/%2e/metrics",
    "/%2e%2e/metrics",
    "/internal",
    "/internal/edge",
    "/internal/heartbeat",
    "/internal/..;/",
    "/internal/%2e%2e;/edge",
    "/internal%2fedge",
    "/x/..//internal/edge",
    f"http://{CONSOLE}/metrics",
    f"https://{CONSOLE}//internal/edge",
)


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("door", ["console", "api", "prometheus"])
def test_what_is_closed_is_so_however_it_is_spelled(edge: Edge, path: str, door: str) -> None:
    assert edge.status(path, NAMES[door], NAMES[door]) in (400, 404)
    assert edge.arrived.requests == []


@pytest.mark.parametrize(
    "path", ["/-/quit", "//-/quit", "/%2d/quit", "/x/../-/quit", "/api/v1//admin/tsdb", "/federate"]
)
def test_nobody_controls_prometheus_however_that_is_spelled(edge: Edge, path: str) -> None:
    assert edge.status(path, NAMES["prometheus"], NAMES["prometheus"]) == 404
    assert edge.arrived.requests == []


@pytest.mark.parametrize("path", ["/\0", "/%00", "/../../etc/passwd", "/%2e%2e/%2e%2e/x", "/%zz", "x"])
def test_a_path_that_is_none_is_refused(edge: Edge, path: str) -> None:
    assert edge.status(path) == 400
    assert edge.arrived.requests == []


@pytest.mark.parametrize("path", ["/.investiq/door", "//.investiq/door", "/.investiq/%64oor"])
def test_who_judges_is_not_to_be_asked_from_outside(edge: Edge, path: str) -> None:
    assert edge.status(path) == 404
    assert (edge.arrived.requests, edge.arrived.judged) == ([], [])


# ---- one request that is two

HIDDEN = f"GET /hidden HTTP/1.1\r\nHost: {CONSOLE}\r\n\r\n"
AMBIGUOUS = {
    "length and chunks": f"Content-Length: {len(HIDDEN) + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}",
    "two lengths": f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "length with a sign": f"Content-Length: +{len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "length twice in one": f"Content-Length: 0, {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "unknown coding": f"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{HIDDEN}",
    "two codings": f"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{HIDDEN}",
    "coding with a space": f"Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n{HIDDEN}",
    "coding in a folded line": f"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n{HIDDEN}",
    "bare line feed": f"Content-Length: 0\n\r\n{HIDDEN}",
    "wrong chunk": f"Transfer-Encoding: chunked\r\n\r\nxx\r\n{HIDDEN}",
    "chunk too large": f"Transfer-Encoding: chunked\r\n\r\n{'f' * 17}\r\n{HIDDEN}",
}


@pytest.mark.parametrize("what", AMBIGUOUS)
def test_what_could_be_two_requests_is_never_passed_on_as_one(edge: Edge, what: str) -> None:
    """Whatever nginx makes of it, each request behind it was judged, has one length and nothing hidden in its body."""
    answer = edge.send(f"POST /seen HTTP/1.1\r\nHost: {CONSOLE}\r\n{AMBIGUOUS[what]}")
    for request in edge.arrived.requests:
        head, _, body = request.partition(b"\r\n\r\n")
        assert head.lower().count(b"content-length:") <= 1
        assert b"transfer-encoding" not in head.lower()
        assert b"/hidden" not in body
    assert len(edge.arrived.requests) <= answer.count(b"HTTP/1.1 ")


@pytest.mark.parametrize("what", ["length and chunks", "two lengths", "unknown coding", "wrong chunk"])
def test_what_is_plainly_wrong_is_refused(edge: Edge, what: str) -> None:
    assert _status(edge.send(f"POST /seen HTTP/1.1\r\nHost: {CONSOLE}\r\n{AMBIGUOUS[what]}")) in (400, 501)
    assert edge.arrived.requests == []


# ---- whose it is


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "", f"x{CONSOLE}", f"{CONSOLE}@evil.example", f"{CONSOLE}/x"]
)
def test_a_foreign_host_gets_nowhere(edge: Edge, host: str) -> None:
    assert edge.status(host=host) in (400, 421)
    assert edge.arrived.requests == []


def test_two_hosts_are_refused(edge: Edge) -> None:
    raw = f"GET / HTTP/1.1\r\nHost: {CONSOLE}\r\nHost: evil.example\r\n\r\n"
    assert _status(edge.send(raw)) == 400
    assert edge.arrived.requests == []


def test_the_host_of_the_address_counts_and_goes_on(edge: Edge) -> None:
    assert edge.status("https://evil.example/") == 421
    assert edge.status(f"https://{CONSOLE}/", host="evil.example") in (200, 421)
    assert [one for one in edge.arrived.requests if b"evil" in one] == []


def test_nobody_comes_in_at_one_host_by_the_name_of_another(edge: Edge) -> None:
    """In TLS one name, in HTTP another: judged as the latter."""
    assert edge.status(host=NAMES["prometheus"], name=CONSOLE) == 200
    assert b"x-investiq-door: prometheus" in edge.arrived.judged[0].lower()


@pytest.mark.parametrize("said", SPOOFED)
def test_what_a_client_says_of_itself_is_not_passed_on(edge: Edge, said: str) -> None:
    headers = {"X_Forwarded_For": said, "X_Real_IP": said, "Forwarded": said, "X_Forwarded_Host": "evil.example"}
    assert edge.status(**headers) == 200
    head = edge.arrived.head()
    assert (head["x-forwarded-for"], head["x-real-ip"]) == (["127.0.0.1"], ["127.0.0.1"])
    assert "forwarded" not in head
    assert head["x-forwarded-host"] == [CONSOLE]


def test_nobody_says_that_nginx_has_let_them_in(edge: Edge) -> None:
    said = {"X_InvestIQ_Let_In": "root", "X_InvestIQ_Edge": "x" * 43, "X_InvestIQ_Pass": "x", "X_InvestIQ_Door": "api"}
    assert edge.status(**said) == 200
    head = edge.arrived.head()
    assert (head["x-investiq-let-in"], head["x-investiq-door"]) == (["mary"], ["console"])
    assert "x-investiq-pass" not in head
    assert len(head["x-investiq-edge"]) == 1
    assert head["x-investiq-edge"] != ["x" * 43]


def test_an_underscore_is_no_dash(edge: Edge) -> None:
    raw = f"GET / HTTP/1.1\r\nHost: {CONSOLE}\r\nX_Forwarded_For: 10.9.8.7\r\nConnection: close\r\n\r\n"
    assert _status(edge.send(raw)) == 200
    assert b"10.9.8.7" not in edge.arrived.requests[0]


@pytest.mark.parametrize("door", ["console", "prometheus", "alertmanager", "api"])
def test_a_connection_becomes_a_websocket_at_grafana_alone(edge: Edge, door: str) -> None:
    asked = {"Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
    assert edge.status(host=NAMES[door], name=NAMES[door], **asked) == 200
    assert "upgrade" not in edge.arrived.head()


# ---- too much of it


def test_a_path_without_end_is_refused(edge: Edge) -> None:
    assert edge.status("/" + "x" * 9_000) == 414
    assert edge.arrived.requests == []


@pytest.mark.parametrize("header", ["X-Long: " + "x" * 9_000, "\r\n".join(f"X-{n}: {'x' * 400}" for n in range(100))])
def test_headers_without_end_are_refused(edge: Edge, header: str) -> None:
    answer = edge.send(f"GET / HTTP/1.1\r\nHost: {CONSOLE}\r\n{header}\r\n\r\n")
    assert _status(answer) == 400
    assert edge.arrived.requests == []


def test_a_body_that_is_too_large_is_refused_before_it_comes(edge: Edge) -> None:
    raw = f"POST / HTTP/1.1\r\nHost: {CONSOLE}\r\nContent-Length: 99999999\r\n\r\n"
    assert _status(edge.send(raw)) == 413
    assert edge.arrived.requests == []


def test_a_body_that_comes_slowly_does_not_reach_what_is_inside(edge: Edge) -> None:
    with edge.connected() as slow:
        slow.sendall(f"POST /slow HTTP/1.1\r\nHost: {CONSOLE}\r\nContent-Length: 100\r\n\r\nx".encode())
        assert edge.status("/quick") == 200
        assert edge.arrived.paths() == ["/quick"]


def test_who_holds_many_connections_is_turned_away_and_others_are_not(tmp_path: Path) -> None:
    with edge_of(tmp_path, connections=5) as edge, contextlib.ExitStack() as held:
        for _ in range(5):
            slow = held.enter_context(edge.connected())
            slow.sendall(f"POST / HTTP/1.1\r\nHost: {CONSOLE}\r\nContent-Length: 9\r\n\r\nx".encode())
        assert edge.status() == 429
        other = held.enter_context(edge.connected(source="127.0.0.2"))
        other.sendall(f"GET / HTTP/1.1\r\nHost: {CONSOLE}\r\nConnection: close\r\n\r\n".encode())
        assert other.recv(100).startswith(b"HTTP/1.1 200")


def test_a_thousand_connections_that_say_nothing_keep_nobody_out(tmp_path: Path) -> None:
    with edge_of(tmp_path) as edge, contextlib.ExitStack() as held:
        for _ in range(1_000):
            idle = held.enter_context(socket.socket())
            idle.setblocking(False)
            idle.connect_ex(("127.0.0.1", edge.config.edge.port))
        assert [edge.status() for _ in range(5)] == [200] * 5


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a file system")
def test_a_full_disk_keeps_nobody_out_who_only_reads(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "edge"
    folder.mkdir(parents=True)
    mounted = ["/bin/mount", "-t", "tmpfs", "-o", "size=400k,mode=700", "tmpfs", str(folder)]
    if subprocess.run(mounted, check=False).returncode:
        pytest.skip("no file system can be made here")
    try:
        with edge_of(tmp_path) as edge:
            with contextlib.suppress(OSError), (folder / "filler").open("wb") as filler:
                filler.write(b"x" * 1_000_000)
            assert [edge.status(f"/{number}") for number in range(3)] == [200] * 3
            large = f"POST / HTTP/1.1\r\nHost: {CONSOLE}\r\nContent-Length: 500000\r\n\r\n" + "x" * 500_000
            assert b"the disk of the edge is full" in edge.send(large)
            assert edge.status("/still") == 200
    finally:
        subprocess.run(["/bin/umount", str(folder)], check=True)
