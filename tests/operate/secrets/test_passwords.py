"""The password of a program is replaced by steps; after each, whoever asks is let in, and rotating again ends it."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import yaml

from investiq.clients.session import HttpCredentials
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.topology import NEXT_USER, PROGRAM_USER
from investiq.operate.render.files import write_runtime
from investiq.operate.render.web_config import provide_passwords
from investiq.operate.secrets import passwords
from investiq.operate.secrets.passwords import PasswordRotation, is_under_way

PROGRAM = topology.NODE
NO_OVERLAP = timedelta()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = Config(data_dir=tmp_path / "data")
    provide_passwords(config)
    write_runtime(config, Paths.of(config).monitoring)
    return config


def _rotate(config: Config) -> None:
    asyncio.run(PasswordRotation(config, PROGRAM, NO_OVERLAP, lambda _: None).run())


def _password(config: Config) -> str:
    return Paths.of(config).password(PROGRAM.name).read_text().strip()


def _lets_in(config: Config, user: str, password: str) -> bool:
    """As the program does, by its file of users, which it reads for each request."""
    users = yaml.safe_load((Paths.of(config).monitoring / "web" / f"{PROGRAM.name}.yml").read_text())
    hashed = users["basic_auth_users"].get(user)
    return hashed is not None and bcrypt.checkpw(password.encode(), hashed.encode())


def _shown_by_us(config: Config) -> tuple[str, str]:
    header = HttpCredentials.of(PROGRAM, config).own_authorization() or ""
    user, _, password = b64decode(header.removeprefix("Basic ")).decode().partition(":")
    return user, password


def _shown_by_prometheus(config: Config) -> list[tuple[str, str]]:
    folder = Paths.of(config).monitoring
    document = yaml.safe_load((folder / "prometheus.yml").read_text())
    pairs = [pair for pair in _pairs(document) if Path(pair[1]).name.startswith(f"{PROGRAM.name}.password")]
    assert pairs
    return [(user, (folder / file).read_text().strip()) for user, file in pairs]


def _pairs(document: Any) -> Iterator[tuple[str, str]]:
    match document:
        case {"username": user, "password_file": file}:
            yield user, file
        case dict():
            for value in document.values():
                yield from _pairs(value)
        case list():
            for value in document:
                yield from _pairs(value)


def _everybody_is_let_in(config: Config) -> bool:
    return all(_lets_in(config, *shown) for shown in (_shown_by_us(config), *_shown_by_prometheus(config)))


def test_the_new_password_opens_and_the_old_one_does_not(config: Config) -> None:
    old = _password(config)
    _rotate(config)
    assert _shown_by_us(config) == (PROGRAM_USER, _password(config))
    assert _everybody_is_let_in(config)
    assert not any(_lets_in(config, user, old) for user in (PROGRAM_USER, NEXT_USER))
    assert not _lets_in(config, NEXT_USER, _password(config))
    assert not is_under_way(Paths.of(config), PROGRAM.name)


class _Killed(BaseException):
    """What SIGKILL does, seen from the files."""


def _steps(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """From now on, only the first `most` changes to a file of the rotation happen; then the process is gone."""
    done = 0

    def step(name: str, owner: Any) -> None:
        real = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            if done == most:
                raise _Killed
            done += 1
            return real(*arguments, **named)

        monkeypatch.setattr(owner, name, counted)

    step("replace_whole", passwords)
    step("write_runtime", passwords)
    step("rename", Path)
    step("unlink", Path)


@pytest.mark.parametrize("steps", range(30))
def test_killed_between_any_two_steps_everybody_is_let_in_and_rotating_again_ends_it(
    config: Config, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = _password(config)
    with monkeypatch.context() as patched:
        _steps(patched, steps)
        with suppress(_Killed):
            _rotate(config)
    assert _everybody_is_let_in(config)
    _rotate(config)
    assert _everybody_is_let_in(config)
    assert not is_under_way(Paths.of(config), PROGRAM.name)
    assert not _lets_in(config, PROGRAM_USER, old)


@pytest.mark.parametrize("steps", range(0, 30, 3))
def test_a_start_ends_a_rotation_that_was_killed(config: Config, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        _steps(patched, steps)
        with suppress(_Killed):
            _rotate(config)
    provide_passwords(config)
    write_runtime(config, Paths.of(config).monitoring)
    assert _everybody_is_let_in(config)
    assert _shown_by_us(config)[0] == PROGRAM_USER
    assert not is_under_way(Paths.of(config), PROGRAM.name)
