"""Who may come in with a password: what is kept of it, and what is refused."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bcrypt
import pytest

from investiq.foundation.config import Config, Paths
from investiq.operate.edge.users import EdgeUsers, UserRefused


@pytest.fixture
def users(tmp_path: Path) -> EdgeUsers:
    return EdgeUsers(Config(data_dir=tmp_path))


def kept(tmp_path: Path) -> str:
    return Paths.of(Config(data_dir=tmp_path)).edge_users.read_text()


def test_a_generated_secret_is_shown_once_and_kept_as_a_cheap_hash(tmp_path: Path, users: EdgeUsers) -> None:
    secret = users.add("mary")
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32
    name, _, hashed = kept(tmp_path).strip().partition(":")
    whole = base64.b64decode(hashed.removeprefix("{SSHA}"))
    assert (name, whole[:20]) == ("mary", hashlib.sha1(secret.encode() + whole[20:]).digest())  # noqa: S324  nginx's
    assert secret not in kept(tmp_path)
    assert Paths.of(Config(data_dir=tmp_path)).edge_users.stat().st_mode & 0o777 == 0o600


def test_a_chosen_password_is_kept_by_bcrypt(tmp_path: Path, users: EdgeUsers) -> None:
    users.add_chosen("bob", "correct horse battery")
    hashed = kept(tmp_path).strip().partition(":")[2]
    assert hashed.startswith("$2b$10$")
    assert bcrypt.checkpw(b"correct horse battery", hashed.encode())


@pytest.mark.parametrize("cost", [4, 9])
def test_a_chosen_password_with_a_low_cost_is_refused(users: EdgeUsers, cost: int) -> None:
    with pytest.raises(UserRefused, match=f"guessed at bcrypt cost {cost}"):
        users.add_chosen("bob", "correct horse battery", cost)
    assert users.names() == []


@pytest.mark.parametrize("password", ["", "short", "x" * 73, "ü" * 37])
def test_a_password_that_is_too_short_or_would_be_cut_is_refused(users: EdgeUsers, password: str) -> None:
    with pytest.raises(UserRefused, match="12 to 72 bytes"):
        users.add_chosen("bob", password)


@pytest.mark.parametrize("name", ["", "a:b", "a b", "a\nb", "x" * 65, "#a"])
def test_a_name_that_the_file_cannot_hold_is_refused(users: EdgeUsers, name: str) -> None:
    with pytest.raises(UserRefused, match="a name has"):
        users.add(name)


def test_a_new_password_ends_the_earlier_one_and_nobody_elses(users: EdgeUsers, tmp_path: Path) -> None:
    users.add("mary")
    users.add("bob")
    before = kept(tmp_path)
    users.add("mary")
    after = kept(tmp_path)
    assert [line for line in after.splitlines() if line.startswith("bob")] == [before.splitlines()[1]]
    assert len(after.splitlines()) == 2
    assert after.splitlines()[0] != before.splitlines()[0]


def test_who_is_removed_is_gone_and_a_stranger_cannot_be(users: EdgeUsers) -> None:
    users.add("mary")
    users.remove("mary")
    assert users.names() == []
    with pytest.raises(UserRefused, match="nobody is called 'mary'"):
        users.remove("mary")


def test_of_several_at_once_none_is_lost(users: EdgeUsers) -> None:
    names = [f"user-{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(users.add, names))
    assert sorted(users.names()) == sorted(names)
