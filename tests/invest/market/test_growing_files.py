"""Files that change while they are served: what is whole takes over, what is not leaves what was there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from investiq.invest.market.calendar import xnys
from investiq.invest.market.market import Market
from investiq.invest.market.provider import BadMarketData, UnknownSymbol
from investiq.invest.market.providers.files import FilesProvider
from investiq.invest.market.types import Symbol
from tests.invest.market.fakes import AAPL, IBM, FakeClock, utc

HEADER = "session,open,high,low,close,volume"
DAYS = [str(session.day) for session in xnys().sessions(date(2008, 1, 2), date(2008, 1, 31))]
NEWS = "published_at,symbol,headline"


def _write(folder: Path, name: str, days: int = 5, price: int = 100) -> None:
    rows = [f"{day},{price},{price + 2},{price - 2},{price + 1},1000" for day in DAYS[:days]]
    (folder / name).write_text("\n".join([HEADER, *rows]) + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bars"
    folder.mkdir()
    _write(folder, "AAPL.csv")
    _write(folder, "IBM.csv")
    return folder


@pytest.fixture(params=["cached", "not cached"])
def provider(folder: Path, tmp_path: Path, request: pytest.FixtureRequest) -> FilesProvider:
    return FilesProvider(folder, xnys(), tmp_path / "cache" if request.param == "cached" else None)


def _look(provider: FilesProvider) -> None:
    """Twice: a change that the first look finds is at rest at the second."""
    provider.refresh()
    provider.refresh()


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_a_row_that_is_appended_is_served(folder: Path, provider: FilesProvider) -> None:
    held = provider.bars(AAPL)
    _append(folder / "AAPL.csv", f"{DAYS[5]},100,102,98,101.5,7\n")
    _look(provider)
    assert (len(held), len(provider.bars(AAPL)), len(provider.bars(IBM))) == (5, 6, 5)
    assert provider.span(AAPL) == (date(2008, 1, 2), date.fromisoformat(DAYS[5]))
    assert provider.bars(AAPL)[-1].volume == 7
    assert not provider.rejected()


def test_a_file_that_takes_the_place_of_another_is_served_whole(folder: Path, provider: FilesProvider) -> None:
    _write(folder, "AAPL.new", days=6, price=200)
    (folder / "AAPL.new").rename(folder / "AAPL.csv")
    _look(provider)
    assert {int(bar.open) for bar in provider.bars(AAPL)} == {200}


def test_a_change_makes_a_new_version_and_a_look_without_one_does_not(folder: Path, provider: FilesProvider) -> None:
    _look(provider)
    assert provider.version() == 0
    (folder / "AAPL.csv").touch()
    _look(provider)
    assert provider.version() == 0, "the same prices, written again"
    _write(folder, "AAPL.csv", days=6)
    _look(provider)
    _look(provider)
    assert provider.version() == 1


def test_a_file_that_is_being_written_is_left_alone_until_it_is_at_rest(folder: Path, provider: FilesProvider) -> None:
    for part in ("2008-01-0", "9,100,102", ",98,101", ",1000"):
        _append(folder / "AAPL.csv", part)
        provider.refresh()
        assert len(provider.bars(AAPL)) == 5
        assert not provider.rejected()
    provider.refresh()
    assert len(provider.bars(AAPL)) == 6


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda path: _append(path, "2008-01-09,100,102"), "AAPL.csv:7: 3 cells under 6 column names"),
        (lambda path: _append(path, "2008-01-12,100,102,98,101,1\n"), "AAPL.csv:7: 2008-01-12 is not a session"),
        (lambda path: path.write_text(""), "AAPL.csv: empty file"),
        (lambda path: path.unlink(), "AAPL: its file is gone; what was read of it is served until the next start"),
        (lambda path: _write(path.parent, path.name, days=4), "AAPL: its file ends with 2008-01-07, and prices until"),
        (lambda path: _write(path.parent, "aapl.csv"), "several files for one symbol: AAPL.csv, aapl.csv"),
    ],
)
def test_a_bad_change_leaves_the_old_prices_and_is_named_until_it_is_mended(
    folder: Path, provider: FilesProvider, break_it: Callable[[Path], None], reason: str
) -> None:
    before = list(provider.bars(AAPL))
    break_it(folder / "AAPL.csv")
    with capture_logs() as logs:
        _look(provider)
        _look(provider)
    assert provider.symbols() == (AAPL, IBM)
    assert list(provider.bars(AAPL)) == before
    ((symbol, (first, *_)),) = provider.rejected().items()
    assert symbol == AAPL
    assert first.startswith(reason)
    assert AAPL not in provider.refused(), "it is served"
    assert [log["name"] for log in logs if log["event"] == "changed_file_not_served"] == [AAPL], "said once"
    (folder / "aapl.csv").unlink(missing_ok=True)
    _write(folder, "AAPL.csv", days=6)
    _look(provider)
    assert not provider.rejected()
    assert len(provider.bars(AAPL)) == 6


def test_the_prices_of_before_a_bad_change_need_not_have_been_asked_for(folder: Path, tmp_path: Path) -> None:
    FilesProvider(folder, xnys(), tmp_path / "cache")
    late = FilesProvider(folder, xnys(), tmp_path / "cache")
    _write(folder, "AAPL.csv", days=2)
    _write(folder, "IBM.csv", days=7)
    _look(late)
    assert (len(late.bars(AAPL)), len(late.bars(IBM))) == (5, 7)


def test_a_new_symbol_is_served_and_a_bad_new_one_refused(folder: Path, provider: FilesProvider) -> None:
    _write(folder, "MSFT.csv")
    _write(folder, "BAD.csv", price=0)
    _look(provider)
    assert provider.symbols() == (AAPL, IBM, "MSFT")
    assert list(provider.refused()) == list(provider.rejected()) == ["BAD"]
    (folder / "BAD.csv").unlink()
    _look(provider)
    assert not provider.refused()
    assert not provider.rejected()


def test_what_was_refused_at_the_start_is_served_once_it_is_mended(folder: Path) -> None:
    _write(folder, "BAD.csv", price=0)
    provider = FilesProvider(folder, xnys())
    assert not provider.rejected(), "it never was otherwise"
    _write(folder, "BAD.csv")
    _look(provider)
    assert Symbol("BAD") in provider.symbols()
    assert not provider.refused()


def test_a_file_may_go_over_into_one_of_another_kind(folder: Path, provider: FilesProvider) -> None:
    (folder / "IBM.csv").rename(folder / "ibm.CSV")
    _look(provider)
    assert len(provider.bars(IBM)) == 5
    assert not provider.rejected()


@pytest.mark.parametrize("loss", ["folder", "files"])
def test_a_folder_that_is_lost_changes_nothing(folder: Path, provider: FilesProvider, loss: str) -> None:
    shutil.rmtree(folder)
    if loss == "files":
        folder.mkdir()
    for _ in range(2):
        with pytest.raises(BadMarketData, match=r"is not a folder|holds no"):
            provider.refresh()
    assert len(provider.bars(AAPL)) == 5


def test_headlines_that_come_are_served_and_bad_ones_are_not(folder: Path, provider: FilesProvider) -> None:
    assert provider.headlines(AAPL) is None
    (folder / "news.csv").write_text(f"{NEWS}\n2008-01-03,AAPL,First\n")
    _look(provider)
    assert [each.text for each in provider.headlines(AAPL) or ()] == ["First"]
    _append(folder / "news.csv", "yesterday,AAPL,Second\n")
    _look(provider)
    assert [each.text for each in provider.headlines(AAPL) or ()] == ["First"]
    assert "news.csv:3" in provider.rejected()["news.csv"][0]
    (folder / "news.csv").write_text(f"{NEWS}\n2008-01-03,AAPL,First\n2008-01-04,AAPL,Second\n")
    _look(provider)
    assert len(provider.headlines(AAPL) or ()) == 2
    assert not provider.rejected()


def test_the_market_follows_and_shows_nothing_of_later_than_now(folder: Path, provider: FilesProvider) -> None:
    market = Market(provider, FakeClock(utc("2008-01-09 20:00")), xnys())
    assert market.state().data_age_seconds == 5.5 * 3600
    _write(folder, "AAPL.csv", days=20)
    _write(folder, "MSFT.csv", days=20)
    _append(folder / "IBM.csv", "bad\n")
    market.refresh()
    market.refresh()
    assert [state.symbol for state in market.overview()] == [AAPL, IBM, "MSFT"]
    assert [state.bars for state in market.overview()] == [5, 5, 5]
    assert market.bars(AAPL).session(-1) == date(2008, 1, 8)
    quote = market.quote(AAPL)
    assert quote is not None
    assert quote.at <= market.now()
    assert market.state().data_age_seconds < 6.5 * 3600 / 2
    assert list(market.rejected()) == [IBM]
    with pytest.raises(UnknownSymbol):
        market.bars(Symbol("FB"))
