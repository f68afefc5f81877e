"""Which traces are kept: the sampled ones, failures, slow ones; and that what is held is bounded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from investiq.foundation.telemetry import span_tail, tracing
from investiq.foundation.telemetry.tracing_sdk import SdkTracing
from investiq.foundation.vocabulary import SpanDestination, SpanOutcome
from investiq.operate.trace.spans import KeptSpan, kept_spans
from tests.tracing import flush, traced, tracing_settings

SAMPLED = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
NOT_SAMPLED = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Of a process that samples nothing by itself; slow is what takes a second."""
    with traced(tmp_path, sample_ratio=0.0, slow_milliseconds=1_000.0):
        yield tmp_path


def kept(folder: Path) -> list[KeptSpan]:
    flush()
    return sorted(kept_spans(folder), key=lambda span: span.start)


def answering(headers: dict[str, str]) -> object:
    active = tracing.active()
    assert active is not None
    return active.answering("GET", {}, headers, near=True)


def test_what_went_well_and_fast_is_forgotten(folder: Path) -> None:
    with tracing.root("request"), tracing.span("inside"):
        pass
    assert kept(folder) == []


def test_a_failure_inside_keeps_the_whole_trace(folder: Path) -> None:
    with tracing.root("request"):
        with tracing.span("before"):
            pass
        with tracing.span("inside") as inside:
            inside.fail("timeout")
    found = kept(folder)
    assert [(span.name, span.failed) for span in found] == [("request", False), ("before", False), ("inside", True)]
    assert found[0].attributes["investiq.kept_for"] == "error"
    assert found[2].attributes["error.type"] == "timeout"
    assert found[1].parent_id == found[2].parent_id == found[0].span_id


def test_an_exception_fails_the_spans_that_it_leaves_and_its_text_is_not_told(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), tracing.root("request"), tracing.span("inside"):
        raise ZeroDivisionError("secret")
    found = kept(folder)
    assert [(span.name, span.failed, span.attributes["error.type"]) for span in found] == [
        ("request", True, "ZeroDivisionError"),
        ("inside", True, "ZeroDivisionError"),
    ]
    assert b"secret" not in (folder / "investiq-api.jsonl").read_bytes()


def test_a_slow_one_is_kept(tmp_path: Path) -> None:
    with traced(tmp_path, sample_ratio=0.0, slow_milliseconds=0.001):
        with tracing.root("request"):
            time.sleep(0.001)
        (found,) = kept(tmp_path)
    assert found.attributes["investiq.kept_for"] == "slow"


def test_the_decision_of_the_caller_holds(folder: Path) -> None:
    with answering(SAMPLED):  # type: ignore[attr-defined]
        pass
    with answering(NOT_SAMPLED):  # type: ignore[attr-defined]
        pass
    (found,) = kept(folder)
    assert (found.trace_id, found.parent_id) == ("a" * 32, "b" * 16)


def test_about_the_share_that_is_asked_for_is_sampled(tmp_path: Path) -> None:
    with traced(tmp_path, sample_ratio=0.5):
        for _ in range(400):
            with tracing.root("request"):
                pass
        assert 120 < len(kept(tmp_path)) < 280


async def test_requests_at_the_same_time_do_not_mix(folder: Path) -> None:
    async def request(number: int) -> None:
        with tracing.root(f"request {number}") as span:
            await asyncio.sleep(0)
            with tracing.span(f"inside {number}"):
                await asyncio.sleep(0)
            if number % 2:
                span.fail("odd")

    await asyncio.gather(*(request(number) for number in range(10)))
    found = kept(folder)
    assert {span.name for span in found} == {f"{what} {n}" for what in ("request", "inside") for n in range(1, 10, 2)}
    by_id = {span.span_id: span for span in found}
    inside = [span for span in found if span.name.startswith("inside")]
    assert all(by_id[span.parent_id].name.split()[1] == span.name.split()[1] for span in inside)


def test_what_is_held_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_tail, "MOST_HELD", 50)
    monkeypatch.setattr(span_tail, "MOST_OF_ONE", 10)
    with tracing.root("long") as long:
        for _ in range(100):
            with tracing.span("inside"):
                pass
        long.fail("late")
    assert len(kept(folder)) == 10
    unending = [tracing.root(f"unending {number}") for number in range(60)]
    with tracing.root("request") as span:
        span.fail("at last")
    assert unending
    assert [one.name for one in kept(folder)].count("request") == 1


def test_outside_of_a_trace_nothing_makes_a_span(tmp_path: Path) -> None:
    with traced(tmp_path):
        with tracing.span("inside"), tracing.call("GET", "http://127.0.0.1:1/") as call:
            assert dict(call.headers) == {}
        assert tracing.ids() is None
        assert kept(tmp_path) == []


def test_off_nothing_is_made_and_nothing_told() -> None:
    assert not tracing.enabled()
    with tracing.root("request"), tracing.call("GET", "http://127.0.0.1:1/") as call:
        call.answered(200)
    assert dict(call.headers) == {}
    assert tracing.ids() is None


def test_the_end_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    """A disk that hangs, here a lock that another process holds on the file."""
    import fcntl

    settings = tracing_settings(tmp_path)
    tmp_path.joinpath("investiq-api.jsonl").touch()
    counted: list[tuple[SpanDestination, SpanOutcome, int]] = []
    sdk = SdkTracing(settings, lambda *what: counted.append(what))
    with tmp_path.joinpath("investiq-api.jsonl").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with sdk.span("request", {}, root=True):
            pass
        sdk.shutdown(0.05)  # returns at all
    assert counted == []
