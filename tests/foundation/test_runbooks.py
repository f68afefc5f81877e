"""The runbooks are found by their subject, and by nothing else."""

from __future__ import annotations

import pytest

from investiq.foundation import runbooks


def test_each_is_the_page_of_its_subject() -> None:
    assert {"api", "signals", "trading"} <= set(runbooks.names())
    for subject in runbooks.names():
        assert runbooks.text(subject).startswith(f"# Runbook: {subject}\n")


@pytest.mark.parametrize("name", ["nosuch", "", "api.md", "__init__", "../runbooks/api", "/etc/passwd"])
def test_an_unknown_name_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(runbooks.UnknownRunbook, match=r"api, .*trading") as refused:
        runbooks.text(name)
    assert refused.value.reason == "unknown_runbook"
