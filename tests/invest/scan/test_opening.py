"""Which session a scan is of, and which scans are the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest

from investiq.foundation.config import Paths
from investiq.foundation.config.schema import AnalysisConfig, Config, MarketConfig
from investiq.invest.analysis.listing import UnknownSymbols
from investiq.invest.market.replay_state import ReplayState, write_state
from investiq.invest.market.types import Symbol
from investiq.invest.scan import opening
from investiq.invest.scan.opening import NoSession, open_scan
from investiq.invest.signals.artifact import save
from investiq.invest.signals.model import Artifact
from tests.invest.scan.conftest import LAST, configured


def replayed(data_dir: Path, position: float | None, session_seconds: float = 100.0) -> Config:
    """The shipped replay from 2008-01-02, which has come to `position`."""
    config = Config(data_dir=data_dir, market=MarketConfig(session_seconds=session_seconds))
    if position is not None:
        write_state(Paths.of(config).replay_state, ReplayState(date(2008, 1, 2), position))
    return config


@pytest.mark.parametrize(
    ("position", "newest"),
    [
        (None, date(2007, 12, 31)),  # it has not begun: the first session is to come
        (0.5, date(2007, 12, 31)),
        (0.805, date(2007, 12, 31)),  # what is kept may be a second ahead of what the replay shows
        (0.82, date(2008, 1, 2)),
        (1.5, date(2008, 1, 2)),
        (1.9, date(2008, 1, 3)),
        (99_999.0, date(2013, 3, 1)),
    ],
)
def test_a_replay_is_scanned_up_to_where_it_stands(tmp_path: Path, position: float | None, newest: date) -> None:
    assert open_scan(replayed(tmp_path, position)).session.day == newest


def test_no_session_later_than_now_is_scanned(tmp_path: Path) -> None:
    config = replayed(tmp_path, 1.5)
    for day in (date(2008, 1, 3), date(2012, 1, 3), date(2999, 1, 1)):
        with pytest.raises(NoSession, match="completed session is that of 2008-01-02"):
            open_scan(config, day)
    assert open_scan(config, date(2008, 1, 2)).session.day == date(2008, 1, 2)


def test_a_day_without_a_session_stands_for_the_session_before(tmp_path: Path) -> None:
    config = replayed(tmp_path, 99_999.0)
    assert open_scan(config, date(2012, 7, 4)).session.day == date(2012, 7, 3)
    assert open_scan(config, date(2012, 7, 8)).session.day == date(2012, 7, 6)


def test_before_the_first_prices_there_is_nothing_to_scan(tmp_path: Path) -> None:
    with pytest.raises(NoSession, match="there are no prices on 1999-12-31"):
        open_scan(replayed(tmp_path, 1.5), date(1999, 12, 31))


def test_by_the_time_of_day_the_last_session_of_the_data_is_scanned(tmp_path: Path, prices: Path) -> None:
    assert open_scan(configured(prices, tmp_path / "data")).session.day == LAST


def test_symbols_without_prices_by_then_are_named(tmp_path: Path, prices: Path) -> None:
    config = configured(prices, tmp_path / "data")
    with pytest.raises(UnknownSymbols, match="NEW, NOPE"):
        open_scan(config, date(2005, 6, 1), [Symbol("NOPE"), Symbol("NEW"), Symbol("S000")])
    assert "NEW" not in open_scan(config, date(2005, 6, 1)).symbols


# ---- which scans are the same ----


def test_the_same_inputs_are_the_same_scan_whatever_the_order(tmp_path: Path, prices: Path) -> None:
    config = configured(prices, tmp_path / "data")
    both = [Symbol("S000"), Symbol("S001")]
    assert open_scan(config, None, both).key == open_scan(config, LAST, [*both[::-1], both[0]]).key


def _another_day(config: Config) -> str:
    return open_scan(config, date(2005, 12, 1)).key


def _fewer_symbols(config: Config) -> str:
    return open_scan(config, None, [Symbol("S000")]).key


def _other_weights(config: Config) -> str:
    weights = dict(config.analysis.weights)
    first = next(iter(weights))
    weights[first] += Decimal("0.1")
    return open_scan(config.model_copy(update={"analysis": AnalysisConfig(weights=weights)})).key


def _other_price(config: Config) -> str:
    return _rewritten(config, "S003.csv", lambda text: text.rstrip()[:-1] + "1\n")


def _other_news(config: Config) -> str:
    return _rewritten(config, "news.csv", lambda text: text.replace("terrible", "small"))


def _other_figures(config: Config) -> str:
    return _rewritten(config, "fundamentals.csv", lambda text: text.replace("9.5", "9.6"))


def _rewritten(config: Config, name: str, change: Callable[[str], str]) -> str:
    assert config.market.folder is not None
    path = config.market.folder / name
    path.write_text(change(path.read_text()))
    return open_scan(config).key


def _no_news(config: Config) -> str:
    assert config.market.folder is not None
    (config.market.folder / "news.csv").unlink()
    return open_scan(config).key


@pytest.mark.parametrize(
    "change",
    [_another_day, _fewer_symbols, _other_weights, _other_price, _other_news, _other_figures, _no_news],
)
def test_whatever_a_row_follows_from_makes_another_scan(
    tmp_path: Path, prices: Path, change: Callable[[Config], str]
) -> None:
    config = configured(prices, tmp_path / "data")
    before = open_scan(config).key
    assert change(config) != before


def test_another_model_and_another_version_of_the_code_make_another_scan(
    tmp_path: Path, prices: Path, artifact: Artifact, other_artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(prices, tmp_path / "data")
    keys = [open_scan(config).key]
    for trained in (artifact, other_artifact):
        save(trained, tmp_path / "data" / "models")
        keys.append(open_scan(config).key)
    monkeypatch.setattr(opening, "_code", lambda: "an engine was changed")
    keys.append(open_scan(config).key)
    assert len(set(keys)) == len(keys)


def test_the_code_of_every_engine_counts() -> None:
    names = {source.name for source in opening._sources(resources.files("investiq.invest"))}
    assert {"technical.py", "features.py", "market.py", "chunk.py"} <= names
