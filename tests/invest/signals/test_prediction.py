from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.invest.signals.prediction import UNPROVEN_CONFIDENCE, confidence_of

inner = st.floats(0.001, 0.999)


def test_confidence_is_the_way_from_the_base_rate_to_certainty() -> None:
    assert confidence_of(0.55, 0.55, beats_constant=True) == 0
    assert confidence_of(0.775, 0.55, beats_constant=True) == pytest.approx(0.5)
    assert confidence_of(0.275, 0.55, beats_constant=True) == pytest.approx(0.5)


@given(probability=inner, base_rate=inner)
def test_confidence_stays_in_range_and_near_zero_without_proven_skill(probability: float, base_rate: float) -> None:
    assert 0 <= confidence_of(probability, base_rate, beats_constant=True) <= 1
    assert 0 <= confidence_of(probability, base_rate, beats_constant=False) <= UNPROVEN_CONFIDENCE
