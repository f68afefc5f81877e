"""What the code imports, pyproject.toml names: a package that is there by accident is missing on the next machine."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.setup.conftest import REPOSITORY

PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
BUILD: list[str] = PYPROJECT["build-system"]["requires"]
RUNTIME: list[str] = PYPROJECT["project"]["dependencies"]
DEV: list[str] = PYPROJECT["project"]["optional-dependencies"]["dev"]
LOAD: list[str] = PYPROJECT["project"]["optional-dependencies"]["load"]
BENCH: list[str] = PYPROJECT["project"]["optional-dependencies"]["bench"]
COMES_WITH = {
    "starlette": "fastapi",  # its requests, responses and middleware are starlette's
    "plotly": "dash",
    "flask": "locust",  # its page
    "gevent": "locust",
    "scipy": "scikit-learn",
    "packaging": "pytest",
    "opentelemetry-api": "opentelemetry-sdk",
    "opentelemetry": "opentelemetry-sdk",
    "protobuf": "opentelemetry-exporter-otlp-proto-common",  # which it writes
}
"""Packages that are part of what another one offers."""
FOUND_BY_NAME = {
    "fastapi-offline": "only its files are read: Swagger UI",
    "dash-mantine-components": "serve/web/mantine.py names the components that it loads",
    "tzdata": "zoneinfo's, where the system has none",
    "uvloop": "uvicorn's event loop",
}
"""Packages that others load when they are there."""


def _imported(folder: str) -> dict[str, str]:
    """Top-level module -> a file that imports it."""
    found = {}
    for file in sorted((REPOSITORY / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            else:
                continue
            for name in names:
                found[name.partition(".")[0]] = str(file.relative_to(REPOSITORY))
    return {name: file for name, file in found.items() if name not in sys.stdlib_module_names}


def _names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(requirement).name) for requirement in requirements}


@pytest.mark.parametrize(
    ("folder", "declared"),
    [("src", RUNTIME + LOAD), ("tests", RUNTIME + LOAD + DEV + BUILD), ("benchmarks", RUNTIME + BENCH)],
)
def test_every_imported_package_is_declared(folder: str, declared: list[str]) -> None:
    named = _names(declared)
    distributions = packages_distributions()
    for module, file in _imported(folder).items():
        if module in {"investiq", "tests", "benchmarks"}:
            continue
        owners: set[str] = {canonicalize_name(owner) for owner in distributions.get(module, [module])}
        owners |= {COMES_WITH[owner] for owner in owners & COMES_WITH.keys()}
        assert owners & named, f"{file} imports {module}, which pyproject.toml does not name"


def test_every_declared_package_is_used() -> None:
    """An unused one is a download, a longer start and a risk for nothing."""
    distributions = packages_distributions()
    imported = {
        canonicalize_name(owner) for module in _imported("src") for owner in distributions.get(module, [module])
    }
    assert _names(RUNTIME) - imported == set(FOUND_BY_NAME)
