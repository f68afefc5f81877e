"""Default passwords changed: what strangers try first is tried, and must be refused."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator

from sqlalchemy.engine import make_url

from investiq.clients.session import Refused
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.config.well_known import TRIED_FIRST, is_well_known
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.topology import PROGRAM_USER, Process
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import lacking
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.PASSWORDS

_TRIED = ("", *TRIED_FIRST)
_TOKENS = TRIED_FIRST[:5]
"""Fewer: the API counts wrong ones, and an alert tells of many."""

_MAKE_ANOTHER = "delete {file}, then `investiq down`, `investiq up`: a new one is made"
_GRAFANA = "set another password for admin in Grafana (`grafana-cli admin reset-admin-password`)"


async def check(deployment: Deployment) -> CheckResult:
    """Try them at every program that asks for a password, and at /metrics of the API where it has a token."""
    config = deployment.config
    programs = [process for process in topology.PROCESSES if process.asks_password and process.runs(config)]
    if config.monitoring.grafana:
        programs.append(topology.GRAFANA)
    opened = await asyncio.gather(*(_opened(deployment, process) for process in programs))
    open_to = [(process, shown) for process, shown in zip(programs, opened, strict=True) if shown is not None]
    findings = [_open(process, shown, config) for process, shown in open_to]
    findings += [*await _inbox(deployment), *await _metrics_token(deployment), *_database(config)]
    tried = sum(len(_pairs(process)) for process in programs)
    names = ", ".join(process.title for process in (*programs, topology.INBOX))
    evidence = f"tried {tried} times with well-known passwords, and with none: refused by {names}"
    return CheckResult(POINT, evidence, tuple(findings))


def _pairs(process: Process) -> list[tuple[str, str]]:
    if process is topology.GRAFANA:
        return [("admin", password) for password in _TRIED]
    users = (PROGRAM_USER, "admin")
    return [(user, password) for user in users for password in _TRIED]


async def _opened(deployment: Deployment, process: Process) -> str | None:
    """What opened it, without the password, since others read what is found; None where all were refused."""
    path = "/api/user" if process is topology.GRAFANA else process.health[0]
    url = f"{process.url(deployment.config)}{path}"
    for user, password in [("", ""), *_pairs(process)]:
        shown = {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"} if user else {}
        if await _answers(deployment, url, shown):
            return f"{user} with a password that everybody tries first" if user else "no password at all"
    return None


async def _answers(deployment: Deployment, url: str, headers: dict[str, str]) -> bool:
    try:
        answer = await deployment.stranger.ask(url, headers=headers)
    except Refused as refused:
        if refused.wants_credentials:
            return False
        raise
    return answer.is_success


def _open(process: Process, shown: str, config: Config) -> Finding:
    file = Paths.of(config).password(process.name)
    fix = _GRAFANA if process is topology.GRAFANA else _MAKE_ANOTHER.format(file=file)
    return lacking(POINT, Place(PlaceKind.PART, process.name), f"it opens to {shown}", fix)


async def _inbox(deployment: Deployment) -> list[Finding]:
    url = f"{topology.INBOX.url(deployment.config)}/api/notifications?limit=1"
    if not await _answers(deployment, url, {}):
        return []
    fix = "`investiq down inbox`, then `investiq up inbox`; `investiq doctor ports` names who has its port"
    return [lacking(POINT, Place(PlaceKind.PART, topology.INBOX.name), "it tells everybody what was paged", fix)]


async def _metrics_token(deployment: Deployment) -> list[Finding]:
    if deployment.config.api.metrics_token is None:
        return []
    url = f"{topology.API.url(deployment.config)}/metrics"
    for token in _TOKENS:
        if await _answers(deployment, url, {"Authorization": f"Bearer {token}"}):
            what = "/metrics opens to a token that everybody tries first"
            fix = "set a long random one: METRICS_TOKEN, or api.metrics_token"
            return [lacking(POINT, Place(PlaceKind.SETTING, "api.metrics_token"), what, fix)]
    return []


def _database(config: Config) -> Iterator[Finding]:
    """The ledger is open with the password of its address: whether that one is well known needs no trial."""
    if config.database_url is None:
        return
    url = make_url(config.database_url.get_secret_value())
    password = None if url.password is None else str(url.password)
    if password is not None and (not password or is_well_known(password) or password == url.username):
        what = "the password of the database is one that everybody tries first"
        fix = "`ALTER ROLE … PASSWORD …` in the database, then set DATABASE_URL anew"
        yield lacking(POINT, Place(PlaceKind.SETTING, "database_url"), what, fix)
