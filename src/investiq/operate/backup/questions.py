"""The questions that a restored backup must answer as the running system did. Data, and how each is asked.

Metrics are asked about fixed moments before the copy was made, the ledger about the copied file: orders go on
meanwhile, and would change what is asked of the living one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Connection, func, inspect, select, text, type_coerce

from investiq.clients.alertmanager.silence import Silence, document
from investiq.clients.prometheus import Prometheus
from investiq.foundation.store import schema
from investiq.foundation.telemetry.catalogue import EQUITY, ORDERS, REQUESTS
from investiq.foundation.vocabulary import OPEN_STATUSES, AlertStatus, Side
from investiq.monitoring.exporters.scrape import ALERTS
from investiq.monitoring.selectors import UP, series
from investiq.promql import duration
from investiq.promql.matcher import eq

__all__ = [
    "METRIC_QUESTIONS",
    "Difference",
    "MetricQuestion",
    "about_ledger",
    "about_metrics",
    "about_silences",
    "differences",
    "rows_of",
]

Answers = dict[str, Any]
"""Question -> what was answered, as JSON."""

_WHOLE = 10**8
"""Quantity and price are kept in steps of 0.0001: their product counts steps of 0.00000001 dollars."""
_EXACT = 1e-9
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class MetricQuestion:
    """An expression, and how long before the backup's moment it is asked about.

    Attributes:
        name: for people.
    """

    name: str
    expression: str
    before: timedelta = timedelta(0)

    @property
    def title(self) -> str:
        """What the answer is kept under."""
        when = f", {duration.format(self.before)} before" if self.before else ""
        return f"metrics: {self.name}{when}"


_EVERYTHING = '{__name__=~".+"}'
_ASKED = (
    ("series of each job", f"count by (job) ({_EVERYTHING})"),
    # At every minute: what counts samples drops the name of their metric, and then two are alike.
    ("series of each job over an hour", f"sum_over_time(count by (job) ({_EVERYTHING})[1h:1m])"),
    ("counters of each job", 'sum by (job) ({__name__=~"investiq_.+_total"})'),
    ("scrapes that succeeded in an hour", f"sum by (job) (sum_over_time({series(UP)}[1h]))"),
    ("orders by outcome", f"sum by (outcome) ({series(ORDERS)})"),
    ("requests of each server", f"sum by (job) ({series(REQUESTS)})"),
    ("equity", f"max({series(EQUITY)})"),
    ("alerts that fired", f"count by (alertname) ({series(ALERTS, eq('alertstate', AlertStatus.FIRING))})"),
)
_BEFORE = (timedelta(0), timedelta(hours=1), timedelta(days=1), timedelta(days=7))

METRIC_QUESTIONS = tuple(MetricQuestion(name, asked, before) for before in _BEFORE for name, asked in _ASKED)


async def about_metrics(prometheus: Prometheus, moment: float, reach: timedelta) -> Answers:
    """What Prometheus says about `moment`, a Unix time, and about those before it that are within `reach`."""
    answers: Answers = {}
    for question in METRIC_QUESTIONS:
        if question.before <= reach:
            found = await prometheus.query(question.expression, at=moment - question.before.total_seconds())
            rows = [[dict(sample.labels), _number(sample.value)] for sample in found]
            answers[question.title] = sorted(rows, key=lambda row: sorted(row[0].items()))
    return answers


def about_silences(silences: Sequence[Silence]) -> Answers:
    """Every silence with its id, what it matches, who made it, and until when."""
    return {"silences": [document(one) for one in sorted(silences, key=lambda one: one.id)]}


def about_ledger(connection: Connection) -> Answers:
    """Row counts, balances recomputed from the fills, open orders, and whether all of it fits together."""
    known = set(inspect(connection).get_table_names())
    counted = {f"ledger: rows of {name}": _count(connection, name) for name in sorted(known)}
    if not {"fills", "orders", "account"} <= known:
        return counted
    asked = {f"ledger: {name}": ask(connection) for name, ask in _LEDGER_QUESTIONS.items()}
    if connection.dialect.name == "sqlite":  # of a dump, a restore that ends well has said so
        asked["ledger: soundness of the file"] = _soundness(connection)
    return counted | asked


def rows_of(connection: Connection, what: str) -> Answers:
    """The row counts of every table of another database, and whether SQLite finds it sound."""
    names = sorted(inspect(connection).get_table_names())
    counted = {f"{what}: rows of {name}": _count(connection, name) for name in names}
    return counted | {f"{what}: soundness of the file": _soundness(connection)}


def _count(connection: Connection, table: str) -> int:
    quoted = connection.dialect.identifier_preparer.quote(table)
    return int(connection.scalar(text(f"SELECT count(*) FROM {quoted}")) or 0)  # noqa: S608  quoted, from the database


def _sums(connection: Connection) -> Iterator[tuple[str, str, Decimal, Decimal, Decimal]]:
    """Symbol, side, shares, dollars and commission of the fills. Whole numbers in the database: nothing is rounded."""
    quantity, price, commission = (
        type_coerce(schema.fills.c[name], BigInteger) for name in ("quantity", "price", "commission")
    )
    product = quantity * price
    query = select(
        schema.fills.c.symbol,
        schema.fills.c.side,
        func.sum(quantity),
        func.sum(product // _WHOLE),  # apart, so that no sum of products overflows
        func.sum(product % _WHOLE),
        func.sum(commission),
    )
    by = (schema.fills.c.symbol, schema.fills.c.side)
    for symbol, side, shares, whole, rest, paid in connection.execute(query.group_by(*by).order_by(*by)):
        dollars = Decimal(int(whole)) + Decimal(int(rest)) / _WHOLE
        yield symbol, side, Decimal(int(shares)) / 10_000, dollars, Decimal(int(paid)) / 10_000


def _positions(connection: Connection) -> dict[str, str]:
    shares: dict[str, Decimal] = {}
    for symbol, side, quantity, _, _ in _sums(connection):
        shares[symbol] = shares.get(symbol, Decimal(0)) + (quantity if side == Side.BUY else -quantity)
    return {symbol: str(quantity) for symbol, quantity in sorted(shares.items()) if quantity}


def _cash(connection: Connection) -> str | None:
    cash = connection.scalar(select(schema.account.c.initial_cash))
    if cash is None:
        return None
    for _, side, _, dollars, commission in _sums(connection):
        cash += (-dollars if side == Side.BUY else dollars) - commission
    return str(cash)


def _open_orders(connection: Connection) -> list[list[str]]:
    c = schema.orders.c
    query = select(c.id, c.symbol, c.status).where(c.status.in_(sorted(OPEN_STATUSES))).order_by(c.number)
    return [[str(value) for value in row] for row in connection.execute(query)]


def _unexplained_orders(connection: Connection) -> int:
    """Orders whose filled quantity or commission is not the sum of their fills: none, or the ledger is broken."""
    c, f = schema.orders.c, schema.fills.c
    sums = (
        select(
            f.order_id, func.sum(type_coerce(f.quantity, BigInteger)), func.sum(type_coerce(f.commission, BigInteger))
        )
        .group_by(f.order_id)
        .subquery("sums")
    )
    of_order, quantity, commission = sums.c
    differs = (func.coalesce(quantity, 0) != type_coerce(c.filled_quantity, BigInteger)) | (
        func.coalesce(commission, 0) != type_coerce(c.commission, BigInteger)
    )
    query = select(func.count()).select_from(schema.orders.outerjoin(sums, of_order == c.id)).where(differs)
    return int(connection.scalar(query) or 0)


def _breaker(connection: Connection) -> list[Any]:
    c = schema.breaker_state.c
    return [[bool(row.halted), row.reason] for row in connection.execute(select(c.halted, c.reason))]


def _soundness(connection: Connection) -> list[str]:
    found = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check(5)"))]
    return found + [str(tuple(row)) for row in connection.execute(text("PRAGMA foreign_key_check"))][:5]


_LEDGER_QUESTIONS: Mapping[str, Callable[[Connection], Any]] = {
    "cash from the fills": _cash,
    "positions from the fills": _positions,
    "open orders": _open_orders,
    "orders that their fills do not explain": _unexplained_orders,
    "breaker": _breaker,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A question that is answered otherwise than it was."""

    question: str
    was: str
    now: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """The questions that the two do not answer alike, in the order of their names."""
    missing = object()
    found = []
    for question in sorted({*before, *after}):
        was, now = before.get(question, missing), after.get(question, missing)
        if not _alike(was, now):
            found.append(Difference(question, *("no answer" if one is missing else _shown(one) for one in (was, now))))
    return found


def _alike(one: Any, other: Any) -> bool:
    """Equal; numbers that Prometheus has added in another order may differ in their last digits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_EXACT)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    return bool(one == other)


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)  # JSON knows neither


def _shown(answer: Any) -> str:
    shown = str(answer)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"
