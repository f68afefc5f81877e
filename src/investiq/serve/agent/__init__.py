"""The paper-trading agent: goes through a watchlist and trades by simple stated rules, through the public API.

It is a user like any other: what it may do is what its trade key allows, and every limit of the desk holds for it.
"""

from investiq.serve.agent.app import create_app, run
from investiq.serve.agent.loop import Agent
from investiq.serve.agent.metrics import Instruments
from investiq.serve.agent.rules import Decision, View, decide

__all__ = ["Agent", "Decision", "Instruments", "View", "create_app", "decide", "run"]
