"""GET /api/checklist, and signing for its points."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from investiq.foundation.config import Paths
from investiq.foundation.store import migrate, writing
from investiq.foundation.store.audit import Actor
from investiq.foundation.store.schema import checklist_sign_offs
from investiq.operate.checklist.kept import checklist_of, keep
from investiq.serve.api.sign_offs import SignOffStore
from tests.foundation.store.conftest import engine, postgres, url
from tests.operate.checklist.answers import every_point
from tests.serve.api.installation import Installation

__all__ = ["engine", "postgres", "url"]

ADMIN = Actor("local admin", "127.0.0.1", "admin")
SIGN_OFFS = "/api/checklist/sign-offs"
ANNA = {"point": "training", "by": "Anna", "note": "all four of us"}


@pytest.fixture
def kept(still: Installation) -> Path:
    return Paths.of(still.config).checklist


async def test_before_anybody_looked_it_says_how_to_look(local: httpx2.AsyncClient) -> None:
    answer = await local.get("/api/checklist")
    assert (answer.status_code, answer.json()["reason"]) == (404, "never_checked")
    assert "`investiq checklist`" in answer.json()["detail"]


async def test_what_was_found_last_is_told_as_it_was_found(local: httpx2.AsyncClient, kept: Path) -> None:
    checklist = checklist_of(every_point())
    keep(kept, checklist)
    assert (await local.get("/api/checklist")).json() == checklist
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"checked_at": "x", "grade": "splendid", "points": []}',
        b"[" * 100_000,
        b" " * (2**20 + 1),
    ],
)
async def test_a_file_that_is_none_is_said_to_be_none(local: httpx2.AsyncClient, kept: Path, content: bytes) -> None:
    kept.write_bytes(content)
    answer = await local.get("/api/checklist")
    assert (answer.status_code, answer.json()["reason"]) == (503, "checklist_unreadable")
    assert "`investiq checklist`" in answer.json()["detail"]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
async def test_what_is_no_file_holds_nothing_up(
    local: httpx2.AsyncClient, kept: Path, make: Callable[[Path], None]
) -> None:
    make(kept)
    assert (await local.get("/api/checklist")).status_code == 503


async def test_who_signs_is_kept_with_the_key_that_it_came_with(local: httpx2.AsyncClient, still: Installation) -> None:
    assert (await local.get(SIGN_OFFS)).json() == {"sign_offs": []}
    signed = await local.post(SIGN_OFFS, json=ANNA, headers=still.bearer())
    assert signed.status_code == 201
    told = signed.json()
    assert {**ANNA, "signed_as": "local admin"}.items() <= told.items()
    life = datetime.fromisoformat(told["expires_at"]) - datetime.fromisoformat(told["signed_at"])
    assert life == timedelta(days=180)
    assert (await local.get(SIGN_OFFS)).json() == {"sign_offs": [told]}


async def test_only_an_admin_signs(local: httpx2.AsyncClient, still: Installation) -> None:
    assert (await local.post(SIGN_OFFS, json=ANNA)).status_code == 401
    assert (await local.post(SIGN_OFFS, json=ANNA, headers=still.bearer(still.agent_key))).status_code == 403
    assert (await local.get(SIGN_OFFS)).json() == {"sign_offs": []}


@pytest.mark.parametrize(
    "change",
    [
        {"point": "metrics"},
        {"point": "no such point"},
        {"by": ""},
        {"by": "  "},
        {"by": "x" * 101},
        {"by": "An\nna"},
        {"by": "\u202eannA"},
        {"note": ""},
        {"note": "x" * 501},
        {"further": 1},
    ],
)
async def test_what_is_no_signature_is_refused(
    local: httpx2.AsyncClient, still: Installation, change: dict[str, Any]
) -> None:
    answer = await local.post(SIGN_OFFS, json=ANNA | change, headers=still.bearer())
    assert answer.status_code == 422
    assert (await local.get(SIGN_OFFS)).json() == {"sign_offs": []}


def test_the_latest_signature_of_each_point_counts_and_all_are_kept(engine: Engine) -> None:
    migrate(engine)
    times = iter(datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3))
    store = SignOffStore(engine, timedelta(days=10), lambda: next(times))
    for point, by in (("training", "Anna"), ("rules", "Ben"), ("training", "Cleo")):
        store.sign(point, by, ADMIN)
    latest = {one.point: (one.by, one.expires_at.day) for one in store.latest()}
    assert latest == {"rules": ("Ben", 12), "training": ("Cleo", 13)}
    with writing(engine) as connection:
        assert len(connection.execute(checklist_sign_offs.select()).all()) == 3


def test_nobody_can_change_a_signature(engine: Engine) -> None:
    migrate(engine)
    SignOffStore(engine, timedelta(days=10)).sign("training", "Anna", ADMIN)
    for change in (checklist_sign_offs.update().values(by="Ben"), checklist_sign_offs.delete()):
        with pytest.raises(IntegrityError, match="append-only"), writing(engine) as connection:
            connection.execute(change)


def test_a_kept_checklist_is_replaced_wholly_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "checklist.json"
    keep(path, checklist_of(every_point()))
    before = path.read_text()
    target = tmp_path / "elsewhere"
    target.write_text("precious")
    path.unlink()
    path.symlink_to(target)
    keep(path, checklist_of(every_point()))
    assert (target.read_text(), path.is_symlink(), path.read_text()) == ("precious", False, before)
    assert json.loads(before)["grade"] == "ready for live"
