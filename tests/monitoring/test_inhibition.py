"""Every inhibition at the receiver: what a real Alertmanager with our rules tells while causes and symptoms fire.

All cases run side by side in one Alertmanager. Each lives in a world of its own: a label that the test's copy of the
rules asks to be equal. Each muted pair exists a second time in a world without the one rule that is to mute it: there
the symptom arrives, so that a rule that is taken away, or that mutes nothing, is noticed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from investiq.foundation.config import Config
from investiq.monitoring.routing.routes import INHIBITIONS, Inhibition, alertmanager_document
from investiq.promql.matcher import Matcher
from tests.alertmanager import alert, alertmanager, eventually, posted, receiver

pytestmark = pytest.mark.e2e

Labels = dict[str, str]
Pair = tuple[Labels, Labels]

PATIENCE_SECONDS = 40


def _labels(name: str, service: str, severity: str, subject: str, /, **further: str) -> Labels:
    return {"alertname": name, "service": service, "severity": severity, "subject": subject, **further}


API_DOWN = _labels("ServiceDown", "investiq-api", "critical", "api")
INBOX_DOWN = _labels("ServiceDown", "inbox", "warning", "monitoring")
MODELS_DOWN = _labels("MLServiceDown", "signal-models", "warning", "signals")
MODEL_STALE = _labels("ModelStale", "signal-models", "warning", "signals")
NO_BROKER = _labels("DependencyDown", "investiq-api", "critical", "api", name="broker")
NO_DATA = _labels("DependencyDown", "investiq-api", "critical", "api", name="market_data")
NO_MODELS = _labels("DependencyDown", "investiq-api", "warning", "api", name="signal_models")
API_ERRORS = _labels("HighErrorRate", "investiq-api", "critical", "api")
WEB_ERRORS = _labels("HighErrorRate", "frontend", "critical", "api")
API_PROBE = _labels("ProbeFailing", "investiq-api", "critical", "api")
WEB_PROBE = _labels("ProbeFailing", "frontend", "warning", "api")
STALLED = _labels("AgentStalled", "agent", "warning", "trading")
OLD_DATA = _labels("MarketDataStale", "investiq-api", "warning", "market")
FALLBACK = _labels("SignalEngineFallback", "investiq-api", "warning", "signals")
NOT_CONNECTED = _labels("PrometheusNotConnectedToAlertmanager", "prometheus", "critical", "monitoring")
ABSENT = _labels("ServiceAbsent", "frontend", "critical", "api")
SATURATED = _labels("ApiSaturated", "investiq-api", "warning", "api")


def _down(service: str) -> Labels:
    return _labels("ExporterDown", service, "warning", "monitoring")


def _halted(instance: str) -> Labels:
    return _labels("CircuitBreakerTripped", "investiq-api", "critical", "trading", instance=instance)


def _blind(instance: str) -> Labels:
    return _labels("MonitoringHeartbeatLost", "investiq-api", "critical", "trading", instance=instance)


def _of_nobody(labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if name != "service"}


def _burns(slo: str, severity: str, name: str = "ErrorBudgetBurnsFast", service: str = "investiq-api") -> Labels:
    return _labels(name, service, severity, "slo", slo=slo)


@dataclass(frozen=True)
class Case:
    """What one inhibition does: in `muted` the second is not told, in each of `near` it is."""

    muted: Pair
    near: tuple[Pair, ...]


MODELS_BURN = _burns("signal-availability", "warning", service="signal-models")

CASES = {
    "what a dead service does wrong besides is a symptom": Case(
        (API_DOWN, API_PROBE),
        (
            (API_DOWN, WEB_PROBE),
            (API_DOWN, MODELS_DOWN),
            (API_DOWN, MODELS_BURN),
            (API_DOWN, _halted("one")),
            # Absent labels are equal: without its service, a death is nobody's.
            (_of_nobody(API_DOWN), _of_nobody(API_PROBE)),
        ),
    ),
    "the API gets nothing from signal models that are dead, or have no model": Case(
        (MODELS_DOWN, NO_MODELS), ((MODELS_DOWN, NO_BROKER), (MODEL_STALE, NO_MODELS))
    ),
    "the API times out on signal models that hang": Case((MODELS_DOWN, API_ERRORS), ((MODELS_DOWN, WEB_ERRORS),)),
    "analyses do without signal models that are dead, or have no model": Case(
        (MODELS_DOWN | {"subject": "other"}, FALLBACK), ((MODEL_STALE, FALLBACK),)
    ),
    "the agent gets nowhere with an API that has lost what it needs": Case(
        (API_DOWN, STALLED), ((NO_MODELS, STALLED), (INBOX_DOWN, STALLED))
    ),
    "prices were old before they were too old": Case((NO_DATA, OLD_DATA), ((NO_BROKER, OLD_DATA),)),
    "the frontend fails because the API behind it is dead": Case(
        (API_DOWN, WEB_ERRORS), ((INBOX_DOWN, WEB_ERRORS), (API_DOWN, WEB_PROBE))
    ),
    "without its exporter nothing is probed: what the probes said last is no news": Case(
        (_down("blackbox-exporter"), WEB_PROBE), ((_down("node"), WEB_PROBE),)
    ),
    "nobody takes alerts from Prometheus while Alertmanager is dead": Case(
        (_labels("ServiceDown", "alertmanager", "warning", "monitoring"), NOT_CONNECTED), ((INBOX_DOWN, NOT_CONNECTED),)
    ),
    "while Prometheus stores nothing, everything looks absent": Case(
        (_labels("PrometheusNotIngesting", "prometheus", "critical", "monitoring"), ABSENT),
        ((_labels("PrometheusRuleFailures", "prometheus", "critical", "monitoring"), ABSENT),),
    ),
    "a health check fails on purpose while something critical is lost": Case(
        (NO_BROKER, API_PROBE), ((NO_MODELS, API_PROBE), (NO_BROKER, WEB_PROBE))
    ),
    "errors and waiting are what a lost dependency looks like from outside": Case(
        (NO_MODELS, API_ERRORS), ((NO_MODELS, WEB_ERRORS), (NO_MODELS, API_PROBE))
    ),
    "the halt is what a lost heartbeat does: it pages already, and lasts at least as long": Case(
        (_halted("one"), _blind("one")), ((_halted("one"), _blind("other")),)
    ),
    "a budget that burns fast burns slowly too": Case(
        (_burns("a", "warning"), _burns("a", "warning", "ErrorBudgetBurnsSlowly")),
        (
            (_burns("a", "warning"), _burns("b", "warning", "ErrorBudgetBurnsSlowly")),
            (_burns("a", "warning", service="other"), _burns("a", "warning", "ErrorBudgetBurnsSlowly")),
        ),
    ),
    "a page for the subject covers its warnings": Case(
        (API_ERRORS, SATURATED),
        (
            (_burns("a", "critical"), _burns("b", "warning", "ErrorBudgetBurnsSlowly")),
            (_burns("a", "critical"), _burns("b", "warning")),
            (API_ERRORS, SATURATED | {"service": "frontend"}),
            (API_ERRORS, SATURATED | {"subject": "trading"}),
            (API_ERRORS, API_PROBE),
            (SATURATED | {"alertname": "Other"}, SATURATED),
        ),
    ),
}

BY_REASON = {inhibition.because: inhibition for inhibition in INHIBITIONS}


def _variants(inhibition: Inhibition, pair: Pair) -> list[Pair]:
    """The pair with each alert name that source and target of the rule list."""
    sources, targets = _names(inhibition.source, pair[0]), _names(inhibition.target, pair[1])
    cause, symptom = pair
    return [(cause | {"alertname": one}, symptom | {"alertname": other}) for one, other in product(sources, targets)]


def _names(matchers: tuple[Matcher, ...], labels: Labels) -> tuple[str, ...]:
    listed = [one.alternatives for one in matchers if one.label == "alertname" and one.op in {"=", "=~"}]
    return listed[0] if listed else (labels["alertname"],)


@dataclass(frozen=True)
class World:
    """A pair of alerts that sees no other; `without` names the rule that does not hold in it."""

    name: str
    because: str
    pair: Pair
    told: bool
    without: str = ""

    @property
    def source(self) -> Labels:
        return self.pair[0] | {"world": self.name, "without": self.without or "none", "side": "source"}

    @property
    def target(self) -> Labels:
        return self.pair[1] | {"world": self.name, "without": self.without or "none", "side": "target"}


def _worlds() -> Iterator[World]:
    for number, (because, case) in enumerate(CASES.items()):
        if because not in BY_REASON:
            continue
        rule = str(INHIBITIONS.index(BY_REASON[because]))
        for variant, pair in enumerate(_variants(BY_REASON[because], case.muted)):
            yield World(f"{number}-muted-{variant}", because, pair, told=False)
            yield World(f"{number}-without-{variant}", because, pair, told=True, without=rule)
        for variant, pair in enumerate(case.near):
            yield World(f"{number}-near-{variant}", because, pair, told=True)


WORLDS = tuple(_worlds())


def _document(url: str) -> dict[str, Any]:
    """Our rules, each alert told by itself and at once; see the module for what is added to the rules."""
    rules = alertmanager_document(Config())["inhibit_rules"]
    return {
        "route": {"receiver": "hook", "group_by": ["..."], "group_wait": "100ms", "group_interval": "1h"},
        "receivers": [{"name": "hook", "webhook_configs": [{"url": url}]}],
        "inhibit_rules": [
            rule
            | {
                "equal": [*rule.get("equal", ()), "world"],
                "target_matchers": [*rule["target_matchers"], f'without!="{number}"', 'side="target"'],
                "source_matchers": [*rule["source_matchers"], 'side="source"'],
            }
            for number, rule in enumerate(rules)
        ],
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The worlds whose target was told."""
    with receiver() as hook, alertmanager(_document(hook.url), tmp_path_factory.mktemp("inhibition")) as running:

        def worlds(side: str) -> set[str]:
            return {labels["world"] for labels in hook.arrived() if labels["side"] == side}

        running.post(*(posted(world.source) for world in WORLDS))
        eventually(lambda: worlds("source") == {world.name for world in WORLDS})
        running.post(*(posted(world.target) for world in WORLDS))
        expected = {world.name for world in WORLDS if world.told}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not expected <= worlds("target") and time.monotonic() < deadline:
            time.sleep(0.02)
        # Posted after the others, and waits as long: when it has come, everything has.
        running.post(alert("Marker", world="marker", side="marker"))
        eventually(lambda: "marker" in worlds("marker"))
        return worlds("target")


def test_every_inhibition_has_its_case() -> None:
    assert set(CASES) == set(BY_REASON)
    assert len(BY_REASON) == len(INHIBITIONS)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_the_symptom_is_muted_only_by_its_rule_and_the_nearest_case_is_told(told: set[str], world: World) -> None:
    cause, symptom = (labels["alertname"] for labels in world.pair)
    assert (world.name in told) is world.told, f"{symptom} beside {cause}: {world.because}"
