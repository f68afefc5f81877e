"""Whether Alertmanager has the receivers and the routes that are rendered, and nobody has silenced them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from investiq.clients.alertmanager.silence import Silence
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.vocabulary import SilenceFault
from investiq.monitoring.checks.inhibitions import inhibition_findings
from investiq.monitoring.routing.routes import alertmanager_document
from investiq.operate.validate.live.context import RESTART, ValidationContext
from investiq.operate.validate.live.drift import differences

__all__ = ["check_receivers", "check_routes", "check_silences"]


async def check_receivers(context: ValidationContext) -> CheckResult:
    """Each receiver is there, and reaches whom it should; secrets are hidden from us, as from everybody."""
    wanted = _by_name(alertmanager_document(context.config))
    present = _by_name(await context.alertmanager.config())
    findings = [finding for name in wanted for finding in _receiver_faults(name, wanted, present)]
    told = ", ".join(f"{name} ({', '.join(_kinds(receiver))})" for name, receiver in present.items())
    return CheckResult("receivers", f"{len(present)} receivers: {told}", tuple(findings))


def _by_name(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {receiver["name"]: receiver for receiver in document["receivers"]}


def _kinds(receiver: Mapping[str, Any]) -> Iterator[str]:
    for key, configs in receiver.items():
        if key.endswith("_configs"):
            yield f"{len(configs)} {key.removesuffix('_configs')}"


def _receiver_faults(
    name: str, wanted: Mapping[str, Mapping[str, Any]], present: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    place = Place(PlaceKind.ROUTE, name)
    if name not in present:
        yield Finding("receivers", place, "Alertmanager has no such receiver", RESTART, "who is behind it is not told")
    elif places := list(differences(wanted[name], present[name])):
        what = f"it differs from what is rendered: {', '.join(places)}"
        yield Finding("receivers", place, what, RESTART, "a page may reach somebody else, or nobody")


async def check_silences(context: ValidationContext) -> CheckResult:
    """No silence mutes more than one alert outside a deploy window, or the heartbeat, or for longer than a week."""
    silences = await context.alertmanager.open_silences()
    now = datetime.now(UTC)
    findings = [_broad(silence, fault) for silence in silences for fault in silence.faults(now)]
    return CheckResult("silences", f"{len(silences)} silences", tuple(findings))


def _broad(silence: Silence, fault: SilenceFault) -> Finding:
    what = f"{silence.by} silenced {silence.what} until {silence.ends_at:%Y-%m-%d %H:%M} UTC: {_TOO_BROAD[fault]}"
    place = Place(PlaceKind.ROUTE, f"silence {silence.id[:8]}")
    fix = f"`investiq unsilence {silence.id[:8]}` ends it"
    return Finding("silences", place, what, fix, "pages may reach nobody, while all looks well")


_TOO_BROAD = {
    SilenceFault.WATCHDOG: "it mutes the heartbeat",
    SilenceFault.MANY_ALERTS: "it mutes more than one alert, and is no deploy window",
    SilenceFault.LONG: "it lasts for over seven days",
}


async def check_routes(context: ValidationContext) -> CheckResult:
    """Who hears of what, when, and what is only a symptom of what."""
    wanted, running = alertmanager_document(context.config), await context.alertmanager.config()
    what, why = "Alertmanager has it otherwise than it is rendered", "a page may reach somebody else, late, or nobody"
    findings = [
        Finding("routes", Place(PlaceKind.ROUTE, setting), what, RESTART, why)
        for part in ("route", "inhibit_rules")
        for setting in differences(wanted[part], running.get(part), part)
    ]
    findings += inhibition_findings("routes", running)
    routes, inhibitions = len(wanted["route"]["routes"]), len(wanted["inhibit_rules"])
    return CheckResult("routes", f"{routes} routes and {inhibitions} inhibitions", tuple(findings))
