"""The JSON that Alertmanager posts to webhooks, version 4; the API writes the same when it pages by itself.

Newer versions may add fields. What is read of those that are known is strict; the rest is for readers elsewhere.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SkipValidation,
    model_validator,
)
from pydantic.alias_generators import to_camel

from investiq.foundation.iso_time import IsoMoment
from investiq.foundation.vocabulary import AlertStatus

__all__ = ["NEVER", "Moment", "WebhookAlert", "WebhookMessage"]

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""How Go writes a time that is not set."""


_YEARS = range(1970, 9000)
"""At the ends of what a date can be, its time in another zone is none."""


def _utc(moment: datetime) -> datetime:
    if moment == NEVER:
        return NEVER
    if moment.year not in _YEARS:
        raise ValueError(f"expected a year from {_YEARS.start} to {_YEARS.stop - 1}")
    return moment.astimezone(UTC)


Moment = Annotated[IsoMoment, AfterValidator(_utc)]
"""A time in UTC."""


def _text(value: str) -> str:
    """Halves of characters, which no encoding can write, and NUL, which no database takes, as what stands for such."""
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _cleaned(value: Any) -> Any:
    """Whatever JSON holds, with text that can be kept and shown: a page is not lost over a character of it."""
    match value:
        case str():
            return _text(value)
        case list():
            return [_cleaned(item) for item in value]
        case dict():
            return {_text(key): _cleaned(item) for key, item in value.items()}
        case _:
            return value


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

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, document: Any) -> Any:
        return _cleaned(document)

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
