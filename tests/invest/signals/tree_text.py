"""Models in LightGBM's text format that nobody trained."""

from __future__ import annotations

from collections.abc import Sequence


def tree(
    leaves: Sequence[float],
    *,
    features: Sequence[int],
    thresholds: Sequence[float],
    decisions: Sequence[int],
    left: Sequence[int],
    right: Sequence[int],
) -> str:
    fields: dict[str, Sequence[object]] = {
        "num_leaves": [len(leaves)],
        "num_cat": [0],
        "split_feature": features,
        "split_gain": [1] * len(features),
        "threshold": thresholds,
        "decision_type": decisions,
        "left_child": left,
        "right_child": right,
        "leaf_value": leaves,
        "leaf_weight": [1] * len(leaves),
        "leaf_count": [1] * len(leaves),
        "internal_value": [0] * len(features),
        "internal_weight": [1] * len(features),
        "internal_count": [1] * len(features),
        "is_linear": [0],
        "shrinkage": [1],
    }
    return "".join(f"{key}={' '.join(repr(value) for value in values)}\n" for key, values in fields.items())


def chain(leaves: int) -> str:
    """Every node has a leaf on its left; feature 0 has its value rounded up for the number of the leaf."""
    nodes = range(leaves - 1)
    return tree(
        [0.001 * leaf for leaf in range(leaves)],
        features=[0] * len(nodes),
        thresholds=[float(node) for node in nodes],
        decisions=[2] * len(nodes),
        left=[-1 - node for node in nodes],
        right=[*nodes[1:], -leaves][: len(nodes)],
    )


def model(features: Sequence[str], *trees: str) -> str:
    """Without `tree_sizes`: LightGBM aborts the process where a tree has another size, and reads on without them."""
    header = {
        "version": "v4",
        "num_class": 1,
        "num_tree_per_iteration": 1,
        "label_index": 0,
        "max_feature_idx": len(features) - 1,
        "objective": "binary sigmoid:1",
        "feature_names": " ".join(features),
        "feature_infos": " ".join(["none"] * len(features)),
    }
    lines = "".join(f"{key}={value}\n" for key, value in header.items())
    blocks = "".join(f"Tree={number}\n{text}\n\n" for number, text in enumerate(trees))
    return f"tree\n{lines}\n{blocks}end of trees\n"
