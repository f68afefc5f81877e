"""The console loads the components that it is made of, and no others."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from investiq.serve import web
from investiq.serve.web.mantine import USED

SOURCES = sorted(Path(web.__file__).parent.rglob("*.py"))

LOOK = """
import sys
from dash.development.base_component import ComponentRegistry
from investiq.serve.web.mantine import dmc
modules = [name.rpartition(".")[2] for name in sys.modules if name.startswith("dash_mantine_components.")]
print(*(name for name in modules if name[0].isupper()))
print(len(dmc._js_dist) > 0, "dash_mantine_components" in ComponentRegistry.registry)
print(dmc.Button("Buy").to_plotly_json()["namespace"], hasattr(dmc, "Accordion"))
"""


def test_what_is_listed_is_what_is_used() -> None:
    used = {name for source in SOURCES for name in re.findall(r"\bdmc\.(\w+)", source.read_text("utf-8"))}
    assert used == set(USED)


def test_nothing_else_is_loaded_and_its_scripts_are_served() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], check=True, capture_output=True, text=True)
    loaded, served, made = done.stdout.splitlines()
    assert set(loaded.split()) == set(USED)
    assert (served, made) == ("True True", "dash_mantine_components False")
