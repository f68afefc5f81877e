"""`investiq checklist` with the real programs: what a fresh start lacks, and what a deployment that was seen to has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.foundation.vocabulary import ChecklistPoint, PointState
from tests.clients.notify.services import Service, discord, served
from tests.e2e.conftest import NewStack
from tests.e2e.stack import Done, Stack, awaited
from tests.e2e.tls_proxy import Proxy, tls_proxy
from tests.ports import free_port

pytestmark = pytest.mark.e2e

NEVER_PROVEN = {"backup": "not done", "load": "not done", "drills": "not done", "backup-password": "not done"}
FRESH = NEVER_PROVEN | {
    "channels": "not done",
    "proxy": "not done",
    "rules": "needs a person",
    "training": "needs a person",
}
DELIVERY_SECONDS = 60.0


def looked_at(stack: Stack, *options: str) -> tuple[Done, dict[str, Any]]:
    done = stack.investiq("checklist", "--json", *options, seconds=240)
    return done, {point["point"]: point for point in done.json["points"]}


def test_a_fresh_start_says_what_it_lacks_and_keeps_it_for_the_console(stack: Stack) -> None:
    done, points = looked_at(stack)
    assert list(points) == list(ChecklistPoint)
    assert done.code == ExitCode.FINDINGS
    found = {name: point["state"] for name, point in points.items() if point["state"] != PointState.DONE}
    assert found == FRESH, json.dumps(points, indent=2)
    assert all(point["next_steps"] for point in points.values() if point["state"] != PointState.DONE)
    assert all(point["evidence"] for point in points.values())
    assert done.json["grade"] == "ready for paper"
    assert stack.get("api", "/api/checklist") == {
        name: value for name, value in done.json.items() if name in ("checked_at", "grade", "points")
    }


@pytest.mark.xdist_group("hardened")
def test_a_deployment_that_was_seen_to_shows_it(new_stack: NewStack, tmp_path: Path) -> None:
    port = free_port()
    with served(discord) as channel:
        stack = new_stack(
            DISCORD_WEBHOOK_URL=f"{channel.url}/api/webhooks/1/abc",
            METRICS_TOKEN="3f0c9d1be7a64c58a1d2",
            INVESTIQ_WEB_PUBLIC_URL=f"https://localhost:{port}",
        )
        stack.up()
        with tls_proxy(stack.url("web", ""), port, tmp_path) as proxy:
            stack.environment["SSL_CERT_FILE"] = str(proxy.ca_file)
            _nothing_was_delivered_yet(stack)
            _let_a_page_through(stack, channel)
            _sign(stack, "rules", "training")
            _, points = looked_at(stack)
    found = {name: point["state"] for name, point in points.items() if point["state"] != PointState.DONE}
    assert found == NEVER_PROVEN, json.dumps(points, indent=2)
    assert "discord took" in points["channels"]["evidence"][0]
    assert "TLSv1.3, its certificate is trusted for" in points["proxy"]["evidence"][0]
    assert points["training"]["sign_off"]["by"] == "Anna"
    _a_proxy_that_hides_strangers_is_found(stack, proxy, tmp_path)


def _nothing_was_delivered_yet(stack: Stack) -> None:
    """An address in a file is no channel."""
    _, points = looked_at(stack, "--only", "channels")
    assert points["channels"]["state"] == PointState.NOT_DONE
    assert points["channels"]["evidence"] == ["discord: it is configured, and nothing was ever delivered through it"]


def _let_a_page_through(stack: Stack, channel: Service) -> None:
    labels = {"alertname": "AnyAlert", "severity": "critical", "service": "investiq-api"}
    stack.post("alertmanager", "/api/v2/alerts", [{"labels": labels, "annotations": {"summary": "One page."}}])
    awaited("page at the channel", DELIVERY_SECONDS, lambda: channel.taken)
    counted = {"query": 'alertmanager_notification_requests_total{integration="discord"} > 0'}
    awaited(
        "count of it in Prometheus",
        DELIVERY_SECONDS,
        lambda: stack.get("prometheus", "/api/v1/query", counted)["data"]["result"],
    )


def _sign(stack: Stack, *points: str) -> None:
    for point in points:
        assert stack.investiq("checklist", "sign", point, "--by", "Anna").code == ExitCode.DONE


def _a_proxy_that_hides_strangers_is_found(stack: Stack, proxy: Proxy, tmp_path: Path) -> None:
    """Who passes everybody on as if he were near opens /metrics to the world."""
    port = int(proxy.url.rpartition(":")[2])
    with tls_proxy(stack.url("web", ""), port, tmp_path, says_so=False) as careless:
        stack.environment["SSL_CERT_FILE"] = str(careless.ca_file)
        _, points = looked_at(stack, "--only", "endpoint-secured")
    assert points["endpoint-secured"]["state"] == PointState.NOT_DONE
    assert points["endpoint-secured"]["evidence"] == [
        f"{proxy.url}: /metrics is open to whoever asks, without a credential"
    ]
