"""Panels for tests, as the file has them, and answers of Prometheus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from investiq.foundation.contract.panels import SCHEMA, PanelDocument, PanelsDocument

__all__ = ["UP_OR_DOWN", "answer", "boards_of", "document", "panel", "raw_panel", "vector", "written"]

UP_OR_DOWN = [{"value": 1, "text": "up", "state": "good"}, {"value": 0, "text": "down", "state": "bad"}]


def raw_panel(**changes: Any) -> dict[str, Any]:
    """A panel of lines with one query."""
    return {
        "title": "Requests",
        "description": "Requests a second.",
        "unit": "reqps",
        "view": "timeseries",
        "width": 12,
        "minimum": 0,
        "maximum": None,
        "queries": [{"expr": 'rate(requests{job=~"$job"}[$__rate_interval])', "legend": "{{job}}"}],
        "thresholds": [],
        "states": [],
        "emptiness": "",
    } | changes


def document(*panels: dict[str, Any], name: str = "api", **changes: Any) -> dict[str, Any]:
    """A file of one dashboard with one row."""
    dashboard = {
        "name": name,
        "title": f"InvestIQ {name.upper()}",
        "description": "What its users meet.",
        "rows": [{"title": "Servers", "panels": list(panels or (raw_panel(),))}],
    }
    return {
        "schema": SCHEMA,
        "variables": {"$job": ".+", "$instance": ".+"},
        "rate_interval": "$__rate_interval",
        "dashboards": [dashboard],
        "events": [],
        "alerts": [
            {
                "name": "ServiceDown",
                "subject": "api",
                "descriptions": ["Positions are not watched."],
                "unsilenceable": "",
            },
            {"name": "HighLatency", "subject": "api", "descriptions": ["Answers are slow."], "unsilenceable": ""},
            {
                "name": "Watchdog",
                "subject": "monitoring",
                "descriptions": ["It always fires."],
                "unsilenceable": "Watchdog cannot be silenced: it is the heartbeat",
            },
        ],
    } | changes


def written(path: Path, raw: Any) -> None:
    """Put the document at its place as the renderer does, all at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(raw if isinstance(raw, str) else json.dumps(raw))
    new.replace(path)


def boards_of(raw: dict[str, Any]) -> PanelsDocument:
    """The document as the console has it."""
    return PanelsDocument.model_validate_json(json.dumps(raw | {"revision": "r1"}))


def panel(**changes: Any) -> PanelDocument:
    """One panel as the console has it."""
    return boards_of(document(raw_panel(**changes))).dashboards[0].panels[0]


def answer(*series: tuple[dict[str, str], list[list[Any]]]) -> dict[str, Any]:
    """Prometheus' answer over a span of time."""
    return {
        "status": "success",
        "data": {"resultType": "matrix", "result": [{"metric": m, "values": v} for m, v in series]},
    }


def vector(*series: tuple[dict[str, str], list[Any]]) -> dict[str, Any]:
    """Prometheus' answer for one moment."""
    return {
        "status": "success",
        "data": {"resultType": "vector", "result": [{"metric": m, "value": v} for m, v in series]},
    }
