"""The wheel is whole: a file beside the code that no pattern names is there in a clone, and missing once installed."""

from __future__ import annotations

import subprocess
import tomllib

from tests.setup.conftest import REPOSITORY

PACKAGE = REPOSITORY / "src/investiq"
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
PATTERNS: list[str] = PYPROJECT["tool"]["setuptools"]["package-data"]["investiq"]


def _tracked() -> set[str]:
    """What git has of the package beside its code; scratch files of whoever works here are not meant."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, check=True).stdout
    files = (name for name in listed.split("\0") if not name.endswith(".py"))
    return {name for name in files if (PACKAGE / name).is_file()}


def test_every_file_beside_the_code_goes_into_the_wheel() -> None:
    # As setuptools looks for them: from the folder of the package, where `**` is any depth.
    packed = {str(path.relative_to(PACKAGE)) for pattern in PATTERNS for path in PACKAGE.glob(pattern)}
    assert _tracked() - packed == set()


def test_the_search_finds_what_an_installation_needs() -> None:
    assert {
        "py.typed",
        "foundation/runbooks/api.md",
        "foundation/store/migrations/script.py.mako",
        "invest/market/data/stocks.csv.gz",
        "invest/market/data/stocks.npz",
        "monitoring/routing/notification.tmpl",
        "monitoring/slo/windows.toml",
        "operate/render/templates/validate.sh",
        "serve/web/assets/first/scheme.js",
    } <= _tracked()
