"""`make proof-api`: the API tried by its own OpenAPI description for ten minutes; `make test` tries it for seconds.

The variable ARGS goes to schemathesis: `make proof-api ARGS="--seed 7 --max-time 3600"`.
"""

from __future__ import annotations

import os
import secrets
import shlex
from pathlib import Path

import pytest

from tests.serve.api.description import running_api, tried

pytestmark = pytest.mark.e2e


def test_the_description_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = shlex.split(os.environ.get("ARGS", ""))
    given = {option for option in options if option.startswith("--")}
    defaults = {"--seed": str(secrets.randbelow(10**6)), "--max-time": "600"}
    further = [word for name, value in defaults.items() if name not in given for word in (name, value)]
    with running_api(tmp_path) as servers:
        run = tried(servers, *further, *options)
        log = (tmp_path / "api.log").read_text("utf-8")
    with capsys.disabled():
        print(run.output[run.output.rfind("SUMMARY") :])  # noqa: T201  the outcome is what this is for
    assert run.code == 0, run.output
    assert '"unhandled_error"' not in log
