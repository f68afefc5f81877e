"""Alertmanager through its API v2: alerts and silences, and the configuration that it runs with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from investiq.clients.alertmanager.alerts import FiringAlert, alert_of, silencing
from investiq.clients.alertmanager.silence import Silence, document, silence_of
from investiq.clients.session import ServerClient, rows, yaml_mapping
from investiq.foundation import topology
from investiq.foundation.errors import InvestIQError
from investiq.promql.matcher import Matcher

__all__ = ["Alertmanager", "AlertmanagerReader", "UnknownSilence"]

_ALERTS, _SILENCES, _STATUS = "/api/v2/alerts", "/api/v2/silences", "/api/v2/status"


class UnknownSilence(InvestIQError):
    """No silence has this id, or several begin with it."""

    reason = "unknown_silence"


class AlertmanagerReader(ServerClient):
    """One Alertmanager, of which nothing is changed."""

    name = "Alertmanager"
    process = topology.ALERTMANAGER

    # ---- alerts ----

    async def alerts(self, *matchers: Matcher) -> list[FiringAlert]:
        """What fires and all of `matchers` match, each with the silences that mute it."""
        found = await self.http.json(_ALERTS, {"filter": [str(matcher) for matcher in matchers]})
        with self.http.reading(_ALERTS):
            silenced = any(silencing(raw) for raw in rows(found))
        silences = await self.http.json(_SILENCES) if silenced else []
        with self.http.reading(_SILENCES):
            by_id = {silence.id: silence for silence in map(silence_of, rows(silences))}
        with self.http.reading(_ALERTS):
            return [alert_of(raw, by_id) for raw in found]

    # ---- silences ----

    async def open_silences(self) -> list[Silence]:
        """Those that have not ended, the first to end first, each with how many alerts it mutes."""
        alerts, silences = await asyncio.gather(self.http.json(_ALERTS), self.http.json(_SILENCES))
        with self.http.reading(_ALERTS):
            muted = [one for raw in rows(alerts) for one in silencing(raw)]
        with self.http.reading(_SILENCES):
            found = [silence_of(raw, muted) for raw in rows(silences) if raw["status"]["state"] != "expired"]
        return sorted(found, key=lambda silence: silence.ends_at)

    async def all_silences(self) -> list[Silence]:
        """Every one that it remembers, also those that have ended."""
        found = await self.http.json(_SILENCES)
        with self.http.reading(_SILENCES):
            return [silence_of(raw) for raw in rows(found)]

    async def find_silence(self, beginning: str) -> Silence:
        """The open silence whose id begins so.

        Raises:
            UnknownSilence: there is none, or more than one.
        """
        found = [silence for silence in await self.open_silences() if silence.id.startswith(beginning)]
        if len(found) != 1:
            many = "several silences have an id that begins" if found else "no open silence has an id that begins"
            raise UnknownSilence(f"{many} with {beginning}: `investiq silences` lists them")
        return found[0]

    # ---- itself ----

    async def version(self) -> str:
        status = await self.http.json(_STATUS)
        with self.http.reading(_STATUS):
            return str(status["versionInfo"]["version"])

    async def config(self) -> Mapping[str, Any]:
        """The configuration that it runs with: defaults included, secrets hidden."""
        status = await self.http.json(_STATUS)
        with self.http.reading(_STATUS):
            return yaml_mapping(status["config"]["original"])


class Alertmanager(AlertmanagerReader):
    """One Alertmanager."""

    async def put_alert(self, labels: Mapping[str, str], annotations: Mapping[str, str], length: timedelta) -> None:
        """Let an alert fire from now on, as Prometheus would, and end so much later."""
        now = datetime.now(UTC)
        times = {"startsAt": now.isoformat(), "endsAt": (now + length).isoformat()}
        await self.http.change("POST", _ALERTS, [{"labels": dict(labels), "annotations": dict(annotations), **times}])

    async def add_silence(self, matchers: Sequence[Matcher], length: timedelta, by: str, reason: str) -> Silence:
        """Silence what all of `matchers` match, from now on.

        The same again, by the same person for the same reason, stays one silence, which now ends so long from now: who
        pressed twice, or did not hear the answer, meant one.
        """
        now = datetime.now(UTC)
        wanted = Silence("", tuple(matchers), by, reason, starts_at=now, ends_at=now + length)
        return await self.put_silence(wanted, next(filter(wanted.is_again, await self.open_silences()), None))

    async def put_silence(self, wanted: Silence, before: Silence | None = None) -> Silence:
        """Make it, or let `before`, which silences the same, end when it would."""
        if before is not None:
            wanted = replace(wanted, id=before.id, starts_at=before.starts_at)
        answer = await self.http.change("POST", _SILENCES, document(wanted))
        with self.http.reading(_SILENCES):
            made = str(answer.document["silenceID"])
        # As Alertmanager has it, with what it mutes; where it was ended in between, as it was made.
        kept = (silence for silence in await self.open_silences() if silence.id == made)
        return next(kept, replace(wanted, id=made))

    async def end_silence(self, silence: Silence) -> None:
        """What it silenced is notified again, if it still fires."""
        await self.http.change("DELETE", f"/api/v2/silence/{silence.id}")
