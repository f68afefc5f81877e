"""A server that answers only what a test expects to be asked, and can do so in every way in which servers fail."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["Asked", "Reply", "StrictServer", "strict"]

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    params: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered.

    Attributes:
        body: text as it is, anything else as JSON.
        headers: further ones.
        after_seconds: silence before it.
        endless: the body has no end; so many seconds between two pieces of it.
        hangs_up: the connection ends instead.
    """

    body: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after_seconds: float = 0.0
    endless: float | None = None
    hangs_up: bool = False


@dataclass
class StrictServer:
    """Replies by method and path, such as `GET /api/v1/query`; of several, one after the other, the last for ever.

    Attributes:
        asked: all that it was asked, in order.
        unexpected: what it has no reply for; nothing, or the test fails.
        most_at_once: how many questions waited for their answer at the same time, at most.
    """

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    most_at_once: int = 0
    _waiting: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, request: str, *replies: Reply | Any) -> None:
        """Reply so from now on; what is no `Reply` is the JSON of one."""
        self.replies[request] = [reply if isinstance(reply, Reply) else Reply(reply) for reply in replies]

    def on_everything(self, reply: Reply) -> None:
        """Reply so whatever is asked."""
        self.on("*", reply)

    def reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        line = f"{asked.method} {asked.path}"
        replies = self.replies.get(line) or self.replies.get("*")
        if replies is None:
            self.unexpected.append(line)
            return Reply(status=418)
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def wait(self, reply: Reply) -> None:
        """The silence before an answer."""
        with self._lock:
            self._waiting += 1
            self.most_at_once = max(self.most_at_once, self._waiting)
        self.closing.wait(reply.after_seconds)
        with self._lock:
            self._waiting -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked has gone, or does not trust us: that is what is tested."""


@contextmanager
def strict(tls: ssl.SSLContext | None = None) -> Iterator[StrictServer]:
    """One on a port of its own, which speaks TLS where it is given how."""
    kept = StrictServer()
    server = _Server(("127.0.0.1", 0), _handler(kept))
    if tls is not None:
        # The handshake is for the thread of the connection: one that never comes would keep out all others.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    kept.url = f"{'http' if tls is None else 'https'}://localhost:{server.server_address[1]}"
    try:
        yield kept
    finally:
        kept.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE_SECONDS)
    assert kept.unexpected == []


def _handler(kept: StrictServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE_SECONDS

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            document = json.loads(body) if body else None
            self._send(kept.reply(Asked(self.command, parts.path, parse_qs(parts.query), headers, document)))

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815  the names that http.server asks for

        def _send(self, reply: Reply) -> None:
            kept.wait(reply)
            if reply.hangs_up:
                self.close_connection = True
                return
            body = (reply.body if isinstance(reply.body, str) else json.dumps(reply.body)).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.endless is None:
                self.send_header("Content-Length", str(len(body)))
            else:
                self.close_connection = True
            self.end_headers()
            self.wfile.write(body)
            if reply.endless is not None:
                self._go_on(reply.endless)

        def _go_on(self, pause: float) -> None:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not kept.closing.is_set() and time.monotonic() < deadline:
                try:
                    self.wfile.write(b" " * 4096)
                except OSError:  # who asked has gone
                    return
                kept.closing.wait(pause)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def log_error(self, *_: object) -> None:
            """Say nothing."""

    return Handler
