"""The edge: whether it is up, how many come, and how near it is to turning people away."""

from __future__ import annotations

from investiq.foundation.contract.panels import RATE_INTERVAL, PanelState, PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import EDGE_ANSWERS
from investiq.foundation.topology import EDGE, NGINX_EXPORTER, PROBES
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import of_alert, per_second
from investiq.monitoring.exporters import blackbox, nginx
from investiq.monitoring.rules.edge import EDGE_DOWN, EDGE_DROPS, EDGE_FAILING, EDGE_LIMITING, EDGE_NEARLY_FULL
from investiq.monitoring.selectors import series
from investiq.promql.matcher import eq

__all__ = ["DASHBOARD"]

_HERE = eq("job", NGINX_EXPORTER.job)
_PROBE = eq("job", PROBES), eq(blackbox.PROBED, EDGE.job)

_UP = Panel(
    title="nginx",
    description="Whether nginx at the edge answers. Without it nobody comes in from outside.",
    unit=PanelUnit.STATE,
    view=PanelView.NUMBER,
    queries=(Query(of_alert(EDGE_DOWN), "nginx"),),
    alerts=(EDGE_DOWN,),
    states={1: ("up", PanelState.GOOD), 0: ("down", PanelState.BAD)},
    width=8,
)

_PROBED = Panel(
    title="As a browser sees it",
    description="Whether the console's name answers over TLS, with a certificate that is good for it.",
    unit=PanelUnit.STATE,
    view=PanelView.NUMBER,
    queries=(Query(series(blackbox.PROBE_SUCCESS, *_PROBE), "edge"),),
    states={1: ("well", PanelState.GOOD), 0: ("failing", PanelState.BAD)},
    width=8,
)

_CERTIFICATE = Panel(
    title="Certificate",
    description="Days until the first certificate of the chain ends. CertificateExpiring warns at 20, and wakes at 3.",
    unit=PanelUnit.DAYS,
    view=PanelView.NUMBER,
    queries=(Query(f"({series(blackbox.CERTIFICATE_EXPIRY, *_PROBE)} - time()) / 86400", "certificate"),),
    minimum=None,
    width=8,
    emptiness="the probe has not seen the certificate yet",
)

_REQUESTS = Panel(
    title="Requests",
    description="Requests a second, of every host together; nginx's log says which. Its own status counts, too.",
    unit=PanelUnit.PER_SECOND,
    width=8,
    queries=(Query(f"sum(rate({series(nginx.REQUESTS, _HERE)}[{RATE_INTERVAL}]))", "requests"),),
)

_ACTIVE = Panel(
    title="Clients connected",
    description="Connections of clients, busy and idle, as EdgeNearlyFull counts them, and those that only wait.",
    unit=PanelUnit.COUNT,
    width=8,
    queries=(
        Query(of_alert(EDGE_NEARLY_FULL), "connected"),
        Query(series(nginx.WAITING, _HERE), "idle"),
    ),
    alerts=(EDGE_NEARLY_FULL,),
)

_DROPPED = Panel(
    title="Connections dropped",
    description="Connections a second that were closed without being served, as EdgeDropsConnections counts them.",
    unit=PanelUnit.PER_SECOND,
    width=8,
    queries=(Query(of_alert(EDGE_DROPS), "dropped"),),
    alerts=(EDGE_DROPS,),
)

_ANSWERS = Panel(
    title="Answers",
    description="Requests a second by how nginx answered; 429: asked faster than one address may.",
    unit=PanelUnit.PER_SECOND,
    width=8,
    queries=(Query(per_second(EDGE_ANSWERS, by=("answer",)), "{{answer}}"),),
)

_FAILED = Panel(
    title="Failed, by host",
    description="The share of requests that was answered with a 5xx status, as EdgeFailing counts it.",
    unit=PanelUnit.SHARE,
    width=8,
    queries=(Query(of_alert(EDGE_FAILING), "{{door}}"),),
    alerts=(EDGE_FAILING,),
)

_LIMITED = Panel(
    title="Turned away",
    description="Requests a second that came faster than one address may ask, as EdgeLimitingClients counts them.",
    unit=PanelUnit.PER_SECOND,
    width=8,
    queries=(Query(of_alert(EDGE_LIMITING), "turned away"),),
    alerts=(EDGE_LIMITING,),
)

DASHBOARD = Dashboard(
    name=Subject.EDGE.value,
    title="InvestIQ Edge",
    description="The door to the network: nginx, its certificate, and who comes.",
    subject=Subject.EDGE,
    targets=nginx.UP,
    rows=(
        Row("Is it up?", (_UP, _PROBED, _CERTIFICATE)),
        Row("What they get", (_ANSWERS, _FAILED, _LIMITED)),
        Row("Who comes", (_REQUESTS, _ACTIVE, _DROPPED)),
    ),
)
