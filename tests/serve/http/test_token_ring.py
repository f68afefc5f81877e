"""A server learns of a new token when it is first shown, and forgets an old one without being asked for the new."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from investiq.foundation.files import UnusableTokenFile
from investiq.foundation.token_files import AcceptedTokens, rotate_token
from investiq.serve.http.token_ring import TokenRing


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _token(file: Path) -> bytes:
    return file.read_bytes().strip()


async def test_a_new_token_opens_the_first_time_it_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "a.token"
    ring = TokenRing(file, _Clock())
    old = _token(file)
    rotate_token(file, timedelta(minutes=1))
    assert await ring.accepts(_token(file))
    assert await ring.accepts(old)


async def test_a_token_that_was_replaced_at_once_is_refused_within_two_seconds(tmp_path: Path) -> None:
    file, clock = tmp_path / "a.token", _Clock()
    ring = TokenRing(file, clock)
    old = _token(file)
    rotate_token(file, timedelta())
    clock.now = 2.0
    assert not await ring.accepts(old)


async def test_of_many_at_once_with_a_new_token_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.token"
    ring = TokenRing(file, _Clock())
    for _ in range(20):
        old = _token(file)
        asking = [asyncio.create_task(ring.accepts(old)) for _ in range(5)]
        rotate_token(file, timedelta(minutes=1))
        asking += [asyncio.create_task(ring.accepts(_token(file))) for _ in range(5)]
        assert all(await asyncio.gather(*asking))


async def test_a_disk_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, clock, hang = tmp_path / "a.token", _Clock(), threading.Event()
    ring = TokenRing(file, clock)
    monkeypatch.setattr(AcceptedTokens, "look", lambda _: hang.wait())
    clock.now = 100.0
    try:
        assert await ring.accepts(_token(file))
    finally:
        hang.set()


def test_a_file_without_a_token_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "a.token").write_text("\n")
    with pytest.raises(UnusableTokenFile, match="delete it"):
        TokenRing(tmp_path / "a.token")
