"""Alerts about the edge: dead, full or nearly so, failing, or turning people away. What its probe and certificate say
is judged where those of every service are."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import EDGE_ANSWERS, EDGE_COUNTED
from investiq.foundation.topology import EDGE, NGINX_EXPORTER
from investiq.foundation.vocabulary import EdgeAnswer, Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.exporters import nginx
from investiq.monitoring.exporters.scrape import UP
from investiq.monitoring.selectors import series
from investiq.promql.matcher import eq

__all__ = [
    "ALERTS",
    "EDGE_DOWN",
    "EDGE_DROPS",
    "EDGE_FAILING",
    "EDGE_LIMITING",
    "EDGE_NEARLY_FULL",
    "EDGE_NOT_COUNTED",
    "EDGE_UNWATCHED",
    "FULL",
]

_HERE = eq("job", NGINX_EXPORTER.job)

FULL = 1_000
"""Connections that nginx may have (`worker_connections`), to clients and to programs together."""

EDGE_DOWN = Alert(
    name="EdgeDown",
    subject=Subject.EDGE,
    severity=Severity.CRITICAL,
    query=series(nginx.UP, _HERE),
    op="==",
    threshold=0,
    for_seconds=60,
    service=EDGE.job,
    summary="nginx at the edge does not answer",
    description=(
        "For a minute nobody has come in from outside: no console, no API, no dashboards. On the machine itself all of "
        "them answer, alerts arrive, and trading goes on."
    ),
    no_data=NoData.COVERED,
    covered_by="EdgeUnwatched",
)

EDGE_DROPS = Alert(
    name="EdgeDropsConnections",
    subject=Subject.EDGE,
    severity=Severity.WARNING,
    query=f"rate({series(nginx.ACCEPTED, _HERE)}[5m]) - rate({series(nginx.HANDLED, _HERE)}[5m])",
    op=">",
    threshold=0,
    for_seconds=120,
    service=EDGE.job,
    summary="the edge drops connections as soon as they come",
    description=(
        "For two minutes nginx has closed connections without serving them, since it has as many as it may. To whoever "
        "comes, the console is sometimes there and sometimes not."
    ),
    no_data=NoData.COVERED,
    covered_by="EdgeUnwatched",
)

EDGE_NEARLY_FULL = Alert(
    name="EdgeNearlyFull",
    subject=Subject.EDGE,
    severity=Severity.WARNING,
    query=series(nginx.ACTIVE, _HERE),
    op=">",
    # Each client may have a second connection behind it, to the program that answers.
    threshold=FULL * 0.4,
    for_seconds=120,
    service=EDGE.job,
    summary="{{ $value }} clients are connected to the edge",
    description=(
        f"For two minutes more clients have been connected than two fifths of the {FULL} connections that nginx may "
        "have, of which each can take two. When there are no more, new ones are dropped."
    ),
    no_data=NoData.COVERED,
    covered_by="EdgeUnwatched",
)

EDGE_UNWATCHED = Alert(
    name="EdgeUnwatched",
    subject=Subject.EDGE,
    severity=Severity.WARNING,
    query=series(UP, _HERE),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="the exporter of the edge does not answer at {{ $labels.instance }}",
    description=(
        "For a minute nobody would have noticed that nginx is down, or full. The probe of the console's name goes on "
        "asking from outside."
    ),
    no_data=NoData.COVERED,
    covered_by="TargetMissing",
)

_ANSWERED = f"sum by (door) (rate({series(EDGE_ANSWERS)}[5m]))"

EDGE_FAILING = Alert(
    name="EdgeFailing",
    subject=Subject.EDGE,
    severity=Severity.WARNING,
    query=f"sum by (door) (rate({series(EDGE_ANSWERS, eq('answer', EdgeAnswer.FAILED))}[5m])) / {_ANSWERED}",
    op=">",
    threshold=0.05,
    # 30 requests in five minutes: below that a single failure would be a high ratio.
    extra_condition=f"and {_ANSWERED} > 0.1",
    for_seconds=120,
    service=EDGE.job,
    summary="the edge fails {{ $value | humanizePercentage }} of the requests to {{ $labels.door }}",
    description=(
        "More than one request in twenty that came from outside to this host has been answered with a 5xx status over "
        "the last five minutes: what is behind it is down, or too slow. On the machine itself it may answer well."
    ),
    no_data=NoData.COVERED,
    covered_by="EdgeNotCounted",
)

EDGE_LIMITING = Alert(
    name="EdgeLimitingClients",
    subject=Subject.EDGE,
    severity=Severity.WARNING,
    query=f"sum(rate({series(EDGE_ANSWERS, eq('answer', EdgeAnswer.LIMITED))}[5m]))",
    op=">",
    threshold=1,
    for_seconds=300,
    service=EDGE.job,
    summary='the edge turns {{ $value | printf "%.1f" }} requests a second away',
    description=(
        "For five minutes clients have asked faster than one address may, and were answered 429. Either a script or a "
        "crowd behind one address gets less than it wants, or somebody tries to get in. Everybody else is served."
    ),
    no_data=NoData.COVERED,
    covered_by="EdgeNotCounted",
)

EDGE_NOT_COUNTED = Alert(
    name="EdgeNotCounted",
    subject=Subject.EDGE,
    severity=Severity.WARNING,
    query=f"time() - {series(EDGE_COUNTED)} > 60 or absent({series(EDGE_COUNTED)})",
    for_seconds=120,
    service=EDGE.job,
    summary="nobody counts what the edge answers",
    description=(
        "The supervisor has not written down for two minutes how nginx answers, or the node exporter does not read it. "
        "That the edge fails, or turns clients away, would be noticed by nobody. That it is down, EdgeDown still tells."
    ),
    no_data=NoData.QUIET,
)

ALERTS = (
    EDGE_UNWATCHED,
    EDGE_DOWN,
    EDGE_FAILING,
    EDGE_DROPS,
    EDGE_NEARLY_FULL,
    EDGE_LIMITING,
    EDGE_NOT_COUNTED,
)
