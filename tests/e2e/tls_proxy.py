"""A proxy with TLS in front of a server of this machine, with a certificate of an authority of its own."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import trustme

__all__ = ["Proxy", "tls_proxy"]


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it is, and whom to trust to reach it."""

    url: str
    ca_file: Path


@contextmanager
def tls_proxy(behind: str, port: int, folder: Path, *, says_so: bool = True) -> Iterator[Proxy]:
    """Passes each GET on to `behind`.

    Args:
        says_so: it sends X-Forwarded-For and passes Host on, as it should; else it makes everybody look near.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            near = {"Host": "localhost"}
            shown = {"Host": self.headers["Host"], "X-Forwarded-For": self.client_address[0]} if says_so else near
            answer = httpx2.get(f"{behind}{self.path}", headers=shown, timeout=10, trust_env=False)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    ca_file = folder / "authority.pem"
    authority.cert_pem.write_to_path(ca_file)
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
        thread.start()
        yield Proxy(f"https://localhost:{port}", ca_file)
        server.shutdown()
        thread.join()
