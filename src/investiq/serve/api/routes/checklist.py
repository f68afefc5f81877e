"""GET /api/checklist, and who has signed for which of its points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import TypeAdapter, ValidationError

from investiq.foundation.contract import api
from investiq.foundation.documents.text import UnreadableFile, read_text
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Access
from investiq.serve.api.documents import document
from investiq.serve.api.identity import actor_of, needs
from investiq.serve.api.sign_offs import SignOffStore
from investiq.serve.http import Problem

__all__ = ["checklist_routes"]

_NOT_THERE: dict[int | str, dict[str, Any]] = {
    404: {"model": api.Problem, "description": "Nobody has run `investiq checklist` here yet."},
    503: {"model": api.Problem, "description": "What it kept cannot be read."},
}
_AGAIN = "run `investiq checklist` on the machine that runs InvestIQ"
_MOST_BYTES = 2**20


def checklist_routes(store: SignOffStore, kept: Path, metrics: Metrics) -> APIRouter:
    """Endpoints on the production checklist; plain functions, which FastAPI runs in worker threads.

    Args:
        kept: the file of what was found last.
    """
    router = APIRouter(tags=["checklist"])
    admin = needs(Access.ADMIN, metrics)
    adapter: TypeAdapter[api.Checklist] = TypeAdapter(api.Checklist)

    @router.get("/api/checklist", responses=_NOT_THERE)
    def checklist() -> api.Checklist:
        """What `investiq checklist` found when it last looked at every point: `checked_at` says when."""
        if not kept.exists():
            raise Problem(404, "never_checked", f"nobody has looked at the checklist here yet: {_AGAIN}")
        try:
            return adapter.validate_json(_text(kept))
        except (UnreadableFile, ValidationError) as error:
            why = error.message if isinstance(error, UnreadableFile) else f"{kept} is not as this version writes it"
            raise Problem(503, "checklist_unreadable", f"{why}: {_AGAIN}") from error

    @router.get("/api/checklist/sign-offs")
    def sign_offs() -> api.SignOffs:
        """Who last signed for each point that needs a person."""
        return api.SignOffs(sign_offs=[document(api.SignOff, one) for one in store.latest()])

    @router.post("/api/checklist/sign-offs", status_code=201, dependencies=[Depends(admin)])
    def sign(what: api.Sign, request: Request) -> api.SignOff:
        """Take responsibility for a point that no program can see done. Needs an admin key."""
        return document(api.SignOff, store.sign(what.point, what.by, actor_of(request), what.note))

    return router


def _text(kept: Path) -> str:
    if not kept.is_file():  # to read a pipe would take for ever
        raise UnreadableFile(str(kept), "is no file")
    return read_text(kept, most_bytes=_MOST_BYTES)
