"""InvestIQ's HTTP API seen from outside: the console, the command line, the agent and the drills use it.

`InvestIQClient` blocks, `AsyncInvestIQClient` awaits; both have the same methods, whose answers are the JSON of the API
as the typed dictionaries of `foundation.contract.api`.
"""

from investiq.clients.api.client import AsyncInvestIQClient, InvestIQClient
from investiq.clients.api.endpoints import Submission
from investiq.clients.api.errors import ApiRefused

__all__ = ["ApiRefused", "AsyncInvestIQClient", "InvestIQClient", "Submission"]
