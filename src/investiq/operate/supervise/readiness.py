"""Whether a part is well: one HTTP request, and a body that tells it from whatever else may answer on its port."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2

from investiq.clients.session import ForeignListener, TrustedUsers
from investiq.operate.supervise.parts import HealthProbe

__all__ = ["ProbeResult", "ask", "http_client"]

_SHOWN_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a health check found.

    Attributes:
        answered: something answered at all.
        detail: why it is not well; empty when it is.
    """

    well: bool
    answered: bool
    detail: str


def http_client(timeout_seconds: float = 2.0, trusted: TrustedUsers | None = None) -> httpx2.AsyncClient:
    """A client for the parts of this machine: no proxy, whatever the environment says.

    Args:
        trusted: whose programs count as parts; default: this user's and root's.
    """
    # They speak plain HTTP: a context that trusts nobody saves loading the certificates of the world.
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    hooks = (trusted or TrustedUsers()).async_hooks()
    return httpx2.AsyncClient(timeout=timeout_seconds, trust_env=False, verify=plain, event_hooks=hooks)


async def ask(check: HealthProbe, client: httpx2.AsyncClient) -> ProbeResult:
    """Ask once. Every failure is a finding: this never raises for what the other side does."""
    try:
        response = await client.get(check.url, auth=check.credentials.auth())
    except (httpx2.ConnectError, httpx2.ReadError, httpx2.WriteError):  # the latter where connections are turned away
        return ProbeResult(False, False, "nothing answers")
    except ForeignListener as error:
        return ProbeResult(False, True, error.what)
    except httpx2.TimeoutException:
        return ProbeResult(False, False, "no answer in time")
    except httpx2.HTTPError as error:
        return ProbeResult(False, False, f"no HTTP answer: {error}")
    detail = _fault(check, response)
    return ProbeResult(not detail, True, detail)


def _fault(check: HealthProbe, response: httpx2.Response) -> str:
    shown = " ".join(response.text.split())[:_SHOWN_CHARACTERS]
    if response.status_code != httpx2.codes.OK:
        return f"answers {response.status_code}: {'; '.join(_lost(response)) or shown}"
    if check.body not in response.text:
        return f"something else answers there: {check.body!r} is not in {shown!r}"
    return ""


def _lost(response: httpx2.Response) -> Iterator[str]:
    """What a server of ours says is down, one sentence each; nothing when the body is no health document of ours."""
    try:
        dependencies = response.json()["dependencies"].items()
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    for name, state in dependencies:
        if isinstance(state, dict) and state.get("status") == "down":
            yield f"{name} is down ({state.get('error') or 'no reason given'})"
