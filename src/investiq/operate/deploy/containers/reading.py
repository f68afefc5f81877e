"""What each program's container reads: its part of data_dir, at the same path, in a volume of its own.

A program sees its configuration and the passwords that it shows or asks for, and no key of anybody else.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.files import provide_token, replace_whole
from investiq.foundation.topology import PROGRAM_USER, Process
from investiq.operate.render.files import write_runtime
from investiq.operate.render.web_config import WEB_FOLDER, provide_grafana_password, provide_passwords

__all__ = ["HTTP_CONFIG", "READERS", "prepare"]

HTTP_CONFIG = "http.yml"
"""By which promtool and amtool of a container show the password of the program beside them."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What one program reads.

    Attributes:
        files: patterns of what lies in `monitoring/`.
        passwords: the processes whose password it shows, besides its own.
        tokens: files of `keys/`.
    """

    process: Process
    files: tuple[str, ...] = ()
    passwords: tuple[Process, ...] = ()
    tokens: tuple[str, ...] = ()


_PROMETHEUS = Reader(
    topology.PROMETHEUS,
    ("prometheus.yml", "rules/*.yml", "metrics_token"),
    (topology.ALERTMANAGER, topology.BLACKBOX, topology.NODE),
)
_ALERTMANAGER = Reader(
    topology.ALERTMANAGER,
    ("alertmanager.yml", "templates/*"),
    tokens=("inbox.token", "heartbeat.token"),
)
_BLACKBOX = Reader(topology.BLACKBOX, ("blackbox.yml", "metrics_token"))
_GRAFANA = Reader(topology.GRAFANA, ("grafana/*",), (topology.PROMETHEUS, topology.ALERTMANAGER))

READERS: Mapping[str, Reader] = {
    reader.process.name: reader for reader in (_PROMETHEUS, _ALERTMANAGER, _BLACKBOX, Reader(topology.NODE), _GRAFANA)
}
"""Process -> what its container reads."""


def prepare(config: Config, volumes: Path) -> tuple[Path, ...]:
    """Make what secrets are missing, render the configuration, and give each program what it reads.

    Args:
        volumes: a folder for each process of `READERS`, of which only those that are there are filled.

    Returns:
        The folders that were filled.

    Raises:
        RenderError: a receiver's address, or a service of the user, cannot work.
        UnusableTokenFile: a token, or the password of a program, cannot be made or read.
    """
    paths = Paths.of(config)
    for folder in (paths.data_dir, paths.keys, paths.textfile):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for token in (paths.heartbeat_token, paths.inbox_token, paths.metrics_token):
        provide_token(token)
    provide_passwords(config)
    provide_grafana_password(config)
    rendered = write_runtime(config, paths.monitoring)
    filled = []
    for name, reader in READERS.items():
        if (volumes / name).is_dir():
            _fill(volumes / name, dict(_texts(reader, config, rendered)))
            filled.append(volumes / name)
    return tuple(filled)


def _texts(reader: Reader, config: Config, rendered: Collection[Path]) -> Iterator[tuple[str, str]]:
    """Path below data_dir -> text, of what it reads."""
    paths = Paths.of(config)
    wanted = (*reader.files, f"{WEB_FOLDER}/{reader.process.name}.yml")
    for file in rendered:
        name = file.relative_to(paths.monitoring).as_posix()
        if any(fnmatchcase(name, pattern) for pattern in wanted):
            yield f"monitoring/{name}", file.read_text("utf-8")
    keys = [paths.password(process.name) for process in (reader.process, *reader.passwords)]
    for key in (*keys, *(paths.keys / token for token in reader.tokens)):
        yield f"keys/{key.name}", key.read_text("utf-8")
    if reader.process.asks_password:
        own = str(paths.password(reader.process.name))
        basic = {"username": PROGRAM_USER, "password_file": own}
        yield f"monitoring/{HTTP_CONFIG}", json.dumps({"basic_auth": basic}) + "\n"


def _fill(folder: Path, texts: Mapping[str, str]) -> None:
    """Write what is new, each file whole, and remove what nobody reads any more."""
    for name, text in texts.items():
        file = folder / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.is_file() or file.read_text("utf-8") != text:
            replace_whole(file, text)
    for file in sorted(folder.rglob("*")):
        if not file.is_dir() and file.relative_to(folder).as_posix() not in texts:
            file.unlink()
