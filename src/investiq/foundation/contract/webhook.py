"""The JSON that Alertmanager posts to webhooks, version 4. Newer versions may add fields; what is known is strict."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = ["NEVER", "WebhookAlert", "WebhookMessage"]

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""How Go writes a time that is not set."""


def _utc(moment: datetime) -> datetime:
    return moment if moment == NEVER else moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class _Sent(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")


class WebhookAlert(_Sent):
    """One alert of a message; `ends_at` is `NEVER` or lies ahead while it fires."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: Moment
    ends_at: Moment = NEVER
    fingerprint: Annotated[str, Field(min_length=1)]
    generator_url: Annotated[str, Field(alias="generatorURL")] = ""


class WebhookMessage(_Sent):
    """One group of alerts, as one receiver gets it."""

    version: Literal["4"]
    group_key: str
    receiver: str
    status: Literal["firing", "resolved"]
    alerts: Annotated[list[WebhookAlert], Field(min_length=1)]
