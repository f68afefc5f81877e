"""Who hears of which alert: Alertmanager's routes, receivers and inhibitions.

Everything goes to the local inbox. Where receivers outside are configured, critical alerts go to all of them and
warnings to those that wake nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from investiq.foundation import topology
from investiq.foundation.config.paths import Paths, rendered_path
from investiq.foundation.config.schema import Config, NotifyConfig
from investiq.foundation.contract.heartbeat import HEARTBEAT_PATH, WATCHDOG_LABELS
from investiq.foundation.vocabulary import Dependency, Severity
from investiq.monitoring.routing.messages import TEMPLATE_FILE
from investiq.monitoring.rules.api import (
    DEPENDENCY_DOWN,
    HIGH_ERROR_RATE,
    HIGH_LATENCY,
    PROBE_FAILING,
    SERVICE_ABSENT,
    SERVICE_DOWN,
)
from investiq.monitoring.rules.down_alerts import DOWN_ALERTS
from investiq.monitoring.rules.market import MARKET_DATA_STALE
from investiq.monitoring.rules.monitoring import (
    CERTIFICATE_EXPIRING,
    EXPORTER_DOWN,
    NOT_CONNECTED,
    NOT_INGESTING,
    TARGET_MISSING,
    WATCHDOG,
)
from investiq.monitoring.rules.signals import ML_SERVICE_DOWN, MODEL_NOT_LOADED, SIGNAL_ENGINE_FALLBACK
from investiq.monitoring.rules.slo import BURNS_FAST, BURNS_SLOWLY
from investiq.monitoring.rules.trading import (
    AGENT_STALLED,
    CIRCUIT_BREAKER_TRIPPED,
    MONITORING_HEARTBEAT_LOST,
)
from investiq.promql.matcher import Matcher, eq, ne

__all__ = [
    "INHIBITIONS",
    "TEST_ALERT",
    "Inhibition",
    "alertmanager_document",
]

INBOX = "inbox"
HEARTBEAT = "heartbeat"
DEADMANS_SWITCH = "deadmans-switch"
CRITICAL = Severity.CRITICAL.value
WARNING = Severity.WARNING.value

TEST_ALERT = "InvestIQTest"
"""Sent by `investiq up` and `investiq doctor` to prove the way to the inbox; it never leaves this machine."""


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert that `source` matches fires, those that `target` matches are not notified.

    Attributes:
        because: why the target is only a symptom of the source.
        equal: labels that must be the same in both, and there: for Alertmanager, absent labels are equal.
        equal_or_absent: labels that must be the same in both, or absent in both.
    """

    because: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()
    equal_or_absent: tuple[str, ...] = ()


_NEVER_A_SYMPTOM = (WATCHDOG.name, CIRCUIT_BREAKER_TRIPPED.name, MONITORING_HEARTBEAT_LOST.name)
"""Whatever dies: the heartbeat, and that trading stands still, are told."""

_SYMPTOMS = (HIGH_ERROR_RATE.name, HIGH_LATENCY.name)

INHIBITIONS = (
    Inhibition(
        "what a dead service does wrong besides is a symptom",
        source=(eq("alertname", *DOWN_ALERTS),),
        target=(ne("alertname", *DOWN_ALERTS, *_NEVER_A_SYMPTOM),),
        equal=("service",),
    ),
    Inhibition(
        "the API gets nothing from signal models that are dead, or have no model",
        source=(eq("alertname", ML_SERVICE_DOWN.name, MODEL_NOT_LOADED.name),),
        target=(eq("alertname", DEPENDENCY_DOWN.name), eq("name", Dependency.SIGNAL_MODELS)),
    ),
    Inhibition(
        "the API times out on signal models that hang",
        source=(eq("alertname", ML_SERVICE_DOWN.name),),
        target=(eq("alertname", *_SYMPTOMS), eq("service", topology.API.job)),
    ),
    Inhibition(
        "analyses do without signal models that are dead, or have no model",
        source=(eq("alertname", ML_SERVICE_DOWN.name, MODEL_NOT_LOADED.name),),
        target=(eq("alertname", SIGNAL_ENGINE_FALLBACK.name),),
    ),
    Inhibition(
        "the agent gets nowhere with an API that has lost what it needs",
        source=(eq("alertname", SERVICE_DOWN.name, DEPENDENCY_DOWN.name), eq("severity", Severity.CRITICAL)),
        target=(eq("alertname", AGENT_STALLED.name),),
    ),
    Inhibition(
        "prices were old before they were too old",
        source=(eq("alertname", DEPENDENCY_DOWN.name), eq("name", Dependency.MARKET_DATA)),
        target=(eq("alertname", MARKET_DATA_STALE.name),),
    ),
    Inhibition(
        "the frontend fails because the API behind it is dead",
        source=(eq("alertname", SERVICE_DOWN.name), eq("service", topology.API.job)),
        target=(eq("alertname", *_SYMPTOMS), eq("service", topology.WEB.job)),
    ),
    Inhibition(
        "without its exporter nothing is probed: what the probes said last is no news",
        source=(eq("alertname", EXPORTER_DOWN.name), eq("service", topology.BLACKBOX.job)),
        target=(eq("alertname", PROBE_FAILING.name, CERTIFICATE_EXPIRING.name),),
    ),
    Inhibition(
        "nobody takes alerts from Prometheus while Alertmanager is dead",
        source=(eq("alertname", SERVICE_DOWN.name), eq("service", topology.ALERTMANAGER.job)),
        target=(eq("alertname", NOT_CONNECTED.name),),
    ),
    Inhibition(
        "while Prometheus stores nothing, everything looks absent",
        source=(eq("alertname", NOT_INGESTING.name),),
        target=(eq("alertname", SERVICE_ABSENT.name, TARGET_MISSING),),
    ),
    Inhibition(
        "a health check fails on purpose while something critical is lost",
        source=(eq("alertname", DEPENDENCY_DOWN.name), eq("severity", Severity.CRITICAL)),
        target=(eq("alertname", PROBE_FAILING.name),),
        equal=("service",),
    ),
    Inhibition(
        "errors and waiting are what a lost dependency looks like from outside",
        source=(eq("alertname", DEPENDENCY_DOWN.name),),
        target=(eq("alertname", *_SYMPTOMS),),
        equal=("service",),
    ),
    Inhibition(
        "the halt is what a lost heartbeat does: it pages already, and lasts at least as long",
        source=(eq("alertname", CIRCUIT_BREAKER_TRIPPED.name),),
        target=(eq("alertname", MONITORING_HEARTBEAT_LOST.name),),
        equal=("service", "instance"),
    ),
    Inhibition(
        "a budget that burns fast burns slowly too",
        source=(eq("alertname", BURNS_FAST),),
        target=(eq("alertname", BURNS_SLOWLY),),
        equal=("slo", "service"),
    ),
    Inhibition(
        "a page for the subject covers its warnings",
        source=(eq("severity", Severity.CRITICAL),),
        target=(eq("severity", Severity.WARNING),),
        equal=("subject", "service"),
        # One SLO of a service is no symptom of another.
        equal_or_absent=("slo",),
    ),
)


def _template(name: str, what: str = ".") -> str:
    """A call of a template of the notification file."""
    return f'{{{{ template "investiq.{name}" {what} }}}}'


_TITLE = _template("title")
_SEVERITY = "{{ .CommonLabels.severity }}"
_DASHBOARD = "{{ .CommonAnnotations.dashboard }}"
_RUNBOOK = _template("runbook", ".CommonLabels")
_SILENCE = _template("silence", ".CommonLabels")

# How long a group waits for what the same fault sets off, how soon a change of it is told, and how often what goes on.
_TO_THE_INBOX = {
    # The record of this machine, which wakes nobody: told at once, and one row a change. The guide's intervals.
    "group_by": ["alertname", "service"],
    "group_wait": "10s",
    "group_interval": "10s",
    "repeat_interval": "12h",
}
_EACH_INTERVAL = "1s"
"""Said again whenever a group is looked at. Alertmanager counts it from when the last one was taken, which may be late:
close to the interval, a heartbeat that the API took two seconds to take would cost the next one."""

_ROUTES: dict[str, dict[str, Any]] = {
    CRITICAL: {
        # One incident for each fault of a service. Not one for all faults of a subject: PagerDuty adds what comes later
        # to an incident that is open, and wakes nobody for it.
        "group_by": ["alertname", "service"],
        # Ten seconds let a cause arrive that mutes its symptoms, and cost little of what a page is for.
        "group_wait": "10s",
        # Instances that fail one after the other, or one that flaps, are a message a minute at most; the end of a fault
        # is known within a minute.
        "group_interval": "1m",
        # A fault that lasts is said again before a shift is over. PagerDuty takes it as the same incident.
        "repeat_interval": "4h",
    },
    WARNING: {
        # All that a service lets wish in a subject is one message: it waits until morning, and is read as a whole.
        "group_by": ["subject", "service"],
        "group_wait": "30s",
        # A group that changes is told again as a whole: every five minutes is often enough for what wakes nobody.
        "group_interval": "5m",
        "repeat_interval": "24h",
    },
}


def alertmanager_document(config: Config) -> dict[str, Any]:
    """alertmanager.yml, with the secrets of the receivers that are configured."""
    outside = _outside(config)
    return {
        "global": {"resolve_timeout": "5m"},
        "templates": [TEMPLATE_FILE],
        "route": {
            "receiver": INBOX,
            **_TO_THE_INBOX,
            "routes": [*_machine_routes(config), {"receiver": INBOX, "continue": True}, *_severity_routes(outside)],
        },
        "inhibit_rules": [_inhibit_rule(inhibition) for inhibition in INHIBITIONS],
        "receivers": [
            {"name": INBOX, "webhook_configs": [_inbox_webhook(config, "/webhook")]},
            {"name": HEARTBEAT, "webhook_configs": [_api_heartbeat(config), _inbox_webhook(config, "/heartbeat")]},
            *_deadmans_switch(config),
            *({"name": name, **configs} for name, configs in outside.items()),
        ],
    }


def _machine_routes(config: Config) -> list[dict[str, Any]]:
    """Routes of what is meant for machines. They end the search: none of it goes on to a person."""
    watchdog = _in_order(*(eq(name, value) for name, value in WATCHDOG_LABELS.items()))
    # A route of its own before the heartbeat's: a switch that hangs cannot hold up what trading waits for, and such
    # services take a few calls a minute only.
    switch = {
        "receiver": DEADMANS_SWITCH,
        "matchers": watchdog,
        "continue": True,
        "group_wait": "0s",
        "group_interval": "1m",
        "repeat_interval": _EACH_INTERVAL,
    }
    return [
        *([switch] if _deadmans_switch(config) else []),
        {
            "receiver": HEARTBEAT,
            "matchers": watchdog,
            # Measured with a resend delay of 5 s in Prometheus: one heartbeat every 10.0 s, 0.1 s old.
            "group_wait": "0s",
            "group_interval": "10s",
            "repeat_interval": _EACH_INTERVAL,
        },
        {
            "receiver": INBOX,
            "matchers": [str(eq("alertname", TEST_ALERT))],
            "group_by": ["..."],  # each test alert by itself: none waits for the group of the one before
            "group_wait": "0s",
        },
    ]


def _severity_routes(outside: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    severities = {CRITICAL: Severity.CRITICAL, WARNING: Severity.WARNING}
    return [
        {"receiver": name, "matchers": [str(eq("severity", severities[name]))], **_ROUTES[name]} for name in outside
    ]


def _inhibit_rule(inhibition: Inhibition) -> dict[str, Any]:
    there = tuple(ne(label, "") for label in inhibition.equal)
    rule: dict[str, Any] = {
        "source_matchers": _in_order(*inhibition.source, *there),
        "target_matchers": _in_order(*inhibition.target, *there),
    }
    equal = [*inhibition.equal, *inhibition.equal_or_absent]
    return rule | ({"equal": equal} if equal else {})


def _in_order(*matchers: Matcher) -> list[str]:
    """As Alertmanager tells them of the configuration that it runs with."""
    return [str(one) for one in sorted(matchers, key=lambda matcher: (matcher.label, matcher.value, matcher.op))]


def _inbox_webhook(config: Config, path: str) -> dict[str, Any]:
    return {
        "url": f"{topology.INBOX.url(config)}{path}",
        "send_resolved": True,
        "http_config": _bearer(lambda paths: paths.inbox_token),
    }


def _api_heartbeat(config: Config) -> dict[str, Any]:
    return {
        "url": f"{topology.API.url(config)}{HEARTBEAT_PATH}",
        # A Watchdog that ended is no sign of life.
        "send_resolved": False,
        "http_config": {
            "authorization": {"type": "Bearer", "credentials_file": rendered_path(lambda paths: paths.heartbeat_token)}
        },
    }


def _bearer(file: Callable[[Paths], Path]) -> dict[str, Any]:
    """Alertmanager reads the file for each request, so what is rendered holds no secret."""
    return {"authorization": {"type": "Bearer", "credentials_file": rendered_path(file)}}


def _deadmans_switch(config: Config) -> list[dict[str, Any]]:
    """The receiver outside that tells people when it is no longer called; none where no URL is set."""
    url = config.notify.deadmans_switch_url
    if url is None:
        return []
    # Resolved is no sign of life either, and healthchecks.io takes every call for one.
    return [
        {
            "name": DEADMANS_SWITCH,
            "webhook_configs": [{"url": url.get_secret_value(), "send_resolved": False}],
        }
    ]


def _outside(config: Config) -> dict[str, dict[str, Any]]:
    """The receivers outside by name; one that would reach nobody is left out."""
    notify = config.notify
    quiet = _discord(notify) | _webhook(notify)
    receivers = {CRITICAL: quiet | _pagerduty(notify), WARNING: quiet}
    return {name: configs for name, configs in receivers.items() if configs}


def _discord(notify: NotifyConfig) -> dict[str, Any]:
    if notify.discord_webhook_url is None:
        return {}
    url = notify.discord_webhook_url.get_secret_value()
    return {"discord_configs": [{"webhook_url": url, "title": _TITLE, "message": _template("discord")}]}


def _webhook(notify: NotifyConfig) -> dict[str, Any]:
    if notify.webhook_url is None:
        return {}
    return {"webhook_configs": [{"url": notify.webhook_url.get_secret_value(), "send_resolved": True}]}


def _pagerduty(notify: NotifyConfig) -> dict[str, Any]:
    """One incident for each group: Alertmanager derives its key from the group's labels.

    Events v2 knows the severities critical, error, warning and info: ours are among them. There is no `source` here:
    Alertmanager 0.25 does not know it, and sends the name of the client.
    """
    if notify.pagerduty_key is None:
        return {}
    receiver = {
        "routing_key": notify.pagerduty_key.get_secret_value(),
        "severity": f"{{{{ if .CommonLabels.severity }}}}{_SEVERITY}{{{{ else }}}}error{{{{ end }}}}",
        "description": _template("pagerduty"),
        "component": "{{ .CommonLabels.service }}",
        "group": "{{ .CommonLabels.subject }}",
        "class": "{{ .CommonLabels.alertname }}",
        "client": "InvestIQ",
        "client_url": _DASHBOARD,
        "details": {
            "firing": "{{ if .Alerts.Firing }}" + _template("alerts") + "{{ end }}",
            "resolved": "",
            "description": "{{ .CommonAnnotations.description }}",
            "runbook": _RUNBOOK,
            "dashboard": _DASHBOARD,
            "silence": _SILENCE,
        },
        "links": [
            {"href": _RUNBOOK, "text": "runbook"},
            {"href": _DASHBOARD, "text": "dashboard"},
            {"href": _SILENCE, "text": "silence"},
        ],
    }
    return {"pagerduty_configs": [receiver]}
