"""Alerts about trading."""

from __future__ import annotations

from investiq.monitoring.alert import Alert, NoData, Severity
from investiq.monitoring.names import API
from investiq.monitoring.promql import eq, series
from investiq.telemetry.catalogue import TRADING_HALTED, Subject

__all__ = ["ALERTS", "CIRCUIT_BREAKER_TRIPPED"]

CIRCUIT_BREAKER_TRIPPED = Alert(
    name="CircuitBreakerTripped",
    subject=Subject.TRADING,
    severity=Severity.CRITICAL,
    query=series(TRADING_HALTED, eq("job", API)),
    op="==",
    threshold=1,
    # No `for`: a halt is latched until somebody resumes it, so it never flaps, and every minute of it is lost trading.
    summary="trading is halted",
    description=(
        "The breaker denies every new entry until somebody resumes trading; exits are still allowed, and open "
        "positions keep their risk. `investiq status` and the frontend say which limit tripped it, or who "
        "halted it by hand."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

ALERTS = (CIRCUIT_BREAKER_TRIPPED,)
