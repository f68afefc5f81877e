"""The quick way to read a file gives what the strict one gives, or leaves the file to it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from investiq.invest.market.bar_checks import CheckedBars, check_bars
from investiq.invest.market.calendar import xnys
from investiq.invest.market.file_bounds import MOST_BARS
from investiq.invest.market.plain_csv import plain_bars
from investiq.invest.market.table_files import table_in
from investiq.invest.market.tables import UnreadableTable

PATH = Path("AAPL.csv")
HEADER = "session,open,high,low,close,volume"
DAYS = [str(session.day) for session in xnys().sessions(date(2008, 1, 2), date(2008, 1, 31))]
ROWS = [f"{day},100.1,102.25,98,101,1000" for day in DAYS[:5]]


def _plain(content: bytes) -> CheckedBars | None:
    return plain_bars(PATH.name, content, xnys(), MOST_BARS)


def _strict(content: bytes) -> CheckedBars | None:
    """None where it is no table at all."""
    try:
        return check_bars(table_in(PATH, content, MOST_BARS), xnys())
    except UnreadableTable:
        return None


def _file(*rows: str, header: str = HEADER, end: str = "\n") -> bytes:
    return (end.join([header, *rows]) + end).encode()


def _assert_the_same(content: bytes) -> None:
    plain = _plain(content)
    assert plain is not None
    assert plain == _strict(content)
    assert not plain.problems


@pytest.mark.parametrize(
    "content",
    [
        _file(*ROWS),
        _file(*ROWS, end="\r\n"),
        b"\xef\xbb\xbf" + _file(*ROWS).rstrip(),
        _file(ROWS[0], "", *ROWS[1:]),
        _file(*(f"{row},AAPL,x y" for row in ROWS), header=f"{HEADER},ticker,note"),
        _file(*(row.replace(",", " 00:00:00-05:00,", 1) for row in ROWS), header=HEADER.replace("session", "Date")),
        _file("2008-01-02,0.00015,0.00025,0.00015,0.00025,0.5", "2008-01-03,1.,1.00005,1.,1.00005,1.5"),
        _file("2008-01-02,100,102,98,101,1000,50.5", "2008-01-03,3,3,1,1.5,7,1.00005", header=f"{HEADER},Adj Close"),
        _file("2008-01-02,0.0003,0.0003,0.0001,0.0001,3,0.00015", header=f"{HEADER},adjusted"),
        _file("2008-01-02,99999999,99999999,1,2,999999999999"),
        _file(*ROWS, header="session,open,high,low,close,volume").replace(b"volume", b"Volume "),
        _file(*(f"{row},1" for row in ROWS), header=f"{HEADER},adj_cloze"),
    ],
)
def test_a_plain_file_gives_the_bars_of_the_strict_reading_to_the_last_digit(content: bytes) -> None:
    _assert_the_same(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        _file(),
        b"\n" + _file(*ROWS),
        _file(*ROWS).replace(b"100.1", b'"100.1"', 1),
        _file(*ROWS).replace(b"100.1", b" 100.1", 1),
        _file(*ROWS).replace(b"100.1", b"1e2", 1),
        _file(*ROWS).replace(b"100.1", b"-100.1", 1),
        _file(*ROWS).replace(b"100.1", b"", 1),
        _file(*ROWS).replace(b"100.1", b"nan", 1),
        _file(*ROWS).replace(b"100.1", b"103", 1),
        _file(*ROWS).replace(b"100.1", b"0.00005", 1),
        _file(*ROWS).replace(b"100.1", b"100." + b"1" * 61, 1),
        _file(*ROWS).replace(b"1000", b"9999999999999", 1),
        _file(*ROWS).replace(b"2008-01-03", b"20080103", 1),
        _file(*ROWS).replace(b"2008-01-03", b"2008-01-05", 1),
        _file(*ROWS).replace(b"2008-01-03", b"2008-02-30", 1),
        _file(*ROWS).replace(b"2008-01-03", b"2008-01-02", 1),
        _file(*reversed(ROWS)),
        _file(*ROWS, "2008-02-01,100,102,98"),
        _file(*ROWS, end="\r"),
        _file(*ROWS) + b"\0",
        _file(*ROWS) + "2008-02-01,100,102,98,101,é".encode(),
        _file(*ROWS, header="session,open,high,low,close"),
        _file(*ROWS, header=f"{HEADER},close"),
        _file(*(f"{row},0" for row in ROWS), header=f"{HEADER},adj_close"),
        _file(*(f"{row},0.000001" for row in ROWS), header=f"{HEADER},adj_close"),
        _file(*(f"{row},99999999999" for row in ROWS), header=f"{HEADER},adj_close"),
        _file(f"{ROWS[0]},{'x' * 200_000}", header=f"{HEADER},note"),
    ],
)
def test_what_is_not_plain_is_left_to_the_strict_reading(content: bytes) -> None:
    assert _plain(content) is None


def test_the_number_of_rows_is_bounded() -> None:
    assert plain_bars(PATH.name, _file(*ROWS[:4]), xnys(), 4) is not None
    assert plain_bars(PATH.name, _file(*ROWS[:4]), xnys(), 3) is None


def _price(made: random.Random) -> str:
    digits = made.choice((0, 1, 2, 4, 5, 6, 12))
    text = f"{made.uniform(0.0001, 200):.{digits}f}"
    return made.choice((text, text, f"{made.randrange(2000) / 20000:.5f}", f"{made.randrange(1, 99)}.00005"))


def _damage(made: random.Random, content: bytes) -> bytes:
    at = made.randrange(len(content))
    return made.choice(
        (
            content,
            content[:at] + bytes([made.choice(b"0123456789.,-eE+ \"'\r\n\0x:T\xff")]) + content[at + 1 :],
            content[:at] + content[at + made.randrange(4) :],
            content[:at] + content[made.randrange(len(content)) :][:20] + content[at:],
        )
    )


def _made_file(made: random.Random) -> bytes:
    rows = []
    for day in DAYS[: made.randrange(1, 20)]:
        low, one, two, high = sorted((_price(made) for _ in range(4)), key=float)
        cells = [day, one, high, low, two, str(made.choice((0, 7, 1.5, 38542100)))]
        rows.append(",".join([*cells, _price(made)]))
    header = made.choice((f"{HEADER},adj_close", f"{HEADER},factor"))
    return _file(*rows, header=header, end=made.choice(("\n", "\r\n")))


@pytest.mark.parametrize("seed", range(8))
def test_no_file_is_read_otherwise_than_strictly_however_it_is_made_or_damaged(seed: int) -> None:
    made = random.Random(seed)  # noqa: S311  not a secret
    read = 0
    change: Callable[[bytes], bytes] = lambda content: _damage(made, content)  # noqa: E731
    for _ in range(150):
        content = change(_made_file(made))
        plain = _plain(content)
        if plain is not None:
            read += 1
            assert plain == _strict(content), content
    assert read > 20, "the quick way must be of use"
