"""The client that commands use: where the API is, and with which key."""

from __future__ import annotations

from investiq.cli.context import Session
from investiq.client import InvestIQClient
from investiq.config import Paths

__all__ = ["connect"]


def connect(session: Session) -> InvestIQClient:
    """A client for `client.url`, or for the API that is configured here, with `client.key` or the local admin key."""
    config = session.loaded.config
    host = "127.0.0.1" if config.api.host == "0.0.0.0" else config.api.host  # noqa: S104  compared, not bound
    bracketed = f"[{host}]" if ":" in host else host
    key = config.client.key.get_secret_value() if config.client.key else Paths.of(config).admin_key
    return InvestIQClient(config.client.url or f"http://{bracketed}:{config.api.port}", key, timeout=30.0)
