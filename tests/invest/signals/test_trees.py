from __future__ import annotations

import re
from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from investiq.invest.market.types import Symbol
from investiq.invest.signals.features import FEATURES, NEEDED_BARS
from investiq.invest.signals.model import Artifact, Model
from investiq.invest.signals.trees import MalformedTrees, canonical_trees
from tests.invest.signals import synthetic

A = Symbol("AAA")
BARS = synthetic.random_walk(NEEDED_BARS, seed=1)


def first(pattern: str, replacement: str, text: str) -> str:
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
    assert count == 1
    return changed


@pytest.mark.parametrize("leaves", [2, 31])
def test_the_canonical_form_forecasts_to_the_last_bit_like_the_model_that_was_trained(leaves: int) -> None:
    random = np.random.default_rng(leaves)
    rows = random.normal(0, 1, (2_000, len(FEATURES)))
    labels = (rows[:, 0] + random.normal(0, 1, len(rows)) > 0).astype(float)
    data = lightgbm.Dataset(rows, labels, feature_name=list(FEATURES))
    trained = lightgbm.train({"objective": "binary", "num_leaves": leaves, "verbosity": -1}, data, 20)
    text = canonical_trees(trained.model_to_string(), FEATURES)
    unseen = random.normal(0, 2, (500, len(FEATURES)))
    np.testing.assert_array_equal(lightgbm.Booster(model_str=text).predict(unseen), trained.predict(unseen))
    assert canonical_trees(text, FEATURES) == text


def test_trees_without_a_split_are_trees() -> None:
    rows, labels = np.zeros((20, len(FEATURES))), np.array([0.0, 1.0] * 10)
    data = lightgbm.Dataset(rows, labels, feature_name=list(FEATURES))
    trained = lightgbm.train({"objective": "binary", "verbosity": -1}, data, 3)
    text = canonical_trees(trained.model_to_string(), FEATURES)
    np.testing.assert_array_equal(lightgbm.Booster(model_str=text).predict(rows), trained.predict(rows))


def test_a_model_of_another_program_is_refused() -> None:
    for text in ("", "hello", "tree\n", '{"learner": {}}', "\x80\x04\x95pickle", "tree\nversion=v4\n\n"):
        with pytest.raises(MalformedTrees):
            canonical_trees(text, FEATURES)


def test_other_features_are_refused(artifact: Artifact) -> None:
    with pytest.raises(MalformedTrees, match="other features"):
        canonical_trees(artifact.model_text, tuple(reversed(FEATURES)))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99, 0.99999])
def test_a_truncated_model_is_refused_though_lightgbm_would_take_it(artifact: Artifact, share: float) -> None:
    with pytest.raises(MalformedTrees):
        canonical_trees(artifact.model_text[: int(len(artifact.model_text) * share)], FEATURES)


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
        canonical_trees(first(pattern, replacement, artifact.model_text), FEATURES)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_one_character_becomes_it_is_refused_or_it_predicts(artifact: Artifact, data: st.DataObject) -> None:
    """LightGBM ends the process on some malformed models: what passes the check must not reach that point."""
    text = artifact.model_text
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from("0123456789-.= \nTexn")) + text[at + 1 :]
    try:
        model = Model(replace(artifact, model_text=changed))
    except MalformedTrees:
        return
    assert 0 < model.forecast(A, BARS[-1].session, model.features(A, BARS)).probability_up < 1
