"""The client that commands use: where the API is, and with which key."""

from __future__ import annotations

from pydantic import SecretStr

from investiq.clients.api import InvestIQClient
from investiq.foundation import topology
from investiq.foundation.config import Config, ConfigError, Paths

__all__ = ["TIMEOUT_SECONDS", "connect"]

TIMEOUT_SECONDS = 30.0


def connect(config: Config) -> InvestIQClient:
    """A client for `client.url`, or for the API that is configured here, with `client.key` or the local admin key."""
    key = _given(config.client.key) if config.client.key else Paths.of(config).admin_key
    url = config.client.url or topology.API.url(config)
    return InvestIQClient(url, key, timeout=TIMEOUT_SECONDS)


def _given(secret: SecretStr) -> str:
    """The key, if a header can carry it; said here, because what refuses a bad header would show it."""
    key = secret.get_secret_value()
    if all("!" <= character <= "~" for character in key):
        return key
    raise ConfigError("client.key is no API key: expected iq_ and 43 letters, digits, - or _, without a line break")
