"""The analysis page."""

from __future__ import annotations

from typing import Any

from dash import no_update

from investiq.serve.web.pages.analysis import analysis_content, chart_content, layout, symbol_choices
from investiq.serve.web.pages.quote import quote_content
from investiq.serve.web.sources import Sources
from tests.serve.web.fakes import Stand, analysis, bars, engine, text_of


async def words(sources: Sources, symbol: str = "AAPL") -> tuple[str, str]:
    overall, engines = await analysis_content(sources, symbol)
    return text_of(overall), text_of(engines)


async def test_the_page_starts_with_the_symbol_of_the_address_or_the_first(sources: Sources) -> None:
    assert _find(await layout(sources), "symbol").value == "AAPL"
    assert _find(await layout(sources, "?symbol=msft"), "symbol").value == "MSFT"


async def test_the_overall_result_says_how_much_of_the_evidence_it_rests_on(sources: Sources) -> None:
    overall, _ = await words(sources)

    assert "Buy" in overall
    assert "+0.41" in overall
    assert "Based on  70\u202f% of the evidence ; silent: sentiment, fundamental." in overall
    assert "Rising, calm" in overall
    assert "Weight: technical 43\u202f%" in overall


async def test_with_no_engine_there_is_no_result_and_no_number(sources: Sources, stand: Stand) -> None:
    nothing = analysis("AAPL")
    nothing["overall"] |= {"signal": None, "score": None, "coverage": 0.0, "weights": {}, "regime": None}
    nothing["overall"]["regime_reason"] = "too few sessions"
    nothing["engines"] = {name: engine(name, status="failed", reason="broken") for name in nothing["engines"]}
    stand.api.documents["/api/analyze/AAPL"] = nothing

    overall, engines = await words(sources)

    assert "No signal" in overall
    assert "No engine has a result." in overall
    assert "too few sessions" in overall
    assert engines.count("No result:  broken .") == 5


async def test_a_silent_engine_says_why_and_one_that_answers_shows_its_numbers(sources: Sources) -> None:
    _, engines = await words(sources)

    assert "the price provider has no news" in engines
    assert "RSI (14) 63.42" in engines
    assert "ATR of close –" in engines  # known not to exist for these prices
    assert "Largest drawdown −19.8\u202f%" in engines
    assert "Trained through 31 Dec 2007" in engines


async def test_the_change_is_against_the_session_before(sources: Sources) -> None:
    quote = text_of(await quote_content(sources, "AAPL"))

    assert quote == "AAPL 24.75 +10.00\u202f% since the previous close Wed 9 Jan 2008, 09:30, New York"


async def test_a_symbol_without_a_price_is_named_without_a_number(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/symbols"]["symbols"][0]["last_price"] = None

    assert text_of(await quote_content(sources, "AAPL")) == "AAPL"
    assert text_of(await quote_content(sources, "NOPE")) == "NOPE"
    assert text_of(await quote_content(sources, None)) == "Analysis"


async def test_an_unknown_symbol_and_a_dead_api_are_told(sources: Sources, stand: Stand) -> None:
    unknown, _ = await words(sources, "NOPE")
    stand.api.down = True
    dead, _ = await words(sources, "MSFT")

    assert "The analysis of NOPE is not available." in unknown
    assert "since" not in unknown
    assert "investiq status" not in unknown
    assert "The analysis of MSFT: API server has not answered since" in dead


async def test_without_a_symbol_the_reason_stands_there(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/symbols"] = {"symbols": [], "refused": []}

    overall, _ = await words(sources, "")

    assert "No symbol has a completed session yet" in overall


async def test_symbols_arrive_later_and_refused_ones_are_listed_with_their_line(sources: Sources) -> None:
    names, value, refused = await symbol_choices(sources, None)
    _, kept, _ = await symbol_choices(sources, "MSFT")

    assert names == ["AAPL", "MSFT"]
    assert value == "AAPL"
    assert kept is no_update
    assert "BAD : bad.csv:7: high below low" in text_of(refused)


async def test_the_chart_is_sent_once_and_again_only_with_a_new_session(sources: Sources, stand: Stand) -> None:
    series, span, shown, _ = await chart_content(sources, "AAPL", "1Y", None)
    assert [line["id"] for line in series] == ["price", "sma20", "sma50", "sma200", "volume"]
    assert span["to"] == series[0]["data"][-1]["time"]

    again = await chart_content(sources, "AAPL", "1Y", shown)
    assert again[:3] == (no_update, no_update, no_update)

    stand.api.documents["/api/bars/AAPL"]["bars"].append(
        {"session": "2008-01-09", "open": "1", "high": "2", "low": "1", "close": "2", "volume": 5}
    )
    sources.bars.forget()
    newer, moved, now, _ = await chart_content(sources, "AAPL", "1Y", shown)
    assert newer[0]["data"][-1]["time"] == "2008-01-09"
    assert moved is no_update  # where the user has dragged it to
    assert now == ["AAPL", "1Y", "2008-01-09", "24.75"]


async def test_another_range_moves_the_chart_without_sending_it_again(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/bars/AAPL"]["bars"] = bars(200)
    _, _, shown, _ = await chart_content(sources, "AAPL", "3Y", None)

    series, span, _, _ = await chart_content(sources, "AAPL", "3M", shown)

    assert series is no_update
    assert span["from"] > "2007-01-01"


async def test_a_new_price_moves_its_line_without_sending_the_chart_again(sources: Sources, stand: Stand) -> None:
    first, _, shown, _ = await chart_content(sources, "AAPL", "1Y", None)
    assert [line["price"] for line in first[0]["priceLines"]] == [24.75]
    stand.api.documents["/api/symbols"]["symbols"][0]["last_price"] = "25.5"
    sources.symbols.forget()

    patch, moved, now, _ = await chart_content(sources, "AAPL", "1Y", shown)

    (change,) = patch.to_plotly_json()["operations"]
    assert change["location"] == [0, "priceLines"]
    assert change["params"]["value"][0]["price"] == 25.5
    assert moved is no_update
    assert now[3] == "25.5"


async def test_another_symbol_draws_another_chart(sources: Sources) -> None:
    _, _, shown, _ = await chart_content(sources, "AAPL", "1Y", None)

    series, _, now, _ = await chart_content(sources, "MSFT", "1Y", shown)

    assert len(series[0]["data"]) == 30
    assert now[0] == "MSFT"


async def test_a_chart_without_prices_says_why_and_is_drawn_again_when_they_are_back(
    sources: Sources, stand: Stand
) -> None:
    _, _, shown, _ = await chart_content(sources, "AAPL", "1Y", None)
    stand.api.down = True
    sources.bars.forget()

    series, _, forgotten, why = await chart_content(sources, "AAPL", "1Y", shown)

    assert series is no_update
    assert forgotten is None
    assert "The chart of AAPL: API server has not answered" in text_of(why)


def _find(tree: Any, identifier: str) -> Any:
    return next(item for item in tree._traverse() if getattr(item, "id", None) == identifier)
