"""The client that commands use: where the API is, and with which key."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from investiq.clients.api import AsyncInvestIQClient, InvestIQClient
from investiq.clients.session import TrustedUsers
from investiq.foundation import topology
from investiq.foundation.config import Config, ConfigError, Paths

__all__ = ["TIMEOUT_SECONDS", "connect", "connect_async"]

TIMEOUT_SECONDS = 30.0


def connect(config: Config) -> InvestIQClient:
    """A client for `client.url`, or for the API that is configured here, with `client.key` or the local admin key."""
    return InvestIQClient(_url(config), _key(config), timeout=TIMEOUT_SECONDS, trusted=TrustedUsers.of(config))


def connect_async(config: Config, timeout: float = TIMEOUT_SECONDS) -> AsyncInvestIQClient:
    """The same for tasks of an event loop."""
    return AsyncInvestIQClient(_url(config), _key(config), timeout=timeout, trusted=TrustedUsers.of(config))


def _url(config: Config) -> str:
    return config.client.url or topology.API.url(config)


def _key(config: Config) -> str | Path:
    return _given(config.client.key) if config.client.key else Paths.of(config).admin_key


def _given(secret: SecretStr) -> str:
    """The key, if a header can carry it; said here, because what refuses a bad header would show it."""
    key = secret.get_secret_value()
    if all("!" <= character <= "~" for character in key):
        return key
    raise ConfigError("client.key is no API key: expected iq_ and 43 letters, digits, - or _, without a line break")
