"""`investiq doctor` on a stack of the real programs: clean, until something is wrong."""

from __future__ import annotations

import os
from typing import Any

import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.operate.doctor.examine import CHECKS
from tests.e2e.stack import Done, Stack

pytestmark = pytest.mark.e2e


def findings(done: Done) -> list[tuple[str, str]]:
    """Check and place of each finding of `doctor --json`."""
    found: list[dict[str, Any]] = [finding for check in done.json["checks"] for finding in check["findings"]]
    return [(finding["check"], finding["where"]) for finding in found]


def test_the_doctor_finds_nothing_wrong_with_a_stack_that_is_well(stack: Stack) -> None:
    done = stack.investiq("doctor", "--json", seconds=120)
    assert (done.code, findings(done)) == (ExitCode.DONE, []), done.out
    assert [check["check"] for check in done.json["checks"]] == list(CHECKS)
    assert "a test alert reached the inbox" in done.json["checks"][-1]["looked_at"]


def test_a_key_that_others_can_read_is_found_and_mended_as_the_doctor_says(stack: Stack) -> None:
    key = stack.data / "keys" / "admin.key"
    key.chmod(0o644)
    try:
        done = stack.investiq("doctor", "secrets", "ports")
    finally:
        key.chmod(0o600)
    assert done.code == ExitCode.FINDINGS
    assert f"`chmod 600 {key}`" in done.out.partition("What to do")[2]
    assert stack.investiq("doctor", "secrets").code == ExitCode.DONE


def test_a_rule_file_that_was_edited_is_found(stack: Stack) -> None:
    file = stack.data / "monitoring" / "rules" / "api.yml"
    rendered, written = file.read_text("utf-8"), file.stat()
    file.write_text(rendered.replace("for: 1m", "for: 9m"), "utf-8")
    try:
        done = stack.investiq("doctor", "rules", "--json")
    finally:
        file.write_text(rendered, "utf-8")
        os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns))  # who looks next asks when it was written
    assert (done.code, findings(done)) == (ExitCode.FINDINGS, [("rules", str(file))])


def test_rules_that_prometheus_has_from_elsewhere_are_found(stack: Stack) -> None:
    """The doctor is asked with a configuration that renders other rules than the ones that were started with."""
    elsewhere = Stack(stack.folder, stack.settings)
    elsewhere.ports, elsewhere.environment = stack.ports, {**stack.environment, "INVESTIQ_WEB_HOST": "::1"}
    done = elsewhere.investiq("doctor", "rules", seconds=120)
    assert done.code == ExitCode.FINDINGS
    assert "another annotation" in done.out
