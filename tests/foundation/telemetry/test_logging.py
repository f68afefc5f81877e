"""Our own log lines and those of libraries: JSON, whole, to one stream; a request's line is like any other."""

from __future__ import annotations

import io
import json
import logging as standard
import os
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog

from investiq.foundation.telemetry import logging, tracing
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from tests.tracing import traced


def lines(log: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


PATHS = ["/items/7", '/a"b\\c', "/\x1b[2J", "/\u00e4\U0001f600", "/\ud800"]


@pytest.mark.parametrize("path", PATHS)
def test_the_line_of_a_request_is_what_the_chain_makes_of_it(log: StringIO, path: str) -> None:
    with structlog.contextvars.bound_contextvars(request_id="abc-1"):
        structlog.get_logger("of.requests").info("request", method="GET", path=path, status=200, duration_ms=0.25)
    logging.log_request("of.requests", "abc-1", method="GET", path=path, status=200, milliseconds=0.25)
    chain, made = lines(log)
    assert list(made) == list(chain)
    times = made.pop("timestamp"), chain.pop("timestamp")
    assert made == chain
    assert all(time.endswith("Z") and time.count(":") == 2 for time in times)


def test_requests_are_told_at_level_info(log: StringIO) -> None:
    logging.configure("web", "warning", log)
    logging.log_request("of.requests", "abc-1", method="GET", path="/", status=200, milliseconds=0.25)
    assert lines(log) == []


def test_what_libraries_log_looks_the_same(log: StringIO) -> None:
    structlog.get_logger("ours").warning("late", by=3)
    standard.getLogger("theirs").warning("late by %s", 3, extra={"by": 3})
    ours, theirs = lines(log)
    assert set(ours) == {"by", "event", "logger", "level", "timestamp", "part", "subject"}
    assert set(theirs) == {*ours, "message"}
    assert (theirs["event"], theirs["message"]) == ("library", "late by 3")
    assert (theirs["logger"], theirs["part"]) == ("theirs", "web")


@pytest.mark.parametrize(
    "secret",
    [
        "iq_" + "a" * 43,
        "Authorization: Bearer abcdefghijklmnop",
        "basic aW52ZXN0aXE6c2VjcmV0",
        "postgresql+psycopg://investiq:hunter22@db.example/ledger",
    ],
)
def test_a_secret_in_a_line_is_taken_out_whoever_wrote_it(log: StringIO, secret: str) -> None:
    structlog.get_logger("ours").warning("notification", error=f"it said {secret}")
    standard.getLogger("theirs").warning("sent %s", secret)
    assert secret not in log.getvalue()
    assert secret.rpartition(" ")[2].rpartition("@")[0] not in log.getvalue() or "@" not in secret
    assert [line["event"] for line in lines(log)] == ["notification", "library"]


def test_each_line_is_counted_by_its_level(log: StringIO) -> None:
    metrics = Metrics(Part.WEB)
    logger = structlog.get_logger("ours")
    logger.debug("not_written")
    logger.warning("late")
    standard.getLogger("theirs").error("broken")
    logging.log_request("ours", "abc-1", method="GET", path="/", status=200, milliseconds=0.25)
    counted = {
        level: metrics.registry.get_sample_value("investiq_log_records_total", {"level": level})
        for level in ("debug", "info", "warning", "error", "critical")
    }
    assert counted == {"debug": 0, "info": 1, "warning": 1, "error": 1, "critical": 0}


def test_a_line_inside_of_a_trace_says_which(log: StringIO, tmp_path: Path) -> None:
    with traced(tmp_path), tracing.root("work"):
        ids = tracing.ids()
        structlog.get_logger("ours").info("started")
        logging.log_request("ours", "abc-1", method="GET", path="/", status=200, milliseconds=0.25)
    structlog.get_logger("ours").info("stopped")
    *inside, outside = lines(log)
    assert [(line["trace_id"], line["span_id"]) for line in inside] == [ids, ids]
    assert "trace_id" not in outside


def test_an_exception_is_told_without_local_variables(log: StringIO) -> None:
    secret = "iq_of_somebody"
    try:
        raise ZeroDivisionError(len(secret))
    except ZeroDivisionError:
        structlog.get_logger("ours").exception("broken")
    (line,) = lines(log)
    assert (line["level"], line["exception"][0]["exc_type"]) == ("error", "ZeroDivisionError")
    assert secret not in log.getvalue()


class _Full(StringIO):
    """A stream that takes nothing any more, as a pipe without a reader or a full disk."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_log_that_nobody_takes_breaks_nothing(log: StringIO) -> None:
    logging.configure("web", "info", _Full())
    structlog.get_logger("ours").error("lost")
    logging.log_request("of.requests", "abc-1", method="GET", path="/", status=200, milliseconds=0.25)


def test_no_line_is_torn_by_another_thread(log: StringIO) -> None:
    def tell(number: int) -> None:
        for _ in range(200):
            structlog.get_logger("ours").info("ours", number=number)
            standard.getLogger("theirs").info("theirs")
            logging.log_request("of.requests", "abc-1", method="GET", path="/", status=200, milliseconds=0.25)

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(log)) == 3 * 200 * 3


def test_a_line_is_in_the_file_once_it_is_logged(tmp_path: Path, log: StringIO) -> None:
    """A crash loses no line, and ours keep their order with those of libraries."""
    path = tmp_path / "a.log"
    with path.open("w") as stream:
        logging.configure("web", "info", stream)
        for number in range(3):
            standard.getLogger("theirs").info("theirs")
            logging.log_request("ours", str(number), method="GET", path="/", status=200, milliseconds=0.25)
            found = [json.loads(line)["event"] for line in path.read_text().splitlines()]
            assert found == ["library", "request"] * (number + 1)


def test_a_line_longer_than_a_pipe_holds_comes_whole(log: StringIO) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading) as pipe:
        logging.configure("web", "info", stream)
        length = 300_000
        thread = threading.Thread(target=lambda: structlog.get_logger("ours").info("long", text="x" * length))
        thread.start()
        line = json.loads(pipe.readline())
        thread.join()
    assert len(line["text"]) == length


def test_nothing_is_written_where_the_log_was_closed(tmp_path: Path, log: StringIO) -> None:
    """Its descriptor may be that of another file by then."""
    with (tmp_path / "a.log").open("w") as stream:
        logging.configure("web", "info", stream)
    with (tmp_path / "another").open("w"):
        structlog.get_logger("ours").error("lost")
    assert (tmp_path / "another").read_text() == ""


@pytest.mark.parametrize("kind", ["iq_", "iqs_", "iql_"])
def test_a_key_in_an_address_is_not_logged(kind: str) -> None:
    stream = io.StringIO()
    logging.configure("api", "info", stream)
    logging.log_request("ours", "1", method="GET", path=f"/api/trades/{kind}{'k' * 43}", status=404, milliseconds=0.25)
    assert json.loads(stream.getvalue())["path"] == "/api/trades/********"
