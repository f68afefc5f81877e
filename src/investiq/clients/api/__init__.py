"""InvestIQ's HTTP API seen from outside: the console, the command line, the agent and the drills use it.

`InvestIQClient` blocks, `AsyncInvestIQClient` awaits; both have the same methods, whose answers are the JSON of the API
as the typed dictionaries of `foundation.contract.api`. `AsyncReadingClient` has those that change nothing, and
`SessionClient` acts as somebody who is logged in.
"""

from investiq.clients.api.client import AsyncInvestIQClient, AsyncReadingClient, InvestIQClient, SessionClient
from investiq.clients.api.endpoints import Submission
from investiq.clients.api.errors import ApiRefused

__all__ = [
    "ApiRefused",
    "AsyncInvestIQClient",
    "AsyncReadingClient",
    "InvestIQClient",
    "SessionClient",
    "Submission",
]
