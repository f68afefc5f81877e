"""Every door of `foundation/contract/doors.py`, tried on the real programs: from this machine, and through the edge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from investiq.foundation.contract.doors import DOORS, FROM_HERE, Asks, Shown
from tests.e2e.edge import Outside, authority_of, keys_of
from tests.e2e.stack import Stack, awaited
from tests.e2e.walk import FOREIGN, FORWARDING, WEBSOCKET, Walk, body_of, is_as_expected, path_of

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def keys(edged: Stack) -> Mapping[str, str]:
    return keys_of(edged)


def test_through_the_edge_each_door_answers_as_the_table_says(
    edged: Stack, outside: Outside, keys: Mapping[str, str]
) -> None:
    walk = Walk("127.0.0.1", outside.port, authority_of(edged), keys)
    answers = list(walk.failures())
    failures = [what for ok, what in answers if not ok]
    assert not failures, f"{len(failures)} of {len(answers)}: {failures[:20]}"
    assert len(answers) > 1_500


def test_on_this_machine_each_port_answers_as_the_table_says(edged: Stack, keys: Mapping[str, str]) -> None:
    failures, tried = [], 0
    with httpx2.Client(timeout=10, trust_env=False) as client:
        for row in DOORS:
            for credential in Shown:
                header = _header(credential, keys)
                answer = client.request(
                    row.method,
                    edged.url(row.server, path_of(row)),
                    headers={"Content-Type": "application/json", **header},
                    content=body_of(row),
                )
                tried += 1
                expected = 404 if row.here is Asks.NOT_THERE else FROM_HERE[row.here][credential]
                if not is_as_expected(expected, answer):
                    failures.append((row.server, row.method, row.path, credential, answer.status_code))
    assert not failures, f"{len(failures)} of {tried}: {failures[:20]}"


@pytest.mark.parametrize("server", ["api", "web", "signals", "inbox", "agent"])
def test_on_this_machine_no_port_of_ours_is_open_to_foreign_names_pages_and_proxies(edged: Stack, server: str) -> None:
    with httpx2.Client(timeout=10, trust_env=False) as client:
        for row in (row for row in DOORS if row.server == server):
            url = edged.url(server, path_of(row))
            foreign = client.request(row.method, url, headers={"Host": "evil.example"}, content=body_of(row))
            page = client.request(row.method, url, headers=FOREIGN, content=body_of(row))
            assert (foreign.status_code, page.status_code) == (421, 403), row
            upgraded = client.request(row.method, url, headers=WEBSOCKET, content=body_of(row))
            assert upgraded.status_code != 101, row
            if row.here in (Asks.LOCAL_READ, Asks.SCRAPE):
                assert client.request(row.method, url, headers=FORWARDING).status_code == 401, row


def test_who_asks_as_the_edge_without_its_token_gets_nothing(edged: Stack, keys: Mapping[str, str]) -> None:
    url = edged.url("api", "/internal/edge")
    forged = {"X-InvestIQ-Edge": "x" * 43, "X-InvestIQ-Door": "console", "X-InvestIQ-Kind": "read"}
    for credential in Shown:
        assert httpx2.get(url, headers={**forged, **_header(credential, keys)}, trust_env=False).status_code == 401


def test_the_client_is_who_came_to_the_edge_and_not_whom_it_names(edged: Stack, outside: Outside) -> None:
    outside.ask("api", path="/api/market", headers={**FORWARDING, "X-Request-ID": "seen-at-the-edge"})
    log = edged.data / "logs" / "edge.log"
    line = awaited("line of the request", 10, lambda: next((x for x in lines(log) if "seen-at-the-edge" in x), ""))
    assert '"client": "127.0.0.1"' in line
    api = (edged.data / "logs" / "api.log").read_text("utf-8")
    assert "seen-at-the-edge" in api


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def _header(shown: Shown, keys: Mapping[str, str]) -> dict[str, str]:
    return {} if shown is Shown.NONE else {"Authorization": f"Bearer {keys[shown]}"}
