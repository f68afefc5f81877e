"""Answers are counted in nginx's own log, in whatever pieces it comes, and nobody can plant any."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from investiq.foundation.config import Paths
from investiq.operate.edge.answers import FILE, AnswerCounter
from investiq.operate.edge.files import write_edge
from tests.operate.edge.running import LOG, NGINX, needs_nginx, nginx_in
from tests.operate.edge.test_nginx import NAMES, config_of
from tests.ports import free_ports


def line(door: str, status: int, path: str = "/") -> bytes:
    return f'{{"path": {json.dumps(path)}, "door": "{door}", "status": {status}, "bytes": 1}}\n'.encode()


def counted(counter: AnswerCounter) -> dict[tuple[str, str], float]:
    """What is not 0."""
    (answers, _) = text_string_to_metric_families(counter.text(1.0))
    return {(one.labels["door"], one.labels["answer"]): one.value for one in answers.samples if one.value}


def test_each_answer_counts_once_by_host_and_kind() -> None:
    counter = AnswerCounter()
    counter.write(line("console", 200) + line("console", 204) + line("api", 429) + line("api", 404))
    counter.write(line("grafana", 101) + line("none", 421) + line("prometheus", 303) + line("alertmanager", 503))
    assert counted(counter) == {
        ("console", "2xx"): 2,
        ("api", "429"): 1,
        ("api", "4xx"): 1,
        ("grafana", "1xx"): 1,
        ("none", "4xx"): 1,
        ("prometheus", "3xx"): 1,
        ("alertmanager", "5xx"): 1,
    }


def test_every_series_is_there_from_the_start() -> None:
    assert AnswerCounter().text(1.0).count("investiq_edge_answers_total{") == 36


@given(st.lists(st.integers(min_value=1, max_value=200), max_size=20))
def test_pieces_may_end_anywhere(sizes: list[int]) -> None:
    log = b"".join(line("console", 200 + 100 * (number % 4)) for number in range(12))
    counter, place = AnswerCounter(), 0
    for size in [*sizes, len(log)]:
        counter.write(log[place : place + size])
        place += size
    assert sum(counted(counter).values()) == 12


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    counter = AnswerCounter()
    for _ in range(100):
        counter.write(b"x" * 10_000)
    counter.write(b"\n" + line("console", 500))
    assert counted(counter) == {("console", "5xx"): 1}


async def test_it_is_written_down_and_gone_with_the_edge(tmp_path: Path) -> None:
    counter = AnswerCounter()
    keeping = asyncio.create_task(counter.keep(tmp_path))
    async with asyncio.timeout(10):
        while not (tmp_path / FILE).exists():
            await asyncio.sleep(0.01)
    keeping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await keeping
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    keeping = asyncio.create_task(AnswerCounter().keep(tmp_path / "file"))
    done, _ = await asyncio.wait([keeping], timeout=0.05)
    assert done == set()
    keeping.cancel()
    await asyncio.wait([keeping])


PLANTED = '", "door": "console", "status": 500, "'


@needs_nginx
@pytest.mark.parametrize("planted", [PLANTED, PLANTED.replace('"', "%22"), PLANTED.replace('"', '\\"')])
def test_nobody_plants_an_answer_in_what_nginx_logs(tmp_path: Path, planted: str) -> None:
    port, status = free_ports(2)
    config = config_of(tmp_path, port=port, status_port=status)
    write_edge(config, NGINX)
    folder = Paths.of(config).edge
    with nginx_in(folder, port), httpx2.Client(verify=False, trust_env=False) as client:
        headers = {"Host": NAMES["console"], "X-Request-ID": planted, "User-Agent": planted, "Referer": planted}
        client.get(
            f"https://127.0.0.1:{port}/metrics/{planted}?{planted}",
            headers=headers,
            extensions={"sni_hostname": NAMES["console"]},
        )
    counter = AnswerCounter()
    counter.write((folder / LOG).read_bytes())
    assert counted(counter) == {("console", "4xx"): 1}
