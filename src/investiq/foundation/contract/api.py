"""The JSON of the API: what it answers and what it is sent, for OpenAPI, the server and its clients.

Answers are typed dictionaries, as they go over the wire: decimals are strings without an exponent, so that no client
rounds money by reading it; times are ISO-8601 in UTC, dates ISO-8601. A client takes them as they come, so that what a
newer server adds harms no older client. The annotations are for the server: pydantic describes and checks by them.
What is sent are models, which the server checks.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal, NotRequired

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    with_config,
)
from pydantic.config import JsonDict
from typing_extensions import TypedDict  # before Python 3.12, pydantic takes no other

from investiq.foundation.contract.field_docs import describe_fields
from investiq.foundation.contract.text import in_paragraphs, one_line
from investiq.foundation.contract.words import one_of
from investiq.foundation.numbers import MalformedNumber, parse_decimal
from investiq.foundation.vocabulary import (
    SIGNED_POINTS,
    Access,
    AuditAction,
    AuditResult,
    BreakerEvent,
    ChecklistPoint,
    DenialReason,
    EngineStatus,
    HaltReason,
    HealthStatus,
    HeartbeatState,
    MarketPhase,
    OrderStatus,
    OrderType,
    PointState,
    ReadinessGrade,
    Side,
    Signal,
    TradingMode,
)

__all__ = [
    "LONGEST_NAME",
    "LONGEST_REASON",
    "SESSIONS_PATH",
    "Account",
    "Analyses",
    "Analysis",
    "AuditPage",
    "AuditRecord",
    "Bar",
    "Bars",
    "BreakerLog",
    "BreakerRecord",
    "CheckedPoint",
    "Checklist",
    "ClosedPosition",
    "Dependency",
    "EngineResult",
    "EquityCurve",
    "EquityPoint",
    "HaltPreview",
    "Health",
    "LogIn",
    "LoginLink",
    "Market",
    "Monitoring",
    "NewSession",
    "Order",
    "OrderDenied",
    "OrderEvent",
    "OrderPage",
    "OrderPreview",
    "Overall",
    "Position",
    "Positions",
    "Problem",
    "RefusedSymbol",
    "Session",
    "Sign",
    "SignOff",
    "SignOffs",
    "SilenceNote",
    "Standing",
    "SymbolSummary",
    "SymbolText",
    "Symbols",
    "SymbolsText",
    "Trade",
    "TradingReason",
    "TradingStatus",
]


LONGEST_REASON = 500
"""Characters of why trading is halted or resumed, and of the note of a sign-off."""
LONGEST_NAME = 100
"""Characters of the name of whoever signs."""


def _exact(value: Decimal | str) -> str:
    return value if isinstance(value, str) else format(value, "f")


def _iso(value: date | str) -> str:
    return value if isinstance(value, str) else value.isoformat().replace("+00:00", "Z")


Money = Annotated[str, BeforeValidator(_exact)]
"""An exact decimal: dollars, shares, or a fraction of equity."""

Time = Annotated[str, BeforeValidator(_iso), Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str, BeforeValidator(_iso), Field(json_schema_extra={"format": "date"})]


def _decimal(value: object) -> object:
    """Pydantic alone would take `1_0` and the digits of any script."""
    try:
        return parse_decimal(value) if isinstance(value, str) else value
    except MalformedNumber as error:
        raise ValueError(error.message) from None


Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(max_digits=18, decimal_places=4),
    # What the domain takes: above 0, at most a thousand million, four decimal places.
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000_000, "multipleOf": 0.0001},
                {"type": "string", "pattern": r"^([1-9][0-9]{0,8}(\.[0-9]{1,4})?|0\.([0-9]{0,3}[1-9]))$"},
            ]
        }
    ),
]
"""A decimal that a client gives; what it may be besides is the domain's business."""

_SYMBOL = r"[A-Za-z][A-Za-z0-9]{0,5}([.\-][A-Za-z0-9]{1,3})?"
SymbolText = Annotated[str, Field(json_schema_extra={"pattern": f"^{_SYMBOL}$"})]
"""A ticker as a client writes it; the market says what is one, and forgives spaces around it."""

SymbolsText = Annotated[str, Field(json_schema_extra={"pattern": f"^{_SYMBOL}(,{_SYMBOL})*$"})]
"""Several tickers, with a comma between two."""


@with_config(ConfigDict(json_schema_extra=describe_fields))
class _Document(TypedDict):
    """What stands below a field describes it in OpenAPI."""


class Dependency(_Document):
    """The latest check of one thing that the API leans on."""

    status: Literal["up", "down"]
    critical: bool
    """whether /health is 503 while it is down"""
    latency_ms: float | None
    error: str | None


class Monitoring(_Document):
    """Whether the monitoring is heard: without its heartbeat, trading is halted."""

    required: bool
    """false is the setting require_monitoring = false: trading goes on unwatched"""
    heartbeat: Annotated[str, one_of(HeartbeatState)]
    """awaited: none has come since the start, and the first begins trading; lost: somebody has to resume"""
    evaluated_at: Time | None
    """when Prometheus evaluated the last one that came"""
    age_seconds: float | None
    limit_seconds: float
    """age at which trading halts"""
    note: str
    """all of it as a sentence"""


class Health(_Document):
    """`down` when a critical dependency is; `degraded` when another is."""

    status: Annotated[str, one_of(HealthStatus)]
    version: str
    uptime_seconds: float
    dependencies: dict[str, Dependency]
    monitoring: Monitoring


class Market(_Document):
    """Where market time stands. All times are market time."""

    now: Time
    phase: Annotated[str, one_of(MarketPhase)]
    session: Day
    """the session that is open, or else the last one that was"""
    next_open: Time | None
    """null when the market never opens again"""
    ends_at: Time | None
    """the last close of the data; null when it has no end"""
    provider: str
    clock: str
    session_seconds: float | None
    """wall seconds of one session in a replay"""
    open_seconds: float
    """seconds of open market since 1970: the difference of two readings is the trading time between them"""
    data_age_seconds: float | None
    """seconds of open market since the newest price; null before the first price"""
    message: str
    """the phase as a sentence"""


class SymbolSummary(_Document):
    """One symbol that has a price by now."""

    symbol: str
    first_session: Day | None
    """first completed session"""
    last_session: Day | None
    """last completed session"""
    bars: int
    """completed sessions with a bar"""
    last_price: Money | None
    last_price_at: Time | None
    previous_close: Money | None
    """close of the session before that of the last price: what a change of the day is measured from"""


class RefusedSymbol(_Document):
    """One symbol whose data is wrong, with each fault and its place."""

    symbol: str
    reasons: list[str]


class Symbols(_Document):
    """What can be analysed and traded, and what was refused."""

    symbols: list[SymbolSummary]
    refused: list[RefusedSymbol]
    """on the first page only"""
    next_cursor: str | None
    """give it as `cursor` for the symbols after these; null at the end"""


class Bar(_Document):
    """One completed session; prices in dollars, adjusted for splits and dividends."""

    session: Day
    open: Money
    high: Money
    low: Money
    close: Money
    volume: int


class Bars(_Document):
    """Ascending bars."""

    symbol: str
    bars: list[Bar]
    next_cursor: str | None
    """give it as `cursor` for the sessions after these; null at the end"""


class EngineResult(_Document):
    """What one engine said, or why it said nothing."""

    engine: str
    status: Annotated[str, one_of(EngineStatus)]
    reason: str | None
    """null when ok"""
    signal: Annotated[str, one_of(Signal)] | None
    score: float | None
    """-1 (sell) to 1 (buy)"""
    confidence: float | None
    """0 to 1"""
    metrics: dict[str, float | str | None]
    as_of: Time
    """market time when the engine ran; what it reads has not changed since"""
    duration_ms: float
    """how long it ran then"""


class Overall(_Document):
    """What the engines say together."""

    signal: Annotated[str, one_of(Signal)] | None
    score: float | None
    confidence: float
    conviction: float
    """0 to 1, how far the engines that answered agree"""
    coverage: float
    """0 to 1, share of the configured weights whose engines answered"""
    regime: str | None
    regime_reason: str | None
    """why there is no regime"""
    weights: dict[str, float]
    """weights used: of the engines that answered, summing to 1"""


class Analysis(_Document):
    """Everything known about a symbol at one instant of market time."""

    symbol: str
    as_of: Time
    price: Money | None
    overall: Overall
    engines: dict[str, EngineResult]


class Standing(_Document):
    """One symbol in a listing; `GET /api/analyze/{symbol}` has the whole of its analysis."""

    symbol: str
    as_of: Time
    price: Money | None
    signal: Annotated[str, one_of(Signal)] | None
    """null, like the score, where no engine answered"""
    score: float | None
    confidence: float
    coverage: float
    """0 to 1, share of the configured weights whose engines answered"""
    missing: dict[str, str]
    """why an engine gave no score, by its name"""


class Analyses(_Document):
    """A page of a listing: one reading of one instant of market time, best first, symbols without a score last."""

    as_of: Time
    session: Day
    """the last completed session, which the scores follow from"""
    symbols: int
    """in the whole listing"""
    analyses: list[Standing]
    next_cursor: str | None
    """give it as `cursor` for the ones after these, until the next session is over; null at the end"""


_NOT_NULL: JsonDict = {"type": ["number", "string"]}
_SECRET: JsonDict = {"type": "string", "minLength": 1}


def _one_of_two(given: str, absent: str, kind: JsonDict = _NOT_NULL) -> JsonDict:
    return {"properties": {given: kind, absent: {"type": "null"}}, "required": [given]}


class Trade(BaseModel):
    """An order to place: exactly one of `quantity` and `notional`; `limit_price` iff the type is `limit`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "allOf": [
                {"oneOf": [_one_of_two("quantity", "notional"), _one_of_two("notional", "quantity")]},
                {
                    "oneOf": [
                        {"properties": {"order_type": {"const": "market"}, "limit_price": {"type": "null"}}},
                        {
                            "properties": {"order_type": {"const": "limit"}, "limit_price": _NOT_NULL},
                            "required": ["order_type", "limit_price"],
                        },
                    ]
                },
            ],
            "examples": [{"symbol": "AAPL", "side": "buy", "notional": "1000"}],
        },
    )

    # Descriptions, not docstrings: for those, pydantic would read this file again at each start of the command line.
    symbol: SymbolText
    side: Annotated[str, one_of(Side)]
    quantity: Amount | None = Field(None, description="shares, to four decimal places")
    notional: Amount | None = Field(None, description="dollars, to four decimal places")
    order_type: Annotated[str, one_of(OrderType)] = "market"
    limit_price: Amount | None = Field(None, description="dollars, to four decimal places")


class OrderEvent(_Document):
    """One step of an order: `at` in market time, `wall` in the time of day."""

    status: Annotated[str, one_of(OrderStatus)]
    at: Time
    wall: Time
    reason: str | None
    by: NotRequired[str | None]
    """the key or person that caused it"""


class Order(_Document):
    """An order as the ledger keeps it."""

    id: str
    symbol: str
    side: Annotated[str, one_of(Side)]
    order_type: Annotated[str, one_of(OrderType)]
    quantity: Money | None
    notional: Money | None
    limit_price: Money | None
    status: Annotated[str, one_of(OrderStatus)]
    filled_quantity: Money
    average_price: Money | None
    commission: Money
    reason: str | None
    """why it ended as it did, one word"""
    message: NotRequired[str | None]
    """the same as a sentence"""
    created_by: str
    created_at: Time
    """market time"""
    created_wall: Time
    updated_at: Time
    """market time"""
    history: list[OrderEvent]


class OrderPage(_Document):
    """Orders, newest first."""

    orders: list[Order]
    next_cursor: str | None
    """give it as `cursor` for older ones; null at the end"""


class OrderPreview(_Document):
    """What an order would do now; nothing was kept or sent. What needs a price is null while there is none."""

    symbol: str
    side: Annotated[str, one_of(Side)]
    order_type: Annotated[str, one_of(OrderType)]
    quantity: Money | None
    """shares that would be ordered"""
    last_price: Money | None
    last_price_at: Time | None
    """market time"""
    price: Money | None
    """what each share is counted at: the limit, or the latest price with half the spread"""
    commission: Money | None
    cost: Money | None
    """what a purchase takes with commission; negative: what a sale brings after it"""
    buying_power: Money
    buying_power_after: Money | None
    """once it is filled at `price`; below zero, it cannot be paid"""
    position: Money
    """shares held now"""
    position_after: Money | None
    denial: Annotated[str, one_of(DenialReason)] | None
    """the limit that would deny it, or the breaker; null: it would be sent"""
    message: str | None
    """the same as a sentence"""


class Position(_Document):
    """What is held of one symbol. What depends on a price is null while there is none."""

    symbol: str
    quantity: Money
    average_price: Money
    market_price: Money | None
    market_value: Money | None
    unrealised_pnl: Money | None
    realised_pnl: Money
    """of the shares sold, before commission"""
    commission_paid: Money
    """for all purchases and sales of the symbol"""
    net_realised_pnl: Money
    """realised_pnl - commission_paid"""


class ClosedPosition(_Document):
    """A symbol that was held and sold out."""

    symbol: str
    realised_pnl: Money
    """before commission"""
    commission_paid: Money
    net_realised_pnl: Money
    """realised_pnl - commission_paid"""


class Positions(_Document):
    """What is held, and what was sold out; each by symbol."""

    positions: list[Position]
    closed: list[ClosedPosition]
    """sold out: with `positions`, net_realised_pnl adds up to that of the account"""


class Account(_Document):
    """Money in dollars; `drawdown` is a fraction. What depends on a price is null while one is missing."""

    mode: Annotated[str, one_of(TradingMode)]
    broker: str
    initial_cash: Money
    """what the account was opened with"""
    cash: Money
    equity: Money | None
    """initial_cash + net_realised_pnl + unrealised_pnl"""
    buying_power: Money
    exposure: Money | None
    realised_pnl: Money
    """of all shares sold, before commission"""
    unrealised_pnl: Money | None
    day_pnl: Money | None
    high_water_mark: Money
    drawdown: Money
    """fall of the last known equity from the high-water mark, which no resume changes"""
    commission_paid: Money
    net_realised_pnl: Money
    """realised_pnl - commission_paid, symbols sold out included"""
    unpriced: list[str]
    """symbols held that have no trustworthy price"""


class EquityPoint(_Document):
    """Equity at one instant of market time."""

    at: Time
    equity: Money
    drawdown: Money


class EquityCurve(_Document):
    """Points ascending in time."""

    points: list[EquityPoint]


class BreakerRecord(_Document):
    """A halt or a resume, as it is kept for ever. `at` is market time."""

    id: int
    event: Annotated[str, one_of(BreakerEvent)]
    reason: Annotated[str, one_of(HaltReason)] | None
    """why trading was halted; null for a resume"""
    note: str
    by: str
    at: Time
    wall: Time
    equity: Money | None
    day_loss: Money
    """as a fraction, measured by the breaker"""
    drawdown: Money


class BreakerLog(_Document):
    """Halts and resumes, newest first."""

    events: list[BreakerRecord]
    next_cursor: str | None
    """give it as `cursor` for older ones; null at the end"""


class TradingStatus(_Document):
    """The breaker and how far its limits are; losses and limits are fractions."""

    mode: Annotated[str, one_of(TradingMode)]
    halted: bool
    reason: str | None
    """manual, daily_loss, drawdown, monitoring_lost, or unreadable; null while trading"""
    note: str | None
    since: Time | None
    """market time"""
    since_wall: Time | None
    by: str | None
    day_loss: Money | None
    """as the breaker measures it: since the session's opening or the last resume in it"""
    day_loss_from: Money | None
    """equity that day_loss is measured from; null until it is known after a resume"""
    daily_loss_limit: Money
    drawdown: Money | None
    """as the breaker measures it: since the last resume; that of the account goes on through resumes"""
    drawdown_from: Money | None
    """highest equity since the last resume, or ever; null until it is known after a resume"""
    drawdown_limit: Money
    monitoring: Monitoring


class HaltPreview(_Document):
    """What a halt would do now, besides denying every new order that adds to a position."""

    halted: bool
    """trading is halted already"""
    cancels: list[Order]
    """open orders that would be cancelled, since they add to a position"""
    keeps: list[Order]
    """open orders that would stay and may fill, since they reduce one"""
    positions: int
    """symbols held, which stay and can be sold"""


class AuditRecord(_Document):
    """A change that somebody made, or was denied; no secret is in it."""

    id: int
    wall: str
    actor: str
    """who: the name of the key, with the session where there is one, or of the user who typed"""
    access: str
    """what the key allows; empty for who typed on the machine"""
    origin: str
    """from where: an address, or this machine"""
    action: Annotated[str, one_of(AuditAction)]
    target: str
    """what was changed: the id of an order, key, session or silence, or the name of a secret"""
    result: Annotated[str, one_of(AuditResult)]
    detail: str
    hash: str
    """of this row and, through the row before it, of all that came before"""


class AuditPage(_Document):
    """The audit log, newest first."""

    records: list[AuditRecord]
    next_cursor: str | None
    """give it as `cursor` for older ones; null at the end"""


class SilenceNote(BaseModel):
    """A silence that the console put or ended for who asks; Alertmanager itself knows nobody."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["silence_put", "silence_ended"]
    silence: Annotated[str, StringConstraints(min_length=1, max_length=100), one_line]
    detail: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), in_paragraphs]


class TradingReason(BaseModel):
    """Why trading is halted or resumed; kept in the ledger."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON), in_paragraphs
    ]


SESSIONS_PATH: Final = "/api/sessions"
"""A POST to it logs in, and needs no other credential than what its body holds."""


class LogIn(BaseModel):
    """What to log in with: exactly one of both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"oneOf": [_one_of_two("key", "link", _SECRET), _one_of_two("link", "key", _SECRET)]},
    )

    key: str | None = Field(None, max_length=200, description="an API key: `iq_...`")
    link: str | None = Field(None, max_length=200, description="the token of a link of `investiq login`: `iql_...`")


class LoginLink(_Document):
    """What logs in once, as the key that asked for it."""

    token: str
    name: str
    """of that key"""
    expires_at: Time


class Session(_Document):
    """Somebody who is logged in."""

    id: str
    name: str
    """of the key that it belongs to"""
    scope: Annotated[str, one_of(Access)]
    created_at: Time
    expires_at: Time


class NewSession(Session):
    """A session that has just begun, with its secret: the only time that anybody sees it."""

    secret: str
    """to be sent as `Authorization: Bearer`, as a key is"""


class Sign(BaseModel):
    """Who takes responsibility for a point of the checklist that no program can see done."""

    model_config = ConfigDict(extra="forbid")

    point: Annotated[str, one_of(SIGNED_POINTS), Field(description="a point that needs a person")]
    by: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME),
        one_line,
        Field(description="the person's name"),
    ]
    note: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON), in_paragraphs]
        | None
    ) = None


class SignOff(_Document):
    """Somebody signed for a point of the checklist."""

    point: str
    by: str
    """the name that was given"""
    signed_as: str
    """whose key, or session, it came with"""
    note: str | None
    signed_at: Time
    expires_at: Time


class SignOffs(_Document):
    """The latest of each point, expired ones too."""

    sign_offs: list[SignOff]


class CheckedPoint(_Document):
    """A point of the production checklist, as it was found."""

    point: Annotated[str, one_of(ChecklistPoint)]
    title: str
    state: Annotated[str, one_of(PointState)]
    evidence: list[str]
    """how this is known: what was seen, or what is wrong"""
    next_steps: list[str]
    """commands or settings that mend it; none where it is done"""
    checked_at: Time
    seconds: float
    sign_off: SignOff | None
    """the latest, where a person has signed"""


class Checklist(_Document):
    """The production checklist as `investiq checklist` found it when it last looked at every point."""

    checked_at: Time
    """when the first point was looked at"""
    grade: Annotated[str, one_of(ReadinessGrade)]
    points: list[CheckedPoint]


class Problem(_Document):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    reason: Annotated[str, Field(description="one word, the end of `type`")]  # a docstring would not be inherited
    detail: str
    instance: str
    request_id: str | None


class OrderDenied(Problem):
    """A risk limit or the breaker denied the order; it is kept, as denied."""

    denial: str
    order: Order
