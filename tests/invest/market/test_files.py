"""A folder of one's own prices: read as it is, checked row by row, and refused with the place of every fault."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from structlog.testing import capture_logs

from investiq.invest.market.calendar import xnys
from investiq.invest.market.market import Market
from investiq.invest.market.provider import BadMarketData, UnknownSymbol
from investiq.invest.market.providers.files import FilesProvider
from investiq.invest.market.types import Bar, Symbol
from tests.invest.market.fakes import AAPL, IBM, FakeClock, utc

HEADER = "session,open,high,low,close,volume"
GOOD = ["2008-01-02,100,102,98,101,1000", "2008-01-03,101,103,99,102,1100", "2008-01-04,102,104,100,103,1200"]


def _write(folder: Path, name: str, *rows: str, header: str = HEADER) -> None:
    (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def _provider(folder: Path) -> FilesProvider:
    return FilesProvider(folder, xnys())


def _refusals(folder: Path, *rows: str, header: str = HEADER) -> list[str]:
    """Why AAPL.csv with these rows is refused, beside a good IBM.csv that must be served all the same."""
    _write(folder, "IBM.csv", *GOOD)
    _write(folder, "AAPL.csv", *rows, header=header)
    provider = _provider(folder)
    assert provider.symbols() == (IBM,)
    with pytest.raises(UnknownSymbol):
        provider.bars(AAPL)
    return list(provider.refused()[AAPL])


def _numbers(bar: Bar) -> list[str]:
    return [str(number) for number in (bar.open, bar.high, bar.low, bar.close, bar.volume)]


def test_bars_are_served_as_they_stand_in_the_file(tmp_path: Path) -> None:
    _write(tmp_path, "aapl.csv", "2008-01-02,199.27,200.26,192.55,194.84,38542100")
    expected = Bar(
        date(2008, 1, 2),
        open=Decimal("199.2700"),
        high=Decimal("200.2600"),
        low=Decimal("192.5500"),
        close=Decimal("194.8400"),
        volume=38542100,
    )
    assert list(_provider(tmp_path).bars(AAPL)) == [expected]
    assert not _provider(tmp_path).refused()


def test_column_names_may_be_capitals_in_any_order_with_others_between(tmp_path: Path) -> None:
    header = "Date,Ticker,Volume,Close,Low,High,Open"
    _write(tmp_path, "AAPL.csv", "2008-01-02,AAPL,1000,101,98,102,100", header="\ufeff" + header)
    (only,) = _provider(tmp_path).bars(AAPL)
    assert _numbers(only) == ["100.0000", "102.0000", "98.0000", "101.0000", "1000"]


@pytest.mark.parametrize("name", ["Adj Close", "adj_close", "Adjusted Close", "adjusted"])
def test_an_adjusted_close_scales_prices_and_volume(tmp_path: Path, name: str) -> None:
    _write(tmp_path, "AAPL.csv", "2008-01-02,100,102,98,101,1000,50.5", header=f"{HEADER},{name}")
    (only,) = _provider(tmp_path).bars(AAPL)
    assert _numbers(only) == ["50.0000", "51.0000", "49.0000", "50.5000", "2000"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2008-01-03,,103,99,102,1100", "open is empty: expected a number"),
        ("2008-01-03,101,103,99,n/a,1100", "close 'n/a' is not a number"),
        ("2008-01-03,101,103,99,1_02,1100", "close '1_02' is not a number"),
        ("2008-01-03,101,103,99,١٠٢,1100", "close '١٠٢' is not a number"),
        ('2008-01-03,101,103,99,"1,02",1100', "close '1,02' is not a number"),
        ("2008-01-03,101,103,99,NaN,1100", "close NaN is not a finite number"),
        ("2008-01-03,101,inf,99,102,1100", "high inf is not a finite number"),
        ("2008-01-03,101,103,99,102,1e20", "volume 1e20 is beyond any price or volume"),
        ("2008-01-03,101,103,99,102", "5 cells under 6 column names"),
        ("2008-01-03,101,103,99,102,1100,7", "7 cells under 6 column names"),
        ("03.01.2008,101,103,99,102,1100", "'03.01.2008' is not a date such as 2008-01-02"),
        (",101,103,99,102,1100", "'' is not a date such as 2008-01-02"),
        ("2008-01-03 16:00,101,103,99,102,1100", "2008-01-03 16:00 has a time of day: expected one bar a day"),
        ("2008-01-03,101,103,0,102,1100", "low 0.0000 is not positive"),
        ("2008-01-03,101,103,-99,102,1100", "low -99.0000 is not positive"),
        ("2008-01-03,101,103,0.00001,102,1100", "low 0.0000 is not positive"),
        ("2008-01-03,101,99,103,102,1100", "high 99.0000 is below low 103.0000"),
        ("2008-01-03,98,103,99,102,1100", "open 98.0000 is outside low 99.0000 to high 103.0000"),
        ("2008-01-03,101,103,99,103.01,1100", "close 103.0100 is outside low 99.0000 to high 103.0000"),
        ("2008-01-03,101,103,99,102,-1", "volume -1 is negative"),
        ("2008-01-02,101,103,99,102,1100", "session 2008-01-02 again, first at AAPL.csv:2"),
        ("2007-12-31,101,103,99,102,1100", "session 2007-12-31 comes after 2008-01-02: expected ascending sessions"),
        ("2008-01-01,101,103,99,102,1100", "session 2008-01-01 comes after 2008-01-02"),
    ],
)
def test_one_bad_row_refuses_its_symbol_with_the_line_and_the_others_are_served(
    tmp_path: Path, row: str, reason: str
) -> None:
    (refusal,) = _refusals(tmp_path, GOOD[0], row, GOOD[2])
    assert refusal.startswith(f"AAPL.csv:3: {reason}")


def test_a_day_on_which_the_exchange_was_shut_is_no_bar(tmp_path: Path) -> None:
    (refusal,) = _refusals(tmp_path, *GOOD, "2008-01-05,102,104,100,103,1200")
    assert refusal == "AAPL.csv:5: 2008-01-05 is not a session of XNYS"


def test_every_bad_row_is_listed_and_every_fault_of_a_row(tmp_path: Path) -> None:
    refusals = _refusals(tmp_path, "2008-01-02,0,102,98,101,-5", GOOD[1], "2008-01-04,x,104,100,103,1200")
    assert [refusal.split(":")[1] for refusal in refusals] == ["2", "4"]
    assert "open 0.0000 is not positive" in refusals[0]
    assert "volume -5 is negative" in refusals[0]


def test_lines_are_those_of_the_file_also_after_blank_and_quoted_lines(tmp_path: Path) -> None:
    rows = ['2008-01-02,100,102,98,101,1000,"a ""note"", quoted"', "", "2008-01-03,x,102,98,101,1000,"]
    (refusal,) = _refusals(tmp_path, *rows, header=f"{HEADER},note")
    assert refusal.startswith("AAPL.csv:4: open 'x'")


def test_a_file_that_is_wrong_throughout_lists_the_first_rows_and_counts_the_rest(tmp_path: Path) -> None:
    """Newest first is how many sites export."""
    days = [session.day for session in xnys().sessions(date(2008, 1, 2), date(2008, 3, 1))]
    refusals = _refusals(tmp_path, *(f"{day},100,102,98,101,1000" for day in reversed(days)))
    assert len(refusals) == 21
    assert refusals[-1] == f"... and {len(days) - 1 - 20} more rows"


def test_float_noise_is_no_contradiction(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", "2008-01-02,10,10.119999999999999,9.5,10.12,1000.0")
    (only,) = _provider(tmp_path).bars(AAPL)
    assert only.high == only.close == Decimal("10.1200")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2008-01-02,100,102,98,101,1000,0.00001", "adjusted prices round to 0"),
        ("2008-01-02,100,102,98,101,1000,-1", "adjusted -1 is not positive"),
        ("2008-01-02,100,102,98,101,1000,", "adjusted is empty"),
        ("2008-01-02,100,102,98,101,100000000000000,1e-20", "adjusted close 1E-20 does not fit close 101"),
    ],
)
def test_an_adjusted_close_that_cannot_be(tmp_path: Path, row: str, reason: str) -> None:
    (refusal,) = _refusals(tmp_path, row, header=f"{HEADER},adj_close")
    assert refusal.startswith(f"AAPL.csv:2: {reason}")


@pytest.mark.parametrize(
    ("header", "rows", "reason"),
    [
        (
            "session,open,high,low,close",
            ["2008-01-02,1,1,1,1"],
            "AAPL.csv:1: no column volume; the columns are session, open",
        ),
        ("open,high,low,close,volume", ["1,1,1,1,1"], "AAPL.csv:1: no column session or date"),
        (f"{HEADER},date", [], "AAPL.csv:1: 2 columns called session or date: expected one"),
        (HEADER, [], "AAPL.csv: no rows under the column names"),
    ],
)
def test_a_file_without_the_columns_or_rows(tmp_path: Path, header: str, rows: list[str], reason: str) -> None:
    (refusal,) = _refusals(tmp_path, *rows, header=header)
    assert refusal.startswith(reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "AAPL.csv: empty file"),
        (b"\xff\xfes\x00", "AAPL.csv:1: not UTF-8 text, but UTF-16: save it as UTF-8"),
        (HEADER.encode() + b"\n2008-01-02,\xff", "AAPL.csv:2: not UTF-8 text"),
        (HEADER.encode() + b"\n2008-01-02,100,102,98,101,1000\n2008-01-03,\0", "AAPL.csv:3: not text: it holds a"),
    ],
)
def test_a_file_that_is_no_table(tmp_path: Path, content: bytes, reason: str) -> None:
    _write(tmp_path, "IBM.csv", *GOOD)
    (tmp_path / "AAPL.csv").write_bytes(content)
    (tmp_path / "MSFT.parquet").write_bytes(b"no parquet")
    refused = _provider(tmp_path).refused()
    assert refused[AAPL][0].startswith(reason)
    assert refused[Symbol("MSFT")][0].startswith("MSFT.parquet: not a readable Parquet file")


def test_two_files_for_one_symbol_and_names_that_are_no_symbols_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, "IBM.csv", *GOOD)
    _write(tmp_path, "AAPL.csv", *GOOD)
    _write(tmp_path, "aapl.csv", *GOOD)
    _write(tmp_path, "my notes.csv", *GOOD)
    (tmp_path / "README.txt").write_text("not prices")
    provider = _provider(tmp_path)
    assert provider.symbols() == (IBM,)
    assert provider.refused()[AAPL] == ("several files for one symbol: AAPL.csv, aapl.csv",)
    assert provider.refused()[Symbol("my notes")][0].startswith("my notes.csv: the file's name is not a symbol")


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Date": pd.to_datetime(["2008-01-02", "2008-01-03"]),
            "Open": [100.1, 101.0],
            "High": [102.0, 103.0],
            "Low": [98.0, 99.0],
            "Close": [101.0, 102.0],
            "Volume": [1000.0, 1100.0],
        }
    )


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_parquet_as_data_frames_write_it(tmp_path: Path, zone: str | None) -> None:
    frame = _frame()
    frame["Date"] = frame["Date"].dt.tz_localize(zone)
    frame.set_index("Date").to_parquet(tmp_path / "AAPL.parquet")
    first, second = _provider(tmp_path).bars(AAPL)
    assert (first.session, first.open, first.volume) == (date(2008, 1, 2), Decimal("100.1000"), 1000)
    assert second.session == date(2008, 1, 3)


def test_parquet_with_plain_dates_and_text(tmp_path: Path) -> None:
    columns = {name: ["1"] for name in ("open", "high", "low", "close", "volume")}
    pyarrow.parquet.write_table(pyarrow.table({"session": [date(2008, 1, 2)], **columns}), tmp_path / "AAPL.parquet")
    assert _provider(tmp_path).bars(AAPL)[0].session == date(2008, 1, 2)


def test_bad_parquet_rows_are_listed_by_number(tmp_path: Path) -> None:
    _write(tmp_path, "IBM.csv", *GOOD)
    frame = _frame()
    frame.loc[1, "Close"] = float("nan")
    frame.to_parquet(tmp_path / "AAPL.parquet")
    (refusal,) = _provider(tmp_path).refused()[AAPL]
    assert refusal.startswith("AAPL.parquet row 2: close")


@pytest.mark.parametrize("make", ["missing", "empty", "file"])
def test_no_prices_at_all_is_an_error_with_an_example_of_the_format(tmp_path: Path, make: str) -> None:
    folder = {"missing": tmp_path / "gone", "empty": tmp_path, "file": tmp_path / "f"}[make]
    if make == "file":
        (tmp_path / "f").touch()
    with pytest.raises(BadMarketData, match=r"session,open,high,low,close,volume\n2008-01-02,199"):
        FilesProvider(folder, xnys())


def test_a_folder_of_nothing_but_bad_files_is_an_error_that_lists_them(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", "2008-01-01,1,1,1,1,1")
    with pytest.raises(BadMarketData, match=r"AAPL\.csv:2: 2008-01-01 is not a session"):
        _provider(tmp_path)


def test_without_their_files_there_are_no_news_and_no_figures(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", *GOOD)
    assert _provider(tmp_path).headlines(AAPL) is None
    assert _provider(tmp_path).fundamentals(AAPL) is None


def test_headlines_come_in_the_order_of_their_publication(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", *GOOD)
    _write(tmp_path, "IBM.csv", *GOOD)
    rows = [
        '2008-01-03T09:00:00-05:00,AAPL,"Second, and later"',
        "2008-01-03T13:59:59Z,aapl,First",
        "2008-01-02,AAPL,Zeroth",
    ]
    _write(tmp_path, "news.csv", *rows, header="published_at,symbol,headline")
    provider = _provider(tmp_path)
    found = [(each.published_at, each.text) for each in provider.headlines(AAPL) or ()]
    assert found == [
        (utc("2008-01-03 05:00"), "Zeroth"),  # a bare date is public when the day ends in New York
        (utc("2008-01-03 13:59:59"), "First"),
        (utc("2008-01-03 14:00"), "Second, and later"),
    ]
    assert provider.headlines(IBM) == ()
    assert provider.symbols() == (AAPL, IBM)


def test_news_about_a_symbol_without_prices_is_told_since_it_may_be_a_slip(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", *GOOD)
    _write(tmp_path, "news.csv", "2008-01-03,APPL,x", "2008-01-03,AAPL,y", header="published_at,symbol,headline")
    with capture_logs() as logs:
        _provider(tmp_path)
    assert [log["symbols"] for log in logs if log["log_level"] == "warning"] == [["APPL"]]


def test_figures_have_the_names_of_their_columns_and_gaps_stay_gaps(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", *GOOD)
    rows = ["2008-01-03,AAPL,33.5,,-0.2", "2008-01-02,AAPL,32,0.27,"]
    _write(tmp_path, "fundamentals.csv", *rows, header="as_of,symbol,PE Ratio,roe,revenue_growth")
    first, second = _provider(tmp_path).fundamentals(AAPL) or ()
    assert dict(first.values) == {"pe_ratio": 32.0, "roe": 0.27}
    assert dict(second.values) == {"pe_ratio": 33.5, "revenue_growth": -0.2}
    market = Market(_provider(tmp_path), FakeClock(utc("2008-01-04 04:59:59")), xnys())
    assert market.fundamentals(AAPL) == [first]


@pytest.mark.parametrize(
    ("name", "header", "row", "reason"),
    [
        (
            "news.csv",
            "published_at,symbol,headline",
            "2008-01-03T09:00:00,AAPL,x",
            "news.csv:2: 2008-01-03T09:00:00 has no offset",
        ),
        ("news.csv", "published_at,symbol,headline", "soon,AAPL,x", "news.csv:2: 'soon' is not a date"),
        ("news.csv", "published_at,symbol,headline", "2008-01-03,A PL,x", "news.csv:2: 'A PL' is not a symbol"),
        ("news.csv", "published_at,symbol,headline", "2008-01-03,AAPL,", "news.csv:2: the headline is empty"),
        (
            "news.csv",
            "published_at,symbol,headline",
            "2008-01-03,AAPL,One, two",
            "news.csv:2: 4 cells under 3 column names",
        ),
        ("news.csv", "symbol,headline", "AAPL,x", "news.csv:1: no column published_at"),
        (
            "fundamentals.csv",
            "as_of,symbol,roe",
            "2008-01-03,AAPL,high",
            "fundamentals.csv:2: roe 'high' is not a number",
        ),
        ("fundamentals.csv", "as_of,symbol,roe", "2008-01-03,AAPL,", "fundamentals.csv:2: no figure in this row"),
    ],
)
def test_a_bad_row_of_news_or_figures_is_named_with_an_example(
    tmp_path: Path, name: str, header: str, row: str, reason: str
) -> None:
    _write(tmp_path, "AAPL.csv", *GOOD)
    _write(tmp_path, name, row, header=header)
    with pytest.raises(BadMarketData) as caught:
        _provider(tmp_path)
    assert reason in caught.value.message
    assert f"A file like this is expected:\n{header[:5]}" in caught.value.message or "no column" in reason


def test_an_unknown_symbol_is_answered_with_the_nearest(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", *GOOD)
    provider = _provider(tmp_path)
    for ask in (provider.bars, provider.headlines, provider.fundamentals):
        with pytest.raises(UnknownSymbol, match="AAPL"):
            ask(Symbol("APPL"))


def test_a_user_can_feed_the_bars_of_a_data_frame_back(tmp_path: Path) -> None:
    """CSV as `DataFrame.to_csv` writes it, with midnight times and float volumes."""
    frame = _frame()
    frame["Date"] = [datetime(2008, 1, 2), datetime(2008, 1, 3)]  # noqa: DTZ001 — as data frames hold days
    frame.to_csv(tmp_path / "AAPL.csv", index=False, date_format="%Y-%m-%d %H:%M:%S")
    assert [each.volume for each in _provider(tmp_path).bars(AAPL)] == [1000, 1100]
