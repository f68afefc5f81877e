"""Writes a made universe: a folder of daily bars for `provider = "files"`, the same for the same arguments.

    python benchmarks/universe.py /tmp/universe                     1,000 symbols of ten years, 130 MB of CSV
    python benchmarks/universe.py /tmp/universe --symbols 10000

Prices are geometric random walks with one common factor, on the sessions of the New York Stock Exchange. They are made
up, and say nothing about any market: they are as many and as long as real ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from investiq.invest.market.calendar import xnys

SESSIONS_A_YEAR = 252
HEADER = "session,open,high,low,close,volume\n"


def main() -> None:
    arguments = _arguments()
    days = universe_days(arguments.first, arguments.years)
    write_universe(arguments.folder, arguments.symbols, days, arguments.seed)
    print(f"{arguments.symbols} symbols, {len(days)} sessions from {days[0]} to {days[-1]}")


def write_universe(folder: Path, symbols: int, days: Sequence[date], seed: int = 1) -> None:
    """The first `symbols` files of the universe, on the sessions `days`."""
    market = np.random.default_rng(seed).normal(0.0003, 0.01, len(days))
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(symbols):
        path = folder / f"{symbol_name(number)}.csv"
        path.write_text(HEADER + "".join(_rows(days, market, seed, number)), encoding="ascii")


def universe_days(first: date, years: int) -> Sequence[date]:
    """`years` of 252 real sessions from `first` on."""
    count = years * SESSIONS_A_YEAR
    return [session.day for session in xnys().sessions(first, first + timedelta(days=2 * count))][:count]


def symbol_name(number: int) -> str:
    """AAAA, AAAB, ...: 456,976 of them."""
    letters = [chr(ord("A") + number // 26**place % 26) for place in (3, 2, 1, 0)]
    return "".join(letters)


def _rows(days: Sequence[date], market: np.ndarray, seed: int, number: int) -> Sequence[str]:
    made = np.random.default_rng((seed, number))
    steps = made.uniform(0.5, 1.5) * market + made.normal(0, 0.012, len(days))
    close = np.maximum(made.uniform(10, 200) * np.exp(np.cumsum(steps)), 0.5).round(2)
    opened = np.maximum(np.append(close[0], close[:-1]) * (1 + made.normal(0, 0.003, len(days))), 0.5).round(2)
    high = (np.maximum(opened, close) * (1 + made.uniform(0, 0.01, len(days)))).round(2)
    low = np.maximum(np.minimum(opened, close) * (1 - made.uniform(0, 0.01, len(days))), 0.01).round(2)
    low, high = np.minimum(low, np.minimum(opened, close)), np.maximum(high, np.maximum(opened, close))
    volume = made.lognormal(14, 0.5, len(days)).astype(np.int64)
    columns = zip(days, opened, high, low, close, volume, strict=True)
    return [f"{day},{o:.2f},{h:.2f},{lo:.2f},{c:.2f},{v}\n" for day, o, h, lo, c, v in columns]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--symbols", type=int, default=1_000)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--first", type=date.fromisoformat, default=date(2004, 1, 2))
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
