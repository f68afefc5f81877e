"""Alerts about the watchers themselves. Some depend on what is watched: `alerts` makes them for the scrape jobs."""

from __future__ import annotations

from collections.abc import Sequence

from investiq.foundation.contract.heartbeat import EVALUATED_AT, WATCHDOG_LABELS
from investiq.foundation.contract.silences import BROAD_NAME, BROAD_SUMMARY
from investiq.foundation.telemetry.catalogue import BROAD_SILENCES
from investiq.foundation.topology import (
    ALERTMANAGER,
    API,
    BLACKBOX,
    GRAFANA,
    INBOX,
    NODE,
    PROBES,
    PROMETHEUS,
    SIGNALS,
    WEB,
)
from investiq.foundation.vocabulary import RestartAlert, Severity, SilenceFault, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.exporters import ExternalMetric, alertmanager, blackbox, prometheus
from investiq.monitoring.exporters.scrape import SAMPLES, UP
from investiq.monitoring.scraping.jobs import Job
from investiq.monitoring.selectors import series
from investiq.promql.matcher import Matcher, eq, ne

__all__ = [
    "ALERTMANAGER_RELOAD_FAILED",
    "BLACKBOX_RELOAD_FAILED",
    "CERTIFICATE_EXPIRING",
    "CERTIFICATE_NEAR_ITS_END",
    "CONFIG_RELOAD_FAILED",
    "EXPORTER_DOWN",
    "NOTIFICATIONS_FAILING",
    "NOT_CONNECTED",
    "NOT_INGESTING",
    "RULE_FAILURES",
    "SERIES_BUDGET_EXCEEDED",
    "SILENCE_TOO_BROAD",
    "SILENCE_TOO_LONG",
    "TARGET_MISSING",
    "TSDB_FAILING",
    "WATCHDOG",
    "WATCHER_DOWN",
    "alerts",
]

_BY_PROMETHEUS = eq("job", PROMETHEUS.job)
_BY_ALERTMANAGER = eq("job", ALERTMANAGER.job)

WATCHER_DOWN = Alert(
    name=RestartAlert.SERVICE_DOWN.value,
    subject=Subject.MONITORING,
    severity=Severity.WARNING,
    query=series(UP, eq("job", PROMETHEUS.job, ALERTMANAGER.job, INBOX.job)),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="{{ $labels.job }} does not answer at {{ $labels.instance }}",
    description=(
        "Part of the monitoring has been down for a minute. Trading and analyses continue with less monitoring. "
        "Without alertmanager nobody is paged; without inbox only external receivers are; if prometheus cannot "
        "scrape itself, do not trust what it reports."
    ),
    no_data=NoData.COVERED,
    covered_by="TargetMissing",
)

EXPORTER_DOWN = Alert(
    name="ExporterDown",
    subject=Subject.MONITORING,
    severity=Severity.WARNING,
    # Not the probes: all of them lose their `up` with the exporter, and one fault is one page.
    query=series(UP, eq("job", BLACKBOX.job, NODE.job)),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="{{ $labels.job }} does not answer at {{ $labels.instance }}",
    description=(
        "An exporter has been down for a minute. Without blackbox-exporter, services and certificates are not "
        "probed; without node, nobody notices that memory or disk is running out."
    ),
    no_data=NoData.COVERED,
    covered_by="TargetMissing",
)

GRAFANA_DOWN = Alert(
    name="GrafanaDown",
    subject=Subject.MONITORING,
    severity=Severity.WARNING,
    query=series(UP, eq("job", GRAFANA.job)),
    op="==",
    threshold=0,
    for_seconds=120,
    summary="Grafana does not answer at {{ $labels.instance }}",
    description=(
        "Grafana's dashboards have been unavailable for two minutes. Alerts do not depend on them, and the "
        "console's operations page shows the same panels."
    ),
    no_data=NoData.COVERED,
    covered_by="TargetMissing",
)

CONFIG_RELOAD_FAILED = Alert(
    name="PrometheusConfigReloadFailed",
    subject=Subject.MONITORING,
    severity=Severity.WARNING,
    query=series(prometheus.CONFIG_RELOADED, _BY_PROMETHEUS),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="Prometheus rejected its new configuration",
    description=(
        "A reload failed and Prometheus still runs its old configuration: new targets, rules and thresholds do "
        "not apply. It will not start with the new one."
    ),
    no_data=NoData.COVERED,
    covered_by="PrometheusNotIngesting",
)

RULE_FAILURES = Alert(
    name="PrometheusRuleFailures",
    subject=Subject.MONITORING,
    severity=Severity.CRITICAL,
    query=f"increase({series(prometheus.RULE_FAILURES, _BY_PROMETHEUS)}[5m])",
    op=">",
    threshold=0,
    for_seconds=120,
    summary="Prometheus cannot evaluate rules of {{ $labels.rule_group }}",
    description=("A rule failed to evaluate in the last five minutes. An alert that is not evaluated cannot fire."),
    no_data=NoData.COVERED,
    covered_by="PrometheusNotIngesting",
)

NOT_INGESTING = Alert(
    name="PrometheusNotIngesting",
    subject=Subject.MONITORING,
    severity=Severity.CRITICAL,
    # Its counter of samples is the first to vanish when it stores none: that it stands still is never seen.
    query=f"absent_over_time({series(prometheus.SAMPLES_APPENDED, _BY_PROMETHEUS)}[1m])",
    for_seconds=60,
    summary="Prometheus is not storing samples",
    description=(
        "Prometheus has had no samples of its own for two minutes: its disk is full, its clock jumped, or it "
        "does not scrape itself. Almost no alert can fire; this one can, because it tests for missing data."
    ),
    no_data=NoData.QUIET,
    service=PROMETHEUS.job,
)

NOT_CONNECTED = Alert(
    name="PrometheusNotConnectedToAlertmanager",
    subject=Subject.MONITORING,
    severity=Severity.CRITICAL,
    # The heartbeat is sent every few seconds, so that a failing way shows at once.
    query=f"rate({series(prometheus.NOTIFICATION_ERRORS, _BY_PROMETHEUS)}[2m])",
    op=">",
    threshold=0,
    # Not for an Alertmanager that is or was dead: that has a page of its own, which ends before this would.
    extra_condition=(
        f"unless on () min_over_time({series(UP, _BY_ALERTMANAGER)}[5m]) == 0 "
        f"or {series(prometheus.ALERTMANAGERS, _BY_PROMETHEUS)} == 0"
    ),
    for_seconds=180,
    summary="Prometheus cannot send alerts to Alertmanager",
    description=(
        "For three minutes Alertmanager has refused alerts, or Prometheus has no Alertmanager. Firing alerts "
        "show only on the Prometheus alerts page, and nobody is notified."
    ),
    no_data=NoData.COVERED,
    covered_by="PrometheusNotIngesting",
)

_STORE_FAILURES = (prometheus.COMPACTION_FAILURES, prometheus.BLOCK_RELOAD_FAILURES, prometheus.WAL_WRITE_FAILURES)

TSDB_FAILING = Alert(
    name="PrometheusTsdbFailing",
    subject=Subject.MONITORING,
    severity=Severity.WARNING,
    query=" + ".join(f"increase({series(metric, _BY_PROMETHEUS)}[15m])" for metric in _STORE_FAILURES),
    op=">",
    threshold=0,
    summary="Prometheus storage (TSDB) is failing",
    description=(
        "Prometheus failed to compact, read or write its blocks in the last 15 minutes. It still answers "
        "queries, but history may be lost at the next restart, and its disk is filling up."
    ),
    no_data=NoData.COVERED,
    covered_by="PrometheusNotIngesting",
)

SERIES_BUDGET = 5_000
"""Series that one target may expose: several times what ours have at rest, since no label of theirs grows with use."""

SERIES_BUDGET_EXCEEDED = Alert(
    name="SeriesBudgetExceeded",
    subject=Subject.MONITORING,
    severity=Severity.WARNING,
    # The node exporter has as many as the host has disks, CPUs and network devices.
    query=series(SAMPLES, ne("job", NODE.job)),
    op=">",
    threshold=SERIES_BUDGET,
    for_seconds=600,
    summary="{{ $labels.job }} exposes {{ $value }} series",
    description=(
        f"For ten minutes a target has exposed more than {SERIES_BUDGET} series: a label has unbounded values. "
        f"Prometheus grows until this host runs out of memory or disk."
    ),
    no_data=NoData.QUIET,
)

ALERTMANAGER_RELOAD_FAILED = Alert(
    name="AlertmanagerConfigReloadFailed",
    subject=Subject.MONITORING,
    severity=Severity.WARNING,
    query=series(alertmanager.CONFIG_RELOADED, _BY_ALERTMANAGER),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="Alertmanager rejected its new configuration",
    description=(
        "A reload failed and Alertmanager still runs its old configuration: new receivers and routes do not "
        "apply. It will not start with the new one."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)


def _notifications(metric: ExternalMetric) -> str:
    return f"sum by (job, integration) (rate({series(metric, _BY_ALERTMANAGER)}[5m]))"


_OUR_RECEIVERS = eq("job", API.job, INBOX.job)

NOTIFICATIONS_FAILING = Alert(
    name="AlertmanagerNotificationsFailing",
    subject=Subject.MONITORING,
    severity=Severity.CRITICAL,
    # The webhooks of the heartbeat succeed all the time: a receiver outside that fails is a small share of them.
    query=f"{_notifications(alertmanager.NOTIFICATIONS_FAILED)} / {_notifications(alertmanager.NOTIFICATIONS)}",
    op=">",
    threshold=0.05,
    # The floor: three failures in five minutes. And a part of ours that was dead could take no webhook; it has a page.
    extra_condition=(
        f"and {_notifications(alertmanager.NOTIFICATIONS_FAILED)} > 0.01 unless on (integration) "
        f'label_replace(min_over_time({series(UP, _OUR_RECEIVERS)}[10m]) == 0, "integration", "webhook", "", "")'
    ),
    for_seconds=120,
    summary="{{ $value | humanizePercentage }} of {{ $labels.integration }} notifications fail",
    description=(
        "Notifications to this receiver have been failing for two minutes: pages may have reached nobody. The "
        "inbox still has everything, unless it is the one failing."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

BLACKBOX_RELOAD_FAILED = Alert(
    name="BlackboxConfigReloadFailed",
    subject=Subject.MONITORING,
    severity=Severity.WARNING,
    query=series(blackbox.CONFIG_RELOADED, eq("job", BLACKBOX.job)),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="the blackbox exporter rejected its new configuration",
    description=(
        "A reload failed and the exporter still runs its old configuration: changed probes do not apply. It "
        "will not start with the new one, and then nothing is probed."
    ),
    no_data=NoData.COVERED,
    covered_by="ExporterDown",
)

WATCHDOG = Alert(
    name=WATCHDOG_LABELS["alertname"],
    subject=Subject(WATCHDOG_LABELS["subject"]),
    severity=Severity(WATCHDOG_LABELS["severity"]),
    # Not vector(1): Alertmanager goes on sending the last alert it heard of for minutes after Prometheus died. Whoever
    # receives this judges `evaluated_at`, which only a living Prometheus moves on.
    query="time()",
    service=WATCHDOG_LABELS["service"],
    summary="the monitoring is alive",
    description=(
        "Always firing, for machines only: it proves that rules are evaluated and notifications delivered. If "
        "evaluated_at stops advancing, no other alert would page either."
    ),
    no_data=NoData.NEVER,
    annotations={EVALUATED_AT: '{{ $value | printf "%.3f" }}'},
)

# The last that was heard: once the certificate has expired, the probe fails and says nothing of it any more.
_DAYS_LEFT = f"(last_over_time({series(blackbox.CERTIFICATE_EXPIRY, eq('job', PROBES))}[1d]) - time()) / 86400"


def _certificate_expiring(severity: Severity, days: int, lost: str) -> Alert:
    return Alert(
        name="CertificateExpiring",
        subject=Subject.MONITORING,
        severity=severity,
        query=_DAYS_LEFT,
        op="<",
        threshold=days,
        for_seconds=600,
        service=None,
        summary=(
            "the certificate at {{ $labels.instance }} "
            '{{ if lt $value 0.0 }}has expired{{ else }}expires in {{ $value | printf "%.0f" }} days{{ end }}'
        ),
        description=lost,
        no_data=NoData.COVERED,
        covered_by="ProbeFailing",
    )


CERTIFICATE_EXPIRING = _certificate_expiring(
    Severity.WARNING,
    20,
    "It was not renewed, which usually happens thirty days before expiry. Nothing fails yet; once it expires, "
    "browsers and clients refuse the service.",
)
CERTIFICATE_NEAR_ITS_END = _certificate_expiring(
    Severity.CRITICAL,
    3,
    "Within three days, or already now, browsers and clients refuse the service: for its users it is down.",
)


def _silence_too_broad(severity: Severity, reasons: Matcher, lost: str) -> Alert:
    return Alert(
        name=BROAD_NAME,
        subject=Subject.MONITORING,
        severity=severity,
        query=series(BROAD_SILENCES, eq("job", API.job), reasons),
        op=">",
        threshold=0,
        for_seconds=60,
        summary=f"{BROAD_SUMMARY} ({{{{ $labels.reason }}}})",
        description=lost,
        no_data=NoData.COVERED,
        covered_by="ServiceDown",
    )


SILENCE_TOO_BROAD = _silence_too_broad(
    Severity.CRITICAL,
    ne("reason", SilenceFault.LONG),
    "A silence mutes more than one alert, or the heartbeat, outside a deploy window: pages may reach nobody "
    "while everything looks fine. `investiq silences` shows who made it and until when; `investiq unsilence` ends it.",
)
SILENCE_TOO_LONG = _silence_too_broad(
    Severity.WARNING,
    eq("reason", SilenceFault.LONG),
    "A silence lasts longer than seven days: by then it is forgotten, and the fault behind it goes unnoticed. "
    "`investiq silences` shows who made it. If it cannot be fixed within a week, change the rule.",
)

_ALWAYS = (
    WATCHER_DOWN,
    EXPORTER_DOWN,
    CONFIG_RELOAD_FAILED,
    RULE_FAILURES,
    NOT_INGESTING,
    NOT_CONNECTED,
    TSDB_FAILING,
    SERIES_BUDGET_EXCEEDED,
    ALERTMANAGER_RELOAD_FAILED,
    NOTIFICATIONS_FAILING,
    BLACKBOX_RELOAD_FAILED,
    SILENCE_TOO_BROAD,
    SILENCE_TOO_LONG,
)

TARGET_MISSING = RestartAlert.TARGET_MISSING.value


def alerts(watched: Sequence[Job]) -> tuple[Alert, ...]:
    """The alerts about the watchers where `watched` is scraped."""
    grafana = (GRAFANA_DOWN,) if any(job.name == GRAFANA.job for job in watched) else ()
    secure = any(target.startswith("https://") for job in watched for target in job.targets)
    certificates = (CERTIFICATE_EXPIRING, CERTIFICATE_NEAR_ITS_END) if secure else ()
    return (*_ALWAYS, _target_missing(watched), *grafana, *certificates, WATCHDOG)


def _target_missing(watched: Sequence[Job]) -> Alert:
    """One alert for all expected targets but those of ServiceAbsent and PrometheusNotIngesting."""
    others = [job for job in watched if job.name not in (API.job, SIGNALS.job, WEB.job, PROMETHEUS.job)]
    expected = [
        series(UP, eq("job", job.name), *([eq("instance", target)] if len(job.targets) > 1 else []))
        for job in others
        for target in job.targets
    ]
    return Alert(
        name=TARGET_MISSING,
        subject=Subject.MONITORING,
        severity=Severity.WARNING,
        query=" or ".join(f"absent({selector})" for selector in expected),
        for_seconds=300,
        summary="Prometheus does not scrape {{ $labels.job }}{{ with $labels.instance }} {{ . }}{{ end }}",
        description=(
            "An expected target has been missing from the Prometheus configuration for five minutes. It is not "
            "monitored, and none of its alerts can fire."
        ),
        no_data=NoData.QUIET,
    )
