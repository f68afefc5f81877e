"""The paper-trading agent: goes through a watchlist and trades by simple stated rules, through the public API.

It is a user like any other: what it may do is what its trade key allows, and every limit of the desk holds for it.
"""

from investiq.serve.agent.app import create_app, run
from investiq.serve.agent.loop import Agent
from investiq.serve.agent.metrics import AgentMetrics
from investiq.serve.agent.rules import AgentView, Decision, decide

__all__ = ["Agent", "AgentMetrics", "AgentView", "Decision", "create_app", "decide", "run"]
