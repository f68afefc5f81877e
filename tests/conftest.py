"""How long Hypothesis may look, and where each test runs."""

from __future__ import annotations

import os

from hypothesis import Phase, settings

settings.register_profile("investiq", deadline=None, print_blob=True)
# CI finds and reports; it does not shrink, which can take minutes for each failure. The blob that it prints makes
# `@reproduce_failure` shrink the same case on a developer's machine.
settings.register_profile(
    "investiq-ci",
    parent=settings.get_profile("ci"),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
)
settings.load_profile("investiq-ci" if os.environ.get("CI") else "investiq")
