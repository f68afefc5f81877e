from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from investiq.invest.market.types import Symbol
from investiq.invest.signals.features import FEATURES, NEEDED_BARS
from investiq.invest.signals.model import Artifact, Model
from investiq.invest.signals.trees import MalformedTrees, header_and_trees, read_trees
from tests.chance import examples
from tests.invest.signals import synthetic
from tests.invest.signals.tree_text import chain
from tests.invest.signals.tree_text import model as model_text

A = Symbol("AAA")
BARS = synthetic.random_walk(NEEDED_BARS, seed=1)


def first(pattern: str, replacement: str, text: str) -> str:
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
    assert count == 1
    return changed


def test_importances_and_parameters_are_left_out_and_no_forecast_misses_them() -> None:
    random = np.random.default_rng(1)
    rows = random.normal(0, 1, (2_000, len(FEATURES)))
    labels = (rows[:, 0] + random.normal(0, 1, len(rows)) > 0).astype(float)
    data = lightgbm.Dataset(rows, labels, feature_name=list(FEATURES))
    trained = lightgbm.train({"objective": "binary", "num_threads": 1, "verbosity": -1}, data, 20)
    written = trained.model_to_string()
    text = header_and_trees(written)
    assert written.startswith(text)
    assert "feature_importances" not in text
    assert "parameters" not in text
    unseen = random.normal(0, 2, (500, len(FEATURES)))
    expected = trained.predict(unseen, raw_score=True)
    np.testing.assert_array_equal(lightgbm.Booster(model_str=text).predict(unseen, raw_score=True), expected)
    np.testing.assert_array_equal(read_trees(text, FEATURES).scores(unseen), expected)
    np.testing.assert_array_equal(read_trees(written, FEATURES).scores(unseen), expected)


def test_a_model_of_another_program_is_refused() -> None:
    for text in ("", "hello", "tree\n", '{"learner": {}}', "\x80\x04\x95pickle", "tree\nversion=v4\n\n"):
        with pytest.raises(MalformedTrees):
            read_trees(text, FEATURES)


def test_other_features_are_refused(artifact: Artifact) -> None:
    with pytest.raises(MalformedTrees, match="other features"):
        read_trees(artifact.model_text, tuple(reversed(FEATURES)))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99, 0.99999])
def test_a_truncated_model_is_refused_though_lightgbm_would_take_it(artifact: Artifact, share: float) -> None:
    with pytest.raises(MalformedTrees):
        read_trees(artifact.model_text[: int(len(artifact.model_text) * share)], FEATURES)


FORGERIES = {
    "a child that does not exist": (r"^left_child=-?\d+", "left_child=99", "do not form a tree"),
    "a child that is its own parent": (r"^left_child=-?\d+", "left_child=0", "do not form a tree"),
    "a leaf that does not exist": (r"^right_child=-?\d+", "right_child=-99", "do not form a tree"),
    "leaves that nothing leads to": (r"^left_child=1 -1\nright_child=\S+", "left_child=-1 -1\nright_child=-2", "leads"),
    "a feature that does not exist": (r"^split_feature=\d+", "split_feature=23", "feature that does not exist"),
    "a negative feature": (r"^split_feature=\d+", "split_feature=-1", "feature that does not exist"),
    "too many leaves": (r"^num_leaves=\d+", "num_leaves=2000000000", "leaves"),
    "more leaves than values": (r"^num_leaves=\d+", "num_leaves=9", "needs"),
    "no number of leaves": (r"^num_leaves=\d+\n", "", "entries of a tree"),
    "a categorical split": (r"^decision_type=\d+", "decision_type=1", "not numeric"),
    "categories": (r"^num_cat=0", "num_cat=1", "categories"),
    "linear leaves": (r"^is_linear=0", "is_linear=1", "linear"),
    "a leaf of no value": (r"^leaf_value=\S+", "leaf_value=nan", "numbers in range"),
    "a leaf beyond measure": (r"^leaf_value=\S+", "leaf_value=1e300", "beyond any log-odds"),
    "a child with two parents": (r"^left_child=-?\d+", "left_child=-2", "do not form a tree"),
    "a threshold without end": (r"^threshold=\S+", "threshold=inf", "numbers in range"),
    "a threshold of no value": (r"^threshold=\S+", "threshold=nan", "numbers in range"),
    "a missing value of no kind": (r"^decision_type=\d+", "decision_type=14", "not numeric"),
    "a threshold that is no number": (r"^threshold=\S+", "threshold=abc", "numbers in range"),
    "a number that no machine word holds": (r"^leaf_count=\d+", "leaf_count=99999999999", "numbers in range"),
    "a list that is too short": (r"^leaf_count=\d+ ", "leaf_count=", "leaf_count"),
    "a key twice": (r"^num_cat=0", "num_cat=0\nnum_cat=0", "key=value"),
    "a tree less": (r"^Tree=1\n", "Tree=2\n", "expected Tree=1"),
    "several classes": (r"^num_class=1", "num_class=3", "num_class"),
    "a regression": (r"^objective=.*", "objective=regression", "objective"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_tree_is_refused_with_its_fault(artifact: Artifact, name: str) -> None:
    pattern, replacement, message = FORGERIES[name]
    with pytest.raises(MalformedTrees, match=message):
        read_trees(first(pattern, replacement, artifact.model_text), FEATURES)


@given(data=st.data())
@settings(max_examples=examples(25), deadline=None)
def test_whatever_one_character_becomes_it_is_refused_or_it_predicts(artifact: Artifact, data: st.DataObject) -> None:
    """Nothing else happens: no index out of range, no walk without end."""
    text = artifact.model_text
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from("0123456789-.= \nTexn")) + text[at + 1 :]
    try:
        model = Model(replace(artifact, model_text=changed))
    except MalformedTrees:
        return
    assert 0 < model.forecast(A, BARS[-1].session, model.features(A, BARS)).probability_up < 1


def test_the_deepest_tree_that_is_taken_leads_to_each_of_its_leaves() -> None:
    text = model_text(FEATURES, chain(4_096), chain(1), chain(2))
    rows = np.zeros((300, len(FEATURES)))
    rows[:, 0] = np.linspace(-5, 4_200, len(rows))
    expected = lightgbm.Booster(model_str=text).predict(rows, raw_score=True)
    assert len(np.unique(expected)) > 250
    np.testing.assert_array_equal(read_trees(text, FEATURES).scores(rows), expected)
    with pytest.raises(MalformedTrees, match="4097 leaves"):
        read_trees(model_text(FEATURES, chain(4_097)), FEATURES)


def test_trees_that_would_keep_a_forecast_busy_for_long_are_refused() -> None:
    stumps = [chain(2)] * 488
    with pytest.raises(MalformedTrees, match="too long"):
        read_trees(model_text(FEATURES, chain(4_096), *stumps), FEATURES)
    read_trees(model_text(FEATURES, chain(4_096), *stumps[1:]), FEATURES)


def test_reading_needs_no_more_memory_than_the_text_times_a_few() -> None:
    """A file of the size that `artifact` allows must not fill the memory, whatever stands in it."""
    for tree in (chain(1), chain(2), chain(4_096)):
        text = model_text(FEATURES, *[tree] * (1 + 400_000 // len(tree)))
        tracemalloc.start()
        read_trees(text, FEATURES)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 10 * len(text)
