"""The runbooks as pages: what the links of notifications lead to."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest

from investiq.foundation.config import Config
from investiq.foundation.config.schema import ApiConfig, SignalsConfig, WebConfig
from investiq.monitoring.rules import ALERTS, CONDITIONAL
from investiq.serve.web.app import create_app
from tests.serve.web.fakes import Stand


@pytest.mark.parametrize("entry", sorted({alert.runbook for alert in (*ALERTS, *CONDITIONAL)}))
async def test_the_runbook_link_of_every_alert_leads_to_its_entry(console: httpx2.AsyncClient, entry: str) -> None:
    answer = await console.get(f"/runbooks/{entry}")

    assert answer.status_code == 200
    assert f"<h1>{entry.partition('/')[2]}</h1>" in answer.text
    assert answer.text.count("<strong>First three commands.</strong>") == 1
    assert "## " not in answer.text, "the next entry is not on this page"


async def test_a_subject_is_a_page_with_all_its_entries(console: httpx2.AsyncClient) -> None:
    page = (await console.get("/runbooks/api")).text

    assert '<section id="servicedown"><h1>ServiceDown</h1>' in page
    assert '<section id="highlatency">' in page


async def test_one_page_leads_to_every_entry(console: httpx2.AsyncClient) -> None:
    page = (await console.get("/runbooks")).text

    alerts = {(alert.subject, alert.name) for alert in (*ALERTS, *CONDITIONAL)}
    linked = set(re.findall(r'<a href="/runbooks/(\w+)/(\w+)">', page))
    assert {(subject.value, name) for subject, name in alerts} == linked
    assert '<a href="/runbooks/api">api</a>' in page


async def test_a_link_to_the_guide_is_text(console: httpx2.AsyncClient) -> None:
    page = (await console.get("/runbooks/signals")).text

    assert "how it is measured" in page
    assert "analysis.md" not in page


async def test_a_link_to_another_entry_or_runbook_leads_there(console: httpx2.AsyncClient) -> None:
    drift = (await console.get("/runbooks/signals/PredictionDrift")).text
    stalled = (await console.get("/runbooks/trading/AgentStalled")).text

    assert '<a href="/runbooks/signals#featuredrift">FeatureDrift</a>' in drift
    assert 'id="featuredrift"' in (await console.get("/runbooks/signals")).text
    assert '<a href="/runbooks/api">its runbook</a>' in stalled


async def test_the_commands_name_the_ports_and_the_data_folder_of_this_installation(stand: Stand) -> None:
    """Also where one part has the default port of another, which may even answer."""
    config = Config(data_dir=Path("/srv/iq"), api=ApiConfig(port=8004), signals=SignalsConfig(port=3000))
    transport = httpx2.ASGITransport(create_app(config, stand.transports))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8050") as client:
        down = (await client.get("/runbooks/api/ServiceDown")).text
        models = (await client.get("/runbooks/signals")).text
    assert "http://127.0.0.1:8004/health" in down
    assert "tail -n 50 /srv/iq/logs/api.log" in down
    assert "127.0.0.1:3000/health" in models
    assert "127.0.0.1:8004/api/market" in models
    assert "127.0.0.1:8004/model" not in models
    assert " .investiq" not in models


@pytest.mark.parametrize(
    "path", ["nosuch", "api/NoSuch", "..%2Fapi", "api.md", "%2e%2e/README", "api/<script>", "../docs/README"]
)
async def test_what_is_no_runbook_is_not_found(console: httpx2.AsyncClient, path: str) -> None:
    answer = await console.get(f"/runbooks/{path}", headers={"accept": "text/html"})

    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


async def test_the_public_address_is_one_that_the_console_answers_to(stand: Stand) -> None:
    config = Config(web=WebConfig(public_url="https://invest.example.org/"))
    transport = httpx2.ASGITransport(create_app(config, stand.transports))
    async with httpx2.AsyncClient(transport=transport, base_url="http://invest.example.org") as client:
        assert (await client.get("/health")).is_success
        assert (await client.get("/health", headers={"host": "evil.example"})).status_code == 421
