"""What a run ordered, and the end of what is open. Against a strict server; the real API: tests/e2e/test_load.py."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from investiq.clients.api import InvestIQClient
from investiq.operate.load.orders import ended_orders, left_journals, open_journal, read_journal
from tests.clients.strict import Reply, StrictServer


@pytest.fixture
def client(server: StrictServer) -> Iterator[InvestIQClient]:
    with InvestIQClient(server.url) as made:
        yield made


def order(number: str, side: str = "buy", status: str = "filled", filled: str = "1.0000") -> dict[str, Any]:
    return {"id": number, "symbol": "AAPL", "side": side, "status": status, "filled_quantity": filled}


def page(*orders: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    return {"orders": list(orders), "next_cursor": cursor}


def journal(folder: Path, *lines: str) -> Path:
    path = folder / "run.orders"
    path.write_text('{"target": "http://x"}\n' + "".join(f"{line}\n" for line in lines))
    return path


def test_what_is_open_is_cancelled_and_the_rest_is_summed_up(
    server: StrictServer, client: InvestIQClient, tmp_path: Path
) -> None:
    before = page(order("3", status="accepted", filled="0"), order("9"), order("2", "sell", filled="0.5"), order("1"))
    after = page(order("3", status="cancelled", filled="0"), order("9"), order("2", "sell", filled="0.5"), order("1"))
    server.on("GET /api/trades", before, after)
    server.on("DELETE /api/trades/3", order("3", status="cancelled"))
    found = ended_orders(client, journal(tmp_path, '{"id": "1"}', '{"id": "2"}', '{"id": "3"}', '{"doubt": "k-4"}'))
    assert (found.placed, found.cancelled_now, found.problem) == (3, 1, "")
    assert found.statuses == {"filled": 2, "cancelled": 1}
    assert (found.bought, found.sold, found.left) == ({"AAPL": "1"}, {"AAPL": "0.5"}, {"AAPL": "0.5"})
    assert found.unknown == ["k-4"]


def test_an_order_that_was_filled_meanwhile_is_no_fault(
    server: StrictServer, client: InvestIQClient, tmp_path: Path
) -> None:
    server.on("GET /api/trades", page(order("1", status="accepted")))
    server.on("DELETE /api/trades/1", Reply({"reason": "not_open", "status": 409}, 409))
    found = ended_orders(client, journal(tmp_path, '{"id": "1"}'))
    assert (found.cancelled_now, found.problem) == (0, "")


def test_older_pages_are_read_until_each_order_was_seen(
    server: StrictServer, client: InvestIQClient, tmp_path: Path
) -> None:
    server.on("GET /api/trades", page(order("2"), cursor="7"), page(order("1"), cursor="3"))
    assert ended_orders(client, journal(tmp_path, '{"id": "1"}', '{"id": "2"}')).statuses == {"filled": 2}
    assert len(server.asked) == 2


def test_an_order_that_is_in_no_page_is_said(server: StrictServer, client: InvestIQClient, tmp_path: Path) -> None:
    server.on("GET /api/trades", page())
    assert ended_orders(client, journal(tmp_path, '{"id": "1"}')).unknown == ["1"]


def test_an_api_that_is_gone_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    with InvestIQClient("http://127.0.0.1:9") as client:
        found = ended_orders(client, journal(tmp_path, '{"id": "1"}'))
    assert "127.0.0.1:9" in found.problem
    assert found.placed == 1


def test_a_line_that_was_cut_off_hides_no_other(tmp_path: Path) -> None:
    assert read_journal(journal(tmp_path, '{"id": "1"}', '{"id": "2')) == (["1"], [])
    assert read_journal(tmp_path / "none") == ([], [])


def test_the_journal_of_a_run_that_lives_is_not_left(tmp_path: Path) -> None:
    with open_journal(tmp_path / "load" / "a.orders", "http://x") as path:
        assert list(left_journals(path.parent, "http://x")) == []
    assert not path.exists()


def test_the_journal_of_a_run_that_was_killed_is_found_by_its_target(tmp_path: Path) -> None:
    left = journal(tmp_path, '{"id": "1"}')
    (tmp_path / "empty.orders").touch()
    (tmp_path / "broken.orders").write_text("{")
    assert list(left_journals(tmp_path, "http://other")) == []
    for path in left_journals(tmp_path, "http://x"):
        assert path == left
        with path.open() as again, pytest.raises(BlockingIOError):
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
