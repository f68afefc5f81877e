"""The names of the JSON documents are what scripts hold on to: they stay, wherever our modules lie."""

from __future__ import annotations

import re
from pathlib import Path

import investiq

SCHEMAS = {
    *("analysis", "answer", "bars", "capacity", "checklist", "config", "cost", "doctor", "down", "error"),
    *("health", "inbox", "images", "images.pinned", "logs", "logs.query", "trace", "traces"),
    "install",
    *(
        "key",
        "keys",
        "load",
        "load.runs",
        "login",
        "model",
        "open",
        "order",
        "order_preview",
        "orders",
        "halts",
        "session",
        "sessions",
    ),
    *(
        "panels",
        "positions",
        "readiness",
        "render",
        "rules.mutants",
        "rules.mutate",
        "silence",
        "silences",
        "slo",
        "slo.export",
    ),
    *("sign_off", "audit", "audit.chain", "audit.accepted", "secrets", "secrets.rotated", "support.bundle"),
    *("backup", "backup.key", "backup.timer", "backups", "restore", "verification"),
    *("scan", "slo.import", "status", "symbols", "trading", "training", "up", "validate"),
}


def test_the_schemas_are_those_that_scripts_know() -> None:
    sources = (file.read_text("utf-8") for file in Path(investiq.__file__).parent.rglob("*.py"))
    found = {match for text in sources for match in re.findall(r'"investiq\.([a-z._]+)/1"', text)}
    assert found == SCHEMAS
