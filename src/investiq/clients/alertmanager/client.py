"""The silences of Alertmanager, through its API v2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from investiq.clients.alertmanager.silence import Silence, document, silence_of
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.errors import InvestIQError
from investiq.promql.matcher import Matcher

__all__ = ["AlertmanagerTimedOut", "AlertmanagerUnreachable", "Silences", "UnknownSilence"]

_SECONDS = 5.0


class AlertmanagerUnreachable(InvestIQError):
    """Alertmanager does not answer, or not as it should."""

    reason = "unreachable"
    retryable = True


class AlertmanagerTimedOut(AlertmanagerUnreachable):
    """Something listens where Alertmanager should, and says nothing."""

    reason = "timeout"


class UnknownSilence(InvestIQError):
    """No silence has this id, or several begin with it."""

    reason = "unknown_silence"


class Silences:
    """The silences of this configuration's Alertmanager; a context manager.

    Every method may raise AlertmanagerUnreachable.

    Args:
        transport: replaces the network, in tests.
    """

    def __init__(self, config: Config, transport: httpx2.BaseTransport | None = None) -> None:
        self._url = topology.ALERTMANAGER.url(config)
        self._client = httpx2.Client(
            base_url=f"{self._url}/api/v2", timeout=_SECONDS, trust_env=False, transport=transport
        )

    def __enter__(self) -> Silences:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def open(self) -> list[Silence]:
        """Those that have not ended, the first to end first."""
        alerts, silences = self._json("GET", "/alerts"), self._json("GET", "/silences")
        try:
            muted = [one for alert in alerts for one in alert["status"]["silencedBy"]]
            found = [silence_of(raw, muted) for raw in silences if raw["status"]["state"] != "expired"]
        except (KeyError, TypeError, ValueError) as error:
            raise self._foreign() from error
        return sorted(found, key=lambda silence: silence.ends_at)

    def add(self, matchers: Sequence[Matcher], length: timedelta, by: str, reason: str) -> Silence:
        """Silence what all of `matchers` match, from now on.

        The same again, by the same person for the same reason, stays one silence, which now ends so long from now: who
        pressed twice, or did not hear the answer, meant one.
        """
        now = datetime.now(UTC)
        wanted = Silence("", tuple(matchers), by, reason, starts_at=now, ends_at=now + length)
        return self.put(wanted, next(filter(wanted.is_again, self.open()), None))

    def put(self, wanted: Silence, before: Silence | None = None) -> Silence:
        """Make it, or let `before`, which silences the same, end when it would."""
        if before is not None:
            wanted = replace(wanted, id=before.id, starts_at=before.starts_at)
        answer = self._json("POST", "/silences", document(wanted))
        try:
            made = answer["silenceID"]
        except (KeyError, TypeError) as error:
            raise self._foreign() from error
        # As Alertmanager has it, with what it mutes; where it was ended in between, as it was made.
        return next((silence for silence in self.open() if silence.id == made), replace(wanted, id=made))

    def end(self, silence: Silence) -> None:
        """What it silenced is notified again, if it still fires."""
        self._request("DELETE", f"/silence/{silence.id}")

    def find(self, beginning: str) -> Silence:
        """The open silence whose id begins so.

        Raises:
            UnknownSilence: there is none, or more than one.
        """
        found = [silence for silence in self.open() if silence.id.startswith(beginning)]
        if len(found) != 1:
            many = "several silences have an id that begins" if found else "no open silence has an id that begins"
            raise UnknownSilence(f"{many} with {beginning}: `investiq silences` lists them")
        return found[0]

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            return self._request(method, path, body).json()
        except ValueError as error:
            raise self._foreign() from error

    def _foreign(self) -> AlertmanagerUnreachable:
        return AlertmanagerUnreachable(f"what answers at {self._url} is not Alertmanager: who has the port?")

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx2.Response:
        try:
            response = self._client.request(method, path, json=body)
            response.raise_for_status()
        except httpx2.TimeoutException as error:
            message = f"Alertmanager at {self._url} did not answer in time; see logs/alertmanager.log"
            raise AlertmanagerTimedOut(message) from error
        except httpx2.HTTPStatusError as error:
            said = f"{error.response.status_code}: {error.response.text.strip()[:200]}"
            raise AlertmanagerUnreachable(f"Alertmanager at {self._url} refuses it ({said})") from error
        except httpx2.HTTPError as error:
            message = f"Alertmanager does not answer at {self._url} ({error}): `investiq up` starts it"
            raise AlertmanagerUnreachable(message) from error
        return response
