"""The rendered files and their promtool tests: those of the clone, or what an installed version renders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from investiq.foundation.checkout import find_checkout
from investiq.foundation.subprocesses import StopSign, scratch_folder
from investiq.operate.render.files import write_committed

__all__ = ["RULES", "RULE_TESTS", "committed_files"]

RULES = "monitoring/rules"
RULE_TESTS = "tests/rules"
_SHIPPED_TESTS = "shipped_rule_tests"
"""In a clone a link to `RULE_TESTS`, in the wheel a folder: the tests of the rules go wherever the rules go."""


@contextmanager
def committed_files(stop: StopSign) -> Iterator[Path]:
    """The root of a repository that has at least `RULES`, the other rendered files, and `RULE_TESTS`.

    Without a clone it is a scratch folder, which is gone afterwards, however the process ends.
    """
    if (root := find_checkout()) is not None:
        yield root
        return
    with scratch_folder("investiq-", stop) as scratch:
        write_committed(scratch)
        tests = scratch / RULE_TESTS
        tests.mkdir(parents=True)
        for file in (resources.files("investiq.operate.validate") / _SHIPPED_TESTS).iterdir():
            (tests / file.name).write_bytes(file.read_bytes())
        yield scratch
