"""What the guide tells people to type exists."""

from __future__ import annotations

import re
from collections.abc import Collection

import pytest

from investiq.cli.exit_codes import ExitCode, Validation
from investiq.cli.main import COMMANDS
from investiq.foundation.checkout import checkout
from investiq.foundation.findings import Finding, FindingSeverity, Place, PlaceKind
from investiq.foundation.vocabulary import PointState, ReadinessGrade
from investiq.operate.checklist.points import POINTS
from investiq.operate.doctor.examine import CHECKS
from investiq.operate.validate.live.run import LIVE_CHECKS
from investiq.operate.validate.offline import OFFLINE_CHECKS
from tests.docs.command_lines import fault, inline_commands, make_targets, typed_commands
from tests.docs.pages import Page, guide, rows_under


@pytest.mark.parametrize("page", guide(), ids=lambda page: page.name)
def test_every_command_line_is_one_that_investiq_takes(page: Page) -> None:
    faults = {" ".join(a): why for a in typed_commands(page) if (why := fault(a, complete=True))}
    faults |= {" ".join(a): why for a in inline_commands(page) if (why := fault(a, complete=False))}
    assert faults == {}


@pytest.mark.parametrize("page", guide(), ids=lambda page: page.name)
def test_every_target_of_make_is_in_the_makefile(page: Page) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (checkout() / "Makefile").read_text("utf-8"), re.M))
    assert make_targets(page) - targets == set()


def test_the_search_finds_command_lines_where_they_stand() -> None:
    page = Page(
        "page.md",
        '```sh\neval "$(investiq completion bash)"\nA=b investiq up -d | head # now\n```\n'
        'Type `make up ARGS="--speed 9s"` or `investiq trade\nlist`; not `.investiq/logs`.\n',
    )
    assert typed_commands(page) == [["up", "--speed", "9s"], ["completion", "bash"], ["up", "-d"]]
    assert inline_commands(page) == [["trade", "list"]]


@pytest.mark.parametrize("line", ["nosuch", "up --nosuch", "trade buy", "inbox --status odd", "trade nosuch"])
def test_a_command_line_that_does_not_exist_is_found(line: str) -> None:
    assert fault(line.split(), complete=True)


def test_the_command_line_page_names_every_command() -> None:
    page = _page("docs/command-line.md")
    used = {arguments[0] for arguments in (*typed_commands(page), *inline_commands(page))}
    assert set(COMMANDS) - used == set()


def test_the_table_of_exit_codes_is_that_of_the_code() -> None:
    table = rows_under(_page("docs/command-line.md"), "Exit codes")
    assert table == [[str(int(code)), code.meaning] for code in ExitCode]


def test_the_table_of_the_exit_codes_of_validate_is_that_of_the_code() -> None:
    table = rows_under(_page("docs/validation.md"), "Exit codes of validate")
    assert table == [[str(int(code)), code.meaning] for code in Validation]


@pytest.mark.parametrize(
    ("heading", "checks"),
    [("The checks of the running monitoring", LIVE_CHECKS), ("The checks of the repository", OFFLINE_CHECKS)],
)
def test_every_check_has_its_heading_in_their_order(heading: str, checks: Collection[str]) -> None:
    section = _page("docs/validation.md").text.split(f"## {heading}\n")[1].split("\n## ")[0]
    assert re.findall(r"^### (.+)$", section, re.M) == list(checks)


def test_every_check_of_the_doctor_has_its_row_in_their_order() -> None:
    table = rows_under(_page("docs/troubleshooting.md"), "What doctor checks")
    assert [row[0] for row in table] == list(CHECKS)


def test_every_point_of_the_checklist_has_its_row_in_their_order() -> None:
    table = rows_under(_page("docs/checklist.md"), "The points")
    assert [(row[0], row[2] == "yes") for row in table] == [(point.name, point.for_paper) for point in POINTS]


def test_the_states_and_grades_of_the_checklist_are_explained() -> None:
    assert [row[0] for row in rows_under(_page("docs/checklist.md"), "What it says")] == list(PointState)
    assert [row[0] for row in rows_under(_page("docs/checklist.md"), "The grade")] == list(ReadinessGrade)


def test_the_table_of_what_a_finding_holds_is_that_of_the_code() -> None:
    section = _page("docs/command-line.md").text.split("## Findings\n")[1].split("\n## ")[0]
    table = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.M))
    assert list(table) == list(Finding("x", Place.file("x"), "x", "x").document())
    assert re.findall(r"`(\w+)`", table["severity"]) == list(FindingSeverity)
    assert re.findall(r"`(\w+)`", table["kind"]) == ["where", *PlaceKind]


def _page(name: str) -> Page:
    return next(page for page in guide() if page.name == name)
