"""Scrape jobs and addresses follow the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from investiq.foundation.config import Config
from investiq.foundation.config.schema import AgentConfig, ApiConfig, MarketConfig, ServiceConfig, WebConfig
from investiq.foundation.topology import target
from investiq.foundation.vocabulary import Part
from investiq.monitoring.scraping.jobs import prometheus_document
from investiq.monitoring.scraping.probes import blackbox_document


def _scraped(config: Config, without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {job["job_name"]: job for job in prometheus_document(config, without)["scrape_configs"]}


def test_every_job_of_the_contract_is_scraped() -> None:
    assert {
        "investiq-api",
        "signal-models",
        "frontend",
        "prometheus",
        "alertmanager",
        "blackbox",
        "node",
        "inbox",
        "agent",
    } <= _scraped(Config()).keys()


def test_a_changed_port_reaches_the_scrape_and_the_probe() -> None:
    jobs = _scraped(Config(web=WebConfig(port=18050)))
    assert jobs["frontend"]["static_configs"] == [{"targets": ["127.0.0.1:18050"]}]
    probe = {"service": "frontend", "__param_module": "http_health"}
    assert {"targets": ["http://127.0.0.1:18050/health"], "labels": probe} in jobs["blackbox"]["static_configs"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "127.0.0.1:80"),
        ("0.0.0.0", "127.0.0.1:80"),  # noqa: S104
        ("::", "[::1]:80"),
        ("::1", "[::1]:80"),
        ("api.example.org", "api.example.org:80"),
    ],
)
def test_a_listening_address_becomes_one_that_can_be_dialled(host: str, expected: str) -> None:
    assert target(host, 80) == expected


def test_the_metrics_token_is_presented_from_a_file_and_only_when_there_is_one() -> None:
    without_token, with_token = _scraped(Config()), _scraped(Config(api=ApiConfig(metrics_token="scrape-token")))
    for part in Part:
        assert "authorization" not in without_token[part]
        assert with_token[part]["authorization"] == {"type": "Bearer", "credentials_file": "metrics_token"}
    assert "authorization" not in with_token["node"]
    assert "secret" not in str(with_token)


def test_the_agent_is_scraped_only_where_it_runs() -> None:
    assert _scraped(Config(agent=AgentConfig(port=18060)))["agent"]["static_configs"] == [
        {"targets": ["127.0.0.1:18060"]}
    ]
    assert "agent" not in _scraped(Config(agent=AgentConfig(enabled=False)))
    wall = MarketConfig(provider="files", folder=Path("bars"), clock="wall")
    assert "agent" not in _scraped(Config(market=wall))


def test_a_program_that_this_machine_lacks_is_not_scraped() -> None:
    assert "node" not in _scraped(Config(), without=("node",))


BILLING = ServiceConfig(
    name="billing",
    url="https://billing.example.org:8443/",
    metrics_path="/internal/metrics",
    health_path="/healthz",
    token_file=Path("/etc/billing.token"),
)


def test_a_service_of_the_user_is_scraped_and_probed_as_it_says() -> None:
    jobs = _scraped(Config(services=(BILLING,)))
    assert jobs["billing"] == {
        "job_name": "billing",
        "metrics_path": "/internal/metrics",
        "scheme": "https",
        "authorization": {"type": "Bearer", "credentials_file": "/etc/billing.token"},
        "static_configs": [{"targets": ["billing.example.org:8443"]}],
    }
    probe = {"service": "billing", "__param_module": "http_2xx"}
    url = "https://billing.example.org:8443/healthz"
    assert {"targets": [url], "labels": probe} in jobs["blackbox"]["static_configs"]
    assert "http_2xx" in blackbox_document(Config(services=(BILLING,)))["modules"]


def test_a_service_without_a_health_path_is_not_probed() -> None:
    silent = BILLING.model_copy(update={"health_path": None})
    probed = _scraped(Config(services=(silent,)))["blackbox"]["static_configs"]
    assert [one for one in probed if one["labels"]["service"] == "billing"] == []


@pytest.mark.parametrize(
    ("written", "path", "params"),
    [
        ("/metrics", None, None),
        ("/metrics?", None, None),
        ("/v1/agent/metrics?format=prometheus", "/v1/agent/metrics", {"format": ["prometheus"]}),
        ("/metrics?name[]=up&name[]=build&full", None, {"name[]": ["up", "build"], "full": [""]}),
        ("/a%20b?q=x%26y+z", "/a b", {"q": ["x&y z"]}),
    ],
)
def test_the_query_of_a_metrics_path_becomes_parameters(
    written: str, path: str | None, params: dict[str, list[str]] | None
) -> None:
    service = ServiceConfig(name="billing", url="http://127.0.0.1:8080", metrics_path=written)
    job = _scraped(Config(services=(service,)))["billing"]
    assert (job.get("metrics_path"), job.get("params")) == (path, params)
