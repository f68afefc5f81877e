"""setup/policy.sh: services of new packages are denied their start, and all others are asked of the old policy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.setup.conftest import REPOSITORY

DENIED, ALLOWED = 101, 0
OLD_POLICY = '#!/bin/sh\n# of this machine\n[ "$1" != nginx ] || exit 101\nexit 104\n'


def _bash(policy: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", "-c", f"set -eu; policy={policy}; . setup/policy.sh; {script}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _answers(policy: Path, *questions: str) -> list[int]:
    """What the policy says to each question while the setup that put it there is running."""
    asked = "; ".join(f"code=0; $policy {question} || code=$?; echo $code" for question in questions)
    result = _bash(policy, f"policy_deny prometheus 'postgresql@*'; {asked}; policy_restore")
    assert result.returncode == 0, result.stderr
    return [int(line) for line in result.stdout.split()]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return tmp_path / "policy-rc.d"


@pytest.fixture
def old_policy(policy: Path) -> Path:
    policy.write_text(OLD_POLICY)
    policy.chmod(0o711)
    return policy


@pytest.mark.parametrize(
    "question",
    [
        "prometheus start",
        "prometheus.service start",  # as deb-systemd-invoke asks
        "--quiet prometheus start",
        "prometheus restart 5",
        "postgresql@15-main.service start",
    ],
)
def test_a_new_service_is_denied(old_policy: Path, question: str) -> None:
    assert _answers(old_policy, question) == [DENIED]


def test_other_services_get_the_answer_of_the_policy_that_was_there(old_policy: Path) -> None:
    assert _answers(old_policy, "nginx start", "cron start", "prometheus-node-exporter start") == [DENIED, 104, 104]


def test_other_services_are_allowed_where_there_was_no_policy(policy: Path) -> None:
    has_init = Path("/sbin/init").exists()
    assert _answers(policy, "cron start") == [ALLOWED if has_init else DENIED]


def test_a_start_outside_the_runlevel_stays_denied_where_there_was_no_policy(policy: Path) -> None:
    """invoke-rc.d asks with parentheses when the runlevel says no, and takes a 0 as an order to start all the same."""
    assert _answers(policy, "cron '(start)'") == [DENIED]


def test_the_old_policy_comes_back_byte_for_byte_with_its_mode_and_time(old_policy: Path) -> None:
    before = old_policy.stat()
    _answers(old_policy, "cron start")
    after = old_policy.stat()
    assert old_policy.read_text() == OLD_POLICY
    assert (after.st_mode, after.st_mtime_ns, after.st_uid) == (before.st_mode, before.st_mtime_ns, before.st_uid)
    assert [file.name for file in old_policy.parent.iterdir()] == ["policy-rc.d"]


def test_a_policy_that_is_a_link_comes_back_as_the_link(policy: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text(OLD_POLICY)
    target.chmod(0o755)
    policy.symlink_to(target)
    assert _answers(policy, "nginx start", "prometheus start") == [DENIED, DENIED]
    assert policy.readlink() == target


def test_no_policy_is_left_where_there_was_none(policy: Path) -> None:
    _answers(policy, "cron start")
    assert not list(policy.parent.iterdir())


def test_a_policy_left_by_a_killed_setup_denies_nothing(old_policy: Path) -> None:
    _bash(old_policy, "policy_deny prometheus nginx; kill -9 $$")
    assert old_policy.read_text() != OLD_POLICY
    assert subprocess.run([old_policy, "prometheus", "start"], check=False).returncode == 104


@pytest.mark.parametrize("start", ["policy_deny alertmanager; policy_restore", "policy_restore"])
def test_the_next_setup_brings_back_what_a_killed_one_left(old_policy: Path, start: str) -> None:
    _bash(old_policy, "policy_deny prometheus; kill -9 $$")
    _bash(old_policy, start)
    assert old_policy.read_text() == OLD_POLICY
    assert [file.name for file in old_policy.parent.iterdir()] == ["policy-rc.d"]
