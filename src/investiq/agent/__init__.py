"""The paper-trading agent: goes through a watchlist and trades by simple stated rules, through the public API.

It is a user like any other: what it may do is what its trade key allows, and every limit of the desk holds for it.
"""

from investiq.agent.instruments import Instruments
from investiq.agent.loop import Agent
from investiq.agent.rules import Action, Decision, View, decide
from investiq.agent.server import create_app, run

__all__ = ["Action", "Agent", "Decision", "Instruments", "View", "create_app", "decide", "run"]
