"""A server of ours as the supervisor starts it: `python -m tests.serve.http.served FD LOG`; LOG gets each path."""

from __future__ import annotations

import sys
from pathlib import Path

from starlette.types import Receive, Scope, Send

from investiq.serve.http import serve


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    with Path(sys.argv[2]).open("a") as log:
        log.write(f"{scope['path']}\n")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    serve(app, "127.0.0.1", 0, [int(sys.argv[1])])
