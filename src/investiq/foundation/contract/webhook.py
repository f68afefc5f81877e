"""The JSON that Alertmanager posts to webhooks, version 4; the API writes the same when it pages by itself.

Newer versions may add fields. What is read of those that are known is strict; the rest is for readers elsewhere.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, SkipValidation
from pydantic.alias_generators import to_camel

from investiq.foundation.vocabulary import AlertStatus

__all__ = ["NEVER", "WebhookAlert", "WebhookMessage"]

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""How Go writes a time that is not set."""


def _utc(moment: datetime) -> datetime:
    return moment if moment == NEVER else moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class _Sent(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="ignore")


class WebhookAlert(_Sent):
    """One alert of a message; `ends_at` is `NEVER` or lies ahead while it fires."""

    status: AlertStatus
    labels: dict[str, str]
    annotations: dict[str, str]
    # Written as it ever was: who compares the text knows an alert again that began under an earlier version.
    starts_at: Annotated[Moment, PlainSerializer(datetime.isoformat, when_used="json")]
    ends_at: Moment = NEVER
    generator_url: Annotated[str, Field(alias="generatorURL")] = ""
    fingerprint: Annotated[str, Field(min_length=1)]


class WebhookMessage(_Sent):
    """One group of alerts, as one receiver gets it."""

    version: Literal["4"]
    group_key: str
    truncated_alerts: SkipValidation[int] = 0
    status: AlertStatus
    receiver: str
    group_labels: SkipValidation[dict[str, str]] = Field(default_factory=dict)
    common_labels: SkipValidation[dict[str, str]] = Field(default_factory=dict)
    common_annotations: SkipValidation[dict[str, str]] = Field(default_factory=dict)
    external_url: Annotated[SkipValidation[str], Field(alias="externalURL")] = ""
    alerts: Annotated[list[WebhookAlert], Field(min_length=1)]
