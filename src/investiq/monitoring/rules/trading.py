"""Alerts about trading."""

from __future__ import annotations

from investiq.config.schema import TradingConfig
from investiq.monitoring.alert import Alert, NoData, Severity
from investiq.monitoring.names import API
from investiq.monitoring.promql import eq, series
from investiq.telemetry.catalogue import (
    HEARTBEAT_AWAITED,
    HEARTBEAT_EVALUATED,
    MONITORING_REQUIRED,
    TRADING_HALTED,
    Subject,
)

__all__ = ["ALERTS", "CIRCUIT_BREAKER_TRIPPED", "MONITORING_HEARTBEAT_LOST"]

CIRCUIT_BREAKER_TRIPPED = Alert(
    name="CircuitBreakerTripped",
    subject=Subject.TRADING,
    severity=Severity.CRITICAL,
    query=series(TRADING_HALTED, eq("job", API)),
    op="==",
    threshold=1,
    # A start waits for the first heartbeat and needs no hand: it is no trip, and would page with every deployment. A
    # start that waits in vain is MonitoringHeartbeatLost's.
    guard=f"unless {series(HEARTBEAT_AWAITED, eq('job', API))} == 1",
    # No `for`: a halt is latched until somebody resumes it, so it never flaps, and every minute of it is lost trading.
    summary="trading is halted",
    description=(
        "The breaker denies every new entry until somebody resumes trading; exits are still allowed, and open "
        "positions keep their risk. `investiq status` and the frontend say which limit tripped it, that the "
        "monitoring was lost, or who halted it by hand."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

MONITORING_HEARTBEAT_LOST = Alert(
    name="MonitoringHeartbeatLost",
    subject=Subject.TRADING,
    severity=Severity.CRITICAL,
    query=f"time() - {series(HEARTBEAT_EVALUATED, eq('job', API))}",
    op=">",
    threshold=TradingConfig().heartbeat_timeout_seconds,
    guard=f"and {series(MONITORING_REQUIRED, eq('job', API))} == 1",
    hold_seconds=60,  # a start of the API takes two rounds of ten seconds until the first heartbeat
    summary="the API does not hear the monitoring",
    description=(
        "No fresh heartbeat has reached the API for a minute, so it denies every new entry, and refuses to resume, "
        "until one comes; exits are allowed. Prometheus lives, or this alert would not fire: what fails is "
        "Alertmanager, its route to the API, or the token in keys/heartbeat.token. While Prometheus or Alertmanager is "
        "dead, this page cannot come: then the API tells the receivers itself, and a dead man's switch outside does, "
        "where one is set."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

ALERTS = (CIRCUIT_BREAKER_TRIPPED, MONITORING_HEARTBEAT_LOST)
