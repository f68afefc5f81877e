"""Alerts about trading: halted, near a halt, orders that the broker refuses, an agent that is dead or stuck."""

from __future__ import annotations

from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.contract.heartbeat import LOST_NAME, LOST_SUMMARY
from investiq.foundation.telemetry.catalogue import (
    AGENT_INTERVAL,
    AGENT_OPEN_TIME,
    BREAKER_LIMIT,
    BREAKER_LOSS,
    HEARTBEAT_AWAITED,
    HEARTBEAT_EVALUATED,
    MARKET_OPEN_TIME,
    MARKET_SPEED,
    MONITORING_REQUIRED,
    ORDERS,
    TRADING_HALTED,
)
from investiq.foundation.topology import AGENT, API
from investiq.foundation.vocabulary import HaltReason, OrderStatus, RestartAlert, Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.exporters.scrape import UP
from investiq.monitoring.selectors import series
from investiq.promql.matcher import eq

__all__ = [
    "AGENT_DOWN",
    "AGENT_STALLED",
    "ALERTS",
    "CIRCUIT_BREAKER_TRIPPED",
    "DAILY_LOSS_NEAR_LIMIT",
    "DRAWDOWN_NEAR_LIMIT",
    "MONITORING_HEARTBEAT_LOST",
    "ORDER_REJECTIONS_HIGH",
]

CIRCUIT_BREAKER_TRIPPED = Alert(
    name="CircuitBreakerTripped",
    subject=Subject.TRADING,
    severity=Severity.CRITICAL,
    query=series(TRADING_HALTED, eq("job", API.job)),
    op="==",
    threshold=1,
    # A start waits for the first heartbeat and needs no hand: it is no trip, and would page with every deployment. A
    # start that waits in vain is MonitoringHeartbeatLost's.
    extra_condition=f"unless {series(HEARTBEAT_AWAITED, eq('job', API.job))} == 1",
    # No `for`: a halt is latched until somebody resumes it, so it never flaps, and every minute of it is lost trading.
    summary="trading is halted",
    description=(
        "New entries are denied until somebody resumes trading; exits are allowed, and open positions keep "
        "their risk. `investiq status` and the console show why: a limit, a lost heartbeat, or a manual halt "
        "and by whom."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

MONITORING_HEARTBEAT_LOST = Alert(
    name=LOST_NAME,
    subject=Subject.TRADING,
    severity=Severity.CRITICAL,
    query=f"time() - {series(HEARTBEAT_EVALUATED, eq('job', API.job))}",
    op=">",
    threshold=TradingConfig().heartbeat_timeout_seconds,
    extra_condition=f"and {series(MONITORING_REQUIRED, eq('job', API.job))} == 1",
    for_seconds=60,  # a start of the API takes two rounds of ten seconds until the first heartbeat
    summary=LOST_SUMMARY,
    description=(
        "No fresh heartbeat has reached the API for a minute, so it denies new entries and cannot be resumed "
        "until one arrives; exits are allowed. Prometheus is up, or this alert could not fire: check "
        "Alertmanager, its route to the API, and the token in keys/heartbeat.token. If Prometheus or "
        "Alertmanager is down, this page cannot be sent: the API then notifies the receivers itself, and so "
        "does an external dead man's switch, where one is set."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)


def _share_of_limit(measure: HaltReason) -> str:
    # The limits are exposed beside the losses, so that the rule holds whatever is configured.
    return " / ".join(series(metric, eq("measure", measure)) for metric in (BREAKER_LOSS, BREAKER_LIMIT))


_NEAR = 0.8

DAILY_LOSS_NEAR_LIMIT = Alert(
    name="DailyLossNearLimit",
    subject=Subject.TRADING,
    severity=Severity.WARNING,
    query=_share_of_limit(HaltReason.DAILY_LOSS),
    op=">",
    threshold=_NEAR,
    # No `for`: from here to the halt it may be one price, and a session of a replay may last seconds.
    summary="session loss is at {{ $value | humanizePercentage }} of its limit",
    description=(
        "At 100 % trading halts automatically: entries are denied until somebody resumes, exits are allowed. "
        "`investiq status` shows the loss so far; no position is closed automatically."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

DRAWDOWN_NEAR_LIMIT = Alert(
    name="DrawdownNearLimit",
    subject=Subject.TRADING,
    severity=Severity.WARNING,
    query=_share_of_limit(HaltReason.DRAWDOWN),
    op=">",
    threshold=_NEAR,
    for_seconds=60,
    summary="drawdown is at {{ $value | humanizePercentage }} of its limit",
    description=(
        "At 100 % trading halts automatically: entries are denied until somebody resumes, exits are allowed. A "
        "drawdown builds up over sessions, so there is time to reduce positions by choice."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)


def _orders(*outcomes: OrderStatus) -> str:
    return f"sum by (job) (increase({series(ORDERS, eq('outcome', *outcomes))}[15m]))"


# What a limit or the breaker denied never reached the broker: a halt, or a limit that does its work, is no rejection.
_AT_THE_BROKER = _orders(OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED)
_ORDERS_FLOOR = 4  # in fifteen minutes: below that one rejection would be a high ratio

ORDER_REJECTIONS_HIGH = Alert(
    name="OrderRejectionsHigh",
    subject=Subject.TRADING,
    severity=Severity.WARNING,
    query=f"{_orders(OrderStatus.REJECTED)} / {_AT_THE_BROKER}",
    op=">",
    threshold=0.25,
    extra_condition=f"and {_AT_THE_BROKER} > {_ORDERS_FLOOR}",
    for_seconds=60,
    summary="the broker rejected {{ $value | humanizePercentage }} of orders",
    description=(
        "More than 25 % of the orders sent to the broker in the last 15 minutes were rejected or never arrived. "
        "Positions are not as intended: entries are missed, and exits may be too."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

AGENT_DOWN = Alert(
    name=RestartAlert.AGENT_DOWN.value,
    subject=Subject.TRADING,
    # Not critical: the breaker and the limits are the API's and hold without it, and it trades on paper only.
    severity=Severity.WARNING,
    query=series(UP, eq("job", AGENT.job)),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="the agent does not answer at {{ $labels.instance }}",
    description=(
        "Prometheus has had no metrics from the agent for a minute. It neither enters nor exits positions; "
        "manual orders still work, and the breaker still guards the account."
    ),
    # Without an agent (`agent.enabled`, or another clock than the replay's) there is no such job.
    no_data=NoData.QUIET,
)

# How far the agent lags behind the market, in cycles of its own: the open market time since its last finished cycle
# began, by the open market time that one interval of it takes at the speed of this market. So
# - a market that is closed, or has ended, adds nothing, however long it lasts: its time stands still;
# - a session may last a tenth of a second or a day: the agent of a fast replay misses hundreds of sessions between two
#   cycles, and is as well as one that looks at each session a thousand times;
# - a halt is no stall: the agent goes on looking, at intervals of up to a minute, which it tells.
# A sound agent stays below three: it is one interval behind when it begins a cycle, up to two when it has finished it,
# and what the two targets say may be a scrape of five seconds apart. That last part is why an interval counts for ten
# seconds at least. A cycle that fails is not finished, so an agent that is refused everything stalls as well.
_LAG = f"(max({series(MARKET_OPEN_TIME)}) - on () group_right () {series(AGENT_OPEN_TIME)})"
_INTERVAL = f"(clamp_min({series(AGENT_INTERVAL)}, 10) * on () group_left () max({series(MARKET_SPEED)}))"

AGENT_STALLED = Alert(
    name=RestartAlert.AGENT_STALLED.value,
    subject=Subject.TRADING,
    severity=Severity.WARNING,
    query=f"{_LAG} / {_INTERVAL}",
    op=">",
    threshold=6,
    for_seconds=60,
    summary="the agent is stalled: it finishes no cycle",
    description=(
        "The market has been open for more than six of the agent's intervals since its last finished cycle. Its "
        "process runs, but it neither enters nor exits positions; manual orders still work, and the breaker "
        "still guards the account."
    ),
    no_data=NoData.COVERED,
    covered_by="AgentDown",
)

ALERTS = (
    CIRCUIT_BREAKER_TRIPPED,
    MONITORING_HEARTBEAT_LOST,
    DAILY_LOSS_NEAR_LIMIT,
    DRAWDOWN_NEAR_LIMIT,
    ORDER_REJECTIONS_HIGH,
    AGENT_DOWN,
    AGENT_STALLED,
)
