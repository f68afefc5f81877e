"""Ports that are taken, with real sockets."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from investiq.foundation import listeners
from investiq.operate.supervise.parts import StackTable
from investiq.operate.supervise.ports import PortsTaken, check_ports, taken_ports
from tests.operate.supervise.conftest import Fakes
from tests.ports import free_port


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_free_ports_are_no_finding(fakes: Fakes) -> None:
    assert taken_ports(StackTable((fakes.part("api"), fakes.part("agent", "--no-port")))) == ()


def test_a_taken_port_is_named_with_its_program_and_the_setting(fakes: Fakes, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with pytest.raises(PortsTaken) as error:
        check_ports(StackTable((fakes.part("api", port=port), fakes.part("web"))))
    me = psutil.Process()
    assert str(error.value) == (
        "nothing was started, because ports are taken:\n"
        f"  port {port} (api) is taken by {me.name()} (pid {os.getpid()}, user {me.username()}); "
        "api.port or $INVESTIQ_API_PORT changes it\n"
        "End the other program, or set another port."
    )


def test_a_program_on_all_addresses_takes_the_port_of_loopback_too(fakes: Fakes) -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104  the point of the test
        (taken,) = taken_ports(StackTable((fakes.part("api", port=server.getsockname()[1]),)))
    assert taken.part == "api"


@pytest.mark.parametrize(("host", "said"), [("192.0.2.1", "192.0.2.1: "), ("no such host", "no such host: ")])
def test_an_address_that_is_not_this_machines_is_told_from_a_taken_port(fakes: Fakes, host: str, said: str) -> None:
    (taken,) = taken_ports(StackTable((fakes.part("api", listen_host=host),)))
    assert (taken.owner, taken.setting) == ("", "api.host")
    assert f"cannot be had: {said}" in str(taken)
    assert "$INVESTIQ_API_HOST changes it" in str(taken)


class Process:
    """One that the process table names; whose socket is whose it does not say."""

    def __init__(self, name: str, pid: int, user: int) -> None:
        self.pid = pid
        self.info = {"name": name, "uids": SimpleNamespace(effective=user)}


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ((), ""),
        (("prometheus",), ", who runs prometheus (pid 100)"),
        (("a", "b", "c", "d"), ""),  # a person's account: naming all that runs would be noise
    ],
)
def test_where_the_program_may_not_be_seen_its_user_is_named_and_what_else_that_user_runs(
    fakes: Fakes, listener: socket.socket, monkeypatch: pytest.MonkeyPatch, others: tuple[str, ...], told: str
) -> None:
    monkeypatch.setattr(
        listeners, "_processes_listening", lambda port: ()
    )  # what an unprivileged user sees of another's process
    running = [Process("init", 1, os.getuid() + 1)]
    running += [Process(name, number, os.getuid()) for number, name in enumerate(others, start=100)]
    with monkeypatch.context() as patched:
        patched.setattr(psutil, "process_iter", lambda attrs: running)
        (taken,) = taken_ports(StackTable((fakes.part("api", port=listener.getsockname()[1]),)))
    assert taken.owner == f"a program of user {psutil.Process().username()}{told}"


def test_two_parts_on_one_port_are_found_before_they_meet(fakes: Fakes) -> None:
    port = free_port()
    (taken,) = taken_ports(StackTable((fakes.part("api", port=port), fakes.part("web", port=port))))
    assert (taken.part, taken.owner, taken.setting) == ("web", "the part api of this very stack", "web.port")


def _answer_once(server: socket.socket) -> None:
    connection, _ = server.accept()
    connection.close()


def test_connections_of_a_server_that_has_ended_do_not_count(fakes: Fakes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answered = threading.Thread(target=_answer_once, args=(server,))
        answered.start()
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.recv(1)
        answered.join()
    assert taken_ports(StackTable((fakes.part("api", port=port),))) == ()
