"""The dashboards as Grafana reads them, with what provisions them. The only module that imports Grafana's SDK.

Ids are stable: a dashboard's uid is its name, and a panel's id comes from its title, so that a panel that is added
above it changes no link.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any
from zlib import crc32

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from investiq.foundation.contract.panels import PanelState, PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import Kind
from investiq.foundation.topology import PROGRAM_USER
from investiq.foundation.vocabulary import Severity
from investiq.monitoring.alert import Alert
from investiq.monitoring.dashboards.panel import TARGET, Dashboard, Event, Panel, Query, Row
from investiq.monitoring.scraping.jobs import SCRAPE_INTERVAL
from investiq.promql.number import number_text

__all__ = ["DATA_SOURCE_UID", "TAG", "dashboard_json", "dashboards_provider", "data_source", "panel_id"]

DATA_SOURCE_UID = "investiq-prometheus"
TAG = "investiq"

_PROMETHEUS = "prometheus"
_SOURCE = common.DataSourceRef(type_val=_PROMETHEUS, uid="${datasource}")
_COLUMNS = 24
_HEIGHTS = {PanelView.NUMBER: 4, PanelView.STATES: 7, PanelView.TABLE: 8, PanelView.LINES: 8}
_COLOURS = {PanelState.GOOD: "green", PanelState.WARNING: "orange", PanelState.BAD: "red", PanelState.NEUTRAL: "blue"}
_OF_SEVERITY = {Severity.CRITICAL: "red", Severity.WARNING: "orange", Severity.NONE: "blue"}


def dashboard_json(dashboard: Dashboard, events: Sequence[Event], console: str) -> str:
    """The JSON of one dashboard, ending with a newline.

    Args:
        events: what is marked in every picture.
        console: base URL of the console, for the links.
    """
    built = (
        build.Dashboard(dashboard.title)
        .uid(dashboard.uid)
        .description(dashboard.description)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("30s")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .variables(_variables(dashboard))
        .annotations([_annotation(event) for event in events])
        .links(_links(dashboard, console))
    )
    for part in _laid_out(dashboard, console):
        built = built.with_row(part) if isinstance(part, build.Row) else built.with_panel(part)
    document = json.loads(JSONEncoder().encode(built.build()), object_hook=_at_the_top)
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _at_the_top(document: dict[str, Any]) -> dict[str, Any]:
    """The SDK moves every link and annotation into a menu, where nobody looks for them."""
    return {name: value for name, value in document.items() if name != "placement"}


def data_source(url: str, password_file: PurePath) -> dict[str, Any]:
    """The provisioning document of the data source.

    Args:
        url: of Prometheus, as Grafana reaches it.
        password_file: holds the password of Prometheus. Grafana reads it when it starts.
    """
    source = {
        "name": "Prometheus",
        "uid": DATA_SOURCE_UID,
        "type": _PROMETHEUS,
        "access": "proxy",
        "url": url,
        "isDefault": True,
        "editable": False,
        "basicAuth": True,
        "basicAuthUser": PROGRAM_USER,
        "secureJsonData": {"basicAuthPassword": f"$__file{{{password_file}}}"},
        # `$__rate_interval` is at least four of these.
        "jsonData": {"httpMethod": "POST", "timeInterval": SCRAPE_INTERVAL},
    }
    return {"apiVersion": 1, "datasources": [source]}


def dashboards_provider(folder: str) -> dict[str, Any]:
    """The provisioning document of the dashboards.

    Args:
        folder: where their JSON lies, as Grafana sees it.
    """
    provider = {
        "name": "InvestIQ",
        "orgId": 1,
        "folder": "InvestIQ",
        "folderUid": TAG,
        "type": "file",
        "disableDeletion": False,  # a dashboard that is no longer rendered goes
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": folder},
    }
    return {"apiVersion": 1, "providers": [provider]}


def panel_id(title: str) -> int:
    """The id of a panel: from its title, a positive number of 31 bits."""
    return crc32(title.encode()) & 0x7FFF_FFFF or 1


# ---- what is chosen, marked and linked at the top ----


def _variables(dashboard: Dashboard) -> list[Any]:
    suffix = "_count" if dashboard.targets.kind is Kind.HISTOGRAM else ""
    metric = f"{dashboard.targets.name}{suffix}"
    source = (
        build.DatasourceVariable("datasource")
        .label("Data source")
        .type(_PROMETHEUS)
        .current(model.VariableOption(text="Prometheus", value=DATA_SOURCE_UID))
    )
    return [source, _choice("job", metric), _choice("instance", f"{metric}{{{TARGET[0]}}}")]


def _choice(label: str, selector: str) -> build.QueryVariable:
    return (
        build.QueryVariable(label)
        .label(label.title())
        .datasource(_SOURCE)
        .query(f"label_values({selector}, {label})")
        .definition(f"label_values({selector}, {label})")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(model.VariableOption(text="All", value="$__all"))
    )


def _annotation(event: Event) -> build.AnnotationQuery:
    return (
        build.AnnotationQuery()
        .name(event.title)
        .datasource(_SOURCE)
        .enable(True)
        .icon_color(_COLOURS[event.state])
        .expr(event.expr)
        .title_format(event.title)
        .text_format(event.text)
        .step(SCRAPE_INTERVAL)
        .use_value_for_time(event.moment)
    )


def _links(dashboard: Dashboard, console: str) -> list[Any]:
    others = (
        build.DashboardLink("Dashboards")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .keep_time(True)
        .icon("external link")
    )
    page = f"{console}/operations/{dashboard.name}"
    links = [others, _link("Console", page, "the same panels beside the rest of InvestIQ")]
    if dashboard.subject is not None:
        url = f"{console}/runbooks/{dashboard.subject}"
        links.append(_link("Runbook", url, "what each alert of this subject means, and what to type first"))
    return links


def _link(title: str, url: str, tooltip: str) -> build.DashboardLink:
    return (
        build.DashboardLink(title)
        .type(model.DashboardLinkType.LINK)
        .url(url)
        .tooltip(tooltip)
        .icon("doc")
        .target_blank(True)
    )


# ---- rows and panels ----


def _laid_out(dashboard: Dashboard, console: str) -> Iterator[Any]:
    """Rows and panels from left to right; a panel that does not fit begins a new line."""
    y = 0
    for row in dashboard.rows:
        yield _row(row, y)
        y += 1
        x = line = 0
        for panel in row.panels:
            height = _HEIGHTS[panel.view]
            if x + panel.width > _COLUMNS:
                x, y, line = 0, y + line, 0
            place = model.GridPos(h=height, w=panel.width, x=x, y=y)
            yield _panel(panel, console).id(panel_id(panel.title)).grid_pos(place)
            x, line = x + panel.width, max(line, height)
        y += line


def _row(row: Row, y: int) -> build.Row:
    place = model.GridPos(h=1, w=_COLUMNS, x=0, y=y)
    return build.Row(row.title).id(panel_id(f"row {row.title}")).grid_pos(place)


def _panel(panel: Panel, console: str) -> Any:
    drawn: Any = _DRAWN[panel.view](panel)  # the builders share these methods, and no type
    drawn = (
        drawn.title(panel.title)
        .description(panel.description)
        .datasource(_SOURCE)
        .unit(panel.unit.value)
        .thresholds(_thresholds(panel))
        .links([_runbook(alert, console) for alert in {alert.name: alert for alert in panel.alerts}.values()])
        .targets([_target(query, chr(ord("A") + i), panel.view) for i, query in enumerate(panel.queries)])
    )
    if panel.states:
        drawn = drawn.mappings([_mapping(panel)])
    if panel.emptiness:
        drawn = drawn.no_value("–")
    if panel.minimum is not None:
        drawn = drawn.min(panel.minimum)
    return drawn if panel.maximum is None else drawn.max(panel.maximum)


def _runbook(alert: Alert, console: str) -> build.DashboardLink:
    title = f"Runbook: {alert.name}"
    return _link(title, f"{console}/runbooks/{alert.runbook}", "what it means, and what to type first")


def _target(query: Query, ref: str, view: PanelView) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id(ref).datasource(_SOURCE).legend_format(query.legend)
    match view:
        case PanelView.TABLE:
            return target.instant().format(PromQueryFormat.TABLE)
        case PanelView.NUMBER:
            return target.instant().format(PromQueryFormat.TIME_SERIES)
        case _:
            return target.range().format(PromQueryFormat.TIME_SERIES)


def _lines(panel: Panel) -> timeseries.Panel:
    style = common.GraphThresholdsStyleMode.DASHED if _limits(panel) else common.GraphThresholdsStyleMode.OFF
    return (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(10)
        .show_points(common.VisibilityMode.NEVER)
        .thresholds_style(common_builders.GraphThresholdsStyleConfig().mode(style))
        .tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )


def _number(panel: Panel) -> stat.Panel:
    mode = common.BigValueColorMode.BACKGROUND if panel.states else common.BigValueColorMode.VALUE
    return (
        stat.Panel()
        .color_mode(mode)
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def _states(_panel: Panel) -> statetimeline.Panel:
    return statetimeline.Panel().show_value(common.VisibilityMode.AUTO).merge_values(True).row_height(0.8)


def _table(panel: Panel) -> table.Panel:
    # A state without words, such as that of a version, says nothing: its labels do.
    hidden = ["Time", "__name__", *(["Value"] if panel.unit is PanelUnit.STATE and not panel.states else [])]
    without = model.DataTransformerConfig(id_val="organize", options={"excludeByName": dict.fromkeys(hidden, True)})
    several = [model.DataTransformerConfig(id_val="merge", options={})] if len(panel.queries) > 1 else []
    return table.Panel().transformations([*several, without])


_DRAWN = {PanelView.LINES: _lines, PanelView.NUMBER: _number, PanelView.STATES: _states, PanelView.TABLE: _table}


def _limits(panel: Panel) -> list[tuple[float, str, str]]:
    """Threshold, operator and colour of each alert that has a limit to draw, the lowest first."""
    limits = {
        (alert.threshold, str(alert.op), _OF_SEVERITY[alert.severity])
        for alert in panel.alerts
        if alert.threshold is not None and alert.op in ("<", ">")
    }
    return sorted(limits)


def _thresholds(panel: Panel) -> build.ThresholdsConfig:
    good = _COLOURS[PanelState.GOOD] if panel.alerts else "text"
    limits = _limits(panel)
    if not limits:
        steps = [model.Threshold(value=None, color=good)]
    elif limits[0][1] == ">":
        steps = [model.Threshold(value=None, color=good), *(model.Threshold(value=v, color=c) for v, _, c in limits)]
    else:  # below each limit its colour, above the highest all is well
        bounds = [None, *(value for value, _, _ in limits)]
        colours = [*(colour for _, _, colour in limits), good]
        steps = [model.Threshold(value=v, color=c) for v, c in zip(bounds, colours, strict=True)]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def _mapping(panel: Panel) -> model.ValueMap:
    results = {
        number_text(value): model.ValueMappingResult(text=text, color=_COLOURS[state], index=i)
        for i, (value, (text, state)) in enumerate(panel.states.items())
    }
    return model.ValueMap(options=results)
