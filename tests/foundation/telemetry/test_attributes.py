"""Names of attributes are those of OpenTelemetry's semantic conventions, to the letter."""

from __future__ import annotations

import importlib

from investiq.foundation.telemetry import attributes

STABLE = ("client", "db", "error", "http", "network", "server", "service", "url", "user_agent")
INCUBATING = "opentelemetry.semconv._incubating.attributes"


def known() -> set[str]:
    names: set[str] = set()
    for group in STABLE:
        for module in (f"opentelemetry.semconv.attributes.{group}_attributes", f"{INCUBATING}.{group}_attributes"):
            try:
                loaded = importlib.import_module(module)
            except ModuleNotFoundError:
                continue
            names |= {value for value in vars(loaded).values() if isinstance(value, str)}
    return names


def test_every_name_is_one_of_the_conventions_or_of_ours() -> None:
    ours = {value for name, value in vars(attributes).items() if name.isupper()}
    assert {name for name in ours if not name.startswith("investiq.")} <= known()
    assert len(ours) == len([name for name in vars(attributes) if name.isupper()]), "each name once"
