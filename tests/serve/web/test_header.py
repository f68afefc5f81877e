"""The header: mode, halt, market time, age of the data, worst alert; and what it says when nobody answers."""

from __future__ import annotations

import pytest

from investiq.clients.alertmanager.alerts import FiringAlert
from investiq.serve.web.alert_summary import alert_count
from investiq.serve.web.header import header_content
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources
from tests.serve.web.fakes import HALTED, MARKET, STATUS, Stand, alert, raw_silence, text_of


async def words(sources: Sources) -> str:
    line, outage = await header_content(sources)
    return f"{text_of(line)} | {text_of(outage)}"


async def test_a_well_replay_shows_mode_halt_time_age_and_no_alert(sources: Sources) -> None:
    text = await words(sources)

    for expected in ("Replay", "Not halted", "Wed 9 Jan 2008, 11:30", "12\u202fmin", "None firing"):
        assert expected in text
    assert text.endswith("| ")


@pytest.mark.parametrize(("mode", "shown"), [("paper", "Paper"), ("live", "Live"), ("other", "other")])
async def test_the_mode_is_what_the_broker_reports(sources: Sources, stand: Stand, mode: str, shown: str) -> None:
    stand.api.documents["/api/trading/status"] = STATUS | {"mode": mode}

    assert shown in await words(sources)


async def test_a_halt_says_why(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/trading/status"] = HALTED

    text = await words(sources)

    assert "Halted" in text
    assert "halted manually: a price that seems wrong" in text
    assert "Not halted" not in text


async def test_a_halt_that_outlasts_the_loss_of_the_monitoring_does_not_say_that_it_is_lost(
    sources: Sources, stand: Stand
) -> None:
    lost = HALTED | {"reason": "monitoring_lost", "note": ""}
    stand.api.documents["/api/trading/status"] = lost
    assert "trading stays halted until somebody resumes it" in await words(sources)

    stand.api.documents["/api/trading/status"] = lost | {"monitoring": lost["monitoring"] | {"heartbeat": "lost"}}
    sources.forget_trading()
    assert "no heartbeat from the monitoring" in await words(sources)


async def test_a_closed_market_is_not_stale_data(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/market"] = MARKET | {"phase": "closed", "data_age_seconds": 0.0}

    text = await words(sources)

    assert "Market closed" in text
    assert "market closed" in text


async def test_the_worst_alert_is_critical_before_warning_and_older_before_newer(
    sources: Sources, stand: Stand
) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [
        alert("Watchdog", "none"),
        alert("HighLatency", "warning", "2026-01-02T08:00:00.000Z"),
        alert("HighErrorRate", "critical", "2026-01-02T10:00:00.000Z"),
        alert("ServiceDown", "critical", "2026-01-02T09:00:00.000Z"),
        alert("MLServiceDown", "critical", "2026-01-02T07:00:00.000Z", "suppressed"),
    ]

    text = await words(sources)

    assert "ServiceDown critical" in text
    assert "and 2 more, 1 muted" in text
    assert "MLServiceDown" not in text


async def test_a_critical_alert_that_is_silenced_is_amber_and_never_none(sources: Sources, stand: Stand) -> None:
    """The breaker is tripped, and somebody silenced it: nobody is told, so it must not look well here."""
    silenced = alert("CircuitBreakerTripped", "critical", state="suppressed")
    silenced["status"] |= {"silencedBy": ["a"], "inhibitedBy": []}
    stand.alertmanager.documents["/api/v2/alerts"] = [silenced, alert("HighLatency", "warning", state="suppressed")]
    stand.alertmanager.documents["/api/v2/silences"] = [raw_silence(status={"state": "expired"})]

    line, _ = await header_content(sources)
    text = text_of(line)

    assert "CircuitBreakerTripped silenced critical, silenced until 2 Jan 18:00:00 UTC, 1 more muted" in text
    assert "None firing" not in text
    assert "chip chip-warn" in str(line.children[-1])
    assert text_of(alert_count(await alerts_of(sources))) == "2 muted"


async def test_an_inhibited_alert_is_not_none_firing(sources: Sources, stand: Stand) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [alert("HighLatency", "warning", state="suppressed")]

    text = await words(sources)

    assert "HighLatency inhibited warning, muted by another alert" in text
    assert "None firing" not in text
    assert text_of(alert_count(await alerts_of(sources))) == "1 muted"


async def alerts_of(sources: Sources) -> list[FiringAlert]:
    alerts = await sources.alerts()
    assert not isinstance(alerts, SourceUnavailable)
    return alerts


async def test_an_alertmanager_that_does_not_answer_is_not_no_alert(sources: Sources, stand: Stand) -> None:
    stand.alertmanager.down = True

    text = await words(sources)

    assert "None firing" not in text
    assert "Alertmanager does not answer" in text
    assert "Not halted" in text


async def test_alerts_that_ended_because_prometheus_died_are_not_no_alert(sources: Sources, stand: Stand) -> None:
    """Alertmanager forgets what fired soon after nobody says it any more, and the heartbeat with it."""
    stand.alertmanager.documents["/api/v2/alerts"] = []

    text = await words(sources)

    assert "None firing" not in text
    assert "no heartbeat from Prometheus: no alert can fire" in text


async def test_trading_that_needs_no_monitoring_says_so(sources: Sources, stand: Stand) -> None:
    monitoring = STATUS["monitoring"] | {"required": False, "heartbeat": "not_required"}
    stand.api.documents["/api/trading/status"] = STATUS | {"monitoring": monitoring}

    assert "trading without monitoring: require_monitoring = false" in await words(sources)


async def test_a_dead_api_is_told_with_part_time_and_command(sources: Sources, stand: Stand) -> None:
    stand.api.down = True

    text = await words(sources)

    assert text.count("Unknown") == 4
    assert "Trading and analysis: API server has not answered since" in text
    assert "investiq status" in text
    assert "Not halted" not in text
    assert "None firing" in text


async def test_a_dead_api_comes_back(sources: Sources, stand: Stand) -> None:
    stand.api.down = True
    await header_content(sources)
    stand.api.down = False
    sources.status.forget()
    sources.market.forget()

    assert "Not halted" in await words(sources)
