"""The service answers with a model that was really trained: the one that the models' own tests use."""

from __future__ import annotations

from tests.invest.signals.conftest import artifact, cut_off, other_artifact, trending_histories

__all__ = ["artifact", "cut_off", "other_artifact", "trending_histories"]
