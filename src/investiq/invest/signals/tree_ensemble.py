"""Boosted trees as arrays, and their scores by numpy: those of LightGBM to the last bit, without LightGBM.

First every node decides for every row, which numpy does many at a time. Then each row goes down all trees together, one
look-up for each level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tree", "TreeEnsemble"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

_ZERO: Final = float(np.float32(1e-35))
"""LightGBM takes a number as near to zero as this for zero (`kZeroThreshold`, which it has in single precision)."""

_ZERO_IS_MISSING: Final = 1
_NAN_IS_MISSING: Final = 2

_BLOCK_CELLS: Final = 2**17
"""Nodes and leaves times rows that are worked on together: about what the caches of a processor hold."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree as LightGBM numbers it: child `n >= 0` is node `n`, child `n < 0` is leaf `-1 - n`; the root is node 0.

    Arrays are (leaves - 1,), one entry per node, but for `leaf_value`. A tree of one leaf has no node.
    """

    split_feature: Integers
    threshold: Floats
    """Finite; a value up to it goes left."""
    decision_type: Integers
    """Bit 1: a missing value goes left. Bits 2 and 3: what is missing. Bit 0, for categories, is not set."""
    left_child: Integers
    right_child: Integers
    leaf_value: Floats
    """Log-odds, (leaves,)."""
    depth: int
    """Decisions on the longest path from the root to a leaf."""


class TreeEnsemble:
    """The trees of one model, ready to score. They are believed: `trees.read_trees` checks what comes from a file.

    Args:
        trees: at least one.
        features: how many a row has.
    """

    def __init__(self, trees: Sequence[Tree], features: int) -> None:
        self._columns = _Columns(trees, features)
        self._threshold = np.concatenate([tree.threshold for tree in trees])[:, np.newaxis]
        self._leaf_value = np.concatenate([tree.leaf_value for tree in trees])
        self._numbering = _Numbering.of(trees)
        self._one_row = _Paths(self._numbering, rows=1)

    def scores(self, rows: Floats) -> Floats:
        """Log-odds of each row, (rows,).

        Args:
            rows: (rows, features), at least one row; NaN and infinities are values like any other.
        """
        size = min(len(rows), max(1, _BLOCK_CELLS // len(self._numbering.left)))
        paths = self._one_row if size == 1 else _Paths(self._numbering, size)
        found = np.empty(len(rows))
        for start in (*range(0, len(rows) - size, size), len(rows) - size):  # the last may begin in the one before
            block = slice(start, start + size)
            found[block] = self._sums(rows[block], paths)
        return found

    def _sums(self, rows: Floats, paths: _Paths) -> Floats:
        leaves = paths.leaves(self._columns.of(rows) > self._threshold)
        # Not `sum`, which adds in an order of its own: to be equal to the last bit, add tree after tree.
        sums: Floats = np.add.accumulate(self._leaf_value.take(leaves), axis=0)[-1]
        return sums


class _Columns:
    """The values that nodes compare with their thresholds.

    A missing value has a direction instead of a value. It stands here as an infinity, which goes that way past every
    threshold; so a feature has one column for each way in which the nodes treat missing values.
    """

    def __init__(self, trees: Sequence[Tree], features: int) -> None:
        decisions = np.concatenate([tree.decision_type for tree in trees])
        kinds = np.unique([0, *decisions])  # at least one, where no tree has a node
        self._kinds = [(int(kind) >> 2, -np.inf if kind & 2 else np.inf) for kind in kinds]
        self._column = np.concatenate([tree.split_feature for tree in trees])
        self._column = self._column + np.searchsorted(kinds, decisions) * features

    def of(self, rows: Floats) -> Floats:
        """(nodes, rows), without NaN"""
        values = rows.T.copy()
        not_zero = np.abs(values) > _ZERO  # nor NaN
        plain = np.where(not_zero, values, 0.0)
        columns = []
        for missing, infinity in self._kinds:
            if missing == _ZERO_IS_MISSING:
                columns.append(np.where(not_zero, values, infinity))
            elif missing == _NAN_IS_MISSING:
                columns.append(np.where(np.isnan(values), infinity, plain))
            else:
                columns.append(plain)
        return np.concatenate(columns).take(self._column, axis=0)


@dataclass(frozen=True, slots=True)
class _Numbering:
    """Nodes are numbered through all trees, leaves after them. A leaf leads to itself: a path that has ended stays."""

    left: Integers
    """(nodes and leaves,)"""
    left_to_right: Integers
    """From the number of the left child to that of the right one, (nodes,)."""
    roots: Integers
    """(trees,)"""
    depth: int

    @classmethod
    def of(cls, trees: Sequence[Tree]) -> _Numbering:
        counts = np.array([len(tree.threshold) for tree in trees], dtype=np.int32)
        nodes = int(counts.sum())
        node = (np.cumsum(counts) - counts).astype(np.int32)
        leaf = (nodes + node + np.arange(len(trees))).astype(np.int32)  # a tree has one leaf more than nodes

        def numbers(children: list[Integers]) -> Integers:
            child = np.concatenate(children)
            return np.where(child >= 0, node.repeat(counts) + child, leaf.repeat(counts) - 1 - child)

        left, right = numbers([tree.left_child for tree in trees]), numbers([tree.right_child for tree in trees])
        leaves = np.arange(nodes, nodes + nodes + len(trees), dtype=np.int32)
        return cls(
            left=np.concatenate([left, leaves]),
            left_to_right=right - left,
            roots=np.where(counts > 0, node, leaf),
            depth=max(tree.depth for tree in trees),
        )


class _Paths:
    """The paths from all roots to the leaves for a block of `rows` rows.

    A number and a row are a cell of the table (nodes and leaves, rows); its cells are numbered through as well.
    """

    def __init__(self, numbering: _Numbering, rows: int) -> None:
        self._rows, self._depth, self._nodes = rows, numbering.depth, len(numbering.left_to_right)
        self._left, self._roots = self._cells(numbering.left), self._cells(numbering.roots)
        self._left_to_right = (numbering.left_to_right * np.int32(rows))[:, np.newaxis]

    def _cells(self, numbers: Integers) -> Integers:
        """(numbers,) -> (numbers, rows)"""
        cells: Integers = np.add.outer(numbers * np.int32(self._rows), np.arange(self._rows, dtype=np.int32))
        return cells

    def leaves(self, goes_right: NDArray[np.bool_]) -> Integers:
        """The leaf where each path ends, numbered through all trees: (trees, rows).

        Args:
            goes_right: (nodes, rows)
        """
        table = self._left.copy()
        # `where` would do, but takes five times as long.
        table[: self._nodes] += goes_right * self._left_to_right
        next_cell, cell = table.ravel(), self._roots
        for _ in range(self._depth):
            cell = next_cell.take(cell)
        return cell // np.int32(self._rows) - np.int32(self._nodes)
