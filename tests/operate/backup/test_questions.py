"""What the questions notice."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from investiq.operate.backup.questions import about_ledger, differences
from investiq.operate.backup.sets import read_only
from tests.operate.backup.installation import place_orders


def asked(ledger: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(ledger)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    with read_only(ledger) as connection:
        return about_ledger(connection)


def test_balances_are_recomputed_from_the_fills(tmp_path: Path) -> None:
    place_orders(f"sqlite:///{tmp_path}/ledger.db", 10)
    answers = asked(tmp_path / "ledger.db")
    # Of ten orders the last is open; of the nine, three sell: six buys and three sales of 10 at 123.4567, $1 each.
    assert answers["ledger: positions from the fills"] == {"AAPL": "30"}
    assert float(answers["ledger: cash from the fills"]) == pytest.approx(100_000 - 30 * 123.4567 - 9)
    assert answers["ledger: open orders"] == [["order-9", "AAPL", "accepted"]]
    assert answers["ledger: orders that their fills do not explain"] == 0
    assert answers["ledger: rows of fills"] == 9
    assert answers["ledger: soundness of the file"] == ["ok"]


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        ("DELETE FROM fills WHERE execution_id = 'execution-3'", "ledger: rows of fills"),
        ("UPDATE fills SET price = price + 1 WHERE execution_id = 'execution-3'", "ledger: cash from the fills"),
        ("UPDATE fills SET quantity = quantity * 2", "ledger: orders that their fills do not explain"),
        ("UPDATE orders SET status = 'cancelled' WHERE status = 'accepted'", "ledger: open orders"),
        ("DELETE FROM alembic_version", "ledger: rows of alembic_version"),
        ("DROP TABLE paper_orders", "ledger: rows of paper_orders"),
    ],
)
def test_a_ledger_that_has_lost_or_changed_something_answers_otherwise(
    tmp_path: Path, statement: str, question: str
) -> None:
    ledger = tmp_path / "ledger.db"
    place_orders(f"sqlite:///{ledger}", 10)
    before = asked(ledger)
    with closing(sqlite3.connect(ledger)) as database, database:
        for trigger in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger[0]}"')
        database.execute(statement)
    assert question in [difference.question for difference in differences(before, asked(ledger))]


def test_numbers_that_differ_in_the_last_digit_of_a_sum_are_alike() -> None:
    assert not differences({"q": [[{}, 0.1 + 0.2]]}, {"q": [[{}, 0.3]]})
    assert differences({"q": [[{}, 1.0]]}, {"q": [[{}, 1.000_001]]})
    assert not differences({"q": [[{}, str(math.nan)]]}, {"q": [[{}, str(math.nan)]]})


def test_a_question_that_is_not_answered_any_more_differs() -> None:
    (difference,) = differences({"silences": []}, {})
    assert (difference.question, difference.was, difference.now) == ("silences", "[]", "no answer")
