"""Reads LightGBM's text format with suspicion, before LightGBM does.

LightGBM trusts its model files: a truncated one loads with fewer trees than it had, and a malformed one ends the
process (`terminate called`, seen with 4.7) or reads outside its arrays. So everything that prediction follows, such as
the child numbers of each node, is checked here first; the sections behind the trees are dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["MalformedTrees", "checked_trees", "trees_only"]

_END: Final = "end of trees\n"
_MAX_LEAVES: Final = 4_096
_HEADER: Final = {
    "version": "v4",
    "num_class": "1",
    "num_tree_per_iteration": "1",
    "label_index": "0",
    "objective": "binary sigmoid:1",
}
_NODE_KEYS: Final = (
    "split_feature",
    "split_gain",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "internal_value",
    "internal_weight",
    "internal_count",
)
_LEAF_KEYS: Final = ("leaf_value", "leaf_weight", "leaf_count")
_NUMERIC_SPLITS: Final = frozenset(str(missing << 2 | default << 1) for missing in (0, 1, 2) for default in (0, 1))
"""Decision types without the categorical bit: bit 1 is the default direction, bits 2 and 3 how a gap is treated."""


class MalformedTrees(ValueError):
    """The text is no binary LightGBM classifier over the expected features; the message says where it goes wrong."""


def trees_only(text: str) -> str:
    """`text` up to the end of its trees: what prediction needs, without importances and training parameters."""
    head, end, _ = text.partition(_END)
    if not end:
        raise MalformedTrees("model.txt has no 'end of trees': it is cut off, or no LightGBM model")
    return head + end


def checked_trees(text: str, features: Sequence[str]) -> str:
    """`text`, once it is known to be safe and complete.

    Raises:
        MalformedTrees: it is not a binary classifier over exactly `features` in LightGBM's text format v4 that ends
            with its trees.
    """
    head, separator, body = text.partition("\n\n")
    if not separator or not head.startswith("tree\n"):
        raise MalformedTrees("model.txt does not begin as a LightGBM text model")
    header = _fields(head.removeprefix("tree\n"), "the header")
    for key, expected in _HEADER.items():
        if header.get(key) != expected:
            raise MalformedTrees(f"model.txt has {key}={header.get(key)}, expected {expected}")
    if header.get("feature_names", "").split() != list(features):
        raise MalformedTrees("model.txt was trained on other features than this version computes")
    if header.get("max_feature_idx") != str(len(features) - 1):
        raise MalformedTrees("model.txt contradicts itself about its number of features")
    for number, block in enumerate(_blocks(header, body)):
        _check_tree(number, block, len(features))
    return text


def _fields(text: str, where: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if not equals or key in fields:
            raise MalformedTrees(f"model.txt: {line[:40]!r} in {where} is not one key=value")
        fields[key] = value
    return fields


def _blocks(header: dict[str, str], body: str) -> Iterator[str]:
    """The text of each tree. LightGBM finds them by the sizes that the header states, so these must be true."""
    if not body.isascii():
        raise MalformedTrees("model.txt has characters that no tree has")
    position = 0
    for number, size in enumerate(_integers(header, "tree_sizes", "the header")):
        block = body[position : position + size]
        if size <= 0 or len(block) < size or not block.startswith(f"Tree={number}\n") or not block.endswith("\n\n"):
            raise MalformedTrees(f"model.txt: tree {number} is missing, cut off or not where the header says")
        yield block
        position += size
    if position == 0 or body[position:] != _END:
        raise MalformedTrees("model.txt does not end after its last tree")


def _check_tree(number: int, block: str, features: int) -> None:
    where = f"tree {number}"
    tree = _fields(block.rstrip("\n"), where)
    if tree.get("num_cat") != "0" or tree.get("is_linear") != "0":
        raise MalformedTrees(f"model.txt: {where} has categories or linear leaves, which are not used here")
    (leaves,) = _integers(tree, "num_leaves", where, 1)
    if not 1 <= leaves <= _MAX_LEAVES:
        raise MalformedTrees(f"model.txt: {where} has {leaves} leaves")
    _floats(tree, "leaf_value", where, leaves)
    if leaves == 1:
        return  # a tree without a split: LightGBM writes its node lists empty
    _expect_lengths(tree, where, leaves)
    _floats(tree, "threshold", where, leaves - 1)
    if not all(0 <= feature < features for feature in _integers(tree, "split_feature", where, leaves - 1)):
        raise MalformedTrees(f"model.txt: {where} splits on a feature that does not exist")
    if not _NUMERIC_SPLITS.issuperset(tree["decision_type"].split()):
        raise MalformedTrees(f"model.txt: {where} has a decision that is not numeric")
    _check_shape(where, leaves, _integers(tree, "left_child", where), _integers(tree, "right_child", where))


def _expect_lengths(tree: dict[str, str], where: str, leaves: int) -> None:
    expected = dict.fromkeys(_NODE_KEYS, leaves - 1) | dict.fromkeys(_LEAF_KEYS, leaves)
    for key, length in expected.items():
        if len(tree.get(key, "").split()) != length:
            raise MalformedTrees(f"model.txt: {where} needs {length} values of {key}")


def _check_shape(where: str, leaves: int, left: Sequence[int], right: Sequence[int]) -> None:
    """Walk from the root: each node and each leaf (written as -1 - leaf) is reached exactly once."""
    reached: set[int] = set()
    waiting = [0]
    while waiting:
        node = waiting.pop()
        if node in reached or not -leaves <= node < leaves - 1:
            raise MalformedTrees(f"model.txt: the branches of {where} do not form a tree")
        reached.add(node)
        if node >= 0:
            waiting += (left[node], right[node])
    if len(reached) != 2 * leaves - 1:
        raise MalformedTrees(f"model.txt: {where} has leaves that no branch leads to")


def _integers(fields: dict[str, str], key: str, where: str, length: int | None = None) -> list[int]:
    return [int(value) for value in _numbers(fields, key, where, length)]


def _floats(fields: dict[str, str], key: str, where: str, length: int) -> None:
    _numbers(fields, key, where, length)


def _numbers(fields: dict[str, str], key: str, where: str, length: int | None) -> list[float]:
    try:
        numbers = [float(value) for value in fields.get(key, "").split()]
    except ValueError:
        raise MalformedTrees(f"model.txt: {key} of {where} is not all numbers") from None
    if not all(math.isfinite(number) for number in numbers) or (length is not None and len(numbers) != length):
        raise MalformedTrees(f"model.txt: {key} of {where} is incomplete or not finite")
    return numbers
