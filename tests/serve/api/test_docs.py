"""The page at /docs, and the description behind it."""

from __future__ import annotations

import re

import httpx2


async def test_the_page_loads_nothing_from_outside_and_runs_nothing_inline(local: httpx2.AsyncClient) -> None:
    page = await local.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert addresses
    for address in addresses:
        assert address.startswith(("/docs/", "data:"))
        if address.startswith("/"):
            asset = await local.get(address)
            assert asset.status_code == 200
            assert asset.headers["x-content-type-options"] == "nosniff"
    assert re.findall(r"<script>|\son\w+=|style=", page.text) == []
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_swagger_ui_can_read_our_openapi(local: httpx2.AsyncClient) -> None:
    bundle = (await local.get("/docs/swagger-ui-bundle.js")).text
    version = re.search(r'PACKAGE_VERSION:"(\d+)\.', bundle)
    assert version is not None
    assert int(version[1]) >= 5  # 4 reads OpenAPI up to 3.0
    assert (await local.get("/openapi.json")).json()["openapi"].startswith("3.1")


async def test_every_operation_is_described(local: httpx2.AsyncClient) -> None:
    document = (await local.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path}"
            success = next(body for code, body in operation["responses"].items() if code.startswith("2"))
            assert success["content"]["application/json"]["schema"], f"{method} {path}"
    placing = document["paths"]["/api/trades"]["post"]
    described = {p["name"]: p["required"] for p in placing["parameters"]}
    assert described == {"dry_run": False, "Idempotency-Key": False}, "a dry run needs no key"
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
