"""Configuration in, market out; and errors that say what to set when there can be none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from investiq.foundation.config.schema import MarketConfig
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import MarketPhase, Part
from investiq.invest.market.calendar import xnys
from investiq.invest.market.clock import ReplayClock, WallClock
from investiq.invest.market.opening import StartOutsideData, first_session, open_market, open_provider
from investiq.invest.market.replay_state import StartMismatch
from investiq.invest.market.types import Symbol

SLOW = 86_400.0


def _replay(start: str = "2008-01-02") -> MarketConfig:
    return MarketConfig(start=date.fromisoformat(start), session_seconds=SLOW)


def test_the_default_is_the_shipped_market_at_its_start(tmp_path: Path) -> None:
    market, clock = open_market(_replay(), tmp_path)
    assert isinstance(clock, ReplayClock)
    state = market.state()
    assert (state.provider, state.clock, state.session_seconds) == ("replay", "replay", SLOW)
    assert (state.session, state.phase) == (date(2008, 1, 2), MarketPhase.OPEN)
    assert str(state.ends_at) == "2013-03-01 21:00:00+00:00"
    assert (tmp_path / "replay.json").exists()


def test_a_start_on_a_holiday_moves_to_the_next_session_and_is_the_same_replay(tmp_path: Path) -> None:
    market, _ = open_market(_replay("2008-01-01"), tmp_path)
    assert market.session() == date(2008, 1, 2)
    open_market(_replay("2008-01-02"), tmp_path)
    with pytest.raises(StartMismatch):
        open_market(_replay("2008-01-03"), tmp_path)


@pytest.mark.parametrize("start", ["1999-12-31", "2013-03-02", "2026-01-02"])
def test_a_start_outside_the_data_names_its_first_and_last_session(tmp_path: Path, start: str) -> None:
    with pytest.raises(StartOutsideData, match=f"{start}.*from 2000-03-01 to 2013-03-01: set market.start"):
        open_market(_replay(start), tmp_path)
    assert not (tmp_path / "replay.json").exists()


@pytest.mark.parametrize("start", ["2000-03-01", "2013-03-01"])
def test_the_first_and_the_last_session_are_inside(start: str) -> None:
    config = _replay(start)
    calendar = xnys()
    assert first_session(config.start, open_provider(config, calendar), calendar) == date.fromisoformat(start)


def test_calls_to_the_provider_are_counted_when_metrics_are_given(tmp_path: Path) -> None:
    metrics = Metrics(Part.API)
    market, _ = open_market(_replay(), tmp_path, metrics)
    labels = {"operation": "bars", "outcome": "ok"}
    before = metrics.registry.get_sample_value("investiq_provider_calls_total", labels)
    market.bars(Symbol("AAPL"))
    assert metrics.registry.get_sample_value("investiq_provider_calls_total", labels) == (before or 0) + 1


def test_own_files_replay_from_their_own_sessions(tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    (folder / "AAPL.csv").write_text("date,open,high,low,close,volume\n2020-01-02,1,1,1,1,1\n2020-01-06,1,1,1,1,1\n")
    config = MarketConfig(provider="files", folder=folder, start=date(2020, 1, 3), session_seconds=SLOW)
    market, clock = open_market(config, tmp_path / "data")
    assert (market.session(), market.symbols()) == (date(2020, 1, 3), ("AAPL",))  # a session without a bar is still one
    assert clock.ends_at == xnys().session(date(2020, 1, 6)).close


def test_own_files_can_run_by_the_time_of_day(tmp_path: Path) -> None:
    (tmp_path / "AAPL.csv").write_text("date,open,high,low,close,volume\n2020-01-02,1,1,1,1,1\n")
    market, clock = open_market(MarketConfig(provider="files", folder=tmp_path, clock="wall"), tmp_path)
    assert isinstance(clock, WallClock)
    assert market.state().ends_at is None
    assert market.data_age_seconds() > 1000 * 6.5 * 3600  # years of sessions without a price are told as such
    assert not (tmp_path / "replay.json").exists()
