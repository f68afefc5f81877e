"""Asks Prometheus how the SLOs are."""

from __future__ import annotations

from typing import Any

import httpx2

from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.errors import InvestIQError
from investiq.monitoring.slo import slos_of
from investiq.operate.slo.status import FIRING, RECORDED, Sample, Status, statuses

__all__ = ["PrometheusUnreachable", "read_slos"]


class PrometheusUnreachable(InvestIQError):
    """Prometheus does not answer, or not as it should."""

    reason = "unreachable"
    retryable = True


def read_slos(config: Config, client: httpx2.Client) -> tuple[Status, ...]:
    """Each SLO of `config` as it is now; one of which nothing is recorded yet says so.

    Raises:
        ConfigError: a threshold cannot be.
        PrometheusUnreachable: nothing can be said.
    """
    url = topology.PROMETHEUS.url(config)
    slos = slos_of(config)
    return statuses(slos, _samples(client, url, RECORDED), _samples(client, url, FIRING))


def _samples(client: httpx2.Client, url: str, query: str) -> list[Sample]:
    try:
        response = client.get(f"{url}/api/v1/query", params={"query": query})
        response.raise_for_status()
        result: list[dict[str, Any]] = response.json()["data"]["result"]
        return [Sample(row["metric"], float(row["value"][1])) for row in result]
    except httpx2.HTTPStatusError as error:
        what = f"answers {error.response.status_code}"
    except httpx2.HTTPError as error:
        what = f"does not answer ({error or type(error).__name__})"
    except (KeyError, IndexError, TypeError, ValueError) as error:
        what = f"answers, but not as Prometheus does ({type(error).__name__})"
    raise PrometheusUnreachable(
        f"Prometheus at {url} {what}: `investiq status` says what runs, `investiq up` starts it"
    )
