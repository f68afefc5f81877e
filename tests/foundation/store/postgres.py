"""A PostgreSQL of one's own: a fresh cluster in a temporary folder, on a Unix socket only, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, text

from investiq.foundation.store.schema import metadata

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
        """Run one of the server's programs to its end."""
        done = subprocess.run(self._command(program, *arguments), capture_output=True, text=True, cwd="/", check=False)
        assert not done.returncode, f"{program} failed: {done.stdout}{done.stderr}"

    def serve(self, data: Path) -> subprocess.Popen[bytes]:
        """Start the server and wait until it takes connections; the kernel ends it with this process."""
        settings = ("listen_addresses=", f"unix_socket_directories={self._folder}", "fsync=off")
        options = [argument for setting in settings for argument in ("-c", setting)]
        log = self._folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._command("postgres", "-D", str(data), *options), stdout=output, stderr=output, cwd="/"
            )
        ready = [str(self._programs / "pg_isready"), "-q", "-h", str(self._folder)]
        while subprocess.run(ready, check=False).returncode:
            assert process.poll() is None, f"postgres ended: {log.read_text()}"
            time.sleep(0.05)
        return process

    def _command(self, program: str, *arguments: str) -> list[str]:
        """As the user that owns the cluster: PostgreSQL refuses to run as root."""
        user = ("--reuid=postgres", "--regid=postgres", "--init-groups") if os.geteuid() == 0 else ()
        return ["setpriv", "--pdeathsig=KILL", *user, str(self._programs / program), *arguments]


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
    try:
        server.run("initdb", "-D", str(folder / "data"), "-U", "investiq", "-A", "trust", "-E", "UTF8", "--no-sync")
        process = server.serve(folder / "data")
        try:
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)  # at once, as for a cluster that is thrown away
            process.wait(30)
    finally:
        shutil.rmtree(folder)
