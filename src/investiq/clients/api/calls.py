"""Every call to the API once: its method, path and body, and what its answer is. The two clients only send them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar, cast
from urllib.parse import quote

import httpx2

from investiq.clients.api import documents
from investiq.clients.api.errors import BadResponse, Refused

__all__ = ["ApiCall", "Submission"]

Answer = TypeVar("Answer")
Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit"]


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of an order that was sent.

    Attributes:
        replayed: the API knew this Idempotency-Key: nothing new happened.
        denial: the rule that denied the order, such as `halted`; None when it went to the broker.
    """

    order: documents.Order
    replayed: bool = False
    denial: str | None = None


@dataclass(frozen=True, slots=True)
class ApiCall(Generic[Answer]):
    """One request to make, with the type of its answer.

    Attributes:
        member: the member of the JSON object that is the answer; None when it is the whole object.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | None = None
    member: str | None = None

    def parse(self, response: httpx2.Response) -> Answer:
        """The answer in `response`.

        Raises:
            Refused: the API said no.
            BadResponse: not the JSON of our API.
        """
        document = _document(response)
        if not response.is_success:
            raise Refused(response.status_code, document, _retry_after(response))
        if self.member is None:
            return cast(Answer, document)
        if self.member not in document:
            raise BadResponse(f"{self.method} {self.path} answered without {self.member!r}: do the versions differ?")
        return cast(Answer, document[self.member])


class _HealthCall(ApiCall[documents.Health]):
    """A server that is down answers 503 with the same document: that is an answer, not a refusal."""

    __slots__ = ()

    def parse(self, response: httpx2.Response) -> documents.Health:
        document = _document(response)
        if "dependencies" in document:
            return cast(documents.Health, document)
        raise Refused(response.status_code, document, _retry_after(response))


class _SubmitCall(ApiCall[Submission]):
    """A denied order is a result with a reason, not an error."""

    __slots__ = ()

    def parse(self, response: httpx2.Response) -> Submission:
        document = _document(response)
        replayed = response.headers.get("Idempotency-Replayed") == "true"
        if response.is_success:
            return Submission(cast(documents.Order, document), replayed)
        if document.get("reason") == "order_denied" and "order" in document:
            return Submission(document["order"], replayed, str(document.get("denial")))
        raise Refused(response.status_code, document, _retry_after(response))


def health() -> ApiCall[documents.Health]:
    return _HealthCall("GET", "/health")


def market() -> ApiCall[documents.Market]:
    return ApiCall("GET", "/api/market")


def symbols() -> ApiCall[documents.Symbols]:
    return ApiCall("GET", "/api/symbols")


def bars(
    symbol: str, start: str | None, end: str | None, limit: int | None, cursor: str | None
) -> ApiCall[documents.Bars]:
    params = _given({"from": start, "to": end, "limit": limit, "cursor": cursor})
    return ApiCall("GET", f"/api/bars/{_segment(symbol)}", params)


def analyze(symbol: str) -> ApiCall[documents.Analysis]:
    return ApiCall("GET", f"/api/analyze/{_segment(symbol)}")


def submit(
    symbol: str,
    side: Side,
    idempotency_key: str,
    *,
    quantity: Decimal | str | None,
    notional: Decimal | str | None,
    order_type: OrderType,
    limit_price: Decimal | str | None,
) -> ApiCall[Submission]:
    body = {"symbol": symbol, "side": side, "order_type": order_type}
    body |= _given({"quantity": quantity, "notional": notional, "limit_price": limit_price})
    return _SubmitCall("POST", "/api/trades", headers={"Idempotency-Key": idempotency_key}, body=body)


def orders(
    limit: int | None, cursor: str | None, symbol: str | None, status: str | None
) -> ApiCall[documents.OrderPage]:
    params = _given({"limit": limit, "cursor": cursor, "symbol": symbol, "status": status})
    return ApiCall("GET", "/api/trades", params)


def order(order_id: str) -> ApiCall[documents.Order]:
    return ApiCall("GET", f"/api/trades/{_segment(order_id)}")


def cancel(order_id: str) -> ApiCall[documents.Order]:
    return ApiCall("DELETE", f"/api/trades/{_segment(order_id)}")


def positions() -> ApiCall[list[documents.Position]]:
    return ApiCall("GET", "/api/positions", member="positions")


def account() -> ApiCall[documents.Account]:
    return ApiCall("GET", "/api/account")


def equity(limit: int | None) -> ApiCall[list[documents.EquityPoint]]:
    return ApiCall("GET", "/api/account/equity", _given({"limit": limit}), member="points")


def trading_status() -> ApiCall[documents.TradingStatus]:
    return ApiCall("GET", "/api/trading/status")


def halt(reason: str) -> ApiCall[documents.TradingStatus]:
    return ApiCall("POST", "/api/trading/halt", body={"reason": reason})


def resume(reason: str) -> ApiCall[documents.TradingStatus]:
    return ApiCall("POST", "/api/trading/resume", body={"reason": reason})


def _given(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


def _segment(text: str) -> str:
    # Dots alone would climb in the path: `/api/bars/..` is `/api/`.
    return "%2E" * len(text) if text in (".", "..") else quote(text, safe="")


def _document(response: httpx2.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if isinstance(document, dict):
        return document
    kind = response.headers.get("content-type", "no content type")
    raise BadResponse(
        f"{response.request.url.copy_with(query=None)} answered {response.status_code} with {kind} instead of a JSON "
        "object: is another program on this port?"
    )


def _retry_after(response: httpx2.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None
