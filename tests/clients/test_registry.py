"""The digest of a tag, asked of a local registry that speaks the distribution protocol and checks what it is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from investiq.clients.registry import Registry, _place
from investiq.clients.session import BadResponse, Refused, Unreachable
from tests.ports import closed_port

DIGEST = "sha256:" + "0123456789abcdef" * 4


@dataclass
class _Registry:
    """Has `prom/thing:v1`; hands out a token for it when asked as the specification says."""

    digest: str = DIGEST
    challenge: str | None = None
    token_document: object = field(default_factory=lambda: {"token": "t0ken", "expires_in": 300})
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_HEAD(self) -> None:
                registry.asked.append(f"HEAD {self.path}")
                assert "application/vnd.oci.image.index.v1+json" in self.headers["accept"]
                if self.headers.get("authorization") != "Bearer t0ken":
                    return self._answer(401, {"WWW-Authenticate": registry.challenge or registry.bearer()})
                if self.path != "/v2/prom/thing/manifests/v1":
                    return self._answer(404, {})
                return self._answer(200, {"Docker-Content-Digest": registry.digest})

            def do_GET(self) -> None:
                registry.asked.append(f"GET {self.path}")
                url = urlsplit(self.path)
                asked = {"service": ["reg"], "scope": ["repository:prom/thing:pull"]}
                assert (url.path, parse_qs(url.query)) == ("/token", asked)
                self._answer(200, {"Content-Type": "application/json"}, json.dumps(registry.token_document).encode())

            def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        return Handler

    def bearer(self) -> str:
        realm = f"http://127.0.0.1:{self.port}/token"
        return f'Bearer realm="{realm}",service="reg",scope="repository:prom/thing:pull"'


@pytest.fixture
def registry() -> Iterator[_Registry]:
    made = _Registry()
    with ThreadingHTTPServer(("127.0.0.1", 0), made.handler()) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def digest(registry: _Registry, name: str = "prom/thing", tag: str = "v1") -> str:
    with Registry(seconds=5) as asking:
        return asking.digest(f"127.0.0.1:{registry.port}/{name}", tag)


def test_the_digest_of_a_tag_is_told_with_a_token_for_anybody(registry: _Registry) -> None:
    assert digest(registry) == DIGEST
    assert [line.partition("?")[0] for line in registry.asked] == [
        "HEAD /v2/prom/thing/manifests/v1",
        "GET /token",
        "HEAD /v2/prom/thing/manifests/v1",
    ]


def test_the_older_name_of_the_token_is_known(registry: _Registry) -> None:
    registry.token_document = {"access_token": "t0ken"}
    assert digest(registry) == DIGEST


def test_an_image_that_is_not_there_is_named(registry: _Registry) -> None:
    with pytest.raises(Refused, match="manifests/v2 answers 404"):
        digest(registry, tag="v2")


@pytest.mark.parametrize("document", [{}, [], {"token": 5}, {"token": "a\nb"}, {"token": ""}])
def test_no_token_is_a_refusal(registry: _Registry, document: object) -> None:
    registry.token_document = document
    with pytest.raises(Refused, match="gives no token"):
        digest(registry)


@pytest.mark.parametrize("challenge", ["Basic realm=x", "Bearer", 'Bearer realm="file:///etc/passwd"', ""])
def test_a_log_in_that_is_not_known_is_said(registry: _Registry, challenge: str) -> None:
    registry.challenge = challenge or " "
    with pytest.raises(BadResponse, match="a log-in that is not known"):
        digest(registry)


@pytest.mark.parametrize("told", ["", "sha256:abc", "md5:" + "a" * 64, DIGEST + "\tx"])
def test_what_is_no_digest_is_not_written_down(registry: _Registry, told: str) -> None:
    registry.digest = told
    with pytest.raises(BadResponse, match="names no digest"):
        digest(registry)


def test_a_registry_that_cannot_be_reached_is_said() -> None:
    with Registry(seconds=2) as asking, pytest.raises(Unreachable, match="cannot be reached"):
        asking.digest(f"127.0.0.1:{closed_port()}/prom/thing", "v1")


@pytest.mark.parametrize(
    ("repository", "place"),
    [
        ("postgres", ("registry-1.docker.io", "library/postgres")),
        ("grafana/grafana", ("registry-1.docker.io", "grafana/grafana")),
        ("quay.io/prometheus/prometheus", ("quay.io", "prometheus/prometheus")),
        ("localhost/x", ("localhost", "x")),
        ("127.0.0.1:5000/a/b", ("127.0.0.1:5000", "a/b")),
    ],
)
def test_a_repository_is_read_as_docker_reads_it(repository: str, place: tuple[str, str]) -> None:
    assert _place(repository) == place
