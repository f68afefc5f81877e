"""The listening sockets of the parts: what becomes of connections, and that nobody else ever gets one."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import psutil
import pytest

from investiq.operate.supervise.parts import StackTable
from investiq.operate.supervise.ports import bound_ports
from investiq.operate.supervise.sockets import PartSockets, bind, deafen
from investiq.operate.supervise.status import Phase, ProcessState
from tests.operate.supervise.conftest import Fakes, part_until, until
from tests.ports import free_port

THIEF = Path(__file__).with_name("port_thief.py")


def stolen(address: str, port: int, *, sockets: int = 2, seconds: float = 2) -> int:
    """How many connections another user gets; without root, another process of this one."""
    another = ("setpriv", "--reuid", "65534", "--clear-groups", "--") if os.geteuid() == 0 else ()
    told = subprocess.run(
        [*another, sys.executable, "-S", "-E", "-", address, *map(str, (port, sockets, seconds))],
        input=THIEF.read_text(),  # which that user may not be able to open
        capture_output=True,
        text=True,
        check=True,
    )
    return int(told.stdout)


def ends(sockets: PartSockets) -> list[tuple[int, int]]:
    """Family and port of each."""
    found: list[tuple[int, int]] = []
    for descriptor in sockets.descriptors:
        with socket.socket(fileno=os.dup(descriptor)) as listener:
            found.append((listener.family, listener.getsockname()[1]))
    return found


@pytest.fixture(params=["127.0.0.1", "0.0.0.0", "::1", "::"])  # noqa: S104  where servers may listen
def host(request: pytest.FixtureRequest) -> str:
    if ":" in request.param and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    return str(request.param)


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.fixture
def sockets(host: str) -> Iterator[PartSockets]:
    with closing(PartSockets(bind(host, free_port()))) as sockets:
        yield sockets


@pytest.mark.parametrize("state", ["offered", "turned away", "offered again"])
async def test_no_connection_goes_to_another_user_whether_or_not_there_is_a_part(
    host: str, sockets: PartSockets, state: str
) -> None:
    if state != "offered":
        sockets.turn_away()
    if state == "offered again":
        sockets.offer()
    ((_, port),) = ends(sockets)
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    assert stolen(reached, port) == 0


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize(("host", "other"), [("127.0.0.1", "::1"), ("::1", "127.0.0.1")])
async def test_nobody_else_gets_the_port_at_the_other_address_of_localhost(fakes: Fakes, host: str, other: str) -> None:
    part = fakes.part("api", listen_host=host)
    assert part.port is not None
    with bound_ports(StackTable((part,))):
        assert stolen(other, part.port) == 0


def has_filters() -> bool:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        deafen(listener)
        return listener.fileno() != -1


@pytest.mark.skipif(not has_ipv6() or not has_filters(), reason="no IPv6, or no socket filters")
async def test_nor_at_that_of_a_program_which_binds_its_port_for_itself(fakes: Fakes) -> None:
    part = fakes.part("prometheus")  # at 127.0.0.1
    assert part.port is not None
    with bound_ports(StackTable((part,))):
        assert stolen("::1", part.port, sockets=1, seconds=0.1) == 0
        with socket.create_server(("127.0.0.1", part.port)):
            pass


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_a_part_serves_at_the_other_address_of_localhost_too(fakes: Fakes) -> None:
    part = fakes.part("api", listen_host="127.0.0.1")
    async with fakes.running(part) as supervisor:
        await until(supervisor, lambda snapshot: snapshot.phase is Phase.RUNNING)
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
            assert (await client.get(f"http://[::1]:{part.port}/")).status_code == 200


async def test_a_name_of_several_addresses_is_served_on_all_of_them() -> None:
    with closing(PartSockets(bind("localhost", free_port()))) as sockets:
        known = {family for family, *_ in socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
        assert {family for family, _ in ends(sockets)} == known


@pytest.mark.parametrize("activated", [False, True])
async def test_a_killed_part_refuses_nobody_until_it_is_back(fakes: Fakes, activated: bool) -> None:
    part = fakes.part("api", listen_host="127.0.0.1", activated=activated)
    async with fakes.running(part) as supervisor:
        before = await part_until(supervisor, "api", lambda api: api.state is ProcessState.HEALTHY)
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
            answer = await client.get(f"http://127.0.0.1:{part.port}/")
        assert answer.json() == {"status": "ok"}
        after = await part_until(supervisor, "api", lambda api: api.state is ProcessState.HEALTHY)
        assert after.pid != before.pid


async def test_connections_before_a_part_has_started_wait_for_it(fakes: Fakes) -> None:
    (fakes.folder / "inbox.sick").touch()
    parts = [fakes.part("inbox"), fakes.part("api", listen_host="127.0.0.1", needs=("inbox",))]
    async with fakes.running(*parts) as supervisor:
        await part_until(supervisor, "inbox", lambda inbox: inbox.state is ProcessState.STARTING)
        reader, writer = await asyncio.open_connection("127.0.0.1", parts[1].port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        (fakes.folder / "inbox.sick").unlink()
        assert b" 200 " in await asyncio.wait_for(reader.readline(), 20)
        writer.close()


@pytest.mark.parametrize("how", ["held", "crashed"])
async def test_a_part_that_stays_down_turns_everybody_away_at_once_until_it_is_asked_for(
    fakes: Fakes, how: str
) -> None:
    part = fakes.part("api", listen_host="127.0.0.1")
    async with fakes.running(part, no_restart=("api",)) as supervisor:
        up = await part_until(supervisor, "api", lambda api: api.state is ProcessState.HEALTHY)
        assert up.pid is not None
        if how == "held":
            await supervisor.stop_part("api")
        else:
            os.kill(up.pid, signal.SIGKILL)
            await part_until(supervisor, "api", lambda api: api.state is ProcessState.CRASHED)
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
            with pytest.raises((httpx2.NetworkError, httpx2.RemoteProtocolError)):
                await client.get(f"http://127.0.0.1:{part.port}/")
            supervisor.start_part("api")
            assert (await client.get(f"http://127.0.0.1:{part.port}/")).status_code == 200


async def test_a_part_inherits_its_own_sockets_and_no_others(fakes: Fakes) -> None:
    parts = [fakes.part(name, listen_host="127.0.0.1", activated=name == "web") for name in ("api", "web")]
    parts.append(fakes.part("node"))
    async with fakes.running(*parts) as supervisor:
        snapshot = await until(supervisor, lambda snapshot: snapshot.phase is Phase.RUNNING)
        for part in parts:
            process = psutil.Process(snapshot[part.name].pid)
            assert {connection.laddr.port for connection in process.net_connections("tcp")} == {part.port}


async def test_the_ports_are_free_when_everything_has_stopped(fakes: Fakes) -> None:
    part = fakes.part("api", listen_host="127.0.0.1")
    async with fakes.running(part) as supervisor:
        await until(supervisor, lambda snapshot: snapshot.phase is Phase.RUNNING)
    assert part.port is not None
    with closing(PartSockets(bind("127.0.0.1", part.port))):
        pass
