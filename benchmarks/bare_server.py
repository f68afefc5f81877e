"""FastAPI and nothing else, on our own uvicorn: returns the bytes of a file to `GET /api/analyze/{symbol}`.

python -m benchmarks.bare_server PORT FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

from fastapi import FastAPI, Response

from investiq.serve.http import serve

__all__ = ["bare_endpoint"]


def bare_endpoint(body: bytes) -> FastAPI:
    """The bytes are there already."""
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.get("/api/analyze/{symbol}")
    async def analyze(symbol: str) -> Response:  # noqa: ARG001 - it is read and checked, as ours is
        return Response(body, media_type="application/json")

    return app


if __name__ == "__main__":
    serve(bare_endpoint(Path(sys.argv[2]).read_bytes()), "127.0.0.1", int(sys.argv[1]))
