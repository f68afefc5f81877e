"""Reads LightGBM's text format with suspicion.

LightGBM trusts its model files: a truncated one loads with fewer trees than it had, and one bad character in a number
can end the process (`terminate called`, seen with 4.7), which no `except` catches. So LightGBM never sees a file from
disk. The trees are read here into arrays and checked: each node leads to nodes, leaves and features that exist. What
is not understood, such as a split by categories, is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from investiq.invest.signals.tree_ensemble import Tree, TreeEnsemble

__all__ = ["MalformedTrees", "header_and_trees", "read_trees"]

_HEADER: Final = {
    "version": "v4",
    "num_class": "1",
    "num_tree_per_iteration": "1",
    "label_index": "0",
    "objective": "binary sigmoid:1",
}
"""What the header must say, besides the names of the features."""

_END: Final = "end of trees\n"

_MAX_LEAVES: Final = 4_096
_MAX_STEPS: Final = 2_000_000
"""Trees times levels of the deepest: what one forecast walks, in some ten milliseconds. Ours take 600."""

_MAX_INTEGER: Final = 2**31 - 1
_MAX_LEAF_VALUE: Final = 1_000.0
"""In log-odds; e to the thousandth is beyond any float."""

_NUMERIC_SPLITS: Final = frozenset(missing << 2 | default << 1 for missing in (0, 1, 2) for default in (0, 1))
"""Decision types without the categorical bit: bit 1 is the default direction, bits 2 and 3 how a gap is treated."""

_Values = dict[str, list[int] | list[float]]


class MalformedTrees(ValueError):
    """The text is no binary LightGBM classifier over the expected features; the message says where it goes wrong."""


def _integer(text: str) -> int:
    number = int(text)
    if abs(number) > _MAX_INTEGER:
        raise ValueError
    return number


def _real(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


_KEYS: Final[dict[str, Callable[[str], int | float]]] = {
    "num_leaves": _integer,
    "num_cat": _integer,
    "split_feature": _integer,
    "split_gain": _real,
    "threshold": _real,
    "decision_type": _integer,
    "left_child": _integer,
    "right_child": _integer,
    "leaf_value": _real,
    "leaf_weight": _real,
    "leaf_count": _integer,
    "internal_value": _real,
    "internal_weight": _real,
    "internal_count": _integer,
    "is_linear": _integer,
    "shrinkage": _real,
}
"""What a tree consists of, in LightGBM's order, and how to read it."""

_SINGLE: Final = ("num_leaves", "num_cat", "is_linear", "shrinkage")
_PER_LEAF: Final = ("leaf_value", "leaf_weight", "leaf_count")


def header_and_trees(text: str) -> str:
    """What LightGBM writes without the importances and parameters after the trees, which no prediction needs."""
    trees, end, _ = text.partition(_END)
    return trees + end


def read_trees(text: str, features: Sequence[str]) -> TreeEnsemble:
    """The trees of `text`, ready to score; what stands after them is not read.

    Raises:
        MalformedTrees: `text` is not a complete binary classifier over exactly `features` in LightGBM's format v4.
    """
    head, separator, body = text.partition("\n\n")
    if not separator or not head.startswith("tree\n"):
        raise MalformedTrees("model.txt does not begin as a LightGBM text model")
    _check_header(_fields(head.removeprefix("tree\n"), "the header"), features)
    trees, end, _ = body.partition(_END)
    if not end:
        raise MalformedTrees("model.txt has no 'end of trees': it is cut off")
    found = list(_read_trees(trees, len(features)))
    if len(found) * max(tree.depth for tree in found) > _MAX_STEPS:
        raise MalformedTrees("model.txt has so many trees of such a depth that a forecast would take too long")
    return TreeEnsemble(found, len(features))


def _fields(text: str, where: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if not equals or key in fields:
            raise MalformedTrees(f"model.txt: {line[:40]!r} in {where} is not one key=value")
        fields[key] = value
    return fields


def _check_header(header: dict[str, str], features: Sequence[str]) -> None:
    for key, expected in _HEADER.items():
        if header.get(key) != expected:
            raise MalformedTrees(f"model.txt has {key}={header.get(key, '')[:40]}, expected {expected}")
    if header.get("feature_names", "").split(" ") != list(features):
        raise MalformedTrees("model.txt was trained on other features than this version computes")


def _read_trees(text: str, features: int) -> Iterator[Tree]:
    blocks = text.split("\n\n\n")
    if blocks.pop() or not blocks:
        raise MalformedTrees("model.txt has no trees, or its last one is cut off")
    for number, block in enumerate(blocks):
        title, _, lines = block.partition("\n")
        if title != f"Tree={number}":
            raise MalformedTrees(f"model.txt: expected Tree={number}, found {title[:40]!r}")
        yield _read_tree(lines, f"tree {number}", features)


def _read_tree(lines: str, where: str, features: int) -> Tree:
    fields = _fields(lines, where)
    if tuple(fields) != tuple(_KEYS):
        raise MalformedTrees(f"model.txt: {where} does not have exactly the entries of a tree, in order")
    tree: _Values = {key: _numbers(fields[key], key, where) for key in _KEYS}
    _check_sizes(tree, where)
    _check_values(tree, where, features)
    return Tree(
        split_feature=np.array(tree["split_feature"], dtype=np.int32),
        threshold=np.array(tree["threshold"], dtype=np.float64),
        decision_type=np.array(tree["decision_type"], dtype=np.int32),
        left_child=np.array(tree["left_child"], dtype=np.int32),
        right_child=np.array(tree["right_child"], dtype=np.int32),
        leaf_value=np.array(tree["leaf_value"], dtype=np.float64),
        depth=_depth(tree, where),
    )


def _numbers(text: str, key: str, where: str) -> list[int] | list[float]:
    try:
        # What comes after the last value that any tree can have stays one piece, and is no number.
        return [_KEYS[key](value) for value in text.split(maxsplit=_MAX_LEAVES)]
    except ValueError:
        raise MalformedTrees(f"model.txt: {key} of {where} has something else than numbers in range") from None


def _check_sizes(tree: _Values, where: str) -> None:
    for key in _SINGLE:
        if len(tree[key]) != 1:
            raise MalformedTrees(f"model.txt: {where} needs one value of {key}")
    leaves = int(tree["num_leaves"][0])
    if not 1 <= leaves <= _MAX_LEAVES:
        raise MalformedTrees(f"model.txt: {where} has {leaves} leaves, expected 1 to {_MAX_LEAVES}")
    for key in _KEYS.keys() - set(_SINGLE):
        expected = leaves if key in _PER_LEAF else leaves - 1
        # LightGBM writes no weight for the leaf of a tree that did not split.
        unsplit = key == "leaf_weight" and leaves == 1 and not tree[key]
        if len(tree[key]) != expected and not unsplit:
            raise MalformedTrees(f"model.txt: {where} needs {expected} values of {key}, has {len(tree[key])}")


def _check_values(tree: _Values, where: str, features: int) -> None:
    if tree["num_cat"] != [0] or tree["is_linear"] != [0]:
        raise MalformedTrees(f"model.txt: {where} has categories or linear leaves, which are not used here")
    if not all(0 <= feature < features for feature in tree["split_feature"]):
        raise MalformedTrees(f"model.txt: {where} splits on a feature that does not exist")
    if not _NUMERIC_SPLITS.issuperset(tree["decision_type"]):
        raise MalformedTrees(f"model.txt: {where} has a decision that is not numeric")
    if not all(abs(value) <= _MAX_LEAF_VALUE for value in tree["leaf_value"]):
        raise MalformedTrees(f"model.txt: {where} has a leaf beyond any log-odds")


def _depth(tree: _Values, where: str) -> int:
    """Walk down from the root: each node and each leaf (written as -1 - leaf) is reached exactly once."""
    leaves = int(tree["num_leaves"][0])
    branches = [(int(left), int(right)) for left, right in zip(tree["left_child"], tree["right_child"], strict=True)]
    level, depth = [0] if branches else [-1], 0
    reached = set(level)
    while inner := [node for node in level if node >= 0]:
        level = [child for node in inner for child in branches[node]]
        depth += 1
        again = len(set(level)) < len(level) or not reached.isdisjoint(level)
        if again or not all(-leaves <= child < leaves - 1 for child in level):
            raise MalformedTrees(f"model.txt: the branches of {where} do not form a tree")
        reached.update(level)
    # Reached exactly once each, a root with two branches per node: as many nodes and leaves as there are.
    if len(reached) != 2 * leaves - 1:
        raise MalformedTrees(f"model.txt: {where} has leaves that no branch leads to")
    return depth
