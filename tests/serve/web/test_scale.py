"""The drawn scale of signals says what the engines say."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.invest.analysis.scale import SCORE_DECIMALS, signal_for
from investiq.serve.web.scale import score_scale, score_words
from investiq.serve.web.words import SIGNALS

BOUNDS = (0.1, 0.3, 0.6)
AT_A_BOUND = [sign * (bound + more) for bound in BOUNDS for more in (-0.0001, 0, 0.0001, 0.01) for sign in (1, -1)]


def _step_at_the_mark(score: float) -> str:
    """The step on which the mark stands; on an edge, the one further from the middle."""
    *steps, mark = score_scale(score).children
    place = float(mark.style["left"].rstrip("%"))
    edges = list(accumulate(float(step.style["width"].rstrip("%")) for step in steps))
    assert edges[-1] == pytest.approx(100)
    reached = [edge <= place + 1e-6 if score > 0 else edge < place - 1e-6 for edge in edges]
    return str(steps[min(sum(reached), 6)].className)


@given(st.floats(-1, 1) | st.sampled_from(AT_A_BOUND))
def test_the_mark_stands_on_the_step_of_the_word(score: float) -> None:
    rounded = round(score, SCORE_DECIMALS)

    assert _step_at_the_mark(rounded) == f"step step-{SIGNALS[signal_for(rounded)][1]}"


@given(st.floats(-1, 1) | st.sampled_from(AT_A_BOUND))
def test_the_number_beside_the_word_has_that_word(score: float) -> None:
    rounded = round(score, SCORE_DECIMALS)
    shown = float(score_words(rounded).replace("\N{MINUS SIGN}", "-"))

    assert signal_for(shown) is signal_for(rounded)


def test_without_a_score_there_is_no_mark() -> None:
    assert len(score_scale(None).children) == len(SIGNALS)
    assert score_words(None) == "\N{EN DASH}"
