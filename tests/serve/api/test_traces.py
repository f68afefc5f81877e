"""What a request to the API leaves at a collector, decoded from its protobuf."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.otlp_receiver import OtlpReceiver, ReceivedSpan, receiving, tree
from tests.serve.api.installation import Installation, install, not_running
from tests.tracing import flush, traced

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
FROM_CALLER = {"traceparent": f"00-{TRACE}-{CALLER}-01"}


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with receiving() as started:
        yield started


@pytest.fixture
async def served(data_dir: Path, receiver: OtlpReceiver) -> AsyncIterator[Installation]:
    """A server that traces everything."""
    with traced(data_dir / "traces", endpoint=receiver.url):
        async with not_running(install(data_dir)) as made:
            yield made


async def test_an_analysis_is_one_tree_of_its_callers_trace(served: Installation, receiver: OtlpReceiver) -> None:
    async with served.client() as client:
        answer = await client.get("/api/analyze/AAPL", headers={**FROM_CALLER, "X-Request-ID": "mine"})
    assert answer.status_code == 200
    flush()
    spans = receiver.of(TRACE)
    assert sorted(tree(spans)) == sorted(
        [
            "investiq-api: GET /api/analyze/{symbol}",
            "  investiq-api: analyze",
            "    investiq-api: engine technical",
            "    investiq-api: engine quantitative",
            "    investiq-api: engine signal",
            "      investiq-api: POST",
            "    investiq-api: engine sentiment",
            "    investiq-api: engine fundamental",
        ]
    )
    request = receiver.named("GET /api/analyze/{symbol}")
    assert request.parent_id == CALLER
    assert request.kind == "server"
    assert not request.failed
    assert request.attributes == {
        "http.request.method": "GET",
        "http.route": "/api/analyze/{symbol}",
        "http.response.status_code": 200,
        "url.path": "/api/analyze/AAPL",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "client.address": "127.0.0.1",
        "server.address": "127.0.0.1",
        "server.port": 3000,
        "user_agent.original": request.attributes["user_agent.original"],
        "investiq.request_id": "mine",
    }


async def test_a_trade_is_one_tree_down_to_the_statements(served: Installation, receiver: OtlpReceiver) -> None:
    order = {"symbol": "AAPL", "side": "buy", "quantity": "10"}
    async with served.client(headers={**served.order_headers("k1"), **FROM_CALLER}) as client:
        answer = (await client.post("/api/trades", json=order)).json()
    flush()
    spans = receiver.of(TRACE)
    outline = [line.replace("investiq-api: ", "") for line in tree([span for span in spans if not is_statement(span)])]
    assert outline == ["POST /api/trades", "  submit order", "    broker submit"]
    submit, broker = receiver.named("submit order"), receiver.named("broker submit")
    assert submit.attributes == {
        "investiq.symbol": "AAPL",
        "investiq.order.side": "buy",
        "investiq.order.id": answer["id"],
        "investiq.order.status": "accepted",
    }
    assert broker.attributes == {"investiq.broker": "paper"}
    kept = [span.name for span in spans if span.parent_id == submit.span_id]
    # The intent is kept before the broker is called, and what it answers after that.
    assert kept.index("BEGIN") < kept.index("INSERT orders") < kept.index("broker submit") < kept.index("UPDATE orders")
    assert "INSERT paper_orders" in [span.name for span in spans if span.parent_id == broker.span_id]


def is_statement(span: ReceivedSpan) -> bool:
    return "db.system.name" in span.attributes


async def test_statements_are_told_without_their_values(served: Installation, receiver: OtlpReceiver) -> None:
    order = {"symbol": "AAPL", "side": "buy", "quantity": "10"}
    async with served.client(headers={**served.order_headers("secret-key"), **FROM_CALLER}) as client:
        await client.post("/api/trades", json=order)
    flush()
    statements = [span for span in receiver.of(TRACE) if is_statement(span)]
    (insert,) = [span for span in statements if span.name == "INSERT orders"]
    assert insert.kind == "client"
    assert insert.attributes["db.system.name"] == "sqlite"
    assert insert.attributes["db.operation.name"] == "INSERT"
    assert insert.attributes["db.query.text"].startswith("INSERT INTO orders (")
    told = json.dumps([[span.name, span.attributes] for span in receiver.spans])
    assert served.admin_key not in told
    assert "secret-key" not in told
    assert "AAPL" not in json.dumps([span.attributes for span in statements])


PROMETHEUS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"


async def test_a_scraper_that_takes_openmetrics_is_told_an_example_of_each_bucket(served: Installation) -> None:
    async with served.client() as client:
        await client.get("/api/analyze/AAPL", headers=FROM_CALLER)
        asked = await client.get("/metrics", headers={"Accept": PROMETHEUS})
        plain = await client.get("/metrics", headers={"Accept": "text/plain"})
    assert asked.headers["content-type"].startswith("application/openmetrics-text")
    families = list(text_string_to_metric_families(asked.text))  # type: ignore[no-untyped-call]
    (durations,) = [one for one in families if one.name == "investiq_request_duration_milliseconds"]
    examples = [sample for sample in durations.samples if sample.exemplar]
    assert [sample.labels["endpoint"] for sample in examples] == ["/api/analyze/{symbol}"]
    assert examples[0].exemplar is not None
    assert examples[0].exemplar.labels == {"trace_id": TRACE}
    assert "trace_id" not in plain.text
    assert plain.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": f"00-{TRACE}-{CALLER}"},
        {"traceparent": f"00-{'0' * 32}-{CALLER}-01"},
        {"traceparent": f"00-{TRACE}-{'0' * 16}-01"},
        {"traceparent": f"ff-{TRACE}-{CALLER}-01"},
        {"traceparent": f"00-{TRACE.upper()}-{CALLER}-01"},
        {"traceparent": f"00-{TRACE}-{CALLER}-01-more"},
        {"traceparent": "\xff" * 55},
        {"traceparent": ""},
        {"traceparent": "x" * 5000},
        {"tracestate": "a=b"},
    ],
)
async def test_a_traceparent_that_is_none_is_ignored(
    served: Installation, receiver: OtlpReceiver, headers: dict[str, str]
) -> None:
    async with served.client() as client:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        assert (await client.get("/api/symbols", headers=raw)).status_code == 200
    flush()
    request = receiver.named("GET /api/symbols")
    assert (request.parent_id, request.links) == ("", ())
    assert request.trace_id != TRACE


async def test_two_traceparents_are_none(served: Installation, receiver: OtlpReceiver) -> None:
    async with served.client() as client:
        await client.get("/api/symbols", headers=[*FROM_CALLER.items(), *FROM_CALLER.items()])
    flush()
    assert receiver.named("GET /api/symbols").parent_id == ""


@pytest.mark.parametrize(
    ("address", "more"),
    [("192.0.2.7", {}), ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}), ("127.0.0.1", {"Via": "x"})],
)
async def test_who_is_not_near_begins_a_trace_of_ours_that_names_theirs(
    served: Installation, receiver: OtlpReceiver, address: str, more: dict[str, str]
) -> None:
    async with served.client(address) as client:
        await client.get("/api/symbols", headers={**served.bearer(), **FROM_CALLER, **more})
    flush()
    request = receiver.named("GET /api/symbols")
    assert request.trace_id != TRACE
    assert (request.parent_id, request.links) == ("", (TRACE,))


async def test_probes_and_scrapes_begin_no_trace(served: Installation, receiver: OtlpReceiver) -> None:
    async with served.client() as client:
        for path in ("/health", "/metrics"):
            await client.get(path, headers=FROM_CALLER)
    flush()
    assert receiver.spans == []


async def test_what_is_asked_for_in_vain_has_no_route_and_is_no_failure(
    served: Installation, receiver: OtlpReceiver
) -> None:
    async with served.client() as client:
        await client.request("BREW", "/no/such/path?secret=1")
    flush()
    (request,) = [span for span in receiver.spans if span.kind == "server"]
    assert (request.name, request.failed) == ("_OTHER", False)
    assert request.attributes["http.request.method"] == "_OTHER"
    assert request.attributes["http.request.method_original"] == "BREW"
    assert "http.route" not in request.attributes
    assert "secret" not in json.dumps(request.attributes)
