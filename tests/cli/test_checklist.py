"""`investiq checklist`, `checklist sign` and `readiness`, beside a real API and nothing else that runs."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from investiq.cli import main
from investiq.cli.exit_codes import ExitCode
from investiq.foundation.config import Paths, load
from investiq.foundation.vocabulary import ChecklistPoint
from tests.cli.fake_stack import FakeStack
from tests.cli.served import Served, serve_api
from tests.cli.test_main import run


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_api(tmp_path_factory.mktemp("api") / "data") as served:
        yield served


@pytest.fixture(autouse=True)
def _the_api_logs_nothing() -> None:
    """It runs in a thread of this process, and stdout is to hold what the command prints."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


@pytest.fixture(autouse=True)
def kept(shared: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of what was found; nothing listens where the other parts would."""
    monkeypatch.chdir(tmp_path)
    for name, value in (FakeStack().settings() | shared.environment).items():
        monkeypatch.setenv(name, value)
    path = Paths.of(load().config).checklist
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


def looked_at(*argv: str) -> tuple[int, dict[str, Any]]:
    result = run("checklist", *argv, "--json")
    return result.code, dict(json.loads(result.out))


def test_every_point_is_looked_at_shown_and_kept(kept: Path) -> None:
    result = run("checklist")
    assert result.code == ExitCode.FINDINGS
    heads = [line for line in result.out.splitlines() if not line.startswith("    ")]
    assert [line.partition(":")[0].split()[-1] for line in heads] == list(ChecklistPoint)
    assert " 3  not done              services: Monitoring services started" in heads
    assert "    next: `investiq up" in result.out
    assert f"{len(ChecklistPoint)} points: 0 done" not in result.err  # what there is none of is not counted
    document = json.loads(kept.read_text())
    assert (document["grade"], len(document["points"])) == ("not ready", len(ChecklistPoint))
    assert kept.stat().st_mode & 0o077 == 0


def test_a_few_points_say_nothing_of_the_whole_and_are_not_kept(kept: Path) -> None:
    code, document = looked_at("--only", "drills", "--only", "backup")
    assert code == ExitCode.FINDINGS
    assert [point["point"] for point in document["points"]] == ["backup", "drills"]
    assert "grade" not in document
    assert not kept.exists()


def test_a_point_that_does_not_exist_is_wrong_usage() -> None:
    result = run("checklist", "--only", "luck")
    assert result.code == ExitCode.USAGE
    assert "no point is called 'luck'; they are: metrics, endpoint" in result.err


def test_what_a_person_signs_for_is_done_and_whoever_looks_sees_who(kept: Path) -> None:
    assert looked_at("--only", "training")[1]["points"][0]["state"] == "needs a person"
    signed = run("checklist", "sign", "training", "--by", " Anna ", "--note", "all four of us", "--json")
    assert signed.code == ExitCode.DONE
    document = json.loads(signed.out)
    assert (document["schema"], document["by"], document["signed_as"]) == ("investiq.sign_off/1", "Anna", "local admin")
    code, found = looked_at("--only", "training")
    assert (code, found["points"][0]["state"]) == (ExitCode.DONE, "done")
    assert ": all four of us" in found["points"][0]["evidence"][0]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("metrics", "--by", "Anna"), "metrics is checked by a program, and no signature can stand for it"),
        (("luck", "--by", "Anna"), "the checklist has no point 'luck'; people sign for rules, training"),
        (("training", "--by", " "), "--by takes a name of 1 to 100 characters"),
        (("training", "--by", "x" * 101), "--by takes a name of 1 to 100 characters"),
        (("training", "--by", "Anna", "--note", "x" * 501), "--note takes 1 to 500 characters, not 501"),
        (("training",), "--by"),
    ],
)
def test_what_cannot_be_signed_is_wrong_usage(argv: tuple[str, ...], told: str) -> None:
    result = run("checklist", "sign", *argv)
    assert result.code == ExitCode.USAGE
    assert told in result.err


def test_only_an_admin_key_signs(shared: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_CLIENT_KEY", shared.agent_key)
    assert run("checklist", "sign", "rules", "--by", "Anna").code == ExitCode.NOT_ALLOWED


def test_readiness_is_one_grade_with_its_reasons(kept: Path) -> None:
    result = run("readiness", "--json")
    assert result.code == ExitCode.FINDINGS
    document = json.loads(result.out)
    assert (document["schema"], document["grade"], document["reached"]) == ("investiq.readiness/1", "not ready", False)
    assert "services" in {reason["point"] for reason in document["missing"]["paper"]}
    assert "drills" in {reason["point"] for reason in document["missing"]["live"]}
    assert all(reason["evidence"] and reason["next_steps"] for reason in document["missing"]["live"])
    assert json.loads(kept.read_text())["grade"] == "not ready"


def test_readiness_tells_people_what_is_missing_for_what() -> None:
    result = run("readiness", "--for", "paper")
    assert result.code == ExitCode.FINDINGS
    first, *lines = result.out.splitlines()
    assert first.startswith("not ready, checked 20")
    paper, live = lines.index("missing for paper:"), lines.index("missing for live:")
    assert any(line.startswith("  services (not done): ") for line in lines[paper:live])
    assert any(line.startswith("  drills (not done): not proven yet") for line in lines[live:])
    assert not any("services" in line for line in lines[live:])


def test_a_disk_that_is_full_loses_nothing_and_is_said(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write_text("what was found before")

    def full(_path: Path, _text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("investiq.operate.checklist.kept.replace_whole", full)
    result = run("checklist")
    assert result.code == ExitCode.FINDINGS
    assert "could not be kept" in result.err
    assert "No space left on device" in result.err
    assert kept.read_text() == "what was found before"


class Terminal(io.StringIO):
    """What is written to a terminal of some width."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_each_line_fits_and_elsewhere_each_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    shown = Terminal()
    main(["--no-color", "checklist", "--only", "drills"], io.StringIO(), shown, io.StringIO())
    lines = shown.getvalue().splitlines()
    assert len(lines) > 4
    assert max(map(len, lines)) <= 70
    assert len(run("checklist", "--only", "drills").out.splitlines()) == 3
