from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.serve.api.installation import Installation, install, not_running, running


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of an installation that was started once: a copy of it costs less than another first start."""
    data_dir = tmp_path_factory.mktemp("migrated") / "data"
    install(data_dir).parts.store.dispose()
    return data_dir


@pytest.fixture
def data_dir(tmp_path: Path, migrated: Path) -> Path:
    """The data of a test's own installation."""
    return Path(shutil.copytree(migrated, tmp_path / "data"))


@pytest.fixture
async def installation(data_dir: Path) -> AsyncIterator[Installation]:
    """A running server."""
    async with running(install(data_dir)) as started:
        yield started


@pytest.fixture
async def still(data_dir: Path) -> AsyncIterator[Installation]:
    """A server without its background work."""
    async with not_running(install(data_dir)) as made:
        yield made


@pytest.fixture
async def local(still: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on loopback, without a key."""
    async with still.client() as client:
        yield client


@pytest.fixture
async def remote(still: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on another machine, without a key."""
    async with still.client("192.0.2.7") as client:
        yield client


@pytest.fixture
async def admin(still: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with the admin key."""
    async with still.client(headers=still.bearer()) as client:
        yield client
