"""The rules of the agent."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.config.schema import AgentConfig
from investiq.foundation.vocabulary import Action
from investiq.serve.agent.rules import AgentView, decide, idempotency_key

CONFIG = AgentConfig(entry_score=Decimal("0.20"), exit_score=Decimal("-0.10"))

views = st.builds(
    AgentView,
    score=st.none() | st.decimals(-1, 1, places=4),
    held=st.decimals(0, 100, places=4),
    has_open_order=st.booleans(),
    ordered_this_session=st.booleans(),
    halted=st.booleans(),
)


def action(score: str | None, held: int = 0, **more: bool) -> Action:
    flags = {"has_open_order": False, "ordered_this_session": False, "halted": False} | more
    return decide(AgentView(None if score is None else Decimal(score), Decimal(held), **flags), CONFIG).action


def test_it_enters_from_the_entry_score_on() -> None:
    assert action("0.20") is Action.ENTER
    assert action("0.1999") is Action.HOLD


def test_it_leaves_at_the_exit_score() -> None:
    assert action("-0.10", held=5) is Action.EXIT
    assert action("-0.0999", held=5) is Action.HOLD


def test_it_never_adds_to_a_position() -> None:
    assert action("1", held=5) is Action.HOLD


def test_while_halted_it_leaves_but_does_not_enter() -> None:
    assert action("0.5", halted=True) is Action.WAIT
    assert action("-0.5", held=5, halted=True) is Action.EXIT


def test_without_a_score_it_does_nothing() -> None:
    assert action(None) is Action.HOLD
    assert action(None, held=5) is Action.HOLD


@given(views)
def test_it_orders_only_where_no_order_is_or_was(view: AgentView) -> None:
    decision = decide(view, CONFIG)
    if decision.action in (Action.ENTER, Action.EXIT):
        assert not view.has_open_order
        assert not view.ordered_this_session


@given(views)
def test_it_buys_only_when_flat_and_sells_only_what_it_holds(view: AgentView) -> None:
    decision = decide(view, CONFIG)
    assert decision.reason
    if decision.action is Action.ENTER:
        assert view.held == 0
        assert not view.halted
    if decision.action is Action.EXIT:
        assert view.held > 0


def test_keys_differ_by_symbol_session_and_action_and_by_nothing_else() -> None:
    keys = {
        idempotency_key(symbol, session, action)
        for symbol in ("AAPL", "MSFT")
        for session in ("2008-01-02", "2008-01-03")
        for action in (Action.ENTER, Action.EXIT)
    }
    assert len(keys) == 8
    assert idempotency_key("AAPL", "2008-01-02", Action.ENTER) == "agent-AAPL-2008-01-02-enter"
