"""The answer of GET /metrics, in the format that the scraper asks for."""

from __future__ import annotations

from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from investiq.foundation.telemetry.metrics import Metrics

__all__ = ["metrics_response"]


def metrics_response(metrics: Metrics, accept: str | None) -> Response:
    """All samples of this process as Prometheus text, or as OpenMetrics where `accept` asks for it."""
    encode, content_type = choose_encoder(accept or "")
    return Response(encode(metrics.registry), media_type=None, headers={"content-type": content_type})
