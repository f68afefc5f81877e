"""What a real Prometheus tells of a run, from samples whose story is known: a scrape every five seconds."""

from __future__ import annotations

import math
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from investiq.clients.prometheus import Prometheus
from investiq.clients.session import HttpSettings
from investiq.operate.load import server_view
from investiq.operate.load.server_view import Missing, await_scrape, read_view
from tests.ports import free_ports

pytestmark = pytest.mark.e2e

START = math.floor(time.time()) - 600
"""Of the story: its times are counted from here."""

RUN = (100.0, 130.0)
"""In which the client asked 100 requests of 20 ms."""

STEP, END = 5, 300


def _requests(at: float) -> int:
    """Others ask one request in each five seconds."""
    return 50 + round(at / STEP) + (100 if at > RUN[0] else 0)


def _started(job: str, at: float) -> int:
    return 115 if at >= 115 and job in ("restarted", "busy") else 1


def _story(job: str, up: Callable[[float], bool] = lambda _: True, first: float = 0) -> dict[str, list[str]]:
    """The samples of one job, by family."""
    lines: dict[str, list[str]] = {"up": [], "requests": [], "duration": [], "started": []}
    for at in range(int(first), END, STEP):
        lines["up"].append(f'up{{job="{job}"}} {int(up(at))} {START + at}')
        if not up(at):
            continue
        lines["started"].append(f'process_start_time_seconds{{job="{job}"}} {_started(job, at)} {START + at}')
        number = _requests(at) - (_requests(114) if job in ("restarted", "reset") and at >= 115 else 0)
        lines["requests"].append(f'investiq_requests_total{{job="{job}"}} {number} {START + at}')
        lines["duration"] += _histogram(job, "200", number, at)
        if at >= 110:  # a status that was never answered before
            lines["duration"] += _histogram(job, "503", 3, at)
    return lines


def _histogram(job: str, status: str, number: int, at: float) -> list[str]:
    labels = f'job="{job}",endpoint="/x",method="GET",status="{status}"'
    name = "investiq_request_duration_milliseconds"
    return [
        *(
            f'{name}_bucket{{{labels},le="{le}"}} {count} {START + at}'
            for le, count in (("10", 0), ("50", number), ("+Inf", number))
        ),
        f"{name}_count{{{labels}}} {number} {START + at}",
        f"{name}_sum{{{labels}}} {number * 20} {START + at}",
    ]


STORIES: tuple[dict[str, list[str]], ...] = (
    _story("plain"),
    _story("restarted"),
    _story("busy"),
    _story("reset"),
    _story("dark", up=lambda at: at != 100),
    _story("gap", up=lambda at: at not in (110, 115)),
    _story("young", first=105),
    {"up": [f'up{{job="two",instance="{name}"}} 1 {START + at}' for name in "ab" for at in range(0, END, STEP)]},
    {"up": [f'up{{job="bare"}} 1 {START + at}' for at in range(0, END, STEP)]},
)
FAMILIES = (
    ("up", "up", "gauge"),
    ("started", "process_start_time_seconds", "gauge"),
    ("requests", "investiq_requests", "counter"),
    ("duration", "investiq_request_duration_milliseconds", "histogram"),
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that has scraped all of the stories."""
    folder = tmp_path_factory.mktemp("prometheus")
    text = ""
    for key, family, kind in FAMILIES:
        text += f"# TYPE {family} {kind}\n" + "".join(f"{line}\n" for story in STORIES for line in story.get(key, []))
    (folder / "samples").write_text(f"{text}# EOF\n")
    (folder / "prometheus.yml").write_text("{}")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", folder / "samples", folder / "tsdb"],  # noqa: S607
        check=True,
        capture_output=True,
    )
    (port,) = free_ports(1)
    arguments = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb")
    with (folder / "log").open("w") as log:
        program = subprocess.Popen(["prometheus", *arguments, f"--web.listen-address=127.0.0.1:{port}"], stderr=log)  # noqa: S607
    try:
        _await_ready(f"http://127.0.0.1:{port}", folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        program.terminate()
        program.wait(30)


def _await_ready(url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    with httpx2.Client(trust_env=False) as client:
        while True:
            try:
                if client.get(f"{url}/-/ready").status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


@pytest.fixture
async def prometheus(url: str) -> Prometheus:
    return Prometheus(url, HttpSettings(timeout_seconds=10))


async def _view(prometheus: Prometheus, job: str, quiet: tuple[float, float] | None = None) -> server_view.ServerView:
    async with prometheus:
        return await read_view(prometheus, job, START + RUN[0] + 1, START + RUN[1], quiet)


async def test_a_run_is_what_the_counters_grew_by_between_two_scrapes(prometheus: Prometheus) -> None:
    view = await _view(prometheus, "plain", (START + 40.0, START + 95.0))
    assert (view.started_at - START, view.ended_at - START) == (100, 135)
    assert (view.scrapes, view.failed_scrapes) == (8, 0)
    assert view.requests == 107, "a hundred of the run, and seven of others"
    served = view.routes["/x", "GET", "200"]
    assert (served.count, served.total, served.within) == (107, 2140, {10: 0, 50: 107, math.inf: 107})
    assert view.routes["/x", "GET", "503"].count == 3, "what is new began at nothing"
    assert view.others is not None
    assert view.others["/x", "GET", "200"] == pytest.approx(0.2)


async def test_without_a_quiet_while_nobody_knows_what_others_asked(prometheus: Prometheus) -> None:
    assert (await _view(prometheus, "plain")).others is None


async def test_scrapes_that_failed_within_are_counted(prometheus: Prometheus) -> None:
    view = await _view(prometheus, "gap")
    assert (view.scrapes, view.failed_scrapes, view.requests) == (6, 2, 107)


async def test_a_scrape_that_failed_begins_nothing(prometheus: Prometheus) -> None:
    assert (await _view(prometheus, "dark")).started_at - START == 95


@pytest.mark.parametrize(
    ("job", "why"),
    [
        ("restarted", "restarted during the run"),
        ("reset", "restarted during the run"),
        ("busy", "restarted during the run"),  # and counted more than before until it was scraped again
        ("young", "had not scraped young in the minute before"),
        ("two", "2 targets"),
        ("bare", "has no investiq_requests_total"),
    ],
)
async def test_what_prometheus_cannot_tell_is_missing(prometheus: Prometheus, job: str, why: str) -> None:
    with pytest.raises(Missing, match=why):
        await _view(prometheus, job)


async def test_a_job_that_is_not_scraped_any_more_is_missing(
    prometheus: Prometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_view, "SCRAPE_WAIT_SECONDS", 0.3)
    async with prometheus:
        with pytest.raises(Missing, match="has not scraped plain"):
            await await_scrape(prometheus, "plain", START + END)


async def test_a_prometheus_that_is_gone_is_missing() -> None:
    async with Prometheus("http://127.0.0.1:9") as gone:
        with pytest.raises(Missing, match=r"127\.0\.0\.1:9"):
            await read_view(gone, "plain", START, START + 10)
