"""What each committed file is rendered from: a finding in it names what is to be edited."""

from __future__ import annotations

from pathlib import PurePosixPath

from investiq.foundation.vocabulary import Subject

__all__ = ["dashboard_source", "source_of"]

_SRC = "src/investiq"
_SOURCES = {
    "monitoring/prometheus.yml": f"{_SRC}/monitoring/scraping/jobs.py",
    "monitoring/blackbox.yml": f"{_SRC}/monitoring/scraping/probes.py",
    "monitoring/alloy.alloy": f"{_SRC}/monitoring/scraping/alloy.py",
    "monitoring/alertmanager.yml": f"{_SRC}/monitoring/routing/routes.py",
    "monitoring/validate.sh": f"{_SRC}/operate/render/templates/validate.sh",
    "docs/metrics.md": f"{_SRC}/foundation/telemetry/catalogue.py",
    "docs/configuration.md": f"{_SRC}/foundation/config/schema.py",
    "docs/doors.md": f"{_SRC}/foundation/contract/doors.py",
}


def source_of(path: PurePosixPath | str) -> str:
    """The source of a file that `investiq render` writes; empty for any other.

    Args:
        path: from the root of the repository.
    """
    path = PurePosixPath(path)
    match path.parts[:-1]:
        case ("monitoring", "rules") if path.stem in set(Subject):
            return f"{_SRC}/monitoring/rules/{path.stem}.py"
        case ("monitoring", "templates"):
            return f"{_SRC}/monitoring/routing/{path.name}"
        case ("monitoring", "grafana", "dashboards"):
            return dashboard_source(path.stem)
        case ("monitoring", "grafana", *_):
            return f"{_SRC}/monitoring/dashboards/grafana.py"
        case _:
            return _SOURCES.get(str(path), "")


def dashboard_source(name: str) -> str:
    """The source of the dashboard of that name; those of the user's services have one in common."""
    return f"{_SRC}/monitoring/dashboards/{'services' if name.startswith('service-') else name}.py"
