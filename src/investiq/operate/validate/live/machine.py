"""What only this machine can tell: its files, its processes, the endpoints of its parts, and the heartbeat's way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from investiq.clients.session import HttpSession, NotChecked
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.findings import CheckResult, Finding
from investiq.monitoring.scraping.jobs import prometheus_document
from investiq.monitoring.scraping.probes import blackbox_document
from investiq.operate.render.files import RenderError, render_runtime
from investiq.operate.supervise.parts import ProcessSpec, stack_table
from investiq.operate.supervise.stack_status import read_stack_status
from investiq.operate.validate.live.context import RESTART, START, ValidationContext
from investiq.operate.validate.live.drift import differences
from investiq.operate.validate.live.programs import parse_timestamp
from investiq.operate.validate.program_checks import refusals

__all__ = [
    "HEARTBEAT_SECONDS",
    "check_endpoints",
    "check_files",
    "check_heartbeat",
    "check_loaded",
    "check_services",
    "edited_files",
]

HEARTBEAT_SECONDS = 30.0
"""Age from which the heartbeat counts as lost; one arrives every 10 s."""

_SHOWN = 5
_ANEW = (
    "`investiq down`, then `investiq up`, with the settings that you mean (`investiq config show`): "
    "it writes the files anew and starts with them"
)


# ---- files ----


async def check_files(context: ValidationContext) -> CheckResult:
    """The files that the programs started with: each as it is rendered now, and accepted by its own program."""
    return await asyncio.to_thread(_files, context.config, tuple(context.without))


def _files(config: Config, without: tuple[str, ...]) -> CheckResult:
    folder = Paths.of(config).monitoring
    if not folder.is_dir():
        gone = Finding("files", str(folder), "it does not exist: InvestIQ was never started on this data", RESTART)
        return CheckResult("files", "nothing", (gone,))
    try:
        rendered = render_runtime(config, without)
    except RenderError as error:
        fix = "correct the setting: `investiq config show` names its source"
        return CheckResult("files", str(folder), (Finding("files", str(folder), error.message, fix),))
    findings = [*edited_files("files", folder, rendered), *refusals("files", str(folder), folder, _ANEW)]
    return CheckResult("files", f"{len(rendered)} files in {folder}, each as it is rendered now", tuple(findings))


def edited_files(check: str, folder: Path, rendered: Mapping[str, str]) -> Iterator[Finding]:
    """Rendered files that are no longer what is rendered: the next start overwrites them, so no edit belongs there."""
    for name, text in rendered.items():
        file = folder / name
        if not file.is_file():
            yield Finding(check, str(file), "it is gone", _ANEW)
        elif file.read_text("utf-8") != text:
            yield Finding(check, str(file), "it was changed since it was rendered, or the settings were", _ANEW)


async def check_loaded(context: ValidationContext) -> CheckResult:
    """Prometheus and the blackbox exporter run with what is rendered now. Rules and routes have checks of their own."""
    findings = list(_drift(topology.PROMETHEUS.job, _scraping(context), await context.prometheus.config()))
    findings += await _reloads(context)
    looked_at = "the running configuration of Prometheus"
    if topology.BLACKBOX.job not in context.without:
        answer = await context.parts.ask(f"{topology.BLACKBOX.url(context.config)}/config")
        findings += _drift(topology.BLACKBOX.job, blackbox_document(context.config), yaml.safe_load(answer.text))
        looked_at += " and of the blackbox exporter"
    return CheckResult("loaded", looked_at, tuple(findings))


def _scraping(context: ValidationContext) -> dict[str, Any]:
    document = prometheus_document(context.config, context.without)
    return {key: document[key] for key in ("global", "alerting", "scrape_configs")}


def _drift(program: str, rendered: Mapping[str, Any], running: Mapping[str, Any]) -> Iterator[Finding]:
    places = list(differences(rendered, running))
    if places:
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        what = f"it runs with other settings than are rendered now: {', '.join(places[:_SHOWN])}{more}"
        yield Finding("loaded", program, what, RESTART)


async def _reloads(context: ValidationContext) -> list[Finding]:
    """Files that were written after Prometheus read them; it tells the second in which it did."""
    told = await context.prometheus.data("status/runtimeinfo")
    loaded = parse_timestamp(told["lastConfigTime"])
    folder = Paths.of(context.config).monitoring
    later = [file for file in (folder / "prometheus.yml", *folder.glob("rules/*.yml")) if _written(file) > loaded + 1]
    findings = [Finding("loaded", str(file), "it was written after Prometheus read it", RESTART) for file in later]
    if not told["reloadConfigSuccess"]:
        what = "it refused its files at the last reload, and runs with older ones"
        findings.append(Finding("loaded", topology.PROMETHEUS.job, what, "`investiq validate --only files` says why"))
    return findings


def _written(file: Path) -> float:
    return file.stat().st_mtime if file.is_file() else 0.0


# ---- processes and endpoints ----


async def check_services(context: ValidationContext) -> CheckResult:
    """Each part of the stack runs, listens, and says itself that it is well."""
    found = await read_stack_status(context.config)
    if not found.is_running:
        none = Finding("services", "the stack", "nothing of it runs", "`investiq up`")
        return CheckResult("services", f"{len(found.parts)} parts", (none,))
    findings = [
        Finding("services", part.name, f"{part.state.value}{f': {part.note}' if part.note else ''}", START)
        for part in found.parts
        if not part.is_well
    ]
    well = sum(part.is_well for part in found.parts)
    return CheckResult("services", f"{len(found.parts)} parts, {well} as they should be", tuple(findings))


async def check_endpoints(context: ValidationContext) -> CheckResult:
    """What people and Prometheus ask: the metrics of each part, the console's page, the API's prices and documents."""
    wanted = dict(_endpoints(context.config))
    found = await asyncio.gather(*(_endpoint(context.parts, url, body) for url, body in wanted.items()))
    findings = [finding for finding in found if finding is not None]
    if len(findings) == len(wanted):
        findings = [Finding("endpoints", "the stack", "none of its endpoints can be reached", "`investiq up`")]
    return CheckResult("endpoints", f"{len(wanted)} endpoints", tuple(findings))


def _endpoints(config: Config) -> Iterator[tuple[str, str]]:
    """URL, and what its body holds."""
    for part in stack_table(config).parts:
        if part.port is not None:
            yield f"{_base(part)}/metrics", "# TYPE "
    api = topology.API.url(config)
    yield f"{api}/api/market", '"phase"'
    yield f"{api}/api/symbols", '"symbols"'
    yield f"{topology.WEB.url(config)}/", "<html"
    yield f"{topology.INBOX.url(config)}/api/notifications?limit=1", '"notifications"'


def _base(part: ProcessSpec) -> str:
    return (part.url or "").rstrip("/")


async def _endpoint(parts: HttpSession, url: str, body: str) -> Finding | None:
    """Not to be reached is what this check is there to find."""
    try:
        answer = await parts.ask(url)
    except NotChecked as error:
        return Finding("endpoints", url, error.message, START)
    if answer.status != 200:
        return Finding("endpoints", url, f"it answers {answer.status}", START)
    if body not in answer.text:
        fix = "see which program has the port: `investiq doctor`"
        return Finding("endpoints", url, f"something else answers: {body.strip()!r} is not in it", fix)
    return None


# ---- heartbeat ----


async def check_heartbeat(context: ValidationContext) -> CheckResult:
    """The Watchdog of Prometheus reaches the inbox and the API: the whole way of a page, proven."""
    inbox = topology.INBOX.url(context.config)
    age = (await context.parts.json(f"{inbox}/health", accept=(200, 503)))["heartbeat"]["age_seconds"]
    fix = f"see {topology.console_url(context.config)}/runbooks/monitoring/Watchdog"
    findings = list(_late("inbox", age, fix))
    if not context.config.trading.require_monitoring:
        looked_at = "the inbox; trading needs no heartbeat (require_monitoring = false)"
        return CheckResult("heartbeat", looked_at, tuple(findings))
    api = topology.API.url(context.config)
    monitoring = (await context.parts.json(f"{api}/api/trading/status"))["monitoring"]
    if monitoring["heartbeat"] != "fresh":
        findings.append(Finding("heartbeat", "API", f"trading is halted: {monitoring['note']}", fix))
    ages = f"{_seconds(age)} at the inbox, {_seconds(monitoring['age_seconds'])} at the API"
    return CheckResult("heartbeat", f"its age: {ages}", tuple(findings))


def _late(where: str, age: float | None, fix: str) -> Iterator[Finding]:
    if age is None or age > HEARTBEAT_SECONDS:
        what = "no heartbeat has arrived" if age is None else f"the latest heartbeat is {age:.0f} s old"
        yield Finding("heartbeat", where, what, fix)


def _seconds(age: float | None) -> str:
    return "none" if age is None else f"{age:.0f} s"
