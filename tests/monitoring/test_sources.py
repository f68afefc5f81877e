"""Every file that is rendered names a source that is there."""

from __future__ import annotations

from investiq.foundation.checkout import checkout
from investiq.monitoring.checks.sources import dashboard_source, source_of
from investiq.operate.render.files import render_committed


def test_every_rendered_file_has_its_source() -> None:
    sources = {path: source_of(path) for path in render_committed()}
    assert {path for path, source in sources.items() if not (source and (checkout() / source).is_file())} == set()


def test_dashboards_of_services_have_one_in_common() -> None:
    assert dashboard_source("service-billing") == "src/investiq/monitoring/dashboards/services.py"


def test_what_nobody_renders_has_no_source() -> None:
    paths = ("rules.yml", "monitoring/rules/mine.yml", "/data/monitoring/blackbox.yml")
    assert {source_of(path) for path in paths} == {""}
