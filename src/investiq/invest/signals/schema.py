"""What goes over the wire of the signal models service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Final, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)

from investiq.foundation.contract.words import one_of
from investiq.foundation.errors import InvestIQError
from investiq.foundation.iso_time import IsoDate
from investiq.foundation.vocabulary import HealthStatus
from investiq.invest.market.history import History
from investiq.invest.market.types import Bar, MalformedSymbol, Symbol, parse_symbol

__all__ = [
    "MAX_BARS",
    "MAX_QUESTIONS",
    "BarIn",
    "InvalidQuestion",
    "ModelHealth",
    "ModelState",
    "NoPrediction",
    "PredictManyRequest",
    "PredictManyResponse",
    "PredictRequest",
    "PredictResponse",
    "wire_bars",
]

MAX_BARS: Final = 5_000
"""Twenty years of sessions; only the last `NEEDED_BARS` are used."""

MAX_QUESTIONS: Final = 64
"""In one request: with `NEEDED_BARS` bars each, 20 ms of reading, and half a megabyte."""

LONGEST_REASON: Final = 500
"""Characters of why one question has no prediction."""

_PRICES: Final = ("open", "high", "low", "close")

Price = Annotated[Decimal, Field(gt=0, lt=10**15, max_digits=40)]


class BarIn(BaseModel):
    """One session. Prices as JSON strings or numbers, adjusted for splits and dividends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session: IsoDate
    open: Price
    high: Price
    low: Price
    close: Price
    volume: int = Field(ge=0, lt=10**15)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high < max(self.open, self.close, self.low) or self.low > min(self.open, self.close):
            raise ValueError("open and close must lie between low and high")
        return self

    def bar(self) -> Bar:
        return Bar(self.session, self.open, self.high, self.low, self.close, self.volume)


def wire_bars(bars: Sequence[Bar]) -> list[dict[str, object]]:
    """Each bar as JSON has it: of the market, whose order is known to be right."""
    if not isinstance(bars, History):
        return [{"session": bar.session.isoformat(), **_wire_prices(bar), "volume": bar.volume} for bar in bars]
    names = ("session", *_PRICES, "volume")
    sessions = [day.isoformat() for day in bars.sessions.tolist()]  # numpy takes ten times as long to write them
    columns = (sessions, *map(bars.price_texts, _PRICES), bars.volume.tolist())
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _wire_prices(bar: Bar) -> dict[str, str]:
    return {name: str(getattr(bar, name)) for name in _PRICES}


class PredictRequest(BaseModel):
    """POST /predict: the bars up to the session to predict from, oldest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str = Field(examples=["AAPL"])
    bars: list[BarIn] = Field(max_length=MAX_BARS)

    @field_validator("symbol")
    @classmethod
    def _canonical(cls, text: str) -> Symbol:
        try:
            return parse_symbol(text)
        except MalformedSymbol as error:
            raise ValueError(error.message) from None

    @field_validator("bars")
    @classmethod
    def _ascending(cls, bars: list[BarIn]) -> list[BarIn]:
        for number, (earlier, later) in enumerate(pairwise(bars), start=1):
            if earlier.session >= later.session:
                raise ValueError(
                    f"sessions must ascend without duplicates, but bar {number} ({later.session}) "
                    f"follows {earlier.session}"
                )
        return bars


class InvalidQuestion(InvestIQError):
    """One question among several is none."""

    reason = "invalid_request"


def _or_its_fault(value: object, read: ValidatorFunctionWrapHandler) -> PredictRequest | InvalidQuestion:
    """One question that is none leaves the others alone."""
    try:
        return cast(PredictRequest, read(value))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:3]
        what = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
        return InvalidQuestion(what[:LONGEST_REASON])


class PredictManyRequest(BaseModel):
    """POST /predict for several symbols at once."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    questions: list[Annotated[PredictRequest, WrapValidator(_or_its_fault)]] = Field(
        min_length=1, max_length=MAX_QUESTIONS
    )

    def read(self) -> list[PredictRequest | InvalidQuestion]:
        """Each question, or what is wrong with it."""
        return cast(list[PredictRequest | InvalidQuestion], self.questions)


class PredictResponse(BaseModel):
    """The calibrated forecast; the fields are those of `prediction.Prediction`."""

    model_config = ConfigDict(frozen=True, from_attributes=True, protected_namespaces=())

    symbol: str
    as_of: date = Field(description="session of the last bar: the forecast is made at its close")
    horizon_sessions: int = Field(gt=0)
    probability_up: float = Field(gt=0, lt=1, description="that the close `horizon_sessions` later is higher")
    confidence: float = Field(ge=0, le=1, description="near zero while the model does not beat the constant forecast")
    beats_constant: bool
    model_version: str = Field(max_length=64)
    trained_until: date


class NoPrediction(BaseModel):
    """Why one question of several has none, in the words that it would get as the only one."""

    model_config = ConfigDict(frozen=True)

    reason: str = Field(max_length=64, description="too_few_bars, unusable_bars or invalid_request")
    detail: str
    needed: int | None = Field(None, description="bars that a prediction needs, of too_few_bars")
    given: int | None = Field(None, description="bars that there were, of too_few_bars")


class PredictManyResponse(BaseModel):
    """One answer for each question, in the order of the questions, all by the same model."""

    model_config = ConfigDict(frozen=True)

    answers: list[PredictResponse | NoPrediction] = Field(max_length=MAX_QUESTIONS)


class ModelState(BaseModel):
    """The model as /health sees it."""

    model_config = ConfigDict(protected_namespaces=())

    loaded: bool
    version: str | None = None
    trained_at: str | None = None
    trained_until: date | None = None
    beats_constant: bool | None = None
    error: str | None = Field(None, description="why the artifact on disk is not the one that serves")


class ModelHealth(BaseModel):
    """GET /health: `ok` with 200, `degraded` with 200 (an older model serves), `down` with 503 (no model)."""

    status: Annotated[str, one_of(HealthStatus)]
    version: str
    uptime_seconds: float
    model: ModelState
