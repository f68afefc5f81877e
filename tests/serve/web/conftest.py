"""The console in front of stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from investiq.foundation.config import Config
from investiq.serve.web.app import create_app
from investiq.serve.web.sources import Sources
from tests.serve.web.fakes import Stand


@pytest.fixture
def stand() -> Stand:
    return Stand()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path)


@pytest.fixture
async def sources(config: Config, stand: Stand) -> AsyncIterator[Sources]:
    sources = Sources(config, stand.transports)
    yield sources
    await sources.aclose()


@pytest.fixture
async def console(config: Config, stand: Stand) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser's connection to the console, from loopback."""
    transport = httpx2.ASGITransport(create_app(config, stand.transports))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8050") as client:
        yield client
