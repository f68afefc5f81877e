"""Keeps in the audit log who asked for a change without the access that it needs."""

from __future__ import annotations

from typing import Final

import structlog
from sqlalchemy import Engine
from starlette.types import Scope

from investiq.foundation.store import DatabaseUnavailable, writing
from investiq.foundation.store.audit import Actor, AuditEntry, append
from investiq.foundation.telemetry.logging import without_keys
from investiq.foundation.threads import BoundedThreads
from investiq.foundation.vocabulary import Access, AuditAction, AuditResult
from investiq.serve.api.rate_limit import RateLimit

__all__ = ["DenialLog"]

_log = structlog.get_logger(__name__)

KEPT_A_MINUTE: Final = 60
"""Of one caller: a script that tries for ever fills no disk. `investiq_auth_failures_total` counts each."""


class DenialLog:
    """Writes beside the request, which is denied whether it can be kept or not. For one event loop."""

    def __init__(self, store: Engine) -> None:
        self._store = store
        self._writer = BoundedThreads(1, "denials")
        self._kept = RateLimit("denials", KEPT_A_MINUTE)

    async def note(self, actor: Actor, scope: Scope, needed: Access) -> None:
        """Keep that `actor` was denied what `scope` asks for."""
        if not self._kept.take(actor.name).allowed:
            return
        path = without_keys(f"{scope['method']} {scope['path']}")
        entry = AuditEntry(AuditAction.ACCESS_DENIED, actor, path, f"needs {needed} access", AuditResult.DENIED)
        try:
            await self._writer.run(lambda: self._keep(entry))
        except DatabaseUnavailable as error:
            _log.warning("denial_not_kept", actor=actor.name, path=path, error=error.message)

    def _keep(self, entry: AuditEntry) -> None:
        with writing(self._store) as connection:
            append(connection, entry)
