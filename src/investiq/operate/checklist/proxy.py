"""Reverse proxy configured with TLS: asked at the address at which people open the console from elsewhere."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from investiq.clients.session import BadResponse, Refused
from investiq.foundation import topology
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import done, lacking, not_checked, not_done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.PROXY

_SECONDS = 5.0
_LEAST_DAYS = 14
"""A certificate is renewed a month before its end by those who do it by themselves."""

_SETTING = Place(PlaceKind.SETTING, "web.public_url")
_PROXY = (
    "set edge.enabled and edge.console (docs/edge.md); or put a proxy of yours with TLS in front, and set "
    "web.public_url to its https address"
)


@dataclass(frozen=True, slots=True)
class _Certificate:
    """What the proxy showed, and was trusted for."""

    protocol: str
    ends_at: datetime


async def check(deployment: Deployment) -> CheckResult:
    """Shake hands as a browser would, then see that it is InvestIQ behind it."""
    url = topology.console_url(deployment.config)
    if not url.startswith("https:"):
        what = f"people reach the console at {url}, without TLS: whoever is on the way reads along"
        return not_done(POINT, _SETTING, what, _PROXY)
    shown = await _certificate(url)
    if isinstance(shown, Finding):
        return CheckResult(POINT, findings=(shown,))
    told = await _behind(deployment)
    if told is None:
        place = Place(PlaceKind.ADDRESS, url)
        return not_done(POINT, place, "something else than InvestIQ is behind it", "pass it on to web.port here")
    days = (shown.ends_at - datetime.now(UTC)).days
    return done(POINT, f"{url} speaks {shown.protocol}, its certificate is trusted for {days} more days, and {told}")


async def _certificate(url: str) -> _Certificate | Finding:
    """What it shows, or what is wrong with that."""
    place = Place(PlaceKind.ADDRESS, url)
    try:
        shown = await _handshake(url)
    except ssl.SSLCertVerificationError as error:
        fix = "give the proxy a certificate of a known authority for this name"
        return lacking(POINT, place, f"its certificate is not trusted: {error.verify_message}", fix)
    except (OSError, TimeoutError) as error:
        what = f"it cannot be reached from this machine: {error or type(error).__name__}"
        return not_checked(POINT, place, what, f"ask from elsewhere: `curl -I {url}`")
    days = (shown.ends_at - datetime.now(UTC)).days
    if days < _LEAST_DAYS:
        return lacking(POINT, place, f"its certificate ends in {days} days", "renew it, and reload the proxy")
    return shown


async def _handshake(url: str) -> _Certificate:
    """What is shown in a handshake.

    Raises:
        ssl.SSLCertVerificationError: it is not trusted.
        OSError, TimeoutError: nobody shakes hands there.
    """
    address = urlsplit(url)
    context = ssl.create_default_context()
    async with asyncio.timeout(_SECONDS):
        _, writer = await asyncio.open_connection(address.hostname, address.port or 443, ssl=context)
        try:
            tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
            shown = tls.getpeercert() or {}
            ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
            return _Certificate(tls.version() or "TLS", ends)
        finally:
            writer.close()


async def _behind(deployment: Deployment) -> str | None:
    """What is behind it; None where that is not InvestIQ."""
    try:
        answer = await deployment.outside.ask("/health")
    except (Refused, BadResponse):
        return "it asks who is there before it passes anything on"
    document = answer.document if isinstance(answer.document, dict) else {}
    return "the console is behind it" if document.get("part") == "frontend" else None
