"""One small question to a server of this machine, by streams alone.

Whoever asks ten parts whether they are well, and then ends or asks again in five seconds, has no use for what the HTTP
library can do besides, and it takes longer to load than all ten take to answer. Here is as much of HTTP as that needs:
a GET of HTTP/1.0, whose answer ends with the connection, and no compression, redirect, proxy or TLS.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from investiq import __version__
from investiq.clients.session.listener import TrustedUsers

__all__ = ["NotHttp", "ProbeAnswer", "get"]

MOST_BYTES = 1_000_000
"""Of an answer. Ours have a few thousand."""


class NotHttp(Exception):
    """Something answers, but no HTTP."""


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What was answered, of any status."""

    status: int
    text: str


async def get(url: str, *, trusted: TrustedUsers, seconds: float, authorization: str | None = None) -> ProbeAnswer:
    """What is answered at the `http:` address `url`, once it is known whose program listens there.

    Raises:
        OSError: nobody answers, or the connection breaks.
        TimeoutError: not within so many seconds.
        ForeignListener: another user's program has its port; nothing was sent to it.
        NotHttp: the answer is none of HTTP, or does not end.
    """
    address = urlsplit(url)
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(address.hostname, address.port or 80)
        try:
            server, client = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
            if not server or not client:  # as by a supervisor whose part is held
                raise ConnectionResetError("the connection was reset")
            trusted.check(server[:2], client[:2])
            path = f"{address.path or '/'}{f'?{address.query}' if address.query else ''}"
            writer.write(_request(path, address.netloc, authorization))
            return _parsed(await _all_of(reader))
        finally:
            writer.close()


def _request(path: str, host: str, authorization: str | None) -> bytes:
    lines = [f"GET {path} HTTP/1.0", f"Host: {host}", f"User-Agent: investiq/{__version__}", "Connection: close"]
    if authorization is not None:
        lines.append(f"Authorization: {authorization}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    raw = bytearray()
    while chunk := await reader.read(65_536):
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise NotHttp(f"the answer is longer than {MOST_BYTES} bytes")
    if not raw:
        raise ConnectionResetError("the connection was closed without an answer")
    return bytes(raw)


def _parsed(raw: bytes) -> ProbeAnswer:
    head, separator, body = raw.partition(b"\r\n\r\n")
    version, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    status = rest[:3]
    if not separator or not version.startswith(b"HTTP/1.") or not (status.isdigit() and len(status) == 3):
        raise NotHttp("no HTTP answer")
    return ProbeAnswer(int(status), body.decode("utf-8", "replace"))
