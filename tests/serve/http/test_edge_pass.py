"""Passes and tickets: what each opens, and that nobody can make or change one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.contract.edge import Door
from investiq.serve.http.edge_pass import TICKET_LIFE, EdgePass, EdgePasses

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ENDS = NOW + timedelta(hours=12)
SESSION, KNOCK = "0123abcd", "f" * 32
OFFICE = EdgePasses("t" * 43)
HELD = EdgePass(SESSION, ENDS)


@pytest.mark.parametrize("door", Door)
def test_a_pass_opens_its_door_and_no_other(door: Door) -> None:
    text = OFFICE.issue(door, SESSION, ENDS)
    assert [other for other in Door if OFFICE.read(other, text, NOW)] == [door]
    assert OFFICE.read(door, text, NOW) == HELD


def test_a_pass_ends_with_its_session() -> None:
    text = OFFICE.issue(Door.CONSOLE, SESSION, ENDS)
    assert OFFICE.read(Door.CONSOLE, text, ENDS - timedelta(seconds=1)) == HELD
    assert OFFICE.read(Door.CONSOLE, text, ENDS) is None


def test_another_installation_knows_neither() -> None:
    other = EdgePasses("u" * 43)
    assert other.read(Door.CONSOLE, OFFICE.issue(Door.CONSOLE, SESSION, ENDS), NOW) is None
    assert other.redeem(Door.GRAFANA, OFFICE.ticket(Door.GRAFANA, HELD, KNOCK, NOW), KNOCK, NOW) is None


def test_a_ticket_is_good_for_half_a_minute_at_one_door_in_one_browser() -> None:
    ticket = OFFICE.ticket(Door.GRAFANA, HELD, KNOCK, NOW)
    assert OFFICE.redeem(Door.GRAFANA, ticket, KNOCK, NOW) == HELD
    assert OFFICE.redeem(Door.GRAFANA, ticket, KNOCK, NOW + TICKET_LIFE) is None
    assert OFFICE.redeem(Door.PROMETHEUS, ticket, KNOCK, NOW) is None
    assert OFFICE.redeem(Door.GRAFANA, ticket, "e" * 32, NOW) is None


def test_a_ticket_is_no_pass_and_a_pass_no_ticket() -> None:
    ticket = OFFICE.ticket(Door.GRAFANA, HELD, KNOCK, NOW)
    assert OFFICE.read(Door.GRAFANA, ticket, NOW) is None
    assert OFFICE.redeem(Door.GRAFANA, OFFICE.issue(Door.GRAFANA, SESSION, ENDS), KNOCK, NOW) is None


@given(st.integers(min_value=0, max_value=200), st.characters(codec="latin-1"))
def test_whoever_changes_a_character_has_nothing(place: int, character: str) -> None:
    held, ticket = OFFICE.issue(Door.GRAFANA, SESSION, ENDS), OFFICE.ticket(Door.GRAFANA, HELD, KNOCK, NOW)
    changed = _changed(held, place, character)
    assert changed == held or OFFICE.read(Door.GRAFANA, changed, NOW) is None
    changed = _changed(ticket, place, character)
    assert changed == ticket or OFFICE.redeem(Door.GRAFANA, changed, KNOCK, NOW) is None


def _changed(text: str, place: int, character: str) -> str:
    at = place % len(text)
    return text[:at] + character + text[at + 1 :]


@given(st.text(max_size=200))
def test_any_text_is_refused_without_an_error(text: str) -> None:
    assert OFFICE.read(Door.CONSOLE, text, NOW) is None
    assert OFFICE.redeem(Door.CONSOLE, text, KNOCK, NOW) is None


def test_what_is_no_knock_gets_no_ticket() -> None:
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        OFFICE.ticket(Door.GRAFANA, HELD, "short", NOW)


def test_an_empty_token_signs_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        EdgePasses("")
