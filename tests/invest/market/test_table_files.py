"""Files of others: broken, hostile, far too large, or with names of columns that are nearly right."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from structlog.testing import capture_logs

from investiq.invest.analysis.fundamental import _SCREEN
from investiq.invest.market import file_bounds
from investiq.invest.market.calendar import xnys
from investiq.invest.market.provider import BadMarketData
from investiq.invest.market.providers.files import FilesProvider
from investiq.invest.market.table_files import read_table
from investiq.invest.market.tables import UnreadableTable
from investiq.invest.market.types import FIGURES, Symbol
from tests.invest.market.fakes import AAPL, IBM

HEADER = "session,open,high,low,close,volume"
DAYS = [str(session.day) for session in xnys().sessions(date(2008, 1, 2), date(2008, 1, 31))]
ROWS = [f"{day},100,102,98,101,1000" for day in DAYS]
NEWS = "published_at,symbol,headline"


def _write(folder: Path, name: str, *rows: str, header: str = HEADER) -> None:
    (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def _provider(folder: Path) -> FilesProvider:
    return FilesProvider(folder, xnys())


def _refused(folder: Path) -> list[str]:
    """Why AAPL is refused, while IBM is served all the same."""
    _write(folder, "IBM.csv", *ROWS)
    provider = _provider(folder)
    assert provider.symbols() == (IBM,)
    return list(provider.refused()[AAPL])


# ---- CSV ----


def test_a_quote_that_is_never_closed_refuses_the_file_with_its_line(tmp_path: Path) -> None:
    rows = [*(f"{row},ok" for row in ROWS[:5]), f'{ROWS[5]},"note', *(f"{row},ok" for row in ROWS[6:])]
    _write(tmp_path, "AAPL.csv", *rows, header=f"{HEADER},note")
    assert _refused(tmp_path) == ["AAPL.csv:7: not CSV: a quote is opened and never closed"]


@pytest.mark.parametrize(
    "later",
    [
        '2008-01-09T13:00:00Z,AAPL,Apple crashes"',
        '2008-01-09T13:00:00Z,AAPL,"Apple, crashed"',
        "2008-01-09T13:00:00Z,AAPL,Apple crashes",
    ],
)
def test_no_headline_of_a_later_day_becomes_part_of_an_earlier_one(tmp_path: Path, later: str) -> None:
    """However the quote that was opened on the second of January is closed after all."""
    _write(tmp_path, "AAPL.csv", *ROWS)
    _write(tmp_path, "news.csv", '2008-01-02T13:00:00Z,AAPL,"Apple rises', later, header=NEWS)
    with pytest.raises(BadMarketData, match=r"news\.csv:2: .*quote"):
        _provider(tmp_path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_line_is_a_row_whatever_it_ends_with(tmp_path: Path, end: str) -> None:
    (tmp_path / "AAPL.csv").write_bytes(end.join([HEADER, *ROWS]).encode())
    assert len(_provider(tmp_path).bars(AAPL)) == len(ROWS)


def test_text_behind_a_closed_quote_is_no_csv(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", f'"{DAYS[0]}"x,100,102,98,101,1000')
    assert _refused(tmp_path) == ["AAPL.csv:2: not CSV: text behind a closing quote"]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("1E+999", "is beyond any price, volume or figure"),
        ("-1E+999", "is beyond any price, volume or figure"),
        ("1E-999", "is beyond any price, volume or figure"),
        ("1E+999999999", "is not a number"),
        ("0E+999999999", "is not a number"),
        ("9" * 60_000, "is not a number"),
        ("1e29", "is beyond any price or volume"),
    ],
)
@pytest.mark.parametrize("column", range(1, 7))
def test_no_number_ends_more_than_its_symbol(tmp_path: Path, number: str, reason: str, column: int) -> None:
    row = f"{ROWS[1]},101".split(",")
    row[column] = number
    _write(tmp_path, "AAPL.csv", f"{ROWS[0]},101", ",".join(row), header=f"{HEADER},adj_close")
    (refusal,) = _refused(tmp_path)
    assert refusal.startswith("AAPL.csv:3: ")
    assert reason in refusal
    assert len(refusal) < 400, "a line that somebody is to read"


def test_a_figure_that_no_float_holds_is_named_and_not_infinite(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", *ROWS)
    _write(tmp_path, "fundamentals.csv", "2008-01-03,AAPL,1E+400", header="as_of,symbol,roe")
    with pytest.raises(BadMarketData, match=r"fundamentals\.csv:2: roe 1E\+400 is beyond"):
        _provider(tmp_path)


@pytest.mark.parametrize("time", ["9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_headline_at_the_end_of_time_is_named(tmp_path: Path, time: str) -> None:
    _write(tmp_path, "AAPL.csv", *ROWS)
    _write(tmp_path, "news.csv", f"{time},AAPL,x", header=NEWS)
    with pytest.raises(BadMarketData, match=r"news\.csv:2: .* beyond the years that are counted"):
        _provider(tmp_path)


# ---- what is no file, or too large ----


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "is a named pipe: expected a file"),
        (lambda path: path.mkdir(), "is a folder: expected a file"),
        (_socket, "is a socket: expected a file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device: expected a file"),
        (lambda path: path.symlink_to(path), "cannot be read: Too many levels of symbolic links"),
        (lambda path: path.symlink_to("nowhere"), "cannot be read: No such file or directory"),
    ],
)
@pytest.mark.parametrize("name", ["AAPL.csv", "AAPL.parquet", "news.csv", "fundamentals.csv"])
def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[Path], None], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    make(Path(name))
    if name.startswith("AAPL"):
        assert _refused(tmp_path) == [f"{name}: {reason}"]
    else:
        _write(tmp_path, "IBM.csv", *ROWS)
        with pytest.raises(BadMarketData, match=f"{name}: {reason}"):
            _provider(tmp_path)


def test_a_link_to_a_file_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "bars").mkdir()
    _write(tmp_path, "elsewhere.csv", *ROWS)
    (tmp_path / "bars" / "AAPL.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert len(_provider(tmp_path / "bars").bars(AAPL)) == len(ROWS)


@pytest.mark.parametrize("name", ["AAPL.csv", "AAPL.parquet"])
def test_a_file_without_end_is_not_read_to_it(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(2**40)  # takes no room on the disk
    assert _refused(tmp_path) == [f"{name}: is larger than 64 MiB"]


def test_a_century_of_daily_bars_is_far_below_the_bounds() -> None:
    rows, columns, bytes_a_row = 100 * 253, 20, 400
    assert rows < file_bounds.rows_under(columns, file_bounds.MOST_BARS) * 0.6
    assert rows * bytes_a_row < file_bounds.MOST_BYTES / 4


def test_rows_and_columns_of_csv_are_bounded(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", *ROWS, header=HEADER + ",x" * 245)
    assert _refused(tmp_path) == ["AAPL.csv:1: 251 columns, at most 250 are read"]
    _write(tmp_path, "AAPL.csv", *ROWS[:4])
    with pytest.raises(UnreadableTable, match=r"AAPL\.csv:5: more than 3 rows"):
        list(read_table(tmp_path / "AAPL.csv", 3).rows)


def test_a_folder_of_too_many_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("investiq.invest.market.providers.files.MOST_FILES", 1)
    _write(tmp_path, "AAPL.csv", *ROWS)
    _write(tmp_path, "IBM.csv", *ROWS)
    with pytest.raises(BadMarketData, match="holds 2 files of prices: expected at most 1"):
        _provider(tmp_path)


def test_a_file_whose_name_is_no_text_is_named_in_a_way_that_can_be_sent(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", *ROWS)
    _write(tmp_path, os.fsdecode(b"gro\xdf.csv"), *ROWS)
    _write(tmp_path, "A\x1b[31m.csv", *ROWS)
    refused = _provider(tmp_path).refused()
    assert set(refused) == {r"gro\udcdf", r"A\x1b[31m"}
    assert all("\x1b" not in reason and reason.encode() for reasons in refused.values() for reason in reasons)


# ---- Parquet ----

_COLUMNS = ("open", "high", "low", "close", "volume")


def _bars(rows: int, **others: object) -> pyarrow.Table:
    sessions = pyarrow.array([date(2008, 1, 2)] * rows)
    return pyarrow.table({"session": sessions, **{name: [100.0] * rows for name in _COLUMNS}, **others})


def _parquet(folder: Path, table: pyarrow.Table, **options: object) -> None:
    pyarrow.parquet.write_table(table, folder / "AAPL.parquet", **options)


def test_a_small_parquet_file_of_many_rows_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """Some kilobytes, which the same row a million times comes to."""
    _parquet(tmp_path, _bars(1_000_000))
    assert (tmp_path / "AAPL.parquet").stat().st_size < 100_000
    assert _refused(tmp_path) == ["AAPL.parquet: 1000000 rows, at most 50000 are read"]


def test_a_parquet_file_that_is_large_once_unpacked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("investiq.invest.market.parquet_tables.MOST_UNPACKED_BYTES", 2**20)
    texts = [str(number) + "x" * 30_000 for number in range(100)]
    _parquet(tmp_path, _bars(100, note=texts), compression="zstd", use_dictionary=False)
    assert (tmp_path / "AAPL.parquet").stat().st_size < 2**17
    assert _refused(tmp_path) == ["AAPL.parquet: unpacked, it is larger than 1 MiB"]


def test_one_long_text_in_many_rows_is_never_in_memory_as_often(tmp_path: Path) -> None:
    """40,000 times a megabyte: a file of some kilobytes."""
    note = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 40_000, pyarrow.int32()), ["x" * 1_000_000])
    _parquet(tmp_path, _bars(40_000, note=note))
    assert _refused(tmp_path) == ["AAPL.parquet: note has a text of more than 10000 characters"]


def test_a_column_of_lists_is_in_nobodys_way_unless_it_is_a_price(tmp_path: Path) -> None:
    _parquet(tmp_path, _bars(1, ticks=[[1.0, 2.0]], sector=pyarrow.array(["tech"]).dictionary_encode()))
    assert len(_provider(tmp_path).bars(AAPL)) == 1
    prices = _bars(1).drop_columns("close").append_column("close", pyarrow.array([[1.0]]))
    _parquet(tmp_path, prices)
    (refusal,) = _refused(tmp_path)
    assert refusal.startswith("AAPL.parquet row 1: close 'list<")


def test_a_value_that_python_has_no_type_for_is_named_with_its_row(tmp_path: Path) -> None:
    days = pyarrow.array([13_880, 2**31 - 1], pyarrow.int32()).cast(pyarrow.date32())
    _parquet(tmp_path, _bars(2).set_column(0, "session", days))
    (refusal,) = _refused(tmp_path)
    assert refusal.startswith("AAPL.parquet row 2: session: ")


def test_two_columns_of_one_name_in_parquet_are_refused(tmp_path: Path) -> None:
    _parquet(tmp_path, _bars(1).append_column("close", pyarrow.array([1.0])))
    assert _refused(tmp_path) == ["AAPL.parquet: several columns called close: expected one"]


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_a_parquet_file_that_is_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    _parquet(tmp_path, _bars(10))
    path = tmp_path / "AAPL.parquet"
    path.write_bytes(path.read_bytes()[:cut])
    assert _refused(tmp_path)[0].startswith("AAPL.parquet: not a readable Parquet file")


# ---- names of columns ----


@pytest.mark.parametrize(
    "name",
    [
        "Adj Close",  # Yahoo
        "Adj Close**",  # its page, copied
        "Adj. Close",  # Quandl, SimFin
        "adjClose",  # Tiingo
        "Adjusted_close",  # EODHD
        "5. adjusted close",  # Alpha Vantage
        "<ADJ_CLOSE>",
        "ADJ\u00a0CLOSE",
        "\u200bAdj Close\ufeff",
        "Ａｄｊ Close",
    ],
)
def test_the_adjusted_close_as_the_sellers_of_data_write_it(tmp_path: Path, name: str) -> None:
    _write(tmp_path, "AAPL.csv", "2008-01-02,100,102,98,101,1000,50.5", header=f"{HEADER},{name}")
    provider = _provider(tmp_path)
    assert provider.bars(AAPL)[0].close == Decimal("50.5000")
    assert not provider.unused_columns()


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Date,Open,High,Low,Close,Adj Close,Volume", "2008-01-02,100,102,98,101,50.5,1000"),
        ("Date,Open,High,Low,Close*,Adj Close**,Volume", "2008-01-02,100,102,98,101,50.5,1000"),
        ("\ufeff\ufeffDate,Open,High,Low,Close,Adj. Close,Volume", "2008-01-02,100,102,98,101,50.5,1000"),
        (
            "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
            "2008-01-02,100,102,98,101,50.5,1000,0,1",
        ),
        (
            "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor",
            "2008-01-02T00:00:00.000Z,101,102,98,100,1000,50.5,51,49,50,2000,0,1",
        ),
        (
            "Date,Open,High,Low,Close,Volume,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume",
            "2008-01-02,100,102,98,101,1000,1,50,51,49,50.5,2000",
        ),
        (
            "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOLUME>,<OPENINT>",
            "AAPL.US,D,20080102,000000,50,51,49,50.5,2000,0",
        ),
    ],
    ids=["yahoo", "yahoo page", "marks", "alpha vantage", "tiingo", "quandl", "stooq"],
)
def test_files_as_the_sellers_of_data_write_them(tmp_path: Path, header: str, row: str) -> None:
    _write(tmp_path, "AAPL.csv", row, header=header)
    provider = _provider(tmp_path)
    (bar,) = provider.bars(AAPL)
    assert (bar.session, bar.close, bar.volume) == (date(2008, 1, 2), Decimal("50.5000"), 2000)
    assert not provider.unused_columns()


@pytest.mark.parametrize(
    "name", ["closeadj", "Adj Factor", "Ajd Close", "Adj Close Adjusted close price adjusted for splits", "adjOpen"]
)
def test_what_looks_like_an_adjusted_close_and_is_not_taken_is_named(tmp_path: Path, name: str) -> None:
    for symbol in ("AAPL", "IBM"):
        _write(tmp_path, f"{symbol}.csv", "2008-01-02,100,102,98,101,1000,50.5", header=f"{HEADER},{name}")
    with capture_logs() as logs:
        provider = _provider(tmp_path)
    assert [(column.file, column.name, column.like) for column in provider.unused_columns()] == [
        ("AAPL.csv", name, "adj_close"),
        ("IBM.csv", name, "adj_close"),
    ]
    (warning,) = [log for log in logs if log["log_level"] == "warning"]
    assert (warning["column"], warning["files"]) == (name, ["AAPL.csv", "IBM.csv"])


def test_other_columns_are_nobodys_business(tmp_path: Path) -> None:
    header = f"{HEADER},Dividends,Stock Splits,Ticker,vwap,trades,change %,"
    _write(tmp_path, "AAPL.csv", f"{ROWS[0]},0,0,AAPL,1,2,3,", header=header)
    assert not _provider(tmp_path).unused_columns()


def test_two_columns_that_are_one_name_are_refused_since_one_of_them_would_win(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", f"{ROWS[0]},50,51", header=f"{HEADER},Adj Close,adjusted")
    (refusal,) = _refused(tmp_path)
    assert refusal.endswith("expected one, got 'Adj Close', 'adjusted'")


def test_figures_are_known_by_other_spellings_and_the_rest_is_named(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", *ROWS)
    header = "as_of,symbol,P/E Ratio,Debt-to-Equity,ROE*,PE Ratio TTM,Market Cap"
    _write(tmp_path, "fundamentals.csv", "2008-01-02,AAPL,33,0.5,0.2,1,2", header=header)
    provider = _provider(tmp_path)
    (report,) = provider.fundamentals(AAPL) or ()
    assert {name: report.values[name] for name in FIGURES if name in report.values} == {
        "pe_ratio": 33.0,
        "debt_to_equity": 0.5,
        "roe": 0.2,
    }
    assert [(column.name, column.like) for column in provider.unused_columns()] == [
        ("PE Ratio TTM", "pe_ratio"),
        ("Market Cap", ""),
    ]
    _write(tmp_path, "fundamentals.csv", "2008-01-02,AAPL,33,34", header="as_of,symbol,ROE,roe")
    with pytest.raises(BadMarketData, match=r"fundamentals\.csv:1: 2 columns called roe"):
        _provider(tmp_path)


def test_the_figures_that_are_known_are_those_that_the_engine_asks_for() -> None:
    assert set(FIGURES) == set(_SCREEN)


def test_symbols_of_refused_files_can_be_told_apart(tmp_path: Path) -> None:
    _write(tmp_path, "AAPL.csv", *ROWS)
    _write(tmp_path, "MSFT.csv", *ROWS, header="Date,Price,Open,High,Low,Vol.,Change %")
    (reason,) = _provider(tmp_path).refused()[Symbol("MSFT")]
    assert reason == "MSFT.csv:1: no column close; the columns are Date, Price, Open, High, Low, Vol., Change %"
