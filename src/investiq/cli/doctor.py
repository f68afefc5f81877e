"""`investiq doctor`: checks this installation, and says of each thing that is wrong how to mend it."""

from __future__ import annotations

import asyncio
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import click
import httpx2

from investiq.cli.connection import connect
from investiq.cli.context import Session, pass_session
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.client import ClientError
from investiq.config import Config, Paths
from investiq.monitoring import addresses
from investiq.monitoring.checks import Checked, Finding

FREE_BYTES = 2 * 1024**3
CLOCK_SECONDS = 2.0


@click.command(
    cls=ExampleCommand,
    examples=(("investiq doctor", "check everything; anything wrong is exit code 3"),),
)
@pass_session
def command(session: Session) -> int:
    """Check clock, ports, disk, secrets, data, model, broker, rules, and that an alert reaches the inbox."""
    config = session.loaded.config
    with session.progress("checking"):
        checked = [_guarded(name, check, session, config) for name, check in CHECKS.items()]
    rows = [
        (one.check, "wrong" if one.findings else "ok", "; ".join(f.what for f in one.findings) or one.looked_at)
        for one in checked
    ]
    findings = [finding for one in checked for finding in one.findings]
    text = "\n".join([session.table(("check", "state", "what"), rows), *(f"fix {f.check}: {f.fix}" for f in findings)])
    session.emit("investiq.doctor/1", {"checks": [_document(one) for one in checked]}, text)
    return ExitCode.FINDINGS if findings else ExitCode.DONE


def _document(checked: Checked) -> dict[str, Any]:
    findings = [{"where": f.where, "what": f.what, "fix": f.fix} for f in checked.findings]
    return {"check": checked.check, "ok": not findings, "looked_at": checked.looked_at, "findings": findings}


def _guarded(name: str, check: Callable[[Session, Config], Checked], session: Session, config: Config) -> Checked:
    """A question that nobody answers is a finding too."""
    try:
        return check(session, config)
    except (ClientError, httpx2.HTTPError, OSError, KeyError, ValueError) as error:
        fix = "`investiq status` names what is down; `investiq up` starts it"
        return Checked(name, "nothing", (Finding(name, "-", f"could not be checked: {error}", fix, unchecked=True),))


def _clock(_: Session, config: Config) -> Checked:
    """Our clock beside Prometheus': alerts and heartbeats compare the two."""
    response = httpx2.get(f"{addresses.base_url(addresses.prometheus(config))}/-/healthy", timeout=5, trust_env=False)
    skew = abs((datetime.now(UTC) - parsedate_to_datetime(response.headers["date"])).total_seconds())
    fix = "synchronise the clock: `timedatectl set-ntp true`"
    found = (
        (Finding("clock", "host", f"differs from Prometheus' by {skew:.0f} s", fix),) if skew > CLOCK_SECONDS else ()
    )
    return Checked("clock", "within 2 s of Prometheus", found)


def _ports(_: Session, config: Config) -> Checked:
    from investiq.stack.survey import survey  # noqa: PLC0415

    found = asyncio.run(survey(config))
    ill = [part for part in found.parts if not part.is_well]
    findings = tuple(Finding("ports", p.name, f"{p.name}: {p.note or p.state}", "`investiq up`") for p in ill)
    return Checked("ports", f"{len(found.parts)} parts answer on their ports", findings)


def _disk(_: Session, config: Config) -> Checked:
    free = shutil.disk_usage(config.data_dir if config.data_dir.exists() else config.data_dir.parent).free
    fix = "free some space, or set data_dir to a larger disk"
    low = f"{free / 1024**3:.1f} GiB free, less than 2"
    found = (Finding("disk", str(config.data_dir), low, fix),) if free < FREE_BYTES else ()
    return Checked("disk", f"{free / 1024**3:.0f} GiB free", found)


def _secrets(_: Session, config: Config) -> Checked:
    paths = Paths.of(config)
    secret = [paths.admin_key, paths.agent_key, paths.monitoring / "alertmanager.yml"]
    present = [path for path in secret if path.exists()]
    open_to_others = [path for path in present if stat.S_IMODE(path.stat().st_mode) & 0o077]
    found = tuple(Finding("secrets", str(p), f"{p} is open to others", f"chmod 600 {p}") for p in open_to_others)
    return Checked("secrets", f"{len(present)} secret files are private", found)


def _data(session: Session, config: Config) -> Checked:
    from investiq import wiring  # noqa: PLC0415

    with connect(session) as client:
        known = client.symbols()
    found = [
        Finding("data", entry["symbol"], f"{entry['symbol']} is refused: {entry['reasons'][0]}", "mend its file")
        for entry in known["refused"]
    ]
    found += [
        Finding("data", symbol, f"{symbol} lacks {count} sessions", "complete its bars, or leave it out")
        for symbol, count in wiring.missing_sessions(config).items()
        if count
    ]
    return Checked("data", f"{len(known['symbols'])} symbols without gaps", tuple(found))


def _model(_: Session, config: Config) -> Checked:
    response = httpx2.get(f"{addresses.base_url(addresses.signals(config))}/health", timeout=5, trust_env=False)
    state = response.json()["status"]
    fix = "`investiq models train`"
    found = () if state == "ok" else (Finding("model", "signals", f"the signal models are {state}", fix),)
    return Checked("model", "a verified model serves", found)


def _broker(session: Session, config: Config) -> Checked:
    expected = "replay" if config.market.clock == "replay" else "paper"
    with connect(session) as client:
        mode = client.trading_status()["mode"]
    found: list[Finding] = []
    if mode != expected:
        what = f"orders go to {mode}, the configuration says {expected}"
        found.append(Finding("broker", "api", what, "`investiq down`, then `investiq up`"))
    if config.alpaca_api_key or config.alpaca_secret_key:
        what = "Alpaca keys are set, but orders go to the paper broker"
        found.append(Finding("broker", "configuration", what, "unset ALPACA_API_KEY and ALPACA_SECRET_KEY"))
    return Checked("broker", f"orders go to {mode}, as configured", tuple(found))


def _rules(_: Session, config: Config) -> Checked:
    from investiq.stack.validate_live import validate_live  # noqa: PLC0415

    with httpx2.Client(timeout=5, trust_env=False) as client:
        return next(one for one in validate_live(config, client) if one.check == "rules")


def _alert(_: Session, config: Config) -> Checked:
    from investiq.stack.proof import prove_watched  # noqa: PLC0415

    proof = asyncio.run(prove_watched(config, seconds=20))
    fix = "`investiq validate` says which link is broken"
    found = () if proof.proven else (Finding("alert", "inbox", proof.text, fix),)
    return Checked("alert", proof.text, found)


def _names() -> Iterator[tuple[str, Callable[[Session, Config], Checked]]]:
    for check in (_clock, _ports, _disk, _secrets, _data, _model, _broker, _rules, _alert):
        yield check.__name__.lstrip("_"), check


CHECKS = dict(_names())
