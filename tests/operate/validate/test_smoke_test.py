"""The proofs of `up` on a stack that is whole, and with each link broken; tests/e2e has the real programs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from investiq.foundation.config import Config, load
from investiq.foundation.findings import CheckResult, Verdict
from investiq.operate.validate.smoke_test import check_analysis, check_monitored
from tests.cli.fake_stack import FakeStack, success


@pytest.fixture(scope="module")
def config(stack: FakeStack, tmp_path_factory: pytest.TempPathFactory) -> Config:
    data = tmp_path_factory.mktemp("data")
    made = load(None, {**stack.settings(), "INVESTIQ_DATA_DIR": str(data)}).config
    stack.load(made)
    stack.start()
    return made


@pytest.fixture(scope="module")
def stack() -> Iterator[FakeStack]:
    fake = FakeStack()
    yield fake
    fake.stop()


def _watched(config: Config) -> CheckResult:
    return asyncio.run(check_monitored(config, seconds=0.2))


def test_a_stack_that_is_watched_says_how_that_was_proven(config: Config) -> None:
    proof = _watched(config)
    assert (proof.check, proof.verdict) == ("watched", Verdict.OK), proof.findings
    assert "targets of Prometheus are up; a test alert reached the inbox" in proof.looked_at
    assert proof.looked_at.endswith("the heartbeat reaches the API")


def test_each_broken_link_is_a_finding_and_what_holds_is_still_said(stack: FakeStack, config: Config) -> None:
    stack.delivers = False
    try:
        proof = _watched(config)
    finally:
        stack.delivers = True
    (finding,) = proof.findings
    assert proof.verdict is Verdict.FINDINGS
    assert (finding.check, finding.place.name) == ("alert", "alertmanager")
    assert finding.what == "a test alert did not reach the inbox in 0.2 s"
    assert (finding.why, "alertmanager.log" in finding.fix) == ("a page would not arrive either", True)
    assert "targets of Prometheus are up; the heartbeat reaches the API" in proof.looked_at


def test_a_target_that_is_down_and_a_heartbeat_that_is_lost_are_both_found(stack: FakeStack, config: Config) -> None:
    kept = stack.copied_answers()
    target = stack.answers["prometheus", "/api/v1/targets"]["data"]["activeTargets"][0]
    target |= {"health": "down", "lastError": "connection refused"}
    stack.answers["api", "/api/trading/status"]["monitoring"] = {"heartbeat": "lost", "note": "none yet"}
    try:
        proof = _watched(config)
    finally:
        stack.answers = kept
    assert [(finding.check, finding.place.name) for finding in proof.findings] == [
        ("targets", "prometheus"),
        ("heartbeat", "api"),
    ]
    assert "connection refused" in proof.findings[0].what
    assert proof.findings[1].what == "no heartbeat reached the API in 0.2 s: none yet"


def test_a_strange_answer_is_no_proof_and_ends_nothing(stack: FakeStack, config: Config) -> None:
    kept = stack.copied_answers()
    stack.answers["prometheus", "/api/v1/targets"] = success({"activeTargets": [{}]})
    try:
        proof = _watched(config)
    finally:
        stack.answers = kept
    assert (proof.check, proof.verdict) == ("watched", Verdict.UNCHECKED)
    assert "not as Prometheus does" in proof.findings[0].what


def test_an_api_without_symbols_or_without_an_answer_proves_no_analysis(stack: FakeStack, config: Config) -> None:
    (without,) = asyncio.run(check_analysis(config, seconds=0.1)).findings
    assert (without.check, without.place.name) == ("analysed", "api")
    assert (without.what, "`investiq doctor data`" in without.fix) == ("there is no symbol with prices", True)
    stack.stop("api")
    try:
        (silent,) = asyncio.run(check_analysis(config, seconds=0.1)).findings
    finally:
        stack.start("api")
    assert silent.what.startswith("the first analysis failed: ")
