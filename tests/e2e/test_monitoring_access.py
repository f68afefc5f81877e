"""Who may ask the monitoring programs anything, and what becomes of a silence that mutes everything: the whole way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.e2e.stack import Stack, awaited

pytestmark = pytest.mark.e2e

PROGRAMS = ("prometheus", "alertmanager", "blackbox", "node")
PATHS = {
    "prometheus": ("/-/ready", "/metrics", "/api/v1/query?query=up", "/graph"),
    "alertmanager": ("/-/ready", "/metrics", "/api/v2/alerts", "/api/v2/silences", "/api/v2/status"),
    "blackbox": ("/-/healthy", "/metrics", "/probe?target=127.0.0.1", "/config"),
    "node": ("/", "/metrics"),
}


def password(stack: Stack, program: str) -> str:
    return (stack.data / "keys" / f"{program}.password").read_text("utf-8").strip()


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_answers_nobody_without_its_own_password(stack: Stack, program: str) -> None:
    others = [httpx2.BasicAuth("investiq", password(stack, other)) for other in PROGRAMS if other != program]
    wrong = [None, httpx2.BasicAuth("investiq", ""), httpx2.BasicAuth("admin", password(stack, program)), *others]
    with httpx2.Client(base_url=stack.url(program, ""), timeout=10, trust_env=False) as stranger:
        answers = [stranger.get(path, auth=shown) for path in PATHS[program] for shown in wrong]
        origin = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
        answers += [stranger.options(path, headers=origin) for path in PATHS[program]]
    assert {answer.status_code for answer in answers} == {401}
    with stack.client(program) as ours:
        assert ours.get(PATHS[program][0]).status_code == 200


def test_a_page_of_another_site_reads_nothing_from_prometheus_with_the_password_of_a_browser(stack: Stack) -> None:
    with stack.client("prometheus") as browser:
        answer = browser.get("/api/v1/query?query=up", headers={"Origin": "https://elsewhere.example"})
    assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (200, None)


def test_a_form_of_another_site_silences_nothing_with_the_password_of_a_browser(stack: Stack) -> None:
    with stack.client("alertmanager") as browser:
        answer = browser.post("/api/v2/silences", content="{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


def test_a_silence_of_every_page_is_told_by_the_api_itself_and_so_is_its_end(stack: Stack) -> None:
    now = datetime.now(UTC)
    everything = {
        "matchers": [{"name": "alertname", "value": "Watchdog", "isRegex": False, "isEqual": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(days=365)).isoformat(),
        "createdBy": "mallory",
        "comment": "deploy window: nothing to see",
    }
    stack.post("alertmanager", "/api/v2/silences", everything)
    try:
        (told,) = awaited("direct notice of it", 60, lambda: _told(stack, "firing"))
        assert "mallory silenced alertname!=Watchdog" in told["annotations"]["description"]
        (listed,) = stack.investiq("silences", "--json").json["silences"]
        assert listed["deploy_window"] is False
        said = stack.investiq("validate", "--only", "silences").out
        assert "it mutes more than one alert, and is no deploy window" in said
        assert "it lasts for over seven days" in said
    finally:
        for silence in stack.investiq("silences", "--json").json["silences"]:
            stack.investiq("unsilence", silence["id"])
    awaited("notice of its end", 60, lambda: _told(stack, "resolved"))


def _told(stack: Stack, status: str) -> list[dict[str, Any]]:
    told = [row for row in stack.notifications() if row["alertname"] == "SilenceTooBroad" and row["status"] == status]
    return [row for row in told if row["labels"].get("sent_by") == "api"]
