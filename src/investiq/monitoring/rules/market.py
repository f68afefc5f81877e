"""Alerts about the market data."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import (
    MARKET_DATA_AGE,
    MARKET_DATA_AGE_LIMIT,
    MARKET_PHASE,
    PRICE_FILES_REJECTED,
)
from investiq.foundation.vocabulary import MarketPhase, Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.selectors import series
from investiq.promql.matcher import eq

__all__ = ["ALERTS", "MARKET_DATA_STALE", "PRICE_FILES_REJECTED_ALERT"]

# A sound replay shows a price every third of a session: its data is never older than 7,800 s. Whatever limit is set,
# the alert begins above that.
_LEAST_LIMIT = 16_000

MARKET_DATA_STALE = Alert(
    name="MarketDataStale",
    subject=Subject.MARKET,
    severity=Severity.WARNING,
    # Half of the way to the hard limit, at which nothing is bought any more: 11,700 s by default, half a session.
    query=(f"{series(MARKET_DATA_AGE)} / clamp_min({series(MARKET_DATA_AGE_LIMIT)}, {_LEAST_LIMIT})"),
    op=">",
    threshold=0.5,
    # A closed market brings no price, so its silence is no news. Two minutes back, since the night of a replay may be
    # seconds long: judged by the moment, `for` would begin anew each morning and never be over.
    extra_condition=(
        f"and on (job, instance) max_over_time({series(MARKET_PHASE, eq('phase', MarketPhase.OPEN))}[2m]) == 1"
    ),
    for_seconds=60,
    summary="the latest price is stale: {{ $value | humanizePercentage }} of the maximum age",
    description=(
        "There has been no new price for hours of open market. Positions and losses are measured at old prices; "
        "analyses state their session. At the limit (trading.max_price_age_seconds) entries are denied and "
        "market data counts as down."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

PRICE_FILES_REJECTED_ALERT = Alert(
    name="PriceFilesRejected",
    subject=Subject.MARKET,
    severity=Severity.WARNING,
    query=series(PRICE_FILES_REJECTED),
    op=">",
    threshold=0,
    # A file that is mended at once, or moved away and back, is no news.
    for_seconds=120,
    summary="{{ $value }} changed price files were rejected: older prices are still served",
    description=(
        "A price, headline or figures file changed and is invalid, or is missing. Its previous content is still "
        "served and is going stale; analyses and orders of these symbols rely on it. /health names the files "
        "and lines. The next start will reject them."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

ALERTS = (MARKET_DATA_STALE, PRICE_FILES_REJECTED_ALERT)
