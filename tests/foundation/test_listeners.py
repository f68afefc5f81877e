"""Who listens on a port, and whom the kernel would connect, with real sockets."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack

import pytest

from investiq.foundation import socket_diag
from investiq.foundation.listeners import connection_user, listeners, listeners_reached
from tests.ports import free_port

ME = os.geteuid()


@pytest.fixture(params=["netlink", "/proc"], autouse=True)
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to ask the kernel say the same; a container may forbid the first."""

    def forbidden(*_: object) -> None:
        raise PermissionError("no netlink here")

    if request.param == "/proc":
        monkeypatch.setattr(socket_diag, "_asked", forbidden)


def listening(address: str, port: int, v6only: bool = False) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if listener.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
    listener.bind((address, port))
    listener.listen()
    return listener


@pytest.mark.parametrize(
    ("listens", "dialled", "reached"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.2", "127.0.0.1", False),
        ("0.0.0.0", "127.0.0.1", True),  # noqa: S104
        ("::", "127.0.0.1", True),  # whether it takes IPv6 only, nobody tells
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::", "::1", True),
        ("0.0.0.0", "::1", False),  # noqa: S104
        ("::1", "127.0.0.1", False),
    ],
)
def test_a_listener_is_found_by_the_addresses_that_it_takes(listens: str, dialled: str, reached: bool) -> None:
    port = free_port()
    with listening(listens, port):
        assert [listener.user for listener in listeners(port)] == [ME]
        assert bool(listeners_reached(dialled, port)) is reached
    assert listeners(port) == []


def test_of_several_the_one_of_exactly_that_address_is_reached() -> None:
    port = free_port()
    with ExitStack() as held:
        held.enter_context(listening("127.0.0.1", port))
        held.enter_context(listening("::", port, v6only=True))
        assert [str(listener.address) for listener in listeners_reached("127.0.0.1", port)] == ["127.0.0.1"]
        assert [str(listener.address) for listener in listeners_reached("::1", port)] == ["::"]


@pytest.mark.parametrize(("address", "dialled"), [("127.0.0.1", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "::1")])
def test_a_connection_has_the_user_who_accepted_it(address: str, dialled: str) -> None:
    with listening(address, 0) as listener:
        server = (dialled, listener.getsockname()[1])
        with socket.create_connection(server) as client:
            ends = (server, client.getsockname()[:2])
            assert connection_user(*ends) is None, "nobody has accepted it"
            with listener.accept()[0]:
                assert connection_user(*ends) == ME


def test_a_connection_that_is_no_more_has_no_user() -> None:
    with listening("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as client:
        ends = (listener.getsockname(), client.getsockname())
        listener.accept()[0].close()
    assert connection_user(*ends) is None
