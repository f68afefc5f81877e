"""What a run ordered: what it bought and sold, what is left of it, and the end of what is still open."""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from investiq.clients.api import InvestIQClient
from investiq.clients.api.errors import ApiRefused
from investiq.clients.session import ClientError

__all__ = ["OrderSummary", "ended_orders", "left_journals", "open_journal"]

_OPEN = ("pending_new", "accepted", "partially_filled")
_PAGE = 500


@dataclass(slots=True)
class OrderSummary:
    """What became of the orders of a run.

    Attributes:
        placed: that the broker got.
        statuses: status -> how many.
        cancelled_now: that were open at the end.
        bought, sold: symbol -> shares.
        left: symbol -> shares bought less shares sold; those at 0 are not in it.
        unknown: ids that could not be looked up, and keys of orders of which no answer came.
        problem: why not all of this could be found out; empty where it could.
    """

    placed: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    cancelled_now: int = 0
    bought: dict[str, str] = field(default_factory=dict)
    sold: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    problem: str = ""


def ended_orders(client: InvestIQClient, journal: Path) -> OrderSummary:
    """Cancel what is open of the orders in `journal`, and sum up all of them."""
    ids, doubts = read_journal(journal)
    summary = OrderSummary(placed=len(ids), unknown=doubts)
    try:
        found = _found(client, ids)
        for order in [one for one in found if one["status"] in _OPEN]:
            summary.cancelled_now += _cancel(client, str(order["id"]))
        if summary.cancelled_now:
            found = _found(client, ids)
    except ClientError as error:
        summary.problem = error.message
        return summary
    summary.unknown += sorted(set(ids) - {str(order["id"]) for order in found})
    summary.statuses = dict(Counter(str(order["status"]) for order in found).most_common())
    bought, sold = _filled(found, "buy"), _filled(found, "sell")
    left = {symbol: bought.get(symbol, Decimal()) - sold.get(symbol, Decimal()) for symbol in sorted({*bought, *sold})}
    summary.bought, summary.sold, summary.left = _written(bought), _written(sold), _written(left)
    return summary


@contextmanager
def open_journal(path: Path, url: str) -> Iterator[Path]:
    """The file to which a run at `url` writes its orders, locked while the run lives; at the end it goes."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, f"{json.dumps({'target': url})}\n".encode())
        yield path
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def left_journals(folder: Path, url: str) -> Iterator[Path]:
    """Those of runs at `url` that ended without having ended their orders: nobody has their lock."""
    for path in sorted(folder.glob("*.orders")):
        with suppress(OSError, ValueError, IndexError), path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if json.loads(file.readline())["target"] == url:
                yield path


def read_journal(journal: Path) -> tuple[list[str], list[str]]:
    """The ids of the orders, and the keys of those of which no answer came; a line that was cut off is left out."""
    ids, doubts = [], []
    for line in journal.read_text("utf-8", "replace").splitlines() if journal.exists() else []:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if "id" in entry:
            ids.append(str(entry["id"]))
        elif "doubt" in entry:
            doubts.append(str(entry["doubt"]))
    return list(dict.fromkeys(ids)), doubts


def _found(client: InvestIQClient, ids: Sequence[str]) -> list[Any]:
    """Newest first: once each was seen, the older ones are not read."""
    wanted, found = set(ids), []
    for order in _newest(client) if wanted else ():
        if order["id"] in wanted:
            found.append(order)
            wanted.discard(order["id"])
            if not wanted:
                break
    return found


def _newest(client: InvestIQClient) -> Iterator[Any]:
    cursor: str | None = None
    while True:
        page = client.orders(limit=_PAGE, cursor=cursor)
        yield from page["orders"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _cancel(client: InvestIQClient, order: str) -> bool:
    try:
        client.cancel(order)
    except ApiRefused as error:
        if error.status == 409:  # it has just been filled
            return False
        raise
    return True


def _filled(orders: Iterable[Any], side: str) -> dict[str, Decimal]:
    """Symbol -> shares, of what was filled."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        if order["side"] == side:
            found[order["symbol"]] += Decimal(order["filled_quantity"])
    return dict(sorted(found.items()))


def _written(shares: Mapping[str, Decimal]) -> dict[str, str]:
    return {symbol: f"{number.normalize():f}" for symbol, number in shares.items() if number}
