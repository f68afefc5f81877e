"""A server elsewhere is asked with credentials and over TLS, and what the user gave is told apart from what answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from investiq.clients.session import (
    TYPED,
    BadResponse,
    HttpCredentials,
    HttpSession,
    HttpSettings,
    Refused,
    TimedOut,
    Unreachable,
    UnusableCredentials,
)
from tests.clients.strict import Reply, StrictServer, strict


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def secure(authority: trustme.CA) -> Iterator[StrictServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with strict(context) as started:
        started.on("GET /", {"status": "success"})
        yield started


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def session(url: str, **credentials: Path) -> HttpSession:
    return HttpSession("Prometheus", url, HttpSettings(next_steps=TYPED, credentials=HttpCredentials(**credentials)))


def asked(url: str, **credentials: Path) -> Any:
    async def ask() -> Any:
        async with session(url, **credentials) as http:
            return await http.json("/")

    return asyncio.run(ask())


# ---- certificates ----


def test_a_certificate_of_an_own_authority_is_trusted_when_it_is_given(secure: StrictServer, ca_file: Path) -> None:
    assert asked(secure.url, ca_file=ca_file) == {"status": "success"}


def test_a_certificate_that_nobody_vouches_for_is_named_with_what_to_do(secure: StrictServer) -> None:
    with pytest.raises(Unreachable, match="is not trusted: unable to get local issuer certificate") as caught:
        asked(secure.url)
    assert "--ca-file" in caught.value.fix


def test_a_certificate_for_another_name_is_refused(secure: StrictServer, ca_file: Path) -> None:
    with pytest.raises(Unreachable, match=r"is not trusted: .*not valid for '127\.0\.0\.1'") as caught:
        asked(secure.url.replace("localhost", "127.0.0.1"), ca_file=ca_file)
    assert "by the name in its certificate" in caught.value.fix


# ---- credentials ----


def test_credentials_are_shown_as_they_stand_in_their_files(server: StrictServer, tmp_path: Path) -> None:
    server.on("GET /", {})
    (tmp_path / "token").write_text("sesame\n")
    (tmp_path / "basic").write_text("ann:open sesame\n")

    asked(server.url)
    asked(server.url, token_file=tmp_path / "token")
    asked(server.url, basic_auth_file=tmp_path / "basic")

    shown = [request.headers.get("authorization") for request in server.asked]
    assert shown == [None, "Bearer sesame", "Basic YW5uOm9wZW4gc2VzYW1l"]


@pytest.mark.parametrize(
    ("kind", "text"), [("token_file", ""), ("token_file", "a\nb"), ("token_file", "ä"), ("basic_auth_file", "ann")]
)
def test_a_secret_that_cannot_be_used_is_said_before_anything_is_asked(tmp_path: Path, kind: str, text: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(text)
    for credentials, url in (({kind: secret}, "http://127.0.0.1"), ({"ca_file": secret}, "https://example.org")):
        with pytest.raises(UnusableCredentials) as raised:
            session(url, **credentials)
        assert raised.value.fix
        assert str(secret) in raised.value.what
        assert raised.value.reason == "usage"


def test_who_wants_other_credentials_is_told_apart_and_the_options_are_named(server: StrictServer) -> None:
    server.on("GET /", Reply("", 401))
    with pytest.raises(Refused, match="answers 401: it wants other credentials") as caught:
        asked(server.url)
    assert "--token-file" in caught.value.fix


def test_an_address_that_leads_elsewhere_is_not_followed(server: StrictServer) -> None:
    server.on("GET /", Reply("", 301, {"Location": "/login"}))
    with pytest.raises(BadResponse, match="redirects to /login") as caught:
        asked(server.url)
    assert caught.value.fix == "give the address that it redirects to"


# ---- proxies ----


def test_a_proxy_of_the_environment_is_not_asked_for_what_is_on_this_machine(
    server: StrictServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on("GET /", {})
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert asked(server.url) == {}


# ---- changes ----


async def test_a_change_is_sent_once_and_in_doubt_said_to_be(server: StrictServer) -> None:
    """To read again is safe; to change again is not."""
    server.on("POST /break", Reply(hangs_up=True))
    server.on("POST /late", Reply(after_seconds=20))
    async with HttpSession("Alertmanager", server.url, HttpSettings(timeout_seconds=0.3)) as http:
        with pytest.raises(Unreachable):
            await http.change("POST", "/break", {})
        with pytest.raises(TimedOut, match="it may or may not have happened"):
            await http.change("POST", "/late", {})
    assert [request.path for request in server.asked] == ["/break", "/late"]


async def test_a_change_that_is_not_taken_is_refused_with_what_the_server_says(server: StrictServer) -> None:
    server.on("POST /", Reply("bad matcher format", 400))
    async with HttpSession("Alertmanager", server.url) as http:
        with pytest.raises(Refused, match=r"Alertmanager at .* refuses it \(400: bad matcher format\)") as caught:
            await http.change("POST", "/", {})
    assert (caught.value.status, caught.value.wants_credentials) == (400, False)


async def test_only_so_many_questions_are_under_way_at_once(server: StrictServer) -> None:
    server.on("GET /", Reply({}, after_seconds=0.1))
    async with HttpSession("Prometheus", server.url, HttpSettings(at_once=2)) as http:
        await asyncio.gather(*(http.json("/") for _ in range(4)))
        assert (server.most_at_once, http.answered) == (2, 4)
