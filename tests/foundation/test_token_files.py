"""A token that is replaced: what opens when, and what is left when the replacing is interrupted."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from investiq.foundation import token_files
from investiq.foundation.files import provide_token, replace_whole
from investiq.foundation.token_files import AcceptedTokens, previous_file, rotate_token

TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "keys" / "inbox.token"
    provide_token(file)
    return file


def _token(file: Path) -> bytes:
    return file.read_bytes().strip()


def _accepted(file: Path) -> AcceptedTokens:
    tokens = AcceptedTokens(file)
    tokens.look()
    return tokens


def test_both_open_until_the_overlap_is_over(file: Path) -> None:
    old = _token(file)
    rotate_token(file, TEN_MINUTES)
    assert _token(file) != old
    assert _accepted(file).accepts(old)
    assert _accepted(file).accepts(_token(file))
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(previous_file(file).stat().st_mode) == 0o600


def test_after_the_overlap_the_old_one_opens_nothing(file: Path) -> None:
    old = _token(file)
    rotate_token(file, TEN_MINUTES, datetime.now(UTC) - TEN_MINUTES)
    assert not _accepted(file).accepts(old)
    assert _accepted(file).accepts(_token(file))


def test_the_end_of_the_overlap_counts_also_where_nothing_is_read_anew(file: Path) -> None:
    old = _token(file)
    rotate_token(file, timedelta(milliseconds=1))
    tokens = _accepted(file)
    while datetime.now(UTC) < datetime.fromisoformat(previous_file(file).read_text().split()[1]):
        pass
    assert not tokens.accepts(old)


def test_without_an_overlap_everything_before_is_over(file: Path) -> None:
    old = [_token(file)]
    rotate_token(file, TEN_MINUTES)
    old.append(_token(file))
    rotate_token(file, timedelta())
    assert not any(map(_accepted(file).accepts, old))
    assert not previous_file(file).exists()


def test_a_second_rotation_within_the_overlap_leaves_all_three_open(file: Path) -> None:
    seen = [_token(file)]
    for _ in range(2):
        rotate_token(file, TEN_MINUTES)
        seen.append(_token(file))
    assert all(map(_accepted(file).accepts, seen))


@pytest.mark.parametrize("steps", range(3))
def test_interrupted_after_any_step_what_is_shown_opens_and_rotating_again_completes(
    file: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = _token(file)
    done: list[Path] = []

    def replace(path: Path, text: str) -> None:
        if len(done) == steps:
            raise KeyboardInterrupt
        done.append(path)
        replace_whole(path, text)

    with monkeypatch.context() as patched:
        patched.setattr(token_files, "replace_whole", replace)
        if steps < 2:
            with pytest.raises(KeyboardInterrupt):
                rotate_token(file, TEN_MINUTES)
    assert _accepted(file).accepts(_token(file))
    assert _accepted(file).accepts(old)
    rotate_token(file, TEN_MINUTES)
    assert _token(file) != old
    assert _accepted(file).accepts(_token(file))
    assert _accepted(file).accepts(old)


@pytest.mark.parametrize("presented", [b"", b" ", b"\n", b"None", b"x" * 43])
def test_what_is_no_token_of_the_file_opens_nothing(file: Path, presented: bytes) -> None:
    rotate_token(file, TEN_MINUTES)
    assert not _accepted(file).accepts(presented)


@pytest.mark.parametrize("line", ["", "token", "token 2099-01-01T00:00:00", "token soon", " 2099-01-01T00:00:00+00:00"])
def test_a_damaged_line_of_previous_ones_opens_nothing(file: Path, line: str) -> None:
    previous_file(file).write_text(f"{line}\n")
    assert not any(map(_accepted(file).accepts, (b"", b"token", line.encode())))


def test_a_file_that_is_gone_or_damaged_leaves_what_is_known(file: Path) -> None:
    old = _token(file)
    tokens = _accepted(file)
    file.write_text("cut off")
    tokens.look()
    file.unlink()
    tokens.look()
    assert tokens.accepts(old)
