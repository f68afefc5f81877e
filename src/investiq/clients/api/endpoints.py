"""Every call to the API once: its method, path and body, and what its answer is. The clients get their methods here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import quote

from investiq.clients.api.call import ApiCall, document, endpoint, refusal
from investiq.clients.session import Answer
from investiq.foundation.foreign_text import encodable
from investiq.foundation.vocabulary import OrderType, Side

if TYPE_CHECKING:
    from investiq.foundation.contract import api

__all__ = ["Endpoints", "ReadingEndpoints", "Submission"]

_SIGN_OFFS = "/api/checklist/sign-offs"


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of an order that was sent.

    Attributes:
        replayed: the API knew this Idempotency-Key: nothing new happened.
        denial: the rule that denied the order, such as `halted`; None when it went to the broker.
    """

    order: api.Order
    replayed: bool = False
    denial: str | None = None


class _SubmitCall(ApiCall[Submission]):
    """A denied order is a result with a reason, not an error."""

    __slots__ = ()

    def parse(self, response: Answer) -> Submission:
        answer = document(response)
        replayed = response.headers.get("Idempotency-Replayed") == "true"
        if response.is_success:
            return Submission(cast("api.Order", answer), replayed)
        if answer.get("reason") == "order_denied" and "order" in answer:
            return Submission(answer["order"], replayed, str(answer.get("denial")))
        raise refusal(response, answer)


class ReadingEndpoints:
    """The methods that change nothing."""

    @endpoint
    def market(self) -> ApiCall[api.Market]:
        """Where market time stands."""
        return ApiCall("GET", "/api/market")

    @endpoint
    def symbols(self, *, limit: int | None = None, cursor: str | None = None) -> ApiCall[api.Symbols]:
        """What can be analysed and traded: everything, or with `limit` a page of it."""
        return ApiCall("GET", "/api/symbols", _given({"limit": limit, "cursor": cursor}))

    @endpoint
    def bars(
        self,
        symbol: str,
        *,
        start: str | None = None,
        end: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> ApiCall[api.Bars]:
        """Completed sessions, ascending; without `start` the latest ones."""
        params = _given({"from": start, "to": end, "limit": limit, "cursor": cursor})
        return ApiCall("GET", f"/api/bars/{_segment(symbol)}", params)

    @endpoint
    def analyze(self, symbol: str) -> ApiCall[api.Analysis]:
        """The analysis of `symbol` now."""
        return ApiCall("GET", f"/api/analyze/{_segment(symbol)}")

    @endpoint
    def analyses(
        self, symbols: Sequence[str] | None = None, *, limit: int | None = None, cursor: str | None = None
    ) -> ApiCall[api.Analyses]:
        """A page of `symbols`, or of all, best first; with `cursor` the next page of the same moment."""
        params = {"symbols": None if symbols is None else ",".join(symbols), "limit": limit, "cursor": cursor}
        return ApiCall("GET", "/api/analyses", _given(params))

    @endpoint
    def orders(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        symbol: str | None = None,
        side: str | None = None,
        status: str | None = None,
        by: str | None = None,
        start: str | None = None,
        end: str | None = None,
    ) -> ApiCall[api.OrderPage]:
        """Orders, newest first; placed by `by`, on the days from `start` to `end` in New York."""
        wanted = {"symbol": symbol, "side": side, "status": status, "by": by, "from": start, "to": end}
        return ApiCall("GET", "/api/trades", _given({"limit": limit, "cursor": cursor, **wanted}))

    @endpoint
    def halts(self, *, limit: int | None = None, cursor: str | None = None) -> ApiCall[api.BreakerLog]:
        """Halts and resumes, newest first."""
        return ApiCall("GET", "/api/trading/halts", _given({"limit": limit, "cursor": cursor}))

    @endpoint
    def audit(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        action: str | None = None,
        actor: str | None = None,
    ) -> ApiCall[api.AuditPage]:
        """Who changed what, newest first; for admins."""
        params = _given({"limit": limit, "cursor": cursor, "action": action, "actor": actor})
        return ApiCall("GET", "/api/audit", params)

    @endpoint
    def order(self, order_id: str) -> ApiCall[api.Order]:
        """One order with its history."""
        return ApiCall("GET", f"/api/trades/{_segment(order_id)}")

    @endpoint
    def positions(self) -> ApiCall[list[api.Position]]:
        """What is held."""
        return ApiCall("GET", "/api/positions", member="positions")

    @endpoint
    def closed_positions(self) -> ApiCall[list[api.ClosedPosition]]:
        """What was sold out."""
        return ApiCall("GET", "/api/positions", member="closed")

    @endpoint
    def halt_preview(self) -> ApiCall[api.HaltPreview]:
        """What a halt would do now; nothing is changed."""
        return ApiCall("GET", "/api/trading/halt")

    @endpoint
    def account(self) -> ApiCall[api.Account]:
        """Cash, equity, profit and loss."""
        return ApiCall("GET", "/api/account")

    @endpoint
    def equity(self, *, limit: int | None = None) -> ApiCall[list[api.EquityPoint]]:
        """The latest points of the equity curve, ascending."""
        return ApiCall("GET", "/api/account/equity", _given({"limit": limit}), member="points")

    @endpoint
    def trading_status(self) -> ApiCall[api.TradingStatus]:
        """The breaker and how far its limits are."""
        return ApiCall("GET", "/api/trading/status")

    @endpoint
    def checklist(self) -> ApiCall[api.Checklist]:
        """The production checklist as it was last looked at."""
        return ApiCall("GET", "/api/checklist")

    @endpoint
    def sign_offs(self) -> ApiCall[list[api.SignOff]]:
        """Who last signed for each point of the checklist that needs a person."""
        return ApiCall("GET", _SIGN_OFFS, member="sign_offs")


class Endpoints(ReadingEndpoints):
    """All methods of both clients."""

    @endpoint
    def submit(
        self,
        symbol: str,
        side: Side,
        *,
        idempotency_key: str,
        quantity: Decimal | None = None,
        notional: Decimal | None = None,
        order_type: OrderType = OrderType.MARKET,
        limit_price: Decimal | None = None,
    ) -> ApiCall[Submission]:
        """Send an order of `quantity` shares or `notional` dollars. After a doubt, ask again with the same key."""
        body = _trade(
            symbol, side, quantity=quantity, notional=notional, order_type=order_type, limit_price=limit_price
        )
        return _SubmitCall("POST", "/api/trades", headers={"Idempotency-Key": idempotency_key}, body=body)

    @endpoint
    def preview(
        self,
        symbol: str,
        side: Side,
        *,
        quantity: Decimal | None = None,
        notional: Decimal | None = None,
        order_type: OrderType = OrderType.MARKET,
        limit_price: Decimal | None = None,
    ) -> ApiCall[api.OrderPreview]:
        """What `submit` would do with that order; nothing is sent. Needs the right to trade."""
        body = _trade(
            symbol, side, quantity=quantity, notional=notional, order_type=order_type, limit_price=limit_price
        )
        return ApiCall("POST", "/api/trades", {"dry_run": "true"}, body=body)

    @endpoint
    def cancel(self, order_id: str) -> ApiCall[api.Order]:
        """Cancel an open order."""
        return ApiCall("DELETE", f"/api/trades/{_segment(order_id)}")

    @endpoint
    def halt(self, reason: str) -> ApiCall[api.TradingStatus]:
        """Deny entries, and cancel the open ones, until somebody resumes; exits stay allowed."""
        return ApiCall("POST", "/api/trading/halt", body=_reason(reason))

    @endpoint
    def resume(self, reason: str) -> ApiCall[api.TradingStatus]:
        """Allow entries again."""
        return ApiCall("POST", "/api/trading/resume", body=_reason(reason))

    @endpoint
    def note_silence(
        self, action: Literal["silence_put", "silence_ended"], silence: str, detail: str
    ) -> ApiCall[api.AuditRecord]:
        """Keep in the audit log that who asks put or ended a silence, which Alertmanager does for anybody."""
        from investiq.foundation.contract.api import SilenceNote  # noqa: PLC0415  as in `_trade`

        note = SilenceNote.model_construct(action=action, silence=encodable(silence), detail=encodable(detail))
        return ApiCall("POST", "/api/audit/silences", body=note)

    @endpoint
    def sign(self, point: str, by: str, note: str | None = None) -> ApiCall[api.SignOff]:
        """Take responsibility for a point of the checklist."""
        from investiq.foundation.contract.api import Sign  # noqa: PLC0415  as in `_trade`

        body = Sign.model_construct(
            point=encodable(point), by=encodable(by), note=None if note is None else encodable(note)
        )
        return ApiCall("POST", _SIGN_OFFS, body=body)

    @endpoint
    def make_login_link(self) -> ApiCall[api.LoginLink]:
        """What logs in once, as the key of this client."""
        return ApiCall("POST", "/api/sessions/links")

    @endpoint
    def log_in(self, *, key: str | None = None, link: str | None = None) -> ApiCall[api.NewSession]:
        """A session of `key`, or of the key that made `link`."""
        from investiq.foundation.contract.api import LogIn  # noqa: PLC0415  as in `_trade`

        return ApiCall("POST", "/api/sessions", body=LogIn.model_construct(key=key, link=link))

    @endpoint
    def session(self) -> ApiCall[api.Session]:
        """Who is logged in with the session that this client presents."""
        return ApiCall("GET", "/api/sessions/current")

    @endpoint
    def log_out(self) -> ApiCall[api.Session]:
        """End the session that this client presents."""
        return ApiCall("DELETE", "/api/sessions/current")


def _trade(
    symbol: str,
    side: Side,
    *,
    quantity: Decimal | None,
    notional: Decimal | None,
    order_type: OrderType,
    limit_price: Decimal | None,
) -> api.Trade:
    from investiq.foundation.contract.api import Trade  # noqa: PLC0415  pydantic: only when something is sent

    # Unchecked: whether it is an order is for the API to say.
    return Trade.model_construct(
        symbol=encodable(symbol),
        side=side,
        quantity=quantity,
        notional=notional,
        order_type=order_type,
        limit_price=limit_price,
    )


def _reason(text: str) -> api.TradingReason:
    from investiq.foundation.contract.api import TradingReason  # noqa: PLC0415  as in `_trade`

    return TradingReason.model_construct(reason=encodable(text))


def _given(values: Mapping[str, object]) -> dict[str, str]:
    return {name: encodable(str(value)) for name, value in values.items() if value is not None}


def _segment(text: str) -> str:
    # Dots alone would climb in the path: `/api/bars/..` is `/api/`.
    return "%2E" * len(text) if text in (".", "..") else quote(encodable(text), safe="")
