"""Rendering the files of the monitoring takes a third of a second, and hundreds of tests need them for other ports.

What is the same but for the address of the console is made once for the process, by the product's own functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.monitoring.dashboards import grafana
from investiq.monitoring.dashboards.panel import Dashboard, Event
from investiq.operate.render import files

_ADDRESS = "http://127.0.0.1:65535/console-of-the-tests"


@contextmanager
def rendered_once() -> Iterator[None]:
    """While it is open, equal documents are written out once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_monitoring_files", _documents(files._monitoring_files, files.yaml_text))
        patch.setattr(grafana, "dashboard_json", _dashboards(grafana.dashboard_json))
        yield


def _documents(
    render: Callable[..., dict[str, str]], write: Callable[[Mapping[str, Any]], str]
) -> Callable[..., dict[str, str]]:
    written = cache(lambda text: write(json.loads(text)))

    def rendered(config: Config, *arguments: Any) -> dict[str, str]:
        console = topology.console_url(config)

        def once(document: Mapping[str, Any]) -> str:
            text: str = written(json.dumps(document).replace(console, _ADDRESS))
            return text.replace(_ADDRESS, console)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "yaml_text", once)
            return render(config, *arguments)

    return rendered


def _dashboards(render: Callable[[Dashboard, Sequence[Event], str], str]) -> Callable[..., str]:
    made: dict[str, str] = {}

    def rendered(dashboard: Dashboard, events: Sequence[Event], console: str) -> str:
        key = repr((dashboard, events))
        if key not in made:
            made[key] = render(dashboard, events, _ADDRESS)
        return made[key].replace(_ADDRESS, console)

    return rendered
