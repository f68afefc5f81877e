"""Service level objectives: what is promised, how much of it may fail, and how fast that is being used up."""

from __future__ import annotations

from investiq.monitoring.slo.builtin import slos_of
from investiq.monitoring.slo.objective import BudgetingMethod, Events, Slo

__all__ = ["BudgetingMethod", "Events", "Slo", "slos_of"]
