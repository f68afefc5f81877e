"""No secret goes to another user's program that has the port of ours. With real sockets; as root, another real user."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from investiq.clients.api import AsyncInvestIQClient, InvestIQClient
from investiq.clients.inbox import InboxClient
from investiq.clients.notify.notifier import Undelivered
from investiq.clients.notify.transport import post
from investiq.clients.prometheus import Prometheus
from investiq.clients.session import ForeignListener, HttpSession, HttpSettings, TrustedUsers
from investiq.foundation.config import ConfigError, load
from investiq.operate.supervise.parts import HealthProbe
from investiq.operate.supervise.readiness import ask
from tests.clients.strict import StrictServer

NOBODY = TrustedUsers(always=frozenset())
"""To whom even this process is a stranger."""
STRANGER = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a program of another user")

# Says at the end how many bytes it was sent.
EAVESDROPPER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
if "early" in sys.argv:
    listener.close()
    print("closed", flush=True)
connection.settimeout(20)
print(len(connection.recv(1000)), flush=True)
"""


@contextmanager
def eavesdropper(*arguments: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    command = ["setpriv", f"--reuid={STRANGER}", "--clear-groups", sys.executable, "-S", "-E", "-c", EAVESDROPPER]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            yield int(program.stdout.readline()), program
        finally:
            program.kill()


@as_root
@pytest.mark.parametrize("client", [InvestIQClient, AsyncInvestIQClient])
def test_another_users_program_on_the_port_is_sent_nothing_and_named(client: Callable[..., object]) -> None:
    with eavesdropper() as (port, program):
        with pytest.raises(ForeignListener) as refused:
            halt(client, f"http://localhost:{port}")
        assert program.stdout is not None
        assert program.stdout.readline() == "0\n", "bytes that it was sent"
        named = f"(pid {program.pid}, user nobody)" if sees_others(program.pid) else "a program of user nobody"
    assert f"port {port} of this machine is held by" in refused.value.what
    assert named in refused.value.what
    assert "client.server_user" in refused.value.fix


def sees_others(pid: int) -> bool:
    """Root of a container may not look into the processes of other users."""
    try:
        psutil.Process(pid).net_connections("tcp")
    except psutil.AccessDenied:
        return False
    return True


def halt(client: Callable[..., object], url: str) -> None:
    made = client(url, "iq_secret")
    if isinstance(made, InvestIQClient):
        with made:
            made.halt("test")
        return

    async def awaited() -> None:
        assert isinstance(made, AsyncInvestIQClient)
        async with made:
            await made.halt("test")

    asyncio.run(awaited())


@as_root
def test_who_accepted_a_connection_and_gave_the_port_back_is_found_too() -> None:
    """Else it could be ours by the time that anybody looks."""
    with eavesdropper("early") as (port, program), socket.create_connection(("127.0.0.1", port)) as connection:
        assert program.stdout is not None
        assert program.stdout.readline() == "closed\n"
        with socket.create_server(("127.0.0.1", port)), pytest.raises(ForeignListener, match="a program of user"):
            TrustedUsers().check(("127.0.0.1", port), connection.getsockname())


@as_root
def test_a_stranger_on_all_other_addresses_keeps_nobody_from_ours(server: StrictServer) -> None:
    """IPv6 alone may have the same port: whoever takes it must not be able to stop `investiq halt`."""
    code = (
        "import socket, sys; s = socket.socket(socket.AF_INET6); "
        "s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1); "
        "s.bind(('::', int(sys.argv[1]))); s.listen(); print(flush=True); sys.stdin.read()"
    )
    server.on("GET /api/market", {"phase": "open"})
    port = server.url.rpartition(":")[2]
    command = ["setpriv", f"--reuid={STRANGER}", "--clear-groups", sys.executable, "-S", "-E", "-c", code, port]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stranger:
        assert stranger.stdout is not None
        stranger.stdout.readline()
        with InvestIQClient(f"http://127.0.0.1:{port}", "iq_secret") as client:
            assert client.market()["phase"] == "open"
        stranger.kill()


def test_the_servers_of_this_user_are_asked(server: StrictServer) -> None:
    server.on("GET /api/market", {"phase": "open"})
    with InvestIQClient(server.url, "iq_secret") as client:
        assert client.market()["phase"] == "open"


@pytest.mark.parametrize("client", [Prometheus, InboxClient])
def test_every_client_of_a_part_looks_first(server: StrictServer, client: type[Prometheus | InboxClient]) -> None:
    async def asked() -> None:
        async with client(server.url, HttpSettings(trusted=NOBODY)) as made:
            await made.http.ask("/")

    with pytest.raises(ForeignListener):
        asyncio.run(asked())
    assert not server.asked


def test_health_checks_look_first_and_do_not_take_a_strangers_word(server: StrictServer) -> None:
    async def asked() -> tuple[bool, str]:
        found = await ask(HealthProbe(f"{server.url}/health", "status"), NOBODY)
        return found.well, found.detail

    well, detail = asyncio.run(asked())
    assert not well
    assert "is held by" in detail
    assert not server.asked


def test_notices_go_to_our_own_inbox_only(
    server: StrictServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(TrustedUsers, "ids", lambda self: frozenset())
    with pytest.raises(Undelivered) as lost:
        post(f"{server.url}/webhook", {}, (200,), token_file=tmp_path / "token")
    assert (lost.value.outcome, lost.value.again) == ("unreachable", True)
    assert not server.asked


class Gone:
    """A connection that was reset before anybody could look at its ends."""

    closed = False

    def __init__(self, error: OSError | None) -> None:
        self._error = error

    def get_extra_info(self, _: str) -> None:
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("error", [None, OSError("not connected")])
def test_a_connection_that_was_reset_at_once_is_no_connection(error: OSError | None) -> None:
    """As those to a part that is held: the reset may come before the look at who is there."""
    told = ("connection.connect_tcp.complete", {"return_value": Gone(error)})
    request = httpx2.Request("GET", "http://127.0.0.1/")
    TrustedUsers().hooks()["request"][0](request)
    with pytest.raises(httpx2.ConnectError):
        request.extensions["trace"](*told)
    asyncio.run(call(TrustedUsers().async_hooks()["request"][0], request))
    with pytest.raises(httpx2.ConnectError):
        asyncio.run(call(request.extensions["trace"], *told))


async def call(awaited: Callable[..., Awaitable[None]], *arguments: object) -> None:
    await awaited(*arguments)


def test_an_address_that_was_typed_is_asked_whosever_it_is(server: StrictServer) -> None:
    server.on("GET /", {"status": "success"})

    async def asked() -> object:
        async with HttpSession("Prometheus", server.url, HttpSettings(trusted=None)) as http:
            return await http.json("/")

    assert asyncio.run(asked()) == {"status": "success"}


def test_trusted_are_the_owner_of_the_key_who_knows_it_anyway_and_a_user_who_is_named(tmp_path: Path) -> None:
    key = tmp_path / "admin.key"
    key.touch()
    assert TrustedUsers((key, tmp_path / "none"), always=frozenset()).ids() == {key.stat().st_uid}
    assert TrustedUsers(name="nobody").ids() == {0, os.geteuid(), STRANGER}
    with pytest.raises(ConfigError, match=r"client\.server_user: this machine has no user 'no such'"):
        TrustedUsers(name="no such").ids()


def test_the_configuration_names_a_further_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_CLIENT_SERVER_USER", "nobody")
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    assert STRANGER in TrustedUsers.of(load().config).ids()
