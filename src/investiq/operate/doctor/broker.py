"""Do orders go where the configuration says?"""

from __future__ import annotations

from collections.abc import Iterator

from investiq.clients.api.connection import connect
from investiq.foundation.config import Config
from investiq.foundation.contract.api import TradingStatus
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.operate.doctor.installation import Installation

__all__ = ["check"]

CHECK = "broker"


def check(installation: Installation) -> CheckResult:
    """Hold the mode that the API reports against the configuration."""
    config = installation.config
    findings = tuple(_keys_without_use(config))
    if config.client.url is None and not installation.answers("api"):
        return CheckResult(CHECK, "the configuration", (*findings, *installation.unanswered(CHECK, ["api"])))
    with connect(installation.loaded.config) as client:
        status = client.trading_status()
    findings += tuple(_mode(config, status))
    return CheckResult(CHECK, f"orders go to {status['mode']}, as configured", findings, tuple(_halt(status)))


def _keys_without_use(config: Config) -> Iterator[Finding]:
    given = [name for name in ("alpaca_api_key", "alpaca_secret_key") if getattr(config, name) is not None]
    if given and config.trading.broker == "paper":
        what = f"{' and '.join(given)} set, but orders go to the paper broker: nothing is traded at Alpaca"
        fix = f"unset {' and '.join(name.upper() for name in given)}; this version trades on paper only"
        place = Place(PlaceKind.SETTING, "configuration")
        yield Finding(CHECK, place, what, fix, severity=FindingSeverity.WARNING)


def _mode(config: Config, status: TradingStatus) -> Iterator[Finding]:
    expected = "replay" if config.market.clock == "replay" else config.trading.broker
    if status["mode"] != expected:
        what = f"orders go to {status['mode']}, and the configuration says {expected}"
        fix = "it runs with the settings of another start: `investiq down`, `investiq up`"
        yield Finding(CHECK, Place(PlaceKind.PART, "api"), what, fix, "what is traded, and where, is not what you mean")


def _halt(status: TradingStatus) -> Iterator[str]:
    if status["halted"]:
        why = status["note"] or status["reason"]
        yield f"trading is halted ({why}): entries are denied until `investiq resume --reason …`"
