"""A monitoring elsewhere is asked over TLS, and told apart from one whose certificate nobody vouches for."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from investiq.clients.session import HttpCredentials, HttpSession, NotChecked


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"status": "success"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def port(authority: trustme.CA) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def _asked(url: str, access: HttpCredentials) -> Any:
    async def ask() -> Any:
        async with access.client(url) as client:
            return await HttpSession(client).json(url)

    return asyncio.run(ask())


def test_a_certificate_of_an_own_authority_is_trusted_when_it_is_given(port: int, ca_file: Path) -> None:
    assert _asked(f"https://localhost:{port}", HttpCredentials(ca_file=ca_file)) == {"status": "success"}


def test_a_certificate_that_nobody_vouches_for_is_named_with_what_to_do(port: int) -> None:
    with pytest.raises(NotChecked, match="is not trusted: unable to get local issuer certificate") as caught:
        _asked(f"https://localhost:{port}", HttpCredentials())
    assert "--ca-file" in caught.value.fix


def test_a_certificate_for_another_name_is_refused(port: int, ca_file: Path) -> None:
    with pytest.raises(NotChecked, match=r"is not trusted: .*not valid for '127\.0\.0\.1'") as caught:
        _asked(f"https://127.0.0.1:{port}", HttpCredentials(ca_file=ca_file))
    assert "by the name in its certificate" in caught.value.fix
