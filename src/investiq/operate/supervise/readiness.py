"""Whether a part is well: one HTTP request, and a body that tells it from whatever else may answer on its port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from investiq.clients.session import ForeignListener, TrustedUsers, probing
from investiq.operate.supervise.parts import HealthProbe

__all__ = ["ProbeResult", "ask"]

_OK = 200
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


async def ask(check: HealthProbe, trusted: TrustedUsers | None = None, seconds: float = 2.0) -> ProbeResult:
    """Ask once. Every failure is a finding: this never raises for what the other side does.

    Args:
        trusted: whose programs count as parts; default: this user's and root's.
    """
    shown, whose = check.credentials.own_authorization(), trusted or TrustedUsers()
    try:
        answer = await probing.get(check.url, trusted=whose, seconds=seconds, authorization=shown)
    except ForeignListener as error:
        return ProbeResult(False, True, error.what)
    except TimeoutError:
        return ProbeResult(False, False, "no answer in time")
    except OSError:  # also where connections are turned away
        return ProbeResult(False, False, "nothing answers")
    except probing.NotHttp as error:
        return ProbeResult(False, False, f"no HTTP answer: {error}")
    detail = _fault(check, answer)
    return ProbeResult(not detail, True, detail)


def _fault(check: HealthProbe, answer: probing.ProbeAnswer) -> str:
    shown = " ".join(answer.text.split())[:_SHOWN_CHARACTERS]
    if answer.status != _OK:
        return f"answers {answer.status}: {'; '.join(_lost(answer)) or shown}"
    if check.body not in answer.text:
        return f"something else answers there: {check.body!r} is not in {shown!r}"
    return ""


def _lost(answer: probing.ProbeAnswer) -> Iterator[str]:
    """What a server of ours says is down, one sentence each; nothing when the body is no health document of ours."""
    try:
        dependencies = json.loads(answer.text)["dependencies"].items()
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    for name, state in dependencies:
        if isinstance(state, dict) and state.get("status") == "down":
            yield f"{name} is down ({state.get('error') or 'no reason given'})"
