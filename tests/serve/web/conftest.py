"""The console in front of stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import httpx2
import pytest

from investiq.clients.alertmanager.client import Alertmanager
from investiq.clients.api import AsyncInvestIQClient, SessionClient
from investiq.foundation.config import Config
from investiq.foundation.contract.api import Session
from investiq.serve.web.app import create_app
from investiq.serve.web.changes import Actor
from investiq.serve.web.logins import Who
from investiq.serve.web.silencer import Silencer
from investiq.serve.web.sources import Sources, settings
from tests.serve.web.fakes import SECRET, SESSION, Stand


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
async def actor(config: Config, stand: Stand) -> AsyncIterator[Actor]:
    """Alice, who is logged in and may do everything."""
    connection = AsyncInvestIQClient(transport=stand.api)
    alertmanager = Alertmanager.of(config, settings(stand.alertmanager))
    yield Actor(Who.of(cast(Session, SESSION)), SessionClient(connection, SECRET), Silencer(alertmanager))
    await connection.aclose()
    await alertmanager.aclose()


@pytest.fixture
async def console(config: Config, stand: Stand) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser's connection to the console, from loopback."""
    transport = httpx2.ASGITransport(create_app(config, stand.transports))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8050") as client:
        yield client
