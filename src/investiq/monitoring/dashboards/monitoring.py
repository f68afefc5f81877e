"""The watchers: whether they see everything, hand on what they see, and are heard."""

from __future__ import annotations

from investiq.foundation.contract.panels import PanelState, PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import BROAD_SILENCES, DIRECT_NOTIFICATIONS, INBOX_NOTIFICATIONS
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import in_last, latest, of_alert, per_second
from investiq.monitoring.exporters import ExternalMetric, alertmanager, blackbox, prometheus
from investiq.monitoring.exporters.scrape import SAMPLES, SCRAPE_DURATION, UP
from investiq.monitoring.rules.monitoring import (
    ALERTMANAGER_RELOAD_FAILED,
    BLACKBOX_RELOAD_FAILED,
    CERTIFICATE_EXPIRING,
    CERTIFICATE_NEAR_ITS_END,
    CONFIG_RELOAD_FAILED,
    EXPORTER_DOWN,
    NOT_CONNECTED,
    NOTIFICATIONS_FAILING,
    RULE_FAILURES,
    SERIES_BUDGET_EXCEEDED,
    SILENCE_TOO_BROAD,
    SILENCE_TOO_LONG,
    TSDB_FAILING,
    WATCHER_DOWN,
)
from investiq.promql.matcher import ne

__all__ = ["DASHBOARD", "NOTIFICATIONS", "RECEIVED", "SILENCES", "TARGETS"]

TARGETS = Panel(
    title="Targets",
    description=(
        "Whether the last scrape of each target, and each probe, succeeded. A target that is down is not "
        "monitored: no other panel or alert reports on it."
    ),
    unit=PanelUnit.STATE,
    view=PanelView.STATES,
    # A probe that fails was scraped all the same: its own result stands in the place of `up`, where there is one.
    queries=(Query(f"{latest(blackbox.PROBE_SUCCESS)} or {latest(UP)}", "{{job}} {{instance}}"),),
    alerts=(WATCHER_DOWN, EXPORTER_DOWN),
    states={1: ("up", PanelState.GOOD), 0: ("down", PanelState.BAD)},
    width=24,
)

_SCRAPES = Panel(
    title="Duration of scrapes",
    description="Scrape duration of each target. A scrape times out at four seconds.",
    unit=PanelUnit.SECONDS,
    queries=(Query(f"max by (job) ({latest(SCRAPE_DURATION)})", "{{job}}"),),
)

_SERIES = Panel(
    title="Series of each target",
    description=(
        "Series that each target exposes, as SeriesBudgetExceeded counts them. Ours do not grow with use: a "
        "climbing line is a label with unbounded values."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(SERIES_BUDGET_EXCEEDED), "{{job}} {{instance}}"),),
    alerts=(SERIES_BUDGET_EXCEEDED,),
)

_HEAD = Panel(
    title="Series in Prometheus",
    description="Series that Prometheus holds in memory. Its memory grows with them.",
    unit=PanelUnit.COUNT,
    queries=(Query(latest(prometheus.SERIES), "{{instance}}"),),
    width=8,
)

_SAMPLES = Panel(
    title="Samples stored",
    description="Samples per second ingested by Prometheus. At 0, almost no alert can fire.",
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(prometheus.SAMPLES_APPENDED), "samples"),),
    width=8,
)

_SCRAPED = Panel(
    title="Samples of a round of scrapes",
    description="Samples of the last scrape of each job. A job that falls to 0 has lost its metrics.",
    unit=PanelUnit.COUNT,
    queries=(Query(f"sum by (job) ({latest(SAMPLES)})", "{{job}}"),),
    width=8,
)

_RULES = Panel(
    title="Rules that could not be evaluated",
    description=(
        "Failed evaluations in five minutes, as PrometheusRuleFailures counts them. A rule that is not "
        "evaluated cannot fire."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(RULE_FAILURES), "{{rule_group}}"),),
    alerts=(RULE_FAILURES,),
    width=8,
)

_RULE_TIME = Panel(
    title="Time to evaluate the rules",
    description="Last evaluation of each rule group. Above ten seconds, evaluations are skipped and alerts are late.",
    unit=PanelUnit.SECONDS,
    queries=(Query(f"max by (rule_group) ({latest(prometheus.RULE_GROUP_DURATION)})", "{{rule_group}}"),),
    width=8,
)

_MISSED = Panel(
    title="Skipped rule evaluations, in an hour",
    description="Evaluations skipped because the previous one was still running. Prometheus is overloaded.",
    unit=PanelUnit.COUNT,
    queries=(Query(in_last("1h", prometheus.RULE_GROUP_MISSED), "rounds"),),
    width=8,
)

_STORE = Panel(
    title="Storage failures",
    description=(
        "Failures in fifteen minutes to compact, read or write blocks, as PrometheusTsdbFailing counts them. History "
        "may be lost with the next restart."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(TSDB_FAILING), "failures"),),
    alerts=(TSDB_FAILING,),
)

_STORED = Panel(
    title="Storage size",
    description="Bytes of blocks on disk, without the most recent hours. Grows until the retention limit.",
    unit=PanelUnit.BYTES,
    queries=(Query(latest(prometheus.BLOCK_BYTES), "{{instance}}"),),
)


def _reloaded(metric: ExternalMetric, name: str) -> Query:
    return Query(latest(metric), name)


_CONFIGURATIONS = Panel(
    title="Configurations",
    description=(
        "Whether the last configuration that each program was given is the one that it runs with. A refused one does "
        "not apply, and would keep the program from starting."
    ),
    unit=PanelUnit.STATE,
    view=PanelView.STATES,
    queries=(
        _reloaded(prometheus.CONFIG_RELOADED, "Prometheus"),
        _reloaded(alertmanager.CONFIG_RELOADED, "Alertmanager"),
        _reloaded(blackbox.CONFIG_RELOADED, "blackbox exporter"),
    ),
    alerts=(CONFIG_RELOAD_FAILED, ALERTMANAGER_RELOAD_FAILED, BLACKBOX_RELOAD_FAILED),
    states={1: ("in use", PanelState.GOOD), 0: ("refused", PanelState.BAD)},
)

_HANDED_ON = Panel(
    title="Alerts sent to Alertmanager",
    description=(
        "Alerts a second that Prometheus sends, the heartbeat among them, so it is never 0; and what it drops because "
        "Alertmanager does not take it."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(
        Query(per_second(prometheus.NOTIFICATIONS_SENT), "sent"),
        Query(per_second(prometheus.NOTIFICATIONS_DROPPED), "dropped"),
    ),
)

_REFUSED = Panel(
    title="Alerts that Alertmanager refused",
    description=(
        "Errors per second sending alerts, as PrometheusNotConnectedToAlertmanager measures them. Firing alerts "
        "then notify nobody."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(of_alert(NOT_CONNECTED), "{{alertmanager}}"),),
    alerts=(NOT_CONNECTED,),
)

_PAGES = ne("integration", "webhook")

NOTIFICATIONS = Panel(
    title="Notifications in an hour",
    description=(
        "Alerts that the inbox got, and notifications by each other way. Alertmanager counts those by webhook together "
        "with its heartbeat, which is no page: they are left out here, and counted in the panel of those that fail."
    ),
    unit=PanelUnit.COUNT,
    queries=(
        Query(in_last("1h", INBOX_NOTIFICATIONS), "inbox"),
        Query(f"{in_last('1h', alertmanager.NOTIFICATIONS, _PAGES, by=('integration',))} > 0", "{{integration}}"),
    ),
    emptiness="no notifications in this hour",
)

_FAILING = Panel(
    title="Notifications that fail",
    description=(
        "Share of the notifications of five minutes that did not arrive, as AlertmanagerNotificationsFailing measures "
        "it. Above the line a page may have reached nobody."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(NOTIFICATIONS_FAILING), "{{integration}}"),),
    alerts=(NOTIFICATIONS_FAILING,),
    maximum=1,
    emptiness="no notifications in this range",
)

_HELD = Panel(
    title="Alerts that Alertmanager holds",
    description="`active` alerts notify, the heartbeat among them; `suppressed` alerts are silenced or inhibited.",
    unit=PanelUnit.COUNT,
    queries=(Query(latest(alertmanager.ALERTS_HELD), "{{state}}"),),
    width=8,
)

SILENCES = Panel(
    title="Silences",
    description="Silences by state. A forgotten active silence hides alerts it was not meant for.",
    unit=PanelUnit.COUNT,
    queries=(Query(latest(alertmanager.SILENCES), "{{state}}"),),
    width=8,
)

_BROAD = Panel(
    title="Silences that mute too much",
    description=(
        "Silences of the heartbeat, of more than one alert outside a deploy window, or for over seven days, as "
        "SilenceTooBroad counts them. While there is one, pages may reach nobody."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(latest(BROAD_SILENCES), "{{reason}}"),),
    alerts=(SILENCE_TOO_BROAD, SILENCE_TOO_LONG),
    width=8,
)

RECEIVED = Panel(
    title="Received by the inbox, in an hour",
    description="Alerts received by the inbox, which gets all of them. Missing elsewhere: that receiver failed.",
    unit=PanelUnit.COUNT,
    queries=(Query(in_last("1h", INBOX_NOTIFICATIONS, by=("status",)), "{{status}}"),),
)

_DIRECT = Panel(
    title="Notices of the API itself, in 24 hours",
    description=(
        "Notifications from the API itself when the monitoring was lost or back, by receiver and outcome. Any "
        "outcome but `delivered` did not arrive."
    ),
    unit=PanelUnit.COUNT,
    view=PanelView.TABLE,
    queries=(
        Query(f"{in_last('24h', DIRECT_NOTIFICATIONS, by=('notifier', 'outcome'))} > 0", "{{notifier}} {{outcome}}"),
    ),
    emptiness="none: the monitoring was not lost in 24 hours",
    empty_is_good=True,
)

_PROBES = Panel(
    title="Duration of probes",
    description="Duration of each probe. It times out at three seconds and counts as failing.",
    unit=PanelUnit.SECONDS,
    queries=(Query(latest(blackbox.PROBE_DURATION), "{{instance}}"),),
)

_CERTIFICATES = Panel(
    title="Days until certificates end",
    description="As CertificateExpiring measures them. Below the upper line it was not renewed.",
    unit=PanelUnit.DAYS,
    queries=(Query(of_alert(CERTIFICATE_EXPIRING), "{{instance}}"),),
    alerts=(CERTIFICATE_EXPIRING, CERTIFICATE_NEAR_ITS_END),
    emptiness="no probed service uses https",
    minimum=None,
    width=24,
)

DASHBOARD = Dashboard(
    name=Subject.MONITORING.value,
    title="InvestIQ Monitoring",
    description="Targets, rules, notifications, heartbeat and store of the programs that watch.",
    subject=Subject.MONITORING,
    targets=UP,
    rows=(
        Row("Targets", (TARGETS, _SCRAPES, _SERIES, _HEAD, _SAMPLES, _SCRAPED)),
        Row("Rules and store", (_RULES, _RULE_TIME, _MISSED, _STORE, _STORED)),
        Row("Notifications", (_HANDED_ON, _REFUSED, NOTIFICATIONS, _FAILING, _HELD, SILENCES, _BROAD)),
        Row("What arrived", (RECEIVED, _DIRECT)),
        Row("Configurations and probes", (_CONFIGURATIONS, _PROBES, _CERTIFICATES)),
    ),
)
