from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from investiq.foundation.config.schema import Config
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.invest.market.types import Bar, Symbol
from investiq.invest.signals.artifact import save
from investiq.invest.signals.client import SignalClient, SignalTooFewBars
from investiq.invest.signals.drift import MINIMUM_SESSIONS
from investiq.invest.signals.features import NEEDED_BARS
from investiq.invest.signals.model import Artifact, Model
from investiq.invest.signals.schema import MAX_QUESTIONS
from investiq.serve.signals.app import create_app
from tests import expositions
from tests.invest.signals.conftest import Histories
from tests.invest.signals.predictions import predict

A = Symbol("AAA")
NEVER = 3_600.0


def service(data_dir: Path, refresh_seconds: float = NEVER) -> FastAPI:
    return create_app(Config(data_dir=data_dir), Metrics(Part.SIGNALS), refresh_seconds)


def opened(app: FastAPI) -> TestClient:
    return TestClient(
        app, base_url="http://127.0.0.1:8004", client=("127.0.0.1", 50_000), raise_server_exceptions=False
    )


@pytest.fixture
def client(tmp_path: Path, artifact: Artifact) -> Iterator[TestClient]:
    save(artifact, tmp_path / "models", datetime(2026, 1, 2, tzinfo=UTC))
    with opened(service(tmp_path)) as client:
        yield client


@pytest.fixture
def bars(trending_histories: Histories) -> list[Bar]:
    return trending_histories[A][:200]


def wire(bars: list[Bar]) -> list[dict[str, Any]]:
    return [
        {
            "session": bar.session.isoformat(),
            "open": str(bar.open),
            "high": str(bar.high),
            "low": str(bar.low),
            "close": str(bar.close),
            "volume": bar.volume,
        }
        for bar in bars
    ]


def sample(client: TestClient, name: str, **labels: str) -> float:
    found = expositions.sample(client.get("/metrics").text, name, **labels)
    assert found is not None, f"{name} is not exposed"
    return found


def outcomes(client: TestClient, outcome: str) -> float:
    return sample(client, "investiq_predictions_total", outcome=outcome)


# ---- predicting ----


async def test_a_prediction_over_http_is_the_one_made_in_process(
    tmp_path: Path, artifact: Artifact, trending_histories: Histories
) -> None:
    save(artifact, tmp_path / "models")
    app = service(tmp_path)
    async with app.router.lifespan_context(app):
        client = SignalClient("http://127.0.0.1:8004", 5.0, httpx2.ASGITransport(app))
        for symbol, history in trending_histories.items():
            assert await client.predict(symbol, history) == predict(Model(artifact), symbol, history)
        await client.aclose()


def test_the_answer_has_the_promised_fields(client: TestClient, bars: list[Bar], artifact: Artifact) -> None:
    response = client.post("/predict", json={"symbol": " aaa", "bars": wire(bars)})
    assert response.status_code == 200
    answer = response.json()
    assert 0 < answer.pop("probability_up") < 1
    assert 0 <= answer.pop("confidence") <= 1
    assert answer == {
        "symbol": "AAA",
        "as_of": bars[-1].session.isoformat(),
        "horizon_sessions": 5,
        "beats_constant": True,
        "model_version": artifact.card.model_version,
        "trained_until": artifact.card.data.trained_until.isoformat(),
    }
    assert outcomes(client, "ok") == 1
    assert sample(client, "investiq_prediction_duration_seconds_count") == 1


def test_prices_as_json_numbers_predict_the_same_as_strings(client: TestClient, bars: list[Bar]) -> None:
    strings = wire(bars)
    numbers = [{key: value if key == "session" else float(value) for key, value in bar.items()} for bar in strings]
    one, two = (client.post("/predict", json={"symbol": "AAA", "bars": sent}).json() for sent in (strings, numbers))
    assert one == two


def test_too_few_bars_say_how_many_are_needed(client: TestClient, bars: list[Bar]) -> None:
    for given in (0, NEEDED_BARS - 1):
        problem = client.post("/predict", json={"symbol": "AAA", "bars": wire(bars[:given])})
        assert problem.status_code == 422
        assert problem.headers["content-type"] == "application/problem+json"
        assert problem.json()["reason"] == "too_few_bars"
        assert (problem.json()["needed"], problem.json()["given"]) == (NEEDED_BARS, given)
    assert outcomes(client, "too_few_bars") == 2
    assert client.post("/predict", json={"symbol": "AAA", "bars": wire(bars[:NEEDED_BARS])}).status_code == 200


# ---- several at once ----


def questions(histories: Histories) -> list[dict[str, Any]]:
    return [{"symbol": symbol, "bars": wire(bars[-NEEDED_BARS:])} for symbol, bars in histories.items()]


def test_several_questions_get_the_answers_that_each_gets_alone(
    client: TestClient, trending_histories: Histories
) -> None:
    asked = questions(trending_histories)
    response = client.post("/predict", json={"questions": asked})
    assert response.status_code == 200
    assert len(asked) > 1
    assert response.json()["answers"] == [client.post("/predict", json=one).json() for one in asked]
    assert outcomes(client, "ok") == 2 * len(asked)
    assert sample(client, "investiq_prediction_duration_seconds_count") == 2 * len(asked)
    assert sample(client, "investiq_drift_window_rows") == len(asked)


async def test_the_client_gets_many_predictions_with_one_request(
    tmp_path: Path, artifact: Artifact, trending_histories: Histories
) -> None:
    save(artifact, tmp_path / "models")
    app = service(tmp_path)
    short = (Symbol("SHORT"), trending_histories[A][:3])
    async with app.router.lifespan_context(app):
        client = SignalClient("http://127.0.0.1:8004", 5.0, httpx2.ASGITransport(app))
        *found, refused = await client.predict_many([*trending_histories.items(), short])
        await client.aclose()
    assert found == [predict(Model(artifact), symbol, bars) for symbol, bars in trending_histories.items()]
    assert isinstance(refused, SignalTooFewBars)
    assert refused.detail == {"needed": NEEDED_BARS, "given": 3}
    assert client.model_version == artifact.card.model_version


def test_a_question_that_has_no_prediction_leaves_the_others_alone(
    client: TestClient, trending_histories: Histories
) -> None:
    good = questions(trending_histories)[0]
    short = {"symbol": "SHORT", "bars": good["bars"][:3]}
    wrong = {"symbol": "WRONG", "bars": [{**good["bars"][0], "close": "0"}]}
    wild = [{**bar, "volume": 0, "low": "1e-39"} for bar in good["bars"]]
    answers = client.post("/predict", json={"questions": [short, wrong, good, 7, {}]}).json()["answers"]
    assert [answer.get("reason") for answer in answers] == [
        "too_few_bars", "invalid_request", None, "invalid_request", "invalid_request"
    ]  # fmt: skip
    assert (answers[0]["needed"], answers[0]["given"]) == (NEEDED_BARS, 3)
    assert "bars.0.close" in answers[1]["detail"]
    assert answers[2] == client.post("/predict", json=good).json()
    assert outcomes(client, "too_few_bars") == 1
    assert outcomes(client, "invalid") == 3
    assert client.post("/predict", json={"questions": [{"symbol": "WILD", "bars": wild}]}).status_code == 200


@pytest.mark.parametrize("asked", [[], [{}] * (MAX_QUESTIONS + 1), "AAPL", None])
def test_how_many_questions_there_may_be_is_said(client: TestClient, asked: object) -> None:
    problem = client.post("/predict", json={"questions": asked})
    assert problem.status_code == 422
    assert problem.json()["errors"][0]["where"] == "body.questions"


def test_both_forms_of_a_question_are_described(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert {"PredictRequest", "PredictManyRequest", "PredictManyResponse", "NoPrediction"} <= schemas.keys()
    listed = schemas["PredictManyRequest"]["properties"]["questions"]
    assert listed["items"] == {"$ref": "#/components/schemas/PredictRequest"}
    assert (listed["minItems"], listed["maxItems"]) == (1, MAX_QUESTIONS)


BAD_BARS: dict[str, tuple[dict[str, Any], str]] = {
    "zero price": ({"close": "0"}, "bars.3.close"),
    "negative price": ({"low": -1}, "bars.3.low"),
    "not a number": ({"open": "NaN"}, "bars.3.open"),
    "infinite": ({"high": "Infinity"}, "bars.3.high"),
    "text": ({"open": "cheap"}, "bars.3.open"),
    "negative volume": ({"volume": -5}, "bars.3.volume"),
    "no date": ({"session": "yesterday"}, "bars.3.session"),
    "high below low": ({"high": "1", "low": "2"}, "bars.3"),
    "unknown field": ({"adjusted": "1"}, "bars.3.adjusted"),
    "absent": ({"close": None}, "bars.3.close"),
}


@pytest.mark.parametrize("name", BAD_BARS)
def test_a_bad_bar_is_named(client: TestClient, bars: list[Bar], name: str) -> None:
    change, where = BAD_BARS[name]
    sent = wire(bars)
    sent[3].update(change)
    problem = client.post("/predict", json={"symbol": "AAA", "bars": sent})
    assert problem.status_code == 422
    assert problem.json()["reason"] == "invalid_request"
    assert where in problem.json()["detail"]
    assert outcomes(client, "invalid") == 1


def test_bars_out_of_order_and_twice_are_refused(client: TestClient, bars: list[Bar]) -> None:
    for sent in (wire([*bars[:5], bars[4], *bars[5:]]), wire(bars[::-1])):
        problem = client.post("/predict", json={"symbol": "AAA", "bars": sent})
        assert problem.status_code == 422
        assert "sessions must ascend without duplicates" in problem.json()["detail"]


@pytest.mark.parametrize("symbol", ["", "AA PL", "1X", 7, None])
def test_a_malformed_symbol_is_refused(client: TestClient, bars: list[Bar], symbol: object) -> None:
    problem = client.post("/predict", json={"symbol": symbol, "bars": wire(bars)})
    assert problem.status_code == 422
    assert "body.symbol" in problem.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_no_request_is_refused(client: TestClient, body: bytes) -> None:
    response = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


def test_an_endless_body_is_refused(client: TestClient) -> None:
    assert client.post("/predict", content=b"[" * 2_000_000).status_code == 413


def test_a_constant_price_gets_a_forecast(client: TestClient, bars: list[Bar]) -> None:
    flat = [{**bar, "open": "5", "high": "5", "low": "5", "close": "5", "volume": 0} for bar in wire(bars)]
    assert client.post("/predict", json={"symbol": "AAA", "bars": flat}).status_code == 200


# ---- the model ----


def test_the_card_is_served(client: TestClient, artifact: Artifact) -> None:
    card = client.get("/model").json()
    drift = card.pop("drift")
    assert card == artifact.card.model_dump(mode="json")
    assert drift == {
        "sessions": 0,
        "rows": 0,
        "enough": False,
        "newest_session": None,
        "features": None,
        "probability": None,
    }


# ---- drift ----

FEATURE_DRIFT, FEATURE = "investiq_feature_drift_psi", "volatility_21"
PREDICTION_DRIFT = "investiq_prediction_drift_psi"
TRAINED_UNTIL = "investiq_model_trained_until_timestamp_seconds"


def test_drift_and_age_are_there_from_the_first_scrape(client: TestClient) -> None:
    """What is not known yet is not a number: zero would be a model that is asked what it learned from."""
    assert math.isnan(sample(client, FEATURE_DRIFT, feature=FEATURE))
    assert math.isnan(sample(client, PREDICTION_DRIFT))
    assert sample(client, "investiq_drift_window_rows") == 0
    assert sample(client, "investiq_model_age_limit_seconds") == 365 * 86_400


def test_the_same_question_again_and_again_is_one_row(client: TestClient, bars: list[Bar]) -> None:
    for _ in range(20):
        assert client.post("/predict", json={"symbol": "AAA", "bars": wire(bars)}).status_code == 200
    assert sample(client, "investiq_drift_window_rows") == 1
    assert client.post("/predict", json={"symbol": "AAA", "bars": wire(bars[:-1])}).status_code == 200
    assert sample(client, "investiq_drift_window_rows") == 2
    assert client.post("/predict", json={"symbol": "AAA", "bars": wire(bars[:3])}).status_code == 422
    assert sample(client, "investiq_drift_window_rows") == 2


def test_requests_of_another_kind_show_as_drift(client: TestClient, trending_histories: Histories) -> None:
    """Five times as volatile as what the model learned from."""
    for symbol, history in trending_histories.items():
        wild = _wilder(history)
        for end in range(200, 200 + MINIMUM_SESSIONS):
            body = {"symbol": symbol, "bars": wire(wild[end - NEEDED_BARS : end])}
            assert client.post("/predict", json=body).status_code == 200
    card = client.get("/model").json()
    assert card["drift"]["enough"]
    assert card["drift"]["features"]["volatility_21"] > 0.25
    assert sample(client, FEATURE_DRIFT, feature=FEATURE) == pytest.approx(card["drift"]["features"][FEATURE])
    assert sample(client, PREDICTION_DRIFT) == pytest.approx(card["drift"]["probability"])


def _wilder(history: list[Bar]) -> list[Bar]:
    first = float(history[0].close)

    def stretched(price: Decimal) -> Decimal:
        return Decimal(str(round(first * (float(price) / first) ** 5, 6)))

    return [
        replace(b, open=stretched(b.open), high=stretched(b.high), low=stretched(b.low), close=stretched(b.close))
        for b in history
    ]


def test_what_somebody_asks_about_makes_the_model_no_older(
    client: TestClient, trending_histories: Histories, artifact: Artifact
) -> None:
    """One question about a later year made ModelStale fire until the next start."""
    learned = datetime.combine(artifact.card.data.trained_until, time.min, UTC).timestamp()
    assert sample(client, TRAINED_UNTIL) == learned
    history = [replace(bar, session=bar.session + timedelta(days=3650)) for bar in trending_histories[A]]
    assert client.post("/predict", json={"symbol": "AAA", "bars": wire(history[-NEEDED_BARS:])}).status_code == 200

    assert sample(client, TRAINED_UNTIL) == learned
    exposed = client.get("/metrics").text
    assert "investiq_model_age_seconds" not in exposed


def test_health_with_a_model_is_ok_and_names_it(client: TestClient, artifact: Artifact) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert response.json()["model"] == {
        "loaded": True,
        "version": artifact.card.model_version,
        "trained_at": "2026-01-02T00:00:00+00:00",
        "trained_until": artifact.card.data.trained_until.isoformat(),
        "beats_constant": True,
        "error": None,
    }
    assert sample(client, "investiq_model_loaded") == 1
    assert sample(client, "investiq_model_trained_timestamp_seconds") == datetime(2026, 1, 2, tzinfo=UTC).timestamp()


def test_without_a_model_it_runs_and_says_that_it_is_down(tmp_path: Path, bars: list[Bar]) -> None:
    with opened(service(tmp_path)) as client:
        health = client.get("/health")
        assert health.status_code == 503
        assert health.json()["status"] == "down"
        assert "investiq models train" in health.json()["model"]["error"]
        one = {"symbol": "AAA", "bars": wire(bars)}
        asked = [client.post("/predict", json=body) for body in (one, {"questions": [one, one]})]
        for answer in (*asked, client.get("/model")):
            assert answer.status_code == 503
            assert answer.json()["reason"] == "model_missing"
        assert sample(client, "investiq_model_loaded") == 0
        assert sample(client, "investiq_model_trained_timestamp_seconds") == 0
        assert math.isnan(sample(client, TRAINED_UNTIL))
        assert outcomes(client, "no_model") == 3


def test_a_corrupt_model_at_the_start_is_down_with_the_reason(tmp_path: Path, artifact: Artifact) -> None:
    target = save(artifact, tmp_path / "models")
    (target / "model.txt").write_text("tree\n")
    with opened(service(tmp_path)) as client:
        health = client.get("/health")
        assert health.status_code == 503
        assert "SHA-256 differs" in health.json()["model"]["error"]
        assert client.get("/model").json()["reason"] == "model_refused"


def test_a_model_trained_while_it_runs_serves_at_the_next_look(tmp_path: Path, artifact: Artifact) -> None:
    with opened(service(tmp_path)) as client:
        assert client.get("/health").status_code == 503
        save(artifact, tmp_path / "models")
        assert client.get("/health").status_code == 200
        assert client.get("/model").json()["model_version"] == artifact.card.model_version


async def test_a_new_model_takes_effect_without_anybody_asking_for_health(
    tmp_path: Path, artifact: Artifact, other_artifact: Artifact
) -> None:
    save(artifact, tmp_path / "models")
    app = service(tmp_path, refresh_seconds=0.01)
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        asyncio.timeout(10),
    ):
        assert (await client.get("/model")).json()["model_version"] == artifact.card.model_version
        await asyncio.to_thread(save, other_artifact, tmp_path / "models")
        while (await client.get("/model")).json()["model_version"] != other_artifact.card.model_version:
            await asyncio.sleep(0.01)


def test_a_bad_new_model_leaves_the_old_one_serving_and_says_so(
    client: TestClient, tmp_path: Path, bars: list[Bar], artifact: Artifact, other_artifact: Artifact
) -> None:
    target = save(other_artifact, tmp_path / "models")
    (target / "card.json").write_text("{}")
    health = client.get("/health")
    assert health.status_code == 200
    assert health.json()["status"] == "degraded"
    assert "card.json" in health.json()["model"]["error"]
    assert health.json()["model"]["version"] == artifact.card.model_version
    assert sample(client, "investiq_model_loaded") == 1
    assert client.post("/predict", json={"symbol": "AAA", "bars": wire(bars)}).status_code == 200

    save(other_artifact, tmp_path / "models")
    recovered = client.get("/health").json()
    assert (recovered["status"], recovered["model"]["error"]) == ("ok", None)
    assert recovered["model"]["version"] == other_artifact.card.model_version


def test_a_deleted_model_goes_on_serving_and_is_missed(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "models" / "current").unlink()
    health = client.get("/health")
    assert health.status_code == 200
    assert health.json()["status"] == "degraded"


# ---- the server ----


def test_metrics_are_real_exposition_with_every_outcome_from_the_start(client: TestClient) -> None:
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    for outcome in ("ok", "too_few_bars", "invalid", "no_model", "failed"):
        assert expositions.sample(response.text, "investiq_predictions_total", outcome=outcome) == 0


def test_a_page_that_rebinds_its_name_to_this_machine_is_turned_away(client: TestClient) -> None:
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 421


def test_no_page_of_it_loads_from_outside(client: TestClient) -> None:
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404
    assert "/predict" in client.get("/openapi.json").json()["paths"]
