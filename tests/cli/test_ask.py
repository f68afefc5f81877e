"""`investiq ask` and `investiq open`: what a part answers, and what it asks for."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.foundation.config import Config, Paths, load
from investiq.foundation.files import provide_token
from investiq.operate.render.web_config import provide_passwords
from tests.cli.fake_stack import FakeStack
from tests.cli.test_main import run

Shown = list[tuple[str, str | None]]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: FakeStack) -> Config:
    monkeypatch.chdir(tmp_path)
    for name, value in {**stack.settings(), "INVESTIQ_DATA_DIR": str(tmp_path / "data")}.items():
        monkeypatch.setenv(name, value)
    made = load().config
    provide_passwords(made)
    provide_token(Paths.of(made).inbox_token)
    return made


@pytest.fixture
def stack() -> Iterator[FakeStack]:
    made = FakeStack()
    yield made
    made.stop()


@pytest.fixture
def shown(stack: FakeStack) -> Shown:
    """Which part was asked, and the credential that it was shown."""
    seen: Shown = []
    stack.seen = lambda part, headers: seen.append((part, headers["Authorization"]))
    return seen


def test_each_part_is_shown_its_own_secret_and_no_other(config: Config, stack: FakeStack, shown: Shown) -> None:
    stack.start()
    for part in ("prometheus", "node", "inbox", "api"):
        run("ask", part, "/metrics")
    run("ask", "inbox", "/api/notifications")
    keys = Paths.of(config).keys
    basic = {
        part: base64.b64encode(f"investiq:{(keys / f'{part}.password').read_text().strip()}".encode()).decode()
        for part in ("prometheus", "node")
    }
    assert shown == [
        ("prometheus", f"Basic {basic['prometheus']}"),
        ("node", f"Basic {basic['node']}"),
        ("inbox", None),
        ("api", None),
        ("inbox", f"Bearer {(keys / 'inbox.token').read_text().strip()}"),
    ]


@pytest.mark.usefixtures("config")
def test_the_answer_comes_as_it_stands(stack: FakeStack) -> None:
    stack.start("node")
    stack.answers["node", "/metrics"] = "# TYPE up gauge\nup 1\n"
    result = run("ask", "node", "/metrics")
    assert (result.code, result.out) == (ExitCode.DONE, "# TYPE up gauge\nup 1\n")
    document = json.loads(run("ask", "node", "/metrics", "--json").out)
    assert (document["status"], document["body"]) == (200, "# TYPE up gauge\nup 1\n")


@pytest.mark.usefixtures("config")
def test_what_is_not_there_is_shown_and_fails(stack: FakeStack) -> None:
    stack.start("node")
    result = run("ask", "node", "/nope")
    assert result.code != ExitCode.DONE
    assert "answers 404" in result.err


@pytest.mark.usefixtures("config")
def test_a_part_that_does_not_run_and_a_path_that_is_none() -> None:
    assert run("ask", "node", "/metrics").code == ExitCode.NOT_RUNNING
    result = run("ask", "node", "metrics")
    assert (result.code, "start it with a slash" in result.err) == (ExitCode.USAGE, True)


def test_open_says_where_the_password_is_and_not_the_password(config: Config) -> None:
    result = run("open", "prometheus", "--no-browser")
    file = Paths.of(config).password("prometheus")
    assert str(config.monitoring.prometheus_port) in result.out
    assert "user      investiq" in result.out
    assert "cat data/keys/prometheus.password" in result.out
    assert file.read_text().strip() not in result.out + run("open", "prometheus", "--json").out


@pytest.mark.usefixtures("config")
def test_open_of_a_page_that_asks_for_nothing() -> None:
    assert "password" not in run("open", "web", "--no-browser").out
