"""The rendered dashboards pass the rules of Grafana's dashboard-linter that the author of a panel can break.

The rules have the linter's names (github.com/grafana/dashboard-linter, docs/rules); those that do not
are ours: `ids`, `target-legend`, `target-ratio`, `target-prediction`.
What `monitoring.dashboards.grafana` gives every panel alike, such as the data source and the variables, has no rule.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from investiq.foundation.contract.panels import RATE_INTERVAL
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place
from investiq.monitoring.checks.labels import labels_of
from investiq.monitoring.checks.sources import source_of
from investiq.monitoring.dashboards.panel import TARGET
from investiq.monitoring.dashboards.panel_queries import RATE_WINDOW, parse_panel_expression
from investiq.monitoring.exporters.blackbox import PROBE_SUCCESS
from investiq.monitoring.exporters.scrape import ALERTS, ALERTS_SINCE
from investiq.monitoring.rules import RECORDINGS
from investiq.promql.parse import ParseError
from investiq.promql.tree import Binary, Call, Node, Number, Selector, Subquery, nodes, places

__all__ = ["EXEMPT", "RULES", "check_dashboards"]

CHECK = "dashboards"

_Document = Mapping[str, Any]
_Fault = tuple[str, str, str]
"""The panel, what is wrong, and what to do."""

EXEMPT: Mapping[str, str] = {
    ALERTS.name: "an alert has the labels of its rule, and those of a sum have no instance",
    ALERTS_SINCE.name: "as ALERTS",
    PROBE_SUCCESS.name: "a probe's job is that of all probes, and its instance what is probed",
}
"""Series whose selectors need not follow the chosen job and instance -> why."""

_RECORDED = {recording.name: recording.labels for recording in RECORDINGS}

_LEGEND_LABEL = re.compile(r"{{\s*(\w+)\s*}}")


@dataclass(frozen=True, slots=True)
class _Target:
    """One query of a panel; `tree` is None where it does not parse."""

    panel: str
    expr: str
    legend: str
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
    if not documents:
        none = Place.file("monitoring/grafana")
        findings.append(Finding(CHECK, none, "there is no dashboard at all", "run `investiq render`"))
    panels = sum(len(_panels(document)) for document in documents.values())
    return CheckResult(CHECK, f"{len(documents)} dashboards, {panels} panels, {len(RULES)} rules", tuple(findings))


def _place(path: str, panel: str = "") -> Place:
    return Place.file(path, panel, source=source_of(path))


def _severity(rule: str) -> FindingSeverity:
    return FindingSeverity.WARNING if rule in OF_LOOKS else FindingSeverity.ERROR


# ---- panels ----


def _panel_title_description(document: _Document) -> Iterator[_Fault]:
    for panel in _panels(document):
        for name in ("title", "description"):
            if not panel.get(name):
                yield _title(panel), f"it has no {name}", "say what is seen, and what a bad picture means"


def _panel_no_targets(document: _Document) -> Iterator[_Fault]:
    for panel in _panels(document):
        if not panel.get("targets"):
            yield _title(panel), "it asks nothing", "give it a query"


def _ids(document: _Document) -> Iterator[_Fault]:
    """Ids are what links and alerts hold on to, and they come from titles."""
    drawn = document.get("panels", ())
    taken = Counter(panel["id"] for panel in drawn)
    for panel in drawn:
        if taken[panel["id"]] > 1:
            yield _title(panel), f"its id, {panel['id']}, is not its own", "give it another title"


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
    for target in _targets(document):
        left = labels_of(target.tree) if target.tree is not None else None
        if left is None:
            continue
        for label in _LEGEND_LABEL.findall(target.legend):
            if label not in left:
                what = f"its legend has the label {label}, which {target.expr!r} does not leave"
                fix = f"leave it, or name one of these: {', '.join(sorted(left)) or 'none is left'}"
                yield target.panel, what, fix


def _target_ratio(document: _Document) -> Iterator[_Fault]:
    """Not a rule of the linter: nothing of nothing is not 0 %."""
    for target in _targets(document):
        for node in nodes(target.tree) if target.tree is not None else ():
            if isinstance(node, Binary) and node.op == "or" and _divides(node.left) and _is_zero(node.right):
                yield (
                    target.panel,
                    f"{node} is 0 where nobody asked",
                    "leave it out there: `emptiness`",
                )


def _divides(node: Node) -> bool:
    return any(isinstance(part, Binary) and part.op == "/" for part in nodes(node))


def _is_zero(node: Node) -> bool:
    """`0 * x` and `vector(0)`."""
    if isinstance(node, Binary):
        return node.op == "*" and Number(0) in (node.left, node.right)
    return isinstance(node, Call) and node.arguments == (Number(0),)


def _target_prediction(document: _Document) -> Iterator[_Fault]:
    """Not a rule of the linter: a line through a few minutes leads anywhere within a day."""
    for target in _targets(document):
        known = list(nodes(target.tree)) if target.tree is not None else []
        predicts = any(isinstance(node, Call) and node.function == "predict_linear" for node in known)
        if predicts and not any(isinstance(node, Selector) and node.offset for node in known):
            what = f"{target.expr!r} predicts from however little is known"
            yield target.panel, what, "add `and SERIES offset TIME`: a sample from the beginning of the window"


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
            yield _Target(_title(panel), expr, str(target.get("legendFormat", "")), _tree(expr))


def _tree(expr: str) -> Node | None:
    try:
        return parse_panel_expression(expr)
    except ParseError:
        return None


def _panels(document: _Document) -> list[Any]:
    """Without the headings of rows."""
    return [panel for panel in document.get("panels", ()) if panel.get("type") != "row"]


def _title(panel: _Document) -> str:
    return str(panel.get("title") or f"panel {panel.get('id')}")


RULES: Mapping[str, Callable[[_Document], Iterator[_Fault]]] = {
    "panel-title-description": _panel_title_description,
    "panel-no-targets": _panel_no_targets,
    "target-promql": _target_promql,
    "target-rate-interval": _target_rate_interval,
    "target-job": _target_of("job"),
    "target-instance": _target_of("instance"),
    "target-counter-agg": _target_counter_agg,
    "target-legend": _target_legend,
    "target-ratio": _target_ratio,
    "target-prediction": _target_prediction,
    "ids": _ids,
}
"""Name of each rule -> the rule."""

WHY: Mapping[str, str] = {
    "panel-title-description": "at night nobody knows what it shows, and whether that is bad",
    "target-job": "it shows every job, whatever is chosen",
    "target-instance": "it shows every instance, whatever is chosen",
    "target-counter-agg": "a total only grows, and falls at a restart: its line says nothing of now",
    "target-legend": "all its lines have the same name",
    "target-ratio": "who looks there takes silence for a failure, or for success",
    "target-prediction": "minutes after a start it shows a disk that is full tomorrow",
    "ids": "links and alerts hold on to it",
}
"""Name of a rule -> why it matters, where what it finds does not say so."""

OF_LOOKS = frozenset({"panel-title-description", "target-legend"})
"""Rules whose breach is a warning: the dashboard shows what it should, and is harder to read."""
