"""setup/figures.py: the figures of a small tree, counted by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.setup.conftest import REPOSITORY, Machine

MARKET = '''"""The market.

These lines are no code, and neither are the blank ones.
"""

# A comment
# of two lines.
LIMIT = 3  # no line of its own
"""What the limit is for."""


class Order: ...


class _Draft: ...


class Market:
    def price(self) -> str:
        """A docstring
        is no line of its function.
        """
        # A comment is one.
        return """text
        of two lines"""
'''

ELEVEN = """
def branches(a, b):
    if a and b or a:
        return [a for a in b if a]
    elif b:
        pass
    for _ in a:
        pass
    else:
        pass
    with a:
        while b:
            pass
    try:
        pass
    except KeyError:
        pass
    except ValueError:
        pass
    else:
        pass
    finally:
        pass
    match a:
        case 1:
            pass
        case (2 | 3) as b:
            pass
        case b:
            pass

    def inner(a):
        pass
"""
"""A function of complexity 11, with every kind of branch; without the `elif`, it has 10."""

FILES = {
    "src/shop/__init__.py": "",
    "src/shop/__main__.py": "class _Draft: ...\n",
    "src/shop/errors.py": "class Order(Exception): ...\n",
    "src/shop/trade/__init__.py": "",
    "src/shop/trade/market.py": MARKET,
    "src/shop/trade/eleven.py": ELEVEN,
    "src/shop/trade/ten.py": ELEVEN.replace("elif b:\n        pass", "else:\n        pass"),
    "tests/test_market.py": "# Nothing yet.\n\n\ndef test_nothing():\n    pass\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def _figures(*arguments: str | Path) -> dict[str, str]:
    program = [sys.executable, REPOSITORY / "setup" / "figures.py", *arguments]
    output = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True).stdout
    return dict(re.split(" {2,}", line) for line in output.splitlines() if line)


def test_what_it_counts_in_a_small_tree(tree: Path) -> None:
    assert _figures(tree) == {
        "modules": "7, of them 2 __init__.py",
        "modules below 30 lines": "3",
        "lines of source": "93, 71 of code",
        "lines of tests": "5, 2 of code",
        "comment lines": "4.2% of the lines of code",
        "functions": "5",
        "lines of a function": "median 4, nine in ten up to 32, most 32",
        "functions of complexity over 10": "1",
        "shared class names": "1",
        "largest wing": "trade, 98.9% of the lines",
        "first-level names": "2: errors trade",
    }


def test_complexity_is_what_ruff_counts(tree: Path) -> None:
    ruff = str(Path(sys.executable).parent / "ruff")
    options = ["--isolated", "--no-cache", "--select", "C901", "--output-format", "json"]
    found = subprocess.run([ruff, "check", *options, tree], capture_output=True, text=True, timeout=60, check=False)
    assert [Path(finding["filename"]).name for finding in json.loads(found.stdout)] == ["eleven.py"]
    assert _figures(tree)["functions of complexity over 10"] == "1"


def test_the_shared_names_on_request_with_their_modules(tree: Path) -> None:
    assert _figures(tree, "--names")["Order"] == "shop/errors.py shop/trade/market.py"


def test_nothing_to_count_is_no_fault(tmp_path: Path) -> None:
    assert _figures(tmp_path, "--names")["modules"] == "0, of them 0 __init__.py"


def test_make_figures_needs_no_environment(machine: Machine) -> None:
    _, output = machine.run("make", "-n", "figures", "ARGS=--names")
    assert output.splitlines() == ["exec python3 setup/figures.py --names"]
