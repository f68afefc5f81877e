"""The panels that Grafana, the console and the live validation share."""

from __future__ import annotations

import json

import promql_parser
import pytest

from investiq.foundation.config import Config
from investiq.foundation.config.schema import EdgeConfig
from investiq.foundation.contract.panels import PanelUnit, PanelView, ThresholdDocument, expand_variables
from investiq.foundation.vocabulary import MarketPhase, Subject
from investiq.monitoring.alert import Alert
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.events import EVENTS
from investiq.monitoring.dashboards.market import PHASE
from investiq.monitoring.dashboards.monitoring import NOTIFICATIONS
from investiq.monitoring.dashboards.panel import Dashboard, Panel
from investiq.monitoring.dashboards.panels_file import panels_document
from investiq.monitoring.routing.silencing import known_alerts
from investiq.monitoring.rules import ALERTS, CONDITIONAL
from investiq.monitoring.rules.api import SERVICE_DOWN
from investiq.monitoring.rules.monitoring import WATCHER_DOWN
from tests.monitoring.services import SERVICES

EDGE = EdgeConfig(enabled=True, console="console.example.org")
DASHBOARDS = dashboards_of(Config(services=SERVICES, edge=EDGE))
PANELS = [panel for dashboard in DASHBOARDS for panel in dashboard.panels]
# A service of the user has one of its own.
WITHOUT_DASHBOARD = {Subject.SERVICES}


def test_there_is_a_dashboard_for_each_subject_and_two_for_all_of_them() -> None:
    names = [dashboard.name for dashboard in DASHBOARDS]
    of_services = {f"service-{service.name}" for service in SERVICES}
    assert set(names) - of_services == {"overview", "alerts", *(Subject)} - WITHOUT_DASHBOARD
    assert len(names) == len(set(names))
    assert DASHBOARDS[0].title == "InvestIQ Overview"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_the_titles_of_a_dashboard_are_its_own(dashboard: Dashboard) -> None:
    for titles in ([panel.title for panel in dashboard.panels], [row.title for row in dashboard.rows]):
        assert len(titles) == len(set(titles))


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_a_panel_says_what_it_means_in_a_sentence_that_ends(panel: Panel) -> None:
    assert len(panel.description) > 40
    assert panel.description.endswith(".")


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_a_state_is_put_into_words(panel: Panel) -> None:
    in_words = bool(panel.states)
    assert in_words == (panel.unit is PanelUnit.STATE) or panel.view is PanelView.TABLE


def test_the_overview_shows_what_the_guide_asks_for() -> None:
    titles = {panel.title for panel in DASHBOARDS[0].panels}
    assert titles >= {
        *("Requests", "Error rate", "Latency", "Active connections", "Trades in 24 hours", "Analyses in 24 hours"),
        *("Status of each dependency", "Trading"),
    }


def test_no_picture_is_narrower_than_its_legend() -> None:
    assert {panel.width for panel in PANELS if panel.view is not PanelView.NUMBER} <= {8, 12, 24}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_every_expression_parses_once_its_variables_are_chosen(dashboard: Dashboard) -> None:
    for panel in dashboard.panels:
        for query in panel.queries:
            expression = expand_variables(query.expr)
            assert "$" not in expression
            promql_parser.parse(expression)


def test_the_document_for_the_console_is_json_with_every_panel() -> None:
    document = json.loads(panels_document(DASHBOARDS, EVENTS).text())
    titles = [p["title"] for d in document["dashboards"] for row in d["rows"] for p in row["panels"]]
    assert titles == [panel.title for panel in PANELS]
    assert [event["title"] for event in document["events"]] == [event.title for event in EVENTS]


def test_the_document_names_what_may_be_silenced_each_once_and_why_the_heartbeat_may_not() -> None:
    document = panels_document(DASHBOARDS, EVENTS, known_alerts(Config()))
    alerts = {alert.name: alert for alert in document.alerts}
    assert set(alerts) == {alert.name for alert in (*ALERTS, *CONDITIONAL)}
    assert len(alerts) == len(document.alerts)
    assert {name for name, alert in alerts.items() if alert.unsilenceable} == {"Watchdog"}
    (only,) = alerts["CircuitBreakerTripped"].descriptions
    assert only.startswith("New entries are denied")


def test_an_alert_that_loses_more_for_one_service_than_for_others_says_both() -> None:
    """Who silences that of the inbox is not to read that positions are not watched, and nothing else."""
    down = panels_document(DASHBOARDS, EVENTS, known_alerts(Config())).rule("ServiceDown")
    assert down is not None
    critical, warning, *_ = down.descriptions
    assert critical == f"Critical: {SERVICE_DOWN.description}"
    assert warning == f"Warning: {WATCHER_DOWN.description}"


def test_a_threshold_is_the_number_of_its_alert() -> None:
    panels = [panel for dashboard in panels_document(DASHBOARDS).dashboards for panel in dashboard.panels]
    thresholds = [threshold for panel in panels for threshold in panel.thresholds]
    assert ThresholdDocument(value=1000, op=">", severity="warning", alert="HighLatency", subject="api") in thresholds


@pytest.mark.parametrize("alert", [*ALERTS, *CONDITIONAL], ids=lambda alert: alert.name)
def test_every_alert_leads_to_a_dashboard_that_there_is(alert: Alert) -> None:
    page = alert.page.replace("{{ $labels.job }}", SERVICES[0].name)
    assert page in [dashboard.name for dashboard in DASHBOARDS]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_the_panels_of_a_row_leave_no_hole(dashboard: Dashboard) -> None:
    for row in dashboard.rows:
        lines = [0]
        for panel in row.panels:
            if lines[-1] + panel.width > 24:
                lines.append(0)
            lines[-1] += panel.width
        assert set(lines) == {24}, f"{row.title}: {[(panel.title, panel.width) for panel in row.panels]}"


def test_what_people_were_told_is_counted_without_the_heartbeat() -> None:
    """By webhook Alertmanager tells the API and the inbox of its heartbeat, six times a minute."""
    asked = [query.expr for query in NOTIFICATIONS.queries]
    assert any('integration!="webhook"' in expr for expr in asked)
    assert all("alertmanager_notifications_total" not in expr or 'integration!="webhook"' in expr for expr in asked)


def test_the_market_is_in_one_phase_and_its_panel_is_one_line() -> None:
    (query,) = PHASE.queries
    assert "{{" not in query.legend
    assert {text for text, _ in PHASE.states.values()} == set(MarketPhase)
