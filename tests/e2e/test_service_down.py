"""The API is killed: the page for it, and for nothing else, arrives in the inbox; after the restart it resolves.

The unmodified rules with their real `for`, the real programs, the real supervisor: what an operator would see.
"""

from __future__ import annotations

import os
import signal
import time

import pytest

from investiq.cli.exit_codes import ExitCode
from tests.e2e.conftest import NewStack
from tests.e2e.stack import awaited

pytestmark = pytest.mark.e2e

PAGE_SECONDS = 150  # one minute of patience, two rounds of ten seconds, and a slow machine
QUIET_SECONDS = 200  # the longest `for` of what a dead API could still set off, two minutes, and delivery


def test_a_killed_api_pages_for_itself_alone_and_resolves_after_the_restart(
    new_stack: NewStack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = new_stack()
    stack.up("--no-restart", "api")
    awaited(
        "quiet before the fault", 60, lambda: not stack.alerts("pending") and stack.alerts("firing") == {"Watchdog"}
    )
    assert stack.notifications() == []

    os.kill(stack.part("api")["pid"], signal.SIGKILL)
    killed = time.monotonic()
    awaited("page", PAGE_SECONDS, stack.notifications)
    page_seconds = time.monotonic() - killed
    awaited("end of what is pending", QUIET_SECONDS, lambda: not stack.alerts("pending"))
    pages = stack.notifications()
    assert [(page["alertname"], page["labels"]["service"], page["status"]) for page in pages] == [
        ("ServiceDown", "investiq-api", "firing")
    ]
    assert pages[0]["severity"] == "critical"
    assert stack.part("api")["state"] == "crashed", "nobody restarted it meanwhile"

    assert stack.investiq("up", "api").code == ExitCode.DONE
    restarted = time.monotonic()
    resolved = awaited("resolution", PAGE_SECONDS, lambda: stack.notifications()[:-1])
    resolved_seconds = time.monotonic() - restarted
    assert [(row["alertname"], row["status"]) for row in resolved] == [("ServiceDown", "resolved")]
    with capsys.disabled():
        measured = f"page {page_seconds:.0f} s after SIGKILL, resolved {resolved_seconds:.0f} s after the restart"
        print(f"\nServiceDown: {measured}")  # noqa: T201  the measurement is what this test is for
