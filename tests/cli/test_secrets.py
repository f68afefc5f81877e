"""`investiq secrets`, `keys rotate` and `audit`: what a person sees, and what a script gets."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.foundation.config.fields import settings
from investiq.operate.secrets.inventory import _USED_BY
from tests.cli.test_main import run


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def document(*argv: str) -> dict[str, Any]:
    result = run(*argv, "--json")
    assert result.code == ExitCode.DONE, result.err
    return dict(json.loads(result.out))


def _listed() -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in document("secrets", "list")["secrets"]}


def test_every_secret_is_listed_with_its_source_and_none_with_its_value(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGERDUTY_KEY", "pager-key-4711")
    run("secrets", "rotate", "heartbeat-token", "admin-key")
    listed = _listed()
    assert {key for key, setting in settings().items() if setting.secret} <= set(listed)
    assert listed["notify.pagerduty_key"]["source"] == "$PAGERDUTY_KEY"
    assert listed["heartbeat-token"]["source"] == str(data / "keys" / "heartbeat.token")
    assert listed["heartbeat-token"]["rotated_at"] is not None
    assert "opens until" in listed["heartbeat-token"]["note"]
    said = run("secrets", "list")
    values = [
        "pager-key-4711",
        *((data / "keys" / name).read_text().strip() for name in ("heartbeat.token", "admin.key")),
    ]
    assert not any(value in text for value in values for text in (said.out, said.err, json.dumps(listed)))


def test_it_is_said_who_uses_each_secret_of_the_configuration() -> None:
    assert set(_USED_BY) == {key for key, setting in settings().items() if setting.secret}


def test_listing_makes_nothing(data: Path) -> None:
    assert run("secrets", "list").code == ExitCode.DONE
    assert not data.exists()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("nonsense",), "there are admin-key"),
        (("api.metrics_token",), "where it is set"),
        (("heartbeat-token", "--now", "--overlap", "5m"), "exclude each other"),
        (("heartbeat-token", "--overlap", "5"), "5"),
        ((), "NAME"),
    ],
)
def test_what_cannot_be_rotated_is_wrong_usage_and_changes_nothing(
    data: Path, argv: tuple[str, ...], said: str
) -> None:
    result = run("secrets", "rotate", *argv)
    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert said in result.err
    assert not (data / "keys").exists()


def test_a_rotation_prints_no_secret_and_stands_in_the_audit_log(data: Path) -> None:
    result = run("secrets", "rotate", "inbox-token", "prometheus-password", "agent-key", "sessions", "--now")
    assert result.code == ExitCode.DONE, result.err
    for file in ("inbox.token", "prometheus.password", "agent.key"):
        assert (data / "keys" / file).read_text().strip() not in result.out + result.err
    targets = {record["target"] for record in document("audit", "--action", "secret_rotated")["records"]}
    assert targets == {"inbox-token", "prometheus-password", "agent-key", "sessions"}


def test_two_rotations_at_once_are_refused(data: Path) -> None:
    (data / "keys").mkdir(parents=True)
    with (data / "keys" / "rotation.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        result = run("secrets", "rotate", "inbox-token")
    assert result.code == ExitCode.FAILED
    assert "wait for its end" in result.err


def test_a_key_is_rotated_the_new_one_goes_to_stdout_alone() -> None:
    old = document("keys", "create", "--name", "bot", "--scope", "trade", "--expires", "90d")
    result = run("keys", "rotate", old["id"])
    assert result.out.startswith("iq_")
    assert len(result.out.split()) == 1
    assert result.out.strip() not in result.err
    keys = document("keys", "list")["keys"]
    new, before = (next(key for key in keys if (key["id"] == old["id"]) is is_old) for is_old in (False, True))
    assert (new["name"], new["scope"], new["expires"]) == (before["name"], before["scope"], old["expires"])
    assert before["expires"] < old["expires"]


@pytest.mark.parametrize("again", [("--now",), ()])
def test_a_key_that_is_revoked_is_not_rotated(again: tuple[str, ...]) -> None:
    old = document("keys", "create", "--name", "bot")["id"]
    run("keys", "revoke", old)
    result = run("keys", "rotate", old, *again)
    assert (result.code, result.out) == (ExitCode.FAILED, "")
    assert "keys list" in result.err


def test_what_was_done_here_is_in_the_log_newest_first_with_who_and_from_where() -> None:
    made = document("keys", "create", "--name", "bot")["id"]
    run("keys", "revoke", made)
    records = document("audit")["records"]
    assert [record["action"] for record in records] == ["key_revoked", "key_created"]
    assert {record["target"] for record in records} == {made}
    assert all(record["origin"].startswith("this machine, uid ") for record in records)
    assert [one["action"] for one in document("audit", "--action", "key_created")["records"]] == ["key_created"]
    assert document("audit", "--by", "nobody-of-that-name")["records"] == []
    assert [one["id"] for one in document("audit", "--before", "2")["records"]] == [1]


def test_a_log_that_was_tampered_with_is_found_with_exit_code_3(data: Path) -> None:
    for name in ("a", "b", "c"):
        run("keys", "create", "--name", name)
    head = document("audit", "--verify")["head"]
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("DROP TRIGGER audit_log_no_delete")
        connection.execute("DELETE FROM audit_log WHERE id = 3")
    assert run("audit", "--verify").code == ExitCode.DONE
    assert run("audit", "--verify", "--expect", head).code == ExitCode.FINDINGS
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("DROP TRIGGER audit_log_no_update")
        connection.execute("UPDATE audit_log SET actor = 'eve' WHERE id = 1")
    result = run("audit", "--verify")
    assert result.code == ExitCode.FINDINGS
    assert "row 1 was altered" in result.out
