"""The signal models service, as far as its client sees it."""

from __future__ import annotations

import json

import httpx2

from investiq.invest.signals.client import SignalClient

__all__ = ["Models"]


class Models:
    """They say the same of everything."""

    version = "one"

    def client(self) -> SignalClient:
        """A client that asks these."""
        return SignalClient("http://127.0.0.1:8004", 5.0, httpx2.MockTransport(self))

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json={"status": "ok", "model": {"loaded": True, "version": self.version}})
        asked = json.loads(request.content)
        answer = {"symbol": asked["symbol"], "as_of": asked["bars"][-1]["session"], "horizon_sessions": 5}
        answer |= {"probability_up": 0.6, "confidence": 0.1, "beats_constant": True, "trained_until": "2004-01-02"}
        return httpx2.Response(200, json=answer | {"model_version": self.version})
