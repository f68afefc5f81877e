"""A folder of made prices with news and figures, and the installation that reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from investiq.foundation.config.schema import Config, MarketConfig
from investiq.invest.market.types import Bar, Symbol
from tests.invest.analysis.made_markets import made_bars, random_walk
from tests.invest.signals.conftest import artifact, cut_off, other_artifact, trending_histories

__all__ = ["artifact", "configured", "cut_off", "other_artifact", "prices", "trending_histories", "write_prices"]

SESSIONS = 300


def configured(folder: Path, data_dir: Path, **market: object) -> Config:
    """Files of `folder`, by the time of day."""
    settings = {"provider": "files", "folder": folder, "clock": "wall"} | market
    return Config(data_dir=data_dir, market=MarketConfig.model_validate(settings))


def write_prices(folder: Path, bars: Mapping[Symbol, Sequence[Bar]]) -> None:
    folder.mkdir(exist_ok=True)
    for symbol, each in bars.items():
        rows = (f"{b.session},{b.open},{b.high},{b.low},{b.close},{b.volume}\n" for b in each)
        (folder / f"{symbol}.csv").write_text("session,open,high,low,close,volume\n" + "".join(rows))


def made_universe(count: int) -> dict[Symbol, Sequence[Bar]]:
    """Whole histories, one that has just begun, and one that ended long ago."""
    bars: dict[Symbol, Sequence[Bar]] = {
        Symbol(f"S{number:03d}"): made_bars(random_walk(SESSIONS, seed=number)) for number in range(count)
    }
    return bars | {Symbol("NEW"): bars[Symbol("S000")][-20:], Symbol("OLD"): bars[Symbol("S001")][:-60]}


LAST: date = made_bars(random_walk(SESSIONS, seed=0))[-1].session


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """Seven symbols."""
    folder = tmp_path / "bars"
    write_prices(folder, made_universe(5))
    news = ("S000,up: it wins a prize", "S001,down: a terrible loss")
    (folder / "news.csv").write_text(
        "published_at,symbol,headline\n" + "".join(f"{LAST}T15:00:00Z,{line}\n" for line in news)
    )
    (folder / "fundamentals.csv").write_text(f"as_of,symbol,pe_ratio,roe\n{LAST.year}-01-05,S002,9.5,0.2\n")
    return folder
