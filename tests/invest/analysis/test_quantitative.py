"""The quantitative engine against plain numpy formulas, never the library again."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from investiq.invest.analysis.engine import Unavailable, Verdict
from investiq.invest.analysis.quantitative import QuantitativeEngine, sharpe_standard_error
from investiq.invest.analysis.snapshot import Floats, Snapshot
from tests.invest.analysis.made_markets import made_bars, random_walk, snapshot_of

WALK = random_walk(300, seed=11, drift=0.001)
OTHER = random_walk(300, seed=12)
PHI = NormalDist().cdf


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return snapshot_of(made_bars(WALK), OTHER=made_bars(OTHER))


@pytest.fixture(scope="module")
def verdict(snapshot: Snapshot) -> Verdict:
    answer = QuantitativeEngine().assess(snapshot)
    assert isinstance(answer, Verdict)
    return answer


@pytest.fixture(scope="module")
def returns(snapshot: Snapshot) -> Floats:
    close = snapshot.prices.close[-253:]
    result: Floats = close[1:] / close[:-1] - 1
    return result


def test_return_and_volatility_are_annualised_with_252_sessions(verdict: Verdict, returns: Floats) -> None:
    total = np.prod(1 + returns) - 1
    assert verdict.metrics["returns"] == 252
    assert verdict.metrics["period_return"] == pytest.approx(total)
    assert verdict.metrics["annual_return"] == pytest.approx(total)  # 252 returns are just a year
    assert verdict.metrics["annual_volatility"] == pytest.approx(returns.std(ddof=1) * math.sqrt(252))


def test_sharpe_and_sortino_take_0_as_risk_free_and_required_return(verdict: Verdict, returns: Floats) -> None:
    downside = math.sqrt(np.mean(np.minimum(returns, 0) ** 2))
    assert verdict.metrics["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(252))
    assert verdict.metrics["sortino"] == pytest.approx(returns.mean() / downside * math.sqrt(252))


def test_drawdown_counts_from_the_highest_close_of_the_window(snapshot: Snapshot, verdict: Verdict) -> None:
    close = snapshot.prices.close[-253:]
    assert verdict.metrics["max_drawdown"] == pytest.approx((close / np.maximum.accumulate(close) - 1).min())


def test_var_and_cvar_are_the_historical_tail_as_returns(verdict: Verdict, returns: Floats) -> None:
    worst = np.sort(returns)
    place = 0.05 * (len(worst) - 1)
    below = int(place)
    var = worst[below] + (place - below) * (worst[below + 1] - worst[below])
    assert verdict.metrics["daily_var_95"] == pytest.approx(var)
    assert verdict.metrics["daily_cvar_95"] == pytest.approx(worst[: below + 1].mean())
    assert var < 0


def test_beta_is_the_covariance_with_the_equal_weight_universe(verdict: Verdict, returns: Floats) -> None:
    other = np.round(OTHER, 4)[-253:]
    universe = (returns + other[1:] / other[:-1] - 1) / 2
    covariance = np.cov(returns, universe)
    assert verdict.metrics["beta_to_universe"] == pytest.approx(covariance[0, 1] / covariance[1, 1])
    assert verdict.metrics["universe_symbols"] == 2


def test_score_is_the_chance_of_a_gaining_year_less_that_of_a_losing_one(verdict: Verdict, returns: Floats) -> None:
    sharpe = returns.mean() / returns.std(ddof=1) * math.sqrt(252)
    assert verdict.score == pytest.approx(2 * PHI(sharpe) - 1)


def test_confidence_comes_from_the_standard_error_of_the_sharpe_ratio(verdict: Verdict, returns: Floats) -> None:
    count, ratio = len(returns), returns.mean() / returns.std(ddof=1)
    standard = (returns - returns.mean()) / returns.std()
    skewness, kurtosis = np.mean(standard**3), np.mean(standard**4)
    error = math.sqrt((1 - skewness * ratio + (kurtosis - 1) / 4 * ratio**2) / (count - 1))
    assert verdict.metrics["sharpe_standard_error"] == pytest.approx(error * math.sqrt(252))
    assert verdict.confidence == pytest.approx(2 * PHI(abs(ratio) / error) - 1)


def test_the_standard_error_is_what_repeated_samples_show() -> None:
    """10,000 samples of a quarter of skewed returns: their Sharpe ratios scatter as the formula says."""
    samples = np.random.default_rng(5).gamma(4.0, 0.01, (10_000, 63)) - 0.038
    ratios = samples.mean(axis=1) / samples.std(axis=1, ddof=1)
    long = np.random.default_rng(6).gamma(4.0, 0.01, 1_000_000) - 0.038
    predicted = sharpe_standard_error(long) * math.sqrt((len(long) - 1) / 62)
    assert predicted == pytest.approx(ratios.std(ddof=1), rel=0.05)


def test_the_same_ratio_is_trusted_less_over_a_quarter_than_over_a_year() -> None:
    year = [100.0, *(100 * np.cumprod([1.012, 0.99, 1.0] * 84))]
    long, short = (QuantitativeEngine().assess(snapshot_of(made_bars(prices))) for prices in (year, year[:64]))
    assert isinstance(long, Verdict)
    assert isinstance(short, Verdict)
    assert short.metrics["sharpe"] == pytest.approx(long.metrics["sharpe"], rel=0.1)
    assert short.confidence < long.confidence - 0.1


def test_63_sessions_are_too_few_and_it_says_so() -> None:
    answer = QuantitativeEngine().assess(snapshot_of(made_bars(WALK[:63])))
    assert answer == Unavailable("needs 64 completed sessions and there are 63")
    assert isinstance(QuantitativeEngine().assess(snapshot_of(made_bars(WALK[:64]))), Verdict)


def test_prices_that_stand_still_have_no_ratio() -> None:
    answer = QuantitativeEngine().assess(snapshot_of(made_bars([10.0] * 100)))
    assert answer == Unavailable("the price has not moved in 99 sessions: no ratio can be estimated")


def test_a_price_that_never_fell_has_no_sortino_ratio_rather_than_an_infinite_one() -> None:
    rising = [float(price) for price in 100 * np.cumprod([1.01, 1.002] * 50)]
    answer = QuantitativeEngine().assess(snapshot_of(made_bars(rising)))
    assert isinstance(answer, Verdict)
    assert answer.metrics["sortino"] is None


def test_a_lone_symbol_has_no_beta_to_itself() -> None:
    answer = QuantitativeEngine().assess(snapshot_of(made_bars(WALK)))
    assert isinstance(answer, Verdict)
    assert answer.metrics["beta_to_universe"] is None


def test_beta_leaves_out_returns_over_a_gap_on_either_side() -> None:
    """A doubling hidden in missing sessions is no daily return: it must not move beta."""
    bars, other = made_bars(random_walk(253, seed=1)), made_bars(random_walk(253, seed=2))
    doubled = made_bars([*random_walk(253, seed=1)[:100], *(2 * random_walk(253, seed=1)[100:])])
    missing = {bars[index].session for index in (99, 100, 101)}
    gappy = [bar for bar in doubled if bar.session not in missing]
    answer = QuantitativeEngine().assess(snapshot_of(gappy, OTHER=other))
    assert isinstance(answer, Verdict)

    def daily(closes: Floats) -> Floats:
        kept = np.delete(closes[1:] / closes[:-1] - 1, [98, 99, 100, 101])
        result: Floats = kept
        return result

    own = daily(np.array([float(bar.close) for bar in bars]))
    universe = (own + daily(np.array([float(bar.close) for bar in other]))) / 2
    covariance = np.cov(own, universe)
    assert answer.metrics["beta_to_universe"] == pytest.approx(covariance[0, 1] / covariance[1, 1], rel=1e-4)


def test_a_symbol_seldom_traded_two_sessions_in_a_row_has_no_beta() -> None:
    bars = made_bars(WALK)
    seldom = bars[:238:2] + bars[238:]  # 62 sessions in a row: one daily return too few
    for kept, known in ((seldom, False), ([*bars[:238:2], bars[237], *bars[238:]], True)):
        answer = QuantitativeEngine().assess(snapshot_of(kept, OTHER=made_bars(OTHER)))
        assert isinstance(answer, Verdict)
        assert (answer.metrics["beta_to_universe"] is not None) == known


def test_a_symbol_that_came_later_joins_the_universe_when_it_came() -> None:
    """Its absence before is no return of 0: the universe is then the mean of those that were there."""
    bars, other = made_bars(random_walk(253, seed=1)), made_bars(random_walk(253, seed=2))
    answer = QuantitativeEngine().assess(snapshot_of(bars, LATE=other[-2:], OTHER=other))
    assert isinstance(answer, Verdict)
    own, rest = (np.array([float(bar.close) for bar in each]) for each in (bars, other))
    own, rest = own[1:] / own[:-1] - 1, rest[1:] / rest[:-1] - 1
    universe = (own + rest) / 2
    universe[-1] = (own[-1] + 2 * rest[-1]) / 3
    covariance = np.cov(own, universe)
    assert answer.metrics["beta_to_universe"] == pytest.approx(covariance[0, 1] / covariance[1, 1])
