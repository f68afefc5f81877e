"""Price files that change while the API serves them: /health, the metric and the prices tell the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from investiq.foundation.config.schema import MarketConfig
from investiq.serve.api import background_tasks
from tests.serve.api.installation import Installation, install, running

HEADER = "session,open,high,low,close,volume\n"
ROWS = ["2007-12-31,100,102,98,101,1000\n", "2008-01-02,100,102,98,101,1000\n"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(background_tasks, "PRICE_FILES_SECONDS", 0.01)
    monkeypatch.setattr(background_tasks, "INTERVAL_SECONDS", 0.01)
    folder = tmp_path / "bars"
    folder.mkdir()
    (folder / "AAPL.csv").write_text(HEADER + ROWS[0])
    return folder


@pytest.fixture
async def served(folder: Path, tmp_path: Path) -> AsyncIterator[Installation]:
    market = MarketConfig(provider="files", folder=folder, clock="wall")
    async with running(install(tmp_path / "data", files=market)) as installation:
        yield installation


async def _ask(installation: Installation, path: str) -> Any:
    async with installation.client() as client:
        response: httpx2.Response = await client.get(path, headers=installation.bearer())
        return response.json()


async def _until(installation: Installation, status: str) -> dict[str, Any]:
    """What /health says of the files once it says `status`."""
    async with asyncio.timeout(30):
        while True:
            found: dict[str, Any] = (await _ask(installation, "/health"))["dependencies"]["price_files"]
            if found["status"] == status:
                return found
            await asyncio.sleep(0.02)


async def test_an_appended_row_is_served_and_a_bad_one_is_told(folder: Path, served: Installation) -> None:
    with (folder / "AAPL.csv").open("a") as file:
        file.write(ROWS[1])
    async with asyncio.timeout(30):
        while (await _ask(served, "/api/symbols"))["symbols"][0]["bars"] < 2:
            await asyncio.sleep(0.02)
    assert (await _until(served, "up"))["critical"] is False
    with (folder / "AAPL.csv").open("a") as file:
        file.write("2008-01-03,100")
    found = await _until(served, "down")
    assert "older prices are served" in found["error"]
    assert "AAPL.csv:4: 2 cells under 6 column names" in found["error"]
    assert served.sample("investiq_price_files_rejected") == 1
    assert (await _ask(served, "/api/symbols"))["symbols"][0]["bars"] == 2
    (folder / "AAPL.csv").write_text(HEADER + "".join(ROWS))
    await _until(served, "up")
    assert served.sample("investiq_price_files_rejected") == 0


async def test_a_folder_that_is_lost_is_told(folder: Path, served: Installation) -> None:
    folder.rename(folder.with_name("elsewhere"))
    found = await _until(served, "down")
    assert "is not a folder" in found["error"]
    assert found["critical"] is False
    assert (await _ask(served, "/api/symbols"))["symbols"][0]["bars"] == 1


async def test_a_replay_goes_on_with_the_prices_of_its_start(folder: Path, tmp_path: Path) -> None:
    market = MarketConfig(provider="files", folder=folder, clock="replay")
    async with running(install(tmp_path / "data", files=market)) as installation:
        (folder / "AAPL.csv").write_text("no prices")
        await asyncio.sleep(0.2)  # that nothing happens cannot be waited for
        assert (await _until(installation, "up"))["error"] is None
        assert len((await _ask(installation, "/api/symbols"))["symbols"]) == 1
