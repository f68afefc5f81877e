"""GET /api/audit: who changed what, for admins; and what the console notes there for who silences."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sqlalchemy import Engine

from investiq.foundation.contract import api
from investiq.foundation.contract.text import Line
from investiq.foundation.contract.words import one_of
from investiq.foundation.store import reading, writing
from investiq.foundation.store.audit import AuditEntry, append, page
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Access, AuditAction
from investiq.serve.api.documents import document
from investiq.serve.api.identity import actor_of, needs
from investiq.serve.http.queries import LARGEST_CURSOR, digits

__all__ = ["audit_routes"]

MOST_RECORDS = 500


def audit_routes(store: Engine, metrics: Metrics) -> APIRouter:
    """Endpoints on the audit log; plain functions, which FastAPI runs in worker threads."""
    router = APIRouter(tags=["audit"])
    admin, trader = needs(Access.ADMIN, metrics), needs(Access.TRADE, metrics)

    @router.get("/api/audit", dependencies=[Depends(admin)])
    def audit(
        limit: Annotated[int, Field(ge=1, le=MOST_RECORDS), digits] = 100,
        cursor: Annotated[int, Field(ge=1, le=LARGEST_CURSOR), digits] | None = Query(
            None, description="`next_cursor` of the page before"
        ),
        action: Annotated[str, one_of(AuditAction)] | None = None,
        actor: Line | None = Query(None, description="a part of the name of who did it"),
    ) -> api.AuditPage:
        """Who changed what, from where, and who was denied it; newest first. Needs an admin key."""
        wanted = AuditAction(action) if action is not None else None
        with reading(store) as connection:
            found = page(connection, limit=limit + 1, before=cursor, action=wanted, actor=actor)
        shown = found[:limit]
        return api.AuditPage(
            records=[document(api.AuditRecord, one, wall=one.wall.isoformat()) for one in shown],
            next_cursor=str(shown[-1].id) if len(found) > limit else None,
        )

    @router.post("/api/audit/silences", status_code=201, dependencies=[Depends(trader)])
    def note_silence(note: api.SilenceNote, request: Request) -> api.AuditRecord:
        """Note a silence that was put or ended. The console does, for who is logged in: Alertmanager knows nobody."""
        entry = AuditEntry(AuditAction(note.action), actor_of(request), note.silence, note.detail)
        with writing(store) as connection:
            kept = append(connection, entry)
        return document(api.AuditRecord, kept, wall=kept.wall.isoformat())

    return router
