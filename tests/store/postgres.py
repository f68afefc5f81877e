"""A PostgreSQL of one's own: a fresh cluster in a temporary folder, on a Unix socket only, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, text

from investiq.store.schema import metadata

__all__ = ["Postgres", "empty", "postgres_server"]

_INSTALL = "PostgreSQL's programs are missing, which these tests need: `apt-get install postgresql` puts them there"


class Postgres:
    """A running server; every `database()` is a new, empty one."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder

    def database(self) -> str:
        """URL of a new database."""
        name = f"t{uuid4().hex[:12]}"
        self.run("createdb", "-h", str(self._folder), "-U", "investiq", name)
        return f"postgresql://investiq@/{name}?host={self._folder}"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs as the user that owns the cluster."""
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
        # A server started by pg_ctl inherits the output: a pipe would stay open, and be waited for, until it ends.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(command, stdout=output, stderr=output, cwd="/", check=False)
            if done.returncode:
                output.seek(0)
                raise AssertionError(f"{program} failed: {output.read().decode()}")


def empty(engine: Engine) -> None:
    """Take every row out of a migrated database, history too: its guards look away in the role of a replica."""
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start a server and stop it at the end.

    Raises:
        AssertionError: its programs are not installed. Never a skip: an untested database is no supported one.
    """
    programs = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None, key=lambda p: int(p.parts[-3]))
    assert programs is not None, _INSTALL
    folder = Path(tempfile.mkdtemp(prefix="iqpg", dir="/tmp"))  # a socket's path must be short
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    server = Postgres(programs.parent, folder)
    data = str(folder / "data")
    try:
        server.run("initdb", "-D", data, "-U", "investiq", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        server.run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield server
        finally:
            server.run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
