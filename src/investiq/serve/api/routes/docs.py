"""GET /docs: the API described and tried out in the browser, with nothing from outside."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

__all__ = ["docs_routes"]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>InvestIQ API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
# No validator badge: it would send the description to a server outside.
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  queryConfigEnabled: false,
});
"""
_TYPES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


def docs_routes() -> APIRouter:
    """The page and its four files. Swagger UI comes with the package fastapi-offline, of which nothing else is used."""
    router = APIRouter(include_in_schema=False)
    folder = files("fastapi_offline") / "static"

    @router.get("/docs")
    async def page() -> Response:
        return HTMLResponse(_PAGE, headers=_HEADERS)

    @router.get("/docs/start.js")
    async def start() -> Response:
        return Response(_START, media_type="text/javascript", headers=_HEADERS)

    def asset(name: str) -> None:
        @router.get(f"/docs/{name}")
        def content() -> Response:
            headers = {**_HEADERS, "Cache-Control": "max-age=3600"}
            return Response((folder / name).read_bytes(), media_type=_TYPES[name], headers=headers)

    for name in _TYPES:
        asset(name)
    return router
