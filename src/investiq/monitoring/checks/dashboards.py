"""The rendered dashboards pass the rules of Grafana's dashboard-linter, and some that it does not have.

The rules have the linter's names (github.com/grafana/dashboard-linter, docs/rules); where ours is stricter it says so.
Its two rules about LogQL have nothing to look at: no panel asks Loki. `ids`, `overlap` and `target-legend` are ours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from investiq.foundation.contract.panels import RATE_INTERVAL, PanelUnit
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place
from investiq.monitoring.checks.labels import labels_of
from investiq.monitoring.checks.sources import source_of
from investiq.monitoring.dashboards.panel import TARGET
from investiq.monitoring.dashboards.panel_queries import RATE_WINDOW, parse_panel_expression
from investiq.monitoring.exporters.blackbox import PROBE_SUCCESS
from investiq.monitoring.exporters.scrape import ALERTS, ALERTS_SINCE
from investiq.monitoring.rules import RECORDINGS
from investiq.promql.parse import ParseError
from investiq.promql.tree import Call, Node, Selector, Subquery, places

__all__ = ["EXEMPT", "RULES", "check_dashboards"]

CHECK = "dashboards"

_Document = Mapping[str, Any]
_Fault = tuple[str, str, str]
"""The panel (or ""), what is wrong, and what to do."""

EXEMPT: Mapping[str, str] = {
    ALERTS.name: "an alert has the labels of its rule, and those of a sum have no instance",
    ALERTS_SINCE.name: "as ALERTS",
    PROBE_SUCCESS.name: "a probe's job is that of all probes, and its instance what is probed",
}
"""Series whose selectors need not follow the chosen job and instance -> why."""

_RECORDED = {recording.name: recording.labels for recording in RECORDINGS}

_SOURCE = "${datasource}"
_VARIABLE_QUERY = re.compile(r"label_values\((.+), \w+\)")
_ON_TIME_RANGE = 2
_LEGEND_LABEL = re.compile(r"{{\s*(\w+)\s*}}")


@dataclass(frozen=True, slots=True)
class _Target:
    """One query of a panel; `tree` is None where it does not parse."""

    panel: str
    expr: str
    tree: Node | None


def check_dashboards(documents: Mapping[str, _Document]) -> CheckResult:
    """Check the dashboards.

    Args:
        documents: path -> the JSON of a dashboard.
    """
    findings = [
        Finding(CHECK, _place(path, panel), f"{what} ({name})", fix, WHY.get(name, ""), _severity(name))
        for path, document in documents.items()
        for name, rule in RULES.items()
        for panel, what, fix in rule(document)
    ]
    taken = Counter(document.get("uid") for document in documents.values())
    for path, document in documents.items():
        if taken[document.get("uid")] > 1:
            what = f"another dashboard has its uid, {document.get('uid')} (ids)"
            findings.append(Finding(CHECK, _place(path), what, "give each dashboard a name of its own", WHY["ids"]))
    if not documents:
        none = Place.file("monitoring/grafana")
        findings.append(Finding(CHECK, none, "there is no dashboard at all", "run `investiq render`"))
    panels = sum(len(_panels(document)) for document in documents.values())
    return CheckResult(CHECK, f"{len(documents)} dashboards, {panels} panels, {len(RULES)} rules", tuple(findings))


def _place(path: str, panel: str = "") -> Place:
    return Place.file(path, panel, source=source_of(path))


def _severity(rule: str) -> FindingSeverity:
    return FindingSeverity.WARNING if rule in OF_LOOKS else FindingSeverity.ERROR


# ---- what is chosen at the top ----


def _template_datasource(document: _Document) -> Iterator[_Fault]:
    sources = [variable for variable in _variables(document) if variable.get("type") == "datasource"]
    if len(sources) != 1:
        yield "", f"it has {len(sources)} variables for the data source", "give it exactly one"
    for source in sources:
        found = (source.get("name"), source.get("label"), source.get("query"))
        if found != ("datasource", "Data source", "prometheus"):
            yield "", f"its data source is called {found}", "call it datasource, labelled Data source, of prometheus"


def _template_of(label: str) -> Callable[[_Document], Iterator[_Fault]]:
    wanted = {"type": "query", "label": label.title(), "multi": True, "allValue": ".+"}

    def rule(document: _Document) -> Iterator[_Fault]:
        variable = next((v for v in _variables(document) if v.get("name") == label), None)
        if variable is None:
            yield "", f"the {label} cannot be chosen", f"add the variable {label}"
            return
        for name, value in wanted.items():
            if variable.get(name) != value:
                yield "", f"{name} of the variable {label} is {variable.get(name)!r}", f"make it {value!r}"
        if _source(variable) != _SOURCE:
            yield "", f"the variable {label} asks {_source(variable)}", f"let it ask {_SOURCE}"

    return rule


def _template_label_promql(document: _Document) -> Iterator[_Fault]:
    for variable in _queries(document):
        asked = _VARIABLE_QUERY.fullmatch(str(variable.get("query")))
        if asked is None or _tree(asked[1]) is None:
            what = f"the variable {variable.get('name')} asks {variable.get('query')!r}"
            yield "", what, "ask label_values(SELECTOR, LABEL)"


def _template_reload(document: _Document) -> Iterator[_Fault]:
    for variable in _queries(document):
        if variable.get("refresh") != _ON_TIME_RANGE:
            what = f"the variable {variable.get('name')} keeps what it was loaded with"
            yield "", what, "refresh it when the time range changes (2)"


def _uneditable(document: _Document) -> Iterator[_Fault]:
    if document.get("editable") is not False:
        yield "", "it can be edited, and the change would be lost", "make it read-only"


# ---- panels ----


def _panel_datasource(document: _Document) -> Iterator[_Fault]:
    """Stricter: the data source of each target, and panels of every type."""
    for panel in _panels(document):
        for asked in (panel, *panel.get("targets", ())):
            if _source(asked) != _SOURCE:
                yield _title(panel), f"it asks the data source {_source(asked)}", f"let it ask {_SOURCE}"


def _panel_title_description(document: _Document) -> Iterator[_Fault]:
    for panel in _panels(document):
        for name in ("title", "description"):
            if not panel.get(name):
                yield _title(panel), f"it has no {name}", "say what is seen, and what a bad picture means"


def _panel_units(document: _Document) -> Iterator[_Fault]:
    """Stricter: a unit beside value mappings too, and one of those that we know to exist."""
    for panel in _panels(document):
        unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit")
        if unit not in set(PanelUnit):
            yield _title(panel), f"its unit is {unit!r}", f"use one of {', '.join(PanelUnit)}"


def _panel_no_targets(document: _Document) -> Iterator[_Fault]:
    for panel in _panels(document):
        if not panel.get("targets"):
            yield _title(panel), "it asks nothing", "give it a query"


def _ids(document: _Document) -> Iterator[_Fault]:
    """Ids are what links and alerts hold on to."""
    drawn = document.get("panels", ())
    taken = Counter(panel.get("id") for panel in drawn)
    for panel in drawn:
        if not panel.get("id") or taken[panel["id"]] > 1:
            yield _title(panel), f"its id, {panel.get('id')}, is not its own", "give it another title"
    for panel in _panels(document):
        references = [target.get("refId") for target in panel.get("targets", ())]
        if len(set(references)) != len(references) or not all(references):
            yield _title(panel), f"its queries are called {references}", "give each its own letter"


def _overlap(document: _Document) -> Iterator[_Fault]:
    taken: dict[tuple[int, int], str] = {}
    for panel in document.get("panels", ()):
        place = panel["gridPos"]
        cells = [(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])]
        others = {taken[cell] for cell in cells if cell in taken}
        if others or place["x"] + place["w"] > 24:
            yield _title(panel), f"it lies over {', '.join(sorted(others)) or 'the edge'}", "lay the rows out anew"
        taken |= dict.fromkeys(cells, _title(panel))


# ---- queries ----


def _target_promql(document: _Document) -> Iterator[_Fault]:
    for target in _targets(document):
        if target.tree is None:
            yield target.panel, f"{target.expr!r} does not parse", "correct the expression"


def _target_rate_interval(document: _Document) -> Iterator[_Fault]:
    for target, selector, function in _selections(document):
        if function in ("rate", "irate") and selector.window not in (None, RATE_WINDOW):
            what = f"{function}({selector}) has a window of its own: zoomed out it leaves gaps"
            yield target.panel, what, f"rate over [{RATE_INTERVAL}]"


def _target_of(label: str) -> Callable[[_Document], Iterator[_Fault]]:
    wanted = str(next(matcher for matcher in TARGET if matcher.label == label))

    def rule(document: _Document) -> Iterator[_Fault]:
        for target, selector, _ in _selections(document):
            matchers = {str(matcher) for matchers in selector.alternatives for matcher in matchers}
            if wanted not in matchers and _can_follow(selector.name or "", label):
                yield target.panel, f"{selector} does not follow the chosen {label}", f"match {wanted}"

    return rule


def _can_follow(name: str, label: str) -> bool:
    """Whether the series can be chosen by `label`: what is recorded has the labels that were left."""
    return label in _RECORDED.get(name, (label,)) and name not in EXEMPT


def _target_counter_agg(document: _Document) -> Iterator[_Fault]:
    for target, selector, function in _selections(document):
        if (selector.name or "").endswith("_total") and function not in ("rate", "irate", "increase"):
            yield target.panel, f"{selector} is a counter without rate", "use rate(), irate() or increase()"


def _target_legend(document: _Document) -> Iterator[_Fault]:
    """Not a rule of the linter: a legend of a label that is not there names every line alike."""
    for panel in _panels(document):
        for target in panel.get("targets", ()):
            tree = _tree(str(target.get("expr", "")))
            labels = labels_of(tree) if tree is not None else None
            for label in _LEGEND_LABEL.findall(str(target.get("legendFormat", ""))):
                if labels is not None and label not in labels:
                    what = f"its legend has the label {label}, which {target['expr']!r} does not leave"
                    yield (
                        _title(panel),
                        what,
                        f"leave it, or name one of these: {', '.join(sorted(labels)) or 'none is left'}",
                    )


def _selections(document: _Document) -> Iterator[tuple[_Target, Selector, str | None]]:
    """Every selector of every query, with the function that it is given to."""
    for target in _targets(document):
        for place in places(target.tree) if target.tree is not None else ():
            if isinstance(place.node, Selector):
                above = [node for node in reversed(place.above) if not isinstance(node, Subquery)]
                yield target, place.node, above[0].function if above and isinstance(above[0], Call) else None


def _targets(document: _Document) -> Iterator[_Target]:
    for panel in _panels(document):
        for target in panel.get("targets", ()):
            expr = str(target.get("expr", ""))
            yield _Target(_title(panel), expr, _tree(expr))


def _tree(expr: str) -> Node | None:
    try:
        return parse_panel_expression(expr)
    except ParseError:
        return None


def _panels(document: _Document) -> list[Any]:
    """Without the headings of rows."""
    return [panel for panel in document.get("panels", ()) if panel.get("type") != "row"]


def _variables(document: _Document) -> list[Any]:
    return list(document.get("templating", {}).get("list", ()))


def _queries(document: _Document) -> list[Any]:
    return [variable for variable in _variables(document) if variable.get("type") == "query"]


def _source(asking: _Document) -> str | None:
    source = asking.get("datasource")
    return source.get("uid") if isinstance(source, Mapping) else source


def _title(panel: _Document) -> str:
    return str(panel.get("title") or f"panel {panel.get('id')}")


RULES: Mapping[str, Callable[[_Document], Iterator[_Fault]]] = {
    "template-datasource": _template_datasource,
    "template-job": _template_of("job"),
    "template-instance": _template_of("instance"),
    "template-label-promql": _template_label_promql,
    "template-on-time-change-reload": _template_reload,
    "panel-datasource": _panel_datasource,
    "panel-title-description": _panel_title_description,
    "panel-units": _panel_units,
    "panel-no-targets": _panel_no_targets,
    "target-promql": _target_promql,
    "target-rate-interval": _target_rate_interval,
    "target-job": _target_of("job"),
    "target-instance": _target_of("instance"),
    "target-counter-agg": _target_counter_agg,
    "target-legend": _target_legend,
    "uneditable-dashboard": _uneditable,
    "ids": _ids,
    "overlap": _overlap,
}
"""Name of each rule -> the rule."""

WHY: Mapping[str, str] = {
    "template-datasource": "it shows one Prometheus only, and not the one that is chosen",
    "template-job": "who looks at one service sees the others too",
    "template-instance": "who looks at one instance sees the others too",
    "template-on-time-change-reload": "what came later cannot be chosen",
    "panel-datasource": "it shows another Prometheus than the one that is chosen",
    "panel-title-description": "at night nobody knows what it shows, and whether that is bad",
    "panel-units": "a number without its unit is misread",
    "target-job": "it shows every job, whatever is chosen",
    "target-instance": "it shows every instance, whatever is chosen",
    "target-counter-agg": "a total only grows, and falls at a restart: its line says nothing of now",
    "target-legend": "all its lines have the same name",
    "ids": "links and alerts hold on to it",
}
"""Name of a rule -> why it matters, where what it finds does not say so."""

OF_LOOKS = frozenset({"panel-title-description", "panel-units", "target-legend", "overlap", "uneditable-dashboard"})
"""Rules whose breach is a warning: the dashboard shows what it should, and is harder to read."""
