"""`investiq login`, the link at the end of `investiq up`, and who is logged in."""

from __future__ import annotations

import io
import json
import stat
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from investiq.cli.context import CommandContext
from investiq.cli.exit_codes import ExitCode
from investiq.cli.login import login_url
from investiq.cli.main import main
from investiq.cli.stack_screen import StackScreen
from investiq.cli.startup import Startup, address_lines
from investiq.clients.api import InvestIQClient
from investiq.clients.session import Refused
from investiq.foundation.config import Config, load
from investiq.operate.supervise.parts import StackTable
from tests.cli.served import Served
from tests.cli.test_commands import _the_api_logs_nothing, api, document, shared
from tests.cli.test_main import run
from tests.ports import closed_port

__all__ = ["_the_api_logs_nothing", "api", "shared"]  # fixtures


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser would be started with."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    monkeypatch.setenv("DISPLAY", ":0")
    return addresses


def client(served: Served) -> InvestIQClient:
    return InvestIQClient(f"http://127.0.0.1:{served.port}")


def test_login_prints_a_link_to_the_console_that_logs_in_once(api: Served, opened: list[str]) -> None:
    result = run("login")

    assert result.code == ExitCode.DONE
    url = urlsplit(result.out.strip())
    assert f"{url.scheme}://{url.netloc}{url.path}?{url.query}" == "http://127.0.0.1:8050/login?"
    assert result.err == "logs in as local admin, once, within 5 minutes\n"
    assert opened == []  # nobody sits at a terminal here
    with client(api) as anybody:
        session = anybody.log_in(link=url.fragment)
        assert (session["name"], session["scope"]) == ("local admin", "admin")
        with pytest.raises(Refused, match="works once"):
            anybody.log_in(link=url.fragment)


def test_the_link_leads_to_where_the_console_is_reached_and_is_that_of_the_key_of_the_client(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVESTIQ_WEB_PUBLIC_URL", "https://invest.example.org/")
    monkeypatch.setenv("INVESTIQ_CLIENT_KEY", api.agent_key)
    told = document("login")
    assert told["url"].startswith("https://invest.example.org/login#iql_")
    assert told["name"] == "local agent"
    with client(api) as anybody:
        assert anybody.log_in(link=urlsplit(told["url"]).fragment)["scope"] == "trade"


def test_a_browser_is_opened_at_a_terminal_and_no_argument_of_it_holds_the_token(
    api: Served, opened: list[str]
) -> None:
    out = Terminal()
    assert main(["login"], io.StringIO(), out, io.StringIO()) == ExitCode.DONE
    link = out.getvalue().strip()
    (address,) = opened
    assert "iql_" not in address
    page = Path(unquote(urlsplit(address).path))
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert link in page.read_text()


@pytest.mark.parametrize("argv", [("login", "--no-browser"), ("login", "--json")], ids=" ".join)
def test_no_browser_is_opened_where_none_is_wanted(api: Served, opened: list[str], argv: tuple[str, ...]) -> None:
    assert main(argv, io.StringIO(), Terminal(), io.StringIO()) == ExitCode.DONE
    assert opened == []


def test_no_browser_is_opened_without_a_display(
    api: Served, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["login"], io.StringIO(), Terminal(), io.StringIO()) == ExitCode.DONE
    assert opened == []


def test_login_without_an_api_says_that_it_does_not_run(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_API_PORT", str(closed_port()))
    result = run("login")
    assert (result.code, result.out) == (ExitCode.NOT_RUNNING, "")


def test_who_is_logged_in_is_listed_and_can_be_logged_out(api: Served) -> None:
    key = document("keys", "create", "--name", "alice", "--scope", "trade")
    with client(api) as anybody:
        session = anybody.log_in(key=key["secret"])
        other = anybody.log_in(key=key["secret"])

        listed = {one["id"]: one for one in document("keys", "sessions")["sessions"]}
        assert listed[session["id"]]["name"] == "alice"
        assert listed[session["id"]]["key"] == key["id"]
        assert session["id"] in run("keys", "sessions").out
        assert session["secret"] not in run("keys", "sessions", "--json").out

        assert document("keys", "revoke", session["id"])["schema"] == "investiq.session/1"
        assert run("keys", "revoke", other["id"]).err == f"session {other['id']} of alice is ended\n"
    left = {one["id"] for one in document("keys", "sessions")["sessions"]}
    assert left.isdisjoint({session["id"], other["id"]})


def test_what_is_neither_a_key_nor_a_session_is_said(api: Served) -> None:
    result = run("keys", "revoke", "nope")
    assert result.code == ExitCode.FAILED
    assert "no key or session has the id 'nope'" in result.err


# ---- the end of `investiq up` ----


async def _started(config: Config) -> tuple[str, dict[str, object]]:
    """What the end of a start prints, as text and as JSON."""
    answers = []
    for as_json in (False, True):
        context = CommandContext(stdout=io.StringIO(), stderr=io.StringIO(), json=as_json)
        startup = Startup(context, config, StackTable((), ()), None, None)  # type: ignore[arg-type]  # not asked
        startup._screen = StackScreen(context)
        startup._sum_up((), await startup._login_link())
        answers.append(context.stdout.getvalue())  # type: ignore[attr-defined]
    return answers[0], json.loads(answers[1])


async def test_up_prints_a_link_that_logs_in_made_at_that_moment(api: Served) -> None:
    config = load().config
    text, told = await _started(config)

    (link,) = [line.strip() for line in text.splitlines() if "/login#" in line]
    assert "to the console as local admin, once, within 5 minutes; later: " in text
    assert told["login_url"] != link
    with client(api) as anybody:
        for one in (link, str(told["login_url"])):
            assert anybody.log_in(link=urlsplit(one).fragment)["name"] == "local admin"


async def test_up_is_no_worse_for_an_api_that_makes_no_link(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_API_PORT", str(closed_port()))
    text, told = await _started(load().config)
    assert "/login#" not in text
    assert "investiq login" in text
    assert told["login_url"] is None


def test_the_link_goes_behind_the_hash() -> None:
    """What stands before it is sent to the server, and logged by proxies."""
    link = {"token": "iql_x", "name": "alice", "expires_at": "2026-01-01T00:00:00Z"}
    assert login_url(Config(), link) == "http://127.0.0.1:8050/login#iql_x"  # type: ignore[arg-type]
    assert "iql_" not in "".join(address_lines(Config(), StackTable((), ())))
