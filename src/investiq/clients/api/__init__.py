"""InvestIQ's HTTP API seen from outside: the console, the command line, the agent and the drills use it.

`InvestIQClient` blocks, `AsyncInvestIQClient` awaits; both have the same methods, whose answers are the JSON of the API
as typed dictionaries (`documents`). Decimals stay strings and times stay ISO-8601: what is shown is what was said.
"""

from investiq.clients.api.asynchronous import AsyncInvestIQClient
from investiq.clients.api.calls import Submission
from investiq.clients.api.errors import BadResponse, ClientError, Refused, TimedOut, Unreachable
from investiq.clients.api.synchronous import InvestIQClient

__all__ = [
    "AsyncInvestIQClient",
    "BadResponse",
    "ClientError",
    "InvestIQClient",
    "Refused",
    "Submission",
    "TimedOut",
    "Unreachable",
]
