"""The technical engine against indicators computed here by their definitions, and its way of voting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.invest.analysis.engine import Unavailable, Verdict
from investiq.invest.analysis.snapshot import Floats, Snapshot
from investiq.invest.analysis.technical import TechnicalEngine, tally, trend_share
from tests.invest.analysis.made_markets import made_bars, random_walk, snapshot_of

WALK = random_walk(400, seed=7)


def verdict_of(snapshot: Snapshot) -> Verdict:
    answer = TechnicalEngine().assess(snapshot)
    assert isinstance(answer, Verdict)
    return answer


def metric(verdict: Verdict, name: str) -> float:
    value = verdict.metrics[name]
    assert isinstance(value, float)
    return value


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    volumes = [int(volume) for volume in np.random.default_rng(3).integers(1_000, 9_000, len(WALK))]
    return snapshot_of(made_bars(WALK, volumes=volumes))


@pytest.fixture(scope="module")
def verdict(snapshot: Snapshot) -> Verdict:
    return verdict_of(snapshot)


def wilder(values: Floats, length: int) -> Floats:
    """Wilder's smoothing: the mean of the first `length` values, then (previous * (length - 1) + value) / length."""
    smoothed = [values[:length].mean()]
    for value in values[length:]:
        smoothed.append((smoothed[-1] * (length - 1) + value) / length)
    return np.array(smoothed)


def ema(values: Floats, length: int) -> Floats:
    """Exponential mean with 2 / (length + 1), begun with the plain mean of the first `length` values."""
    smoothed = [values[:length].mean()]
    for value in values[length:]:
        smoothed.append(smoothed[-1] + (value - smoothed[-1]) * 2 / (length + 1))
    return np.array(smoothed)


def test_rsi_is_wilders(snapshot: Snapshot, verdict: Verdict) -> None:
    moves = np.diff(snapshot.prices.close)
    gain, loss = wilder(np.maximum(moves, 0), 14)[-1], wilder(np.maximum(-moves, 0), 14)[-1]
    assert metric(verdict, "rsi_14") == pytest.approx(100 - 100 / (1 + gain / loss))


def test_macd_is_the_difference_of_two_exponential_means(snapshot: Snapshot, verdict: Verdict) -> None:
    close = snapshot.prices.close
    line = ema(close, 12)[-300:] - ema(close, 26)[-300:]
    assert metric(verdict, "macd") == pytest.approx(line[-1], rel=1e-6)
    assert metric(verdict, "macd_signal") == pytest.approx(ema(line, 9)[-1], rel=1e-6)
    assert metric(verdict, "macd_histogram") == pytest.approx(line[-1] - ema(line, 9)[-1], rel=1e-6)


def test_bollinger_bands_are_two_deviations_around_the_mean(snapshot: Snapshot, verdict: Verdict) -> None:
    last = snapshot.prices.close[-20:]
    lower, upper = last.mean() - 2 * last.std(), last.mean() + 2 * last.std()
    assert metric(verdict, "bollinger_lower") == pytest.approx(lower)
    assert metric(verdict, "bollinger_upper") == pytest.approx(upper)
    assert metric(verdict, "bollinger_percent_b") == pytest.approx((last[-1] - lower) / (upper - lower))


def test_moving_averages_are_means(snapshot: Snapshot, verdict: Verdict) -> None:
    close = snapshot.prices.close
    for length in (20, 50, 200):
        assert metric(verdict, f"sma_{length}") == pytest.approx(close[-length:].mean())
    assert metric(verdict, "ema_20") == pytest.approx(ema(close, 20)[-1])


def test_atr_and_adx_are_wilders(snapshot: Snapshot, verdict: Verdict) -> None:
    high, low, close = snapshot.prices.high, snapshot.prices.low, snapshot.prices.close
    true_range = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    assert metric(verdict, "atr_14") == pytest.approx(wilder(true_range, 14)[-1])
    rise, fall = np.diff(high), -np.diff(low)
    up = wilder(np.where((rise > fall) & (rise > 0), rise, 0.0), 14)
    down = wilder(np.where((fall > rise) & (fall > 0), fall, 0.0), 14)
    assert metric(verdict, "adx_14") == pytest.approx(wilder(100 * abs(up - down) / (up + down), 14)[-1], rel=1e-6)
    smoothed_range = wilder(true_range, 14)
    assert metric(verdict, "plus_di_14") == pytest.approx(100 * up[-1] / smoothed_range[-1], rel=1e-6)
    assert metric(verdict, "minus_di_14") == pytest.approx(100 * down[-1] / smoothed_range[-1], rel=1e-6)


def test_obv_adds_the_volume_of_rises_and_takes_that_of_falls(snapshot: Snapshot, verdict: Verdict) -> None:
    signed = np.sign(np.diff(snapshot.prices.close)) * snapshot.prices.volume[1:]
    assert metric(verdict, "obv_change_20") == pytest.approx(signed[-20:].sum())
    traded = snapshot.prices.volume[-20:].sum()
    assert metric(verdict, "vote_obv") == pytest.approx(signed[-20:].sum() / traded)


def test_stochastic_is_the_place_in_the_range_smoothed_twice(snapshot: Snapshot, verdict: Verdict) -> None:
    prices = snapshot.prices
    fast = []
    for end in range(len(prices) - 5, len(prices)):
        window = slice(end - 13, end + 1)
        low, high = prices.low[window].min(), prices.high[window].max()
        fast.append(100 * (prices.close[end] - low) / (high - low))
    slow = [np.mean(fast[i : i + 3]) for i in range(3)]
    assert metric(verdict, "stochastic_k") == pytest.approx(slow[-1])
    assert metric(verdict, "stochastic_d") == pytest.approx(np.mean(slow))


def test_score_and_confidence_follow_from_the_votes_as_documented(verdict: Verdict) -> None:
    share = min(metric(verdict, "adx_14") / 50, 1)
    trend = [metric(verdict, f"vote_{n}") for n in ("moving_averages", "macd", "directional_movement", "obv")]
    reversal = [metric(verdict, f"vote_{n}") for n in ("rsi", "bollinger", "stochastic")]
    assert verdict.score == pytest.approx(share * np.mean(trend) + (1 - share) * np.mean(reversal))
    margin = share * np.mean(np.sign(trend)) + (1 - share) * np.mean(np.sign(reversal))
    assert verdict.confidence == pytest.approx(abs(margin))


@pytest.mark.parametrize("days", [200, 230, 260, 290, 330, 400])
def test_oscillators_vote_fully_from_their_textbook_bounds(days: int) -> None:
    verdict = verdict_of(snapshot_of(made_bars(WALK[:days])))
    rsi, k, place = (metric(verdict, name) for name in ("rsi_14", "stochastic_k", "bollinger_percent_b"))
    assert metric(verdict, "vote_rsi") == pytest.approx(np.clip((50 - rsi) / 20, -1, 1))
    assert metric(verdict, "vote_stochastic") == pytest.approx(np.clip((50 - k) / 30, -1, 1))
    assert metric(verdict, "vote_bollinger") == pytest.approx(np.clip(1 - 2 * place, -1, 1))


@pytest.mark.parametrize("days", [200, 230, 260, 290, 330, 400])
def test_trend_followers_vote_by_the_side_on_which_the_price_is(days: int) -> None:
    verdict = verdict_of(snapshot_of(made_bars(WALK[:days])))
    names = ("sma_50", "sma_200", "macd", "macd_histogram", "plus_di_14", "minus_di_14")
    fast, slow, macd, histogram, up, down = (metric(verdict, name) for name in names)
    sides = np.sign([WALK[days - 1] - fast, WALK[days - 1] - slow, fast - slow])
    assert metric(verdict, "vote_moving_averages") == pytest.approx(sides.mean())
    assert metric(verdict, "vote_macd") == pytest.approx(np.sign([macd, histogram]).mean())
    assert metric(verdict, "vote_directional_movement") == pytest.approx((up - down) / (up + down))


def test_both_families_weigh_the_same_where_wilder_sees_a_trend_begin() -> None:
    assert trend_share(25) == 0.5
    assert trend_share(0) == 0
    assert trend_share(50) == trend_share(80) == 1


def test_a_split_vote_has_no_confidence_and_a_unanimous_one_has_all() -> None:
    trend = {"moving_averages": 0.2, "macd": 0.2, "directional_movement": 0.2, "obv": 0.2}
    against = {"rsi": -1.0, "bollinger": -1.0, "stochastic": -1.0}
    _, split = tally(trend | against, share=0.5)
    score, unanimous = tally(trend | dict.fromkeys(against, 0.2), share=0.5)
    assert split == pytest.approx(0)
    assert score == pytest.approx(0.2)
    assert unanimous == pytest.approx(1)


def test_an_abstention_lowers_the_confidence() -> None:
    votes = dict.fromkeys(("moving_averages", "macd", "directional_movement", "obv", "rsi", "bollinger"), 1.0)
    _, confidence = tally(votes | {"stochastic": None}, share=0.4)
    assert confidence == pytest.approx(1 - 0.6 / 3)


VOTE = st.none() | st.floats(-1, 1)
NAMES = ("moving_averages", "macd", "directional_movement", "obv", "rsi", "bollinger", "stochastic")


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, VOTE)), st.floats(0, 100))
def test_no_votes_lead_out_of_bounds(votes: dict[str, float | None], adx: float) -> None:
    Verdict(*tally(votes, trend_share(adx)))


def test_a_long_steady_rise_is_a_trend_with_overbought_oscillators() -> None:
    verdict = verdict_of(snapshot_of(made_bars([100 * 1.004**day for day in range(260)])))
    assert metric(verdict, "vote_moving_averages") == 1
    assert metric(verdict, "vote_directional_movement") > 0
    assert metric(verdict, "vote_rsi") == -1
    assert metric(verdict, "trend_share") == 1
    assert verdict.score > 0.6


def test_199_sessions_are_too_few_and_it_says_so() -> None:
    answer = TechnicalEngine().assess(snapshot_of(made_bars(WALK[:199])))
    assert answer == Unavailable("needs 200 completed sessions and there are 199")
    assert isinstance(TechnicalEngine().assess(snapshot_of(made_bars(WALK[:200]))), Verdict)


@pytest.mark.parametrize("price", [0.1, 0.7, 10.0, 33.3333, 123456.7891])
def test_prices_that_stand_still_are_not_oversold(price: float) -> None:
    """TA-Lib answers RSI 0 and stochastic 0 for them, which would read as the strongest buy there is, and its averages
    differ from the price in the last bit."""
    still = snapshot_of(made_bars([price] * 250, spread=0))
    assert TechnicalEngine().assess(still) == Unavailable("no indicator can be read: the price stands still")


def test_a_halted_stock_keeps_its_trend_and_its_oscillators_abstain() -> None:
    bars = made_bars([*WALK[:230], *([WALK[229]] * 25)], spread=0)
    verdict = verdict_of(snapshot_of(bars))
    assert verdict.metrics["rsi_14"] is None
    assert verdict.metrics["stochastic_k"] is None
    assert verdict.metrics["bollinger_percent_b"] is None
    assert verdict.metrics["vote_obv"] is None
    assert metric(verdict, "vote_moving_averages") != 0


def test_untraded_sessions_make_obv_abstain() -> None:
    verdict = verdict_of(snapshot_of(made_bars(WALK[:260], volumes=[0] * 260)))
    assert verdict.metrics["vote_obv"] is None
