"""An installation that does not run, and one that was backed up and proven, which tests copy before they break it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.engine import URL

from investiq.cli.exit_codes import ExitCode
from tests.foundation.store import postgres
from tests.operate.backup.databases import PASSWORD, ROLE, administrator
from tests.operate.backup.installation import Installation


@pytest.fixture(scope="session")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Nobody changes it."""
    installation = Installation(tmp_path_factory.mktemp("backed-up"))
    installation.fill()
    done = installation.investiq("backup", "--verify")
    assert done.code == ExitCode.DONE, f"{done.out}\n{done.err}"
    return installation


@pytest.fixture
def installation(backed_up: Installation, tmp_path: Path) -> Installation:
    """A copy of it, for one test."""
    for part in (backed_up.data, backed_up.repository):
        shutil.copytree(part, tmp_path / part.name, symlinks=True)
    return Installation(tmp_path)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    with postgres.postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def server(postgres_server: postgres.Postgres) -> postgres.Postgres:
    with administrator(postgres_server.database()) as connection:
        connection.execute(text(f'CREATE ROLE "{ROLE}" LOGIN CREATEDB'))
    return postgres_server


@pytest.fixture
def url(server: postgres.Postgres) -> URL:
    """An empty database of the role's own."""
    made = server.database()
    with administrator(made) as connection:
        connection.execute(text(f'ALTER DATABASE "{make_url(made).database}" OWNER TO "{ROLE}"'))
    return make_url(made).set(drivername="postgresql+psycopg", username=ROLE, password=PASSWORD)
