"""What only this machine can tell: its files, its processes, the endpoints of its parts, and the heartbeat's way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from investiq.clients.session import ClientError, HttpCredentials, HttpSession, yaml_mapping
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.threads import BoundedThreads
from investiq.monitoring.scraping.jobs import prometheus_document
from investiq.monitoring.scraping.probes import blackbox_document
from investiq.operate.render.files import RenderError, render_runtime
from investiq.operate.supervise.parts import ProcessSpec, stack_table
from investiq.operate.supervise.stack_status import read_stack_status
from investiq.operate.supervise.status import PartStatus
from investiq.operate.validate.live.context import RESTART, START, ValidationContext
from investiq.operate.validate.live.drift import differences
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

_STACK = Place(PlaceKind.PART, "the stack")
_SHOWN = 5
_ANEW = (
    "`investiq down`, then `investiq up`, with the settings that you mean (`investiq config show`): "
    "it writes the files anew and starts with them"
)


# ---- files ----


async def check_files(context: ValidationContext) -> CheckResult:
    """The files that the programs started with: each as it is rendered now, and accepted by its own program."""
    return await BoundedThreads(1, "files").run(lambda: _files(context.config, tuple(context.without)))


def _files(config: Config, without: tuple[str, ...]) -> CheckResult:
    folder = Paths.of(config).monitoring
    if not folder.is_dir():
        what = "it does not exist: InvestIQ was never started on this data"
        return CheckResult("files", findings=(Finding("files", Place.file(folder), what, "`investiq up`"),))
    try:
        rendered = render_runtime(config, without)
    except RenderError as error:
        return CheckResult("files", str(folder), (Finding("files", Place.file(folder), error.message, error.fix),))
    findings = [
        *edited_files("files", folder, rendered),
        # A program elsewhere has read its files already, or it would not run: `loaded` says with which.
        *(
            finding
            for process in (topology.PROMETHEUS, topology.ALERTMANAGER, topology.BLACKBOX)
            if not process.network_names(config)
            for finding in refusals(
                "files", folder, lambda name: Place.file(folder / name), _ANEW, f"{process.name}.yml"
            )
        ),
    ]
    return CheckResult("files", f"{len(rendered)} files in {folder}, each as it is rendered now", tuple(findings))


def edited_files(check: str, folder: Path, rendered: Mapping[str, str]) -> Iterator[Finding]:
    """Rendered files that are no longer what is rendered: the next start overwrites them, so no edit belongs there."""
    for name, text in rendered.items():
        file = folder / name
        if not file.is_file():
            yield Finding(check, Place.file(file), "it is gone", _ANEW, "at its next reload the program does without")
        elif file.read_bytes() != text.encode("utf-8"):
            what = "it was changed since it was rendered, or the settings were"
            yield Finding(check, Place.file(file), what, _ANEW, "what runs is not what the settings say")


async def check_loaded(context: ValidationContext) -> CheckResult:
    """Prometheus and the blackbox exporter run with what is rendered now. Rules and routes have checks of their own."""
    findings = list(_drift(topology.PROMETHEUS.job, _scraping(context), await context.prometheus.config()))
    findings += await _reloads(context)
    looked_at = "the running configuration of Prometheus"
    if topology.BLACKBOX.job not in context.without:
        url = f"{topology.BLACKBOX.url(context.config)}/config"
        credentials = HttpCredentials.of(topology.BLACKBOX, context.config)
        answer = await context.parts.ask(url, credentials=credentials)
        with context.parts.reading(url):
            running = yaml_mapping(answer.text)
        findings += _drift(topology.BLACKBOX.job, blackbox_document(context.config), running)
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
        why = "it watches what it was told to then"
        yield Finding("loaded", Place(PlaceKind.PART, program), what, RESTART, why)


async def _reloads(context: ValidationContext) -> list[Finding]:
    """Files that were written after Prometheus read them; it tells the second in which it did."""
    running = await context.prometheus.runtime_info()
    folder = Paths.of(context.config).monitoring
    files = (folder / "prometheus.yml", *folder.glob("rules/*.yml"))
    later = [file for file in files if _written(file) > running.configured_at + 1]
    what, why = "it was written after Prometheus read it", "Prometheus still goes by the older one"
    findings = [Finding("loaded", Place.file(file), what, RESTART, why) for file in later]
    if not running.reload_succeeded:
        what = "it refused its files at the last reload, and runs with older ones"
        place = Place(PlaceKind.PART, topology.PROMETHEUS.job)
        findings.append(Finding("loaded", place, what, "`investiq validate --only files` says why"))
    return findings


def _written(file: Path) -> float:
    return file.stat().st_mtime if file.is_file() else 0.0


# ---- processes and endpoints ----


async def check_services(context: ValidationContext) -> CheckResult:
    """Each part of the stack runs, listens, and says itself that it is well."""
    found = await read_stack_status(context.config)
    if not found.is_running:
        none = Finding("services", _STACK, "nothing of it runs", "`investiq up`")
        return CheckResult("services", f"{len(found.parts)} parts", (none,))
    findings = [
        Finding("services", Place(PlaceKind.PART, part.name), _state(part), START)
        for part in found.parts
        if not part.is_well
    ]
    well = sum(part.is_well for part in found.parts)
    return CheckResult("services", f"{len(found.parts)} parts, {well} as they should be", tuple(findings))


def _state(part: PartStatus) -> str:
    return f"{part.state}: {part.note}" if part.note else part.state.value


async def check_endpoints(context: ValidationContext) -> CheckResult:
    """What people and Prometheus ask: the metrics of each part, the console's page, the API's prices and documents."""
    wanted = list(_endpoints(context.config))
    found = await asyncio.gather(*(_endpoint(context.parts, *one) for one in wanted))
    findings = [finding for finding in found if finding is not None]
    if len(findings) == len(wanted):
        findings = [Finding("endpoints", _STACK, "none of its endpoints can be reached", "`investiq up`")]
    return CheckResult("endpoints", f"{len(wanted)} endpoints", tuple(findings))


def _endpoints(config: Config) -> Iterator[tuple[str, str, HttpCredentials]]:
    """URL, what its body holds, and what it asks for."""
    processes = {process.name: process for process in topology.PROCESSES}
    for part in stack_table(config).parts:
        if part.check is not None and processes[part.name].scraped:
            credentials = HttpCredentials.of_metrics(processes[part.name], config)
            yield f"{_base(part)}/metrics", "# TYPE ", credentials
    api = topology.API.url(config)
    reading = HttpCredentials.of(topology.API, config)
    yield f"{api}/api/market", '"phase"', reading
    yield f"{api}/api/symbols", '"symbols"', reading
    yield f"{topology.WEB.url(config)}/", "<html", HttpCredentials()
    yield (
        f"{topology.INBOX.url(config)}/api/notifications?limit=1",
        '"notifications"',
        HttpCredentials.of(topology.INBOX, config),
    )


def _base(part: ProcessSpec) -> str:
    return (part.url or "").rstrip("/")


async def _endpoint(parts: HttpSession, url: str, body: str, credentials: HttpCredentials) -> Finding | None:
    """Not to be reached is what this check is there to find."""
    place = Place(PlaceKind.ADDRESS, url)
    try:
        answer = await parts.ask(url, credentials=credentials)
    except ClientError as error:
        return Finding("endpoints", place, error.what, START)
    if answer.status != 200:
        return Finding("endpoints", place, f"it answers {answer.status}", START)
    if body not in answer.text:
        fix = "see which program has the port: `investiq doctor`"
        return Finding("endpoints", place, f"something else answers: {body.strip()!r} is not in it", fix)
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
    reading = HttpCredentials.of(topology.API, context.config)
    monitoring = (await context.parts.json(f"{api}/api/trading/status", credentials=reading))["monitoring"]
    if monitoring["heartbeat"] != "fresh":
        what = f"trading is halted: {monitoring['note']}"
        findings.append(Finding("heartbeat", Place(PlaceKind.PART, "API"), what, fix))
    ages = f"{_seconds(age)} at the inbox, {_seconds(monitoring['age_seconds'])} at the API"
    return CheckResult("heartbeat", f"its age: {ages}", tuple(findings))


def _late(where: str, age: float | None, fix: str) -> Iterator[Finding]:
    if age is None or age > HEARTBEAT_SECONDS:
        what = "no heartbeat has arrived" if age is None else f"the latest heartbeat is {age:.0f} s old"
        why = "alerts go the same way: a page may not arrive either"
        yield Finding("heartbeat", Place(PlaceKind.PART, where), what, fix, why)


def _seconds(age: float | None) -> str:
    return "none" if age is None else f"{age:.0f} s"
