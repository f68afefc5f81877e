"""Whom a load may be sent to."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from investiq.clients.session import ClientError
from investiq.foundation.config import Config
from investiq.operate.load.scenarios import SCENARIOS
from investiq.operate.load.target import LiveTrading, UnconfirmedTarget, find_target
from tests.clients.strict import StrictServer

HEALTH, CONSOLE = SCENARIOS["health"], SCENARIOS["console"]
STATUS = "GET /api/trading/status"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "admin.key").write_text("iq_local\n")
    return Config(data_dir=tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "https://10.0.0.1:3000",
        "http://127.1:3000",
        "http://0.0.0.0:3000",
        "http://localhost.example",
    ],
)
def test_another_machine_is_to_be_confirmed_by_its_name(config: Config, url: str) -> None:
    for typed in (None, "", "yes", "localhost", "EXAMPLE.ORG"):
        with pytest.raises(UnconfirmedTarget, match="--target-confirmed"):
            find_target(config, HEALTH, url, typed)


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:3000",
        "ftp://127.0.0.1",
        "http://",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:x",
        "http://127.0.0.1:3000/api",
        "http://127.0.0.1:3000?x=1",
        "http://127.0.0.1@example.org",
        "http://user:pw@127.0.0.1",
        "http://[::1",
    ],
)
def test_what_is_no_bare_address_is_refused(config: Config, url: str) -> None:
    with pytest.raises(UnconfirmedTarget, match="is no target"):
        find_target(config, HEALTH, url, "example.org")


def test_whoever_trades_on_paper_may_be_asked(config: Config, server: StrictServer) -> None:
    server.on(STATUS, {"mode": "paper"})
    target = find_target(config, HEALTH, server.url, None)
    assert (target.url, target.mode, target.key, target.is_own) == (server.url, "paper", "iq_local", False)


@pytest.mark.parametrize("mode", ["live", "", "PAPER", "something new"])
def test_whoever_does_not_is_never_asked(config: Config, server: StrictServer, mode: str) -> None:
    server.on(STATUS, {"mode": mode})
    with pytest.raises(LiveTrading, match="replay or paper only"):
        find_target(config, HEALTH, server.url, None)


def test_a_server_that_says_no_mode_is_not_asked(config: Config, server: StrictServer) -> None:
    server.on(STATUS, {})
    with pytest.raises((LiveTrading, ClientError)):
        find_target(config, HEALTH, server.url, None)


def test_the_target_that_client_url_names_needs_the_same_confirmation(config: Config) -> None:
    elsewhere = config.model_copy(update={"client": config.client.model_copy(update={"url": "https://example.org"})})
    with pytest.raises(UnconfirmedTarget):
        find_target(elsewhere, HEALTH, None, None)


def test_a_console_elsewhere_is_asked_only_where_its_mode_is_known(config: Config) -> None:
    with pytest.raises(LiveTrading, match=r"client\.url"):
        find_target(config, CONSOLE, "https://example.org", "example.org")


def test_the_key_of_this_machine_is_sent_to_no_other(config: Config) -> None:
    from investiq.operate.load.target import _key

    assert _key(config, is_here=True) == "iq_local"
    assert _key(config, is_here=False) == ""
    own = config.model_copy(update={"client": config.client.model_copy(update={"key": SecretStr("iq_given")})})
    assert _key(own, is_here=False) == "iq_given"
