"""The agent's rules, pure: what it sees of a symbol goes in, a decision with its reason comes out.

- Flat, and the overall score is at least `entry_score`: buy for `notional` dollars at the market.
- Holding, and the overall score is at most `exit_score`: sell all of it at the market.
- Otherwise: nothing. One order for a symbol in a market session, whoever placed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from investiq.foundation.config.schema import AgentConfig
from investiq.foundation.vocabulary import Action

__all__ = ["AgentView", "Decision", "decide", "idempotency_key"]


@dataclass(frozen=True, slots=True)
class Decision:
    """An action, and the sentence that explains it."""

    action: Action
    reason: str


@dataclass(frozen=True, slots=True)
class AgentView:
    """What the rules look at.

    Attributes:
        score: overall score, -1 to 1; None when no engine answered.
        held: shares held.
        has_open_order: an order for the symbol is on its way.
        ordered_this_session: an order for the symbol was placed in this session, whatever became of it; one that was
            denied because trading was halted does not count.
        halted: the breaker denies entries.
    """

    score: Decimal | None
    held: Decimal
    has_open_order: bool
    ordered_this_session: bool
    halted: bool


def decide(view: AgentView, config: AgentConfig) -> Decision:
    """The decision for one symbol in one session."""
    if view.has_open_order:
        return Decision(Action.WAIT, "an order for it is still open")
    if view.ordered_this_session:
        return Decision(Action.HOLD, "an order for it was placed in this session already")
    if view.score is None:
        return Decision(Action.HOLD, "no engine answered, so there is no score")
    return _exit_or_keep(view.score, config) if view.held > 0 else _enter_or_stay_out(view, view.score, config)


def _exit_or_keep(score: Decimal, config: AgentConfig) -> Decision:
    if score <= config.exit_score:
        return Decision(Action.EXIT, f"score {score} is at or below the exit score {config.exit_score}")
    return Decision(Action.HOLD, f"held, and score {score} is above the exit score {config.exit_score}")


def _enter_or_stay_out(view: AgentView, score: Decimal, config: AgentConfig) -> Decision:
    if score < config.entry_score:
        return Decision(Action.HOLD, f"flat, and score {score} is below the entry score {config.entry_score}")
    if view.halted:
        return Decision(Action.WAIT, f"score {score} says enter, but trading is halted")
    return Decision(Action.ENTER, f"score {score} is at or above the entry score {config.entry_score}")


def idempotency_key(symbol: str, session: str, action: Action, earlier_tries: int = 0) -> str:
    """The same for the same action in the same session: no restart and no doubt after a timeout doubles an order.

    Args:
        earlier_tries: orders of this session that a halt denied, and that therefore bought nothing.
    """
    key = f"agent-{symbol}-{session}-{action}"
    return f"{key}-{earlier_tries + 1}" if earlier_tries else key
