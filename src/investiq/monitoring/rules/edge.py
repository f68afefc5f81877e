"""Alerts about the edge: dead, refusing connections, or nearly full. What its probe and certificate say is judged where
those of every service are."""

from __future__ import annotations

from investiq.foundation.topology import EDGE, NGINX_EXPORTER
from investiq.foundation.vocabulary import Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.exporters import nginx
from investiq.monitoring.exporters.scrape import UP
from investiq.monitoring.selectors import series
from investiq.promql.matcher import eq

__all__ = ["ALERTS", "EDGE_DOWN", "EDGE_DROPS", "EDGE_NEARLY_FULL", "EDGE_UNWATCHED", "FULL"]

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

ALERTS = (EDGE_UNWATCHED, EDGE_DOWN, EDGE_DROPS, EDGE_NEARLY_FULL)
