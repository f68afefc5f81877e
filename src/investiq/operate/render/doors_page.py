"""docs/doors.md: who gets in where, for whoever reviews it, from the table that the tests try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.contract.doors import AT_EDGE, DISTURBANCES, DOORS, FROM_HERE, IN, Asks, Shown

__all__ = ["doors_page"]

_HEAD = """# Every door

<!-- rendered by `investiq render`, do not edit: the source is src/investiq/foundation/contract/doors.py -->

Who gets in where: from this machine, and through the [edge](edge.md). `tests/e2e/test_doors.py` tries each row with
each credential on the real programs, and `make proof-edge` from another network; a route of ours without a row fails.
From another machine, no port but the edge's can be reached.
"""


def doors_page() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *_laws(), *_disturbances(), *_rows()]) + "\n"


def _laws() -> Iterator[str]:
    yield "## What each asks for\n"
    yield "What is answered by credential; `in`: the program behind the door answers.\n"
    for title, law in (("through the edge", AT_EDGE), ("on the port itself", FROM_HERE)):
        yield f"| {title} | {' | '.join(_CREDENTIALS[shown] for shown in Shown)} |"
        yield "|---" * (1 + len(Shown)) + "|"
        for asks, answers in law.items():
            yield f"| {asks} | {' | '.join(_answer(answers, shown) for shown in Shown)} |"
        yield ""


_CREDENTIALS: Mapping[Shown, str] = {
    Shown.NONE: "no key",
    Shown.WRONG: "a wrong key",
    Shown.READ: "a key to read",
    Shown.TRADE: "to trade",
    Shown.ADMIN: "admin",
}


def _answer(answers: Mapping[Shown, int], shown: Shown) -> str:
    return "in" if answers[shown] == IN else str(answers[shown])


def _disturbances() -> Iterator[str]:
    yield "| a request with | is answered |"
    yield "|---|---|"
    yield from (f"| a {name} | {answer} |" for name, answer in DISTURBANCES.items())
    yield ""


def _rows() -> Iterator[str]:
    ports = {process.name: process.port(Config()) for process in topology.PROCESSES}
    titles = {process.name: process.title for process in topology.PROCESSES}
    for server in dict.fromkeys(row.server for row in DOORS):
        yield f"## {titles[server]}, port {ports[server]}\n"
        yield "| method | path | on the port | through the edge |"
        yield "|---|---|---|---|"
        for row in (row for row in DOORS if row.server == server):
            edge = "" if row.edge is Asks.UNREACHABLE else row.edge
            yield f"| {row.method} | `{row.path}` | {row.here} | {edge} |"
        yield ""
