"""The silences of Alertmanager, through its API v2."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from investiq.config import Config, addresses
from investiq.errors import InvestIQError
from investiq.monitoring.promql import Matcher
from investiq.monitoring.silencing import DEPLOY_COMMENT, deploy_matchers

__all__ = [
    "AlertmanagerTimedOut",
    "AlertmanagerUnreachable",
    "Silence",
    "Silences",
    "UnknownSilence",
    "login_name",
]

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


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence that is active or pending.

    Attributes:
        by: login name of who made it.
        mutes: firing alerts that it keeps from being notified now.
    """

    id: str
    matchers: tuple[Matcher, ...]
    by: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    mutes: int = 0

    @property
    def what(self) -> str:
        """Its matchers as people read them; of a deploy window, just that."""
        return "restarts of our parts" if self.is_window else ", ".join(map(str, self.matchers)).replace('"', "")

    @property
    def is_window(self) -> bool:
        """Whether it is a deploy window."""
        return self.reason.startswith(DEPLOY_COMMENT)


class Silences:
    """The silences of this configuration's Alertmanager; a context manager.

    Every method may raise AlertmanagerUnreachable.
    """

    def __init__(self, config: Config) -> None:
        self._url = addresses.base_url(addresses.alertmanager(config))
        self._client = httpx2.Client(base_url=f"{self._url}/api/v2", timeout=_SECONDS, trust_env=False)

    def __enter__(self) -> Silences:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def open(self) -> list[Silence]:
        """Those that have not ended, the first to end first."""
        muted = [one for alert in self._json("GET", "/alerts") for one in alert["status"]["silencedBy"]]
        found = [_silence(raw, muted) for raw in self._json("GET", "/silences") if raw["status"]["state"] != "expired"]
        return sorted(found, key=lambda silence: silence.ends_at)

    def add(self, matchers: Sequence[Matcher], length: timedelta, by: str, reason: str) -> Silence:
        """Silence what all of `matchers` match, from now on."""
        now = datetime.now(UTC)
        return self._put(Silence("", tuple(matchers), by, reason, starts_at=now, ends_at=now + length))

    def open_window(self, length: timedelta, by: str, reason: str) -> Silence:
        """Silence what a restart fires. A window that is open already now ends so long from now."""
        now = datetime.now(UTC)
        window = Silence("", deploy_matchers(), by, DEPLOY_COMMENT + reason, starts_at=now, ends_at=now + length)
        before = next((silence for silence in self.open() if silence.is_window), window)
        return self._put(replace(window, id=before.id, starts_at=before.starts_at))

    def end_windows(self) -> list[Silence]:
        """End every deploy window, and say which there were."""
        windows = [silence for silence in self.open() if silence.is_window]
        for window in windows:
            self.end(window)
        return windows

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

    def _put(self, wanted: Silence) -> Silence:
        """Make it, or change the one that has its id already."""
        document = {
            "id": wanted.id,
            "matchers": [_matcher_document(matcher) for matcher in wanted.matchers],
            "startsAt": wanted.starts_at.isoformat(),
            "endsAt": wanted.ends_at.isoformat(),
            "createdBy": wanted.by,
            "comment": wanted.reason,
        }
        made = self._json("POST", "/silences", document)["silenceID"]
        return next(silence for silence in self.open() if silence.id == made)

    def _json(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> Any:
        try:
            return self._request(method, path, document).json()
        except ValueError as error:
            message = f"what answers at {self._url} is not Alertmanager: who has the port?"
            raise AlertmanagerUnreachable(message) from error

    def _request(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> httpx2.Response:
        try:
            response = self._client.request(method, path, json=document)
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


def login_name() -> str:
    """The login name of the user who runs this; the number where the system knows no name."""
    user = os.getuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"uid {user}"


def _silence(raw: Mapping[str, Any], muted: Sequence[str]) -> Silence:
    return Silence(
        id=raw["id"],
        matchers=tuple(_matcher(one) for one in raw["matchers"]),
        by=raw["createdBy"],
        reason=raw["comment"],
        starts_at=datetime.fromisoformat(raw["startsAt"]),
        ends_at=datetime.fromisoformat(raw["endsAt"]),
        mutes=muted.count(raw["id"]),
    )


def _matcher(raw: Mapping[str, Any]) -> Matcher:
    signs = {(False, True): "=", (True, True): "=~", (False, False): "!=", (True, False): "!~"}
    return Matcher(raw["name"], signs[raw["isRegex"], raw.get("isEqual", True)], raw["value"])


def _matcher_document(matcher: Matcher) -> dict[str, Any]:
    regex, equal = "~" in matcher.op, not matcher.op.startswith("!")
    return {"name": matcher.label, "value": matcher.value, "isRegex": regex, "isEqual": equal}
