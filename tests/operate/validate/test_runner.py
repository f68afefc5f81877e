"""A check that finds no answer is a finding, and hides no other; the answer of one that does is handed on."""

from __future__ import annotations

import asyncio
import time

import pytest

from investiq.clients.api import ApiRefused
from investiq.clients.session import Refused, TimedOut, Unreachable
from investiq.foundation.errors import InvestIQError
from investiq.foundation.findings import CheckResult, Place, PlaceKind, Verdict
from investiq.operate.validate.documents import NotYaml
from investiq.operate.validate.runner import FILES, THIS_MACHINE, run_check, run_check_within

HERE = Place(PlaceKind.ADDRESS, "http://127.0.0.1:9090")


class _Odd(InvestIQError):
    reason = "odd"


@pytest.mark.parametrize(
    ("error", "what", "fix"),
    [
        (Unreachable("nothing answers", "start it"), "nothing answers", "start it"),
        (_Odd("it is odd"), "it is odd", "`investiq status` names what is down"),
        (ApiRefused(401, {"detail": "the API key is wrong"}), "the API refuses: the API key is wrong", "data_dir"),
        (Refused("it refuses the query", status=400), "it refuses the query", "is this a Prometheus?"),
        (ApiRefused(503, {"detail": "overloaded"}), "the API refuses: overloaded", "how the API is"),
        (TimedOut("no answer in time"), "no answer in time", "`investiq status` names what is down"),
        (KeyError("data"), "something answers, but not as expected (KeyError: 'data')", "which program has the port"),
        (PermissionError(13, "Permission denied", "x.key"), "Permission denied: 'x.key'", "investiq doctor disk"),
    ],
)
def test_what_keeps_a_check_from_its_answer_is_a_finding_with_a_next_step(
    error: Exception, what: str, fix: str
) -> None:
    def ask() -> CheckResult:
        raise error

    async def asked() -> CheckResult:
        return ask()

    for result in (run_check("rules", HERE, ask), asyncio.run(run_check_within(5, "rules", HERE, asked()))):
        (finding,) = result.findings
        assert (result.verdict, finding.check, finding.place) == (Verdict.UNCHECKED, "rules", HERE)
        assert what in finding.what
        assert fix in finding.fix


def test_what_is_said_of_a_file_that_cannot_be_read_names_file_and_line() -> None:
    place = Place.file("monitoring/rules/api.yml", line=3)

    def ask() -> CheckResult:
        raise NotYaml(place, "it is no YAML")

    (finding,) = run_check("rates", THIS_MACHINE, ask, FILES).findings
    assert finding.place == place
    assert "correct the file" in finding.fix


def test_an_answer_is_handed_on_with_the_time_that_it_took() -> None:
    def ask() -> CheckResult:
        time.sleep(0.02)
        return CheckResult("rules", "2 rules")

    result = run_check("rules", HERE, ask)
    assert (result.looked_at, result.verdict) == ("2 rules", Verdict.OK)
    assert result.seconds >= 0.02


def test_a_check_that_does_not_end_is_given_up() -> None:
    async def ask() -> CheckResult:
        await asyncio.sleep(60)
        return CheckResult("rules")

    (finding,) = asyncio.run(run_check_within(0.01, "rules", HERE, ask())).findings
    assert finding.is_unchecked
    assert finding.what == "it was not done within 0.01 s"


def test_a_fault_of_ours_is_not_taken_for_an_answer() -> None:
    def ask() -> CheckResult:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        run_check("rules", HERE, ask)
