"""Runs an application under uvicorn, one process, with our logs."""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

__all__ = ["serve"]


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve `app` until SIGTERM or SIGINT; requests in flight get five seconds to end.

    One process only: several workers behind one /metrics would each tell a part of the truth.
    """
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,  # our own JSON logs
        access_log=False,
        # By default uvicorn believes X-Forwarded-For from loopback: the client would choose the address that we see.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,
    )
