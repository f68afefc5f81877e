"""The only reader of the environment and of `investiq.toml`.

Order, later wins: defaults, `investiq.toml`, environment. Each setting `section.key` has the variable
`INVESTIQ_SECTION_KEY`; the secrets also have the short names of `SHORT_NAMES`, and for each secret variable `NAME`
there is `NAME_FILE`, a file that holds it (the way container engines hand out secrets), and the credential `NAME` of
systemd, in its own or in lower case. To set one secret in two of these ways is an error: nobody could say which counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from investiq.foundation.config.fields import Setting, settings
from investiq.foundation.config.schema import Config
from investiq.foundation.documents import toml_documents
from investiq.foundation.documents.text import UnreadableFile, read_text
from investiq.foundation.foreign_text import is_plain, visible
from investiq.foundation.setting_sources import (
    CREDENTIALS_VARIABLE,
    MOST_BYTES,
    PATH_VARIABLE,
    PREFIX,
    SHORT_NAMES,
    ConfigError,
    find_file,
)

__all__ = ["ConfigError", "LoadedConfig", "Source", "environment_for", "load", "secret_variables"]

_REMOTE = re.compile(r"[a-z][a-z0-9]+:")
"""How restic names a repository that is no folder: sftp:, s3:, rest:, rclone:."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value came from: `default`, `investiq.toml:12`, `METRICS_TOKEN`, `METRICS_TOKEN_FILE`.

    Attributes:
        file: the file that held the value, if one did.
    """

    text: str
    file: Path | None = None


DEFAULT = Source("default")


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The effective configuration, the file that was read (if any), and the source of each set value by dotted key."""

    config: Config
    path: Path | None
    sources: Mapping[str, Source]

    def source(self, key: str) -> Source:
        return self.sources.get(key, DEFAULT)


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> LoadedConfig:
    """Read everything and return the effective configuration; relative paths become absolute.

    Args:
        path: the file to read; without it `$INVESTIQ_CONFIG`, or `investiq.toml` here if it exists.
        environ: the environment; default: that of the process.

    Raises:
        ConfigError: a key is unknown, a value has the wrong type or range, or a file cannot be read.
    """
    environ = os.environ if environ is None else environ
    file = find_file(path, environ)
    known = settings()
    faults: list[str] = []
    values: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for key, value, source in (*_from_file(file, known, faults), *_from_environment(environ, known, faults)):
        if not _is_text(value):
            faults.append(f"{source.text}: {key} has characters that are no text; example: {known[key].example}")
            continue
        values[key] = value
        sources[key] = source
    config = _validate(values, sources, known, faults)
    return LoadedConfig(_absolute(config, file.parent if file else Path.cwd()), file, sources)


def secret_variables(keys: Collection[str] | None = None) -> frozenset[str]:
    """Every variable that may hold a secret, or say where one is.

    Args:
        keys: of these settings alone; default: of all, with the variable that names the folder of credentials.
    """
    known = settings()
    wanted = {key for key in known if known[key].secret and (keys is None or key in keys)}
    names = [known[key].variable for key in wanted] + [short for short, key in SHORT_NAMES.items() if key in wanted]
    folder = {CREDENTIALS_VARIABLE} if keys is None else set()
    return frozenset({*names, *(f"{name}_FILE" for name in names), *folder})


def environment_for(keys: Collection[str], environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without any secret of ours but those of the settings `keys`, for a process that needs no others.

    The folder of systemd's credentials holds them all: of those that are needed, the files are named one by one.
    """
    known, needed = settings(), secret_variables(keys)
    kept = {name: value for name, value in environ.items() if name in needed or name not in secret_variables()}
    named = {setting.variable: setting for setting in known.values()} | {
        short: known[key] for short, key in SHORT_NAMES.items()
    }
    for file, setting in _credentials(environ.get(CREDENTIALS_VARIABLE), named, []):
        if setting.key in keys:
            kept[f"{setting.variable}_FILE"] = str(file)
    return kept


def _is_text(value: Any) -> bool:
    """Whether all text in `value` is text, of one or more lines: no NUL, and no bytes that are not UTF-8."""
    match value:
        case str():
            return all(map(is_plain, re.split(r"[\n\r\t]", value)))
        case dict():
            return all(_is_text(one) for pair in value.items() for one in pair)
        case list() | tuple():
            return all(map(_is_text, value))
        case _:
            return True


def _from_file(file: Path | None, known: Mapping[str, Setting], faults: list[str]) -> Iterator[tuple[str, Any, Source]]:
    if file is None:
        return
    try:
        text = read_text(file, most_bytes=MOST_BYTES)
        tables = toml_documents.load(str(file), text, Decimal)
    except UnreadableFile as error:
        raise ConfigError(error.message) from error
    lines = toml_documents.key_lines(text)
    for key, value in _leaves(tables, known):
        place = f"{file.name}:{lines.get(key, '?')}"
        if key not in known:
            faults.append(f"{place}: unknown key {key!r}{_nearest(key, known)}")
        elif fault := known[key].toml_fault(value):
            faults.append(f"{place}: {key}: {fault}; example: {known[key].example}")
        else:
            yield key, value, Source(place, file)


def _inner_sources(sources: Mapping[str, Source], known: Mapping[str, Setting]) -> dict[str, Source]:
    """The lines inside arrays of tables (`services.0.url`), for the messages about them."""
    found: dict[str, Source] = {}
    for key, source in sources.items():
        if known[key].tables is not None and source.file is not None and source.text.startswith(source.file.name):
            lines = toml_documents.key_lines(read_text(source.file, most_bytes=MOST_BYTES))
            inner = {name: line for name, line in lines.items() if name.startswith(f"{key}.")}
            found |= {name: Source(f"{source.file.name}:{line}", source.file) for name, line in inner.items()}
    return found


def _leaves(table: Mapping[str, Any], known: Mapping[str, Setting], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, dict) and key not in known:
            if value:
                yield from _leaves(value, known, key + ".")
            elif not any(k.startswith(key + ".") for k in known):
                yield key, value
        else:
            yield key, value


def _from_environment(
    environ: Mapping[str, str], known: Mapping[str, Setting], faults: list[str]
) -> Iterator[tuple[str, Any, Source]]:
    variables = {setting.variable: setting for setting in known.values()}
    variables |= {short: known[key] for short, key in SHORT_NAMES.items()}
    seen: dict[str, str] = {}
    yield from _from_credentials(environ.get(CREDENTIALS_VARIABLE), variables, seen, faults)
    for name in sorted(environ):
        plain = name.removesuffix("_FILE")
        setting = variables.get(name) or (variables.get(plain) if plain != name else None)
        if setting is None or (name not in variables and not setting.secret):
            if name.startswith(PREFIX) and name != PATH_VARIABLE:
                faults.append(f"${name}: unknown variable{_nearest(name, variables)}")
            continue
        if setting.key in seen:
            faults.append(f"${name}: {setting.key} is also set by {seen[setting.key]}; keep one of them")
            continue
        seen[setting.key] = f"${name}"
        try:
            file = None if name in variables else Path(environ[name])
            text = environ[name] if file is None else _secret_file(file)
            yield setting.key, setting.parse_text(text), Source(f"${name}", file)
        except ValueError as error:
            faults.append(f"${name}: {error}; expected {setting.expected}; example: {setting.example_for(name)}")


def _from_credentials(
    folder: str | None, variables: Mapping[str, Setting], seen: dict[str, str], faults: list[str]
) -> Iterator[tuple[str, Any, Source]]:
    """The secrets that systemd hands over. Other names have other purposes, and are left alone."""
    for file, setting in _credentials(folder, variables, faults):
        if setting.key in seen:
            faults.append(f"credential {file.name}: {setting.key} is also set by {seen[setting.key]}; keep one of them")
            continue
        seen[setting.key] = source = f"credential {file.name}"
        try:
            yield setting.key, setting.parse_text(_secret_file(file)), Source(source, file)
        except ValueError as error:
            faults.append(f"{source}: {error}; expected {setting.expected}")


def _credentials(
    folder: str | None, variables: Mapping[str, Setting], faults: list[str]
) -> Iterator[tuple[Path, Setting]]:
    """The files of systemd's folder that hold a secret of ours, and whose."""
    try:
        files = sorted(Path(folder).iterdir()) if folder else []
    except OSError as error:
        faults.append(f"${CREDENTIALS_VARIABLE}: {folder} cannot be read: {error.strerror}")
        return
    for file in files:
        setting = variables.get(file.name) or (variables.get(file.name.upper()) if file.name.islower() else None)
        if setting is not None and setting.secret:
            yield file, setting


def _secret_file(path: Path) -> str:
    try:
        return read_text(path, most_bytes=MOST_BYTES).strip()
    except UnreadableFile as error:
        raise ValueError(f"secret file {error.message}") from error


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    import difflib  # noqa: PLC0415  5 ms that only a mistake has to pay

    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"; did you mean {near[0]!r}?" if near else "; `investiq config show` lists every key"


def _validate(
    values: Mapping[str, Any], sources: Mapping[str, Source], known: Mapping[str, Setting], faults: list[str]
) -> Config:
    nested: dict[str, Any] = {}
    for key, value in values.items():
        *sections, name = key.split(".")
        table = nested
        for section in sections:
            table = table.setdefault(section, {})
        table[name] = value
    try:
        config = Config.model_validate(nested)
    except ValidationError as error:
        faults.extend(_describe(fault, sources, known) for fault in error.errors(include_input=False))
        config = None
    if config is None or faults:
        raise ConfigError("\n".join(["the configuration cannot be used:", *(f"  {fault}" for fault in faults)]))
    return config


def _describe(fault: Any, sources: Mapping[str, Source], known: Mapping[str, Setting]) -> str:
    """One line for one pydantic error. The value itself is left out: it may be a secret."""
    path = [str(step) for step in fault["loc"]]
    key = next((k for n in range(len(path), 0, -1) if (k := ".".join(path[:n])) in known), ".".join(path))
    message = fault["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if key not in known:
        return f"{key}: {message}" if key else message
    setting = known[key]
    if setting.tables is not None and len(path) > 1:
        return _describe_inner(fault, path, message, setting, {**sources, **_inner_sources(sources, known)})
    source = sources.get(key, DEFAULT).text
    return f"{source}: {key} {message}; expected {setting.expected}; example: {setting.example_for(source)}"


def _describe_inner(fault: Any, path: list[str], message: str, setting: Setting, sources: Mapping[str, Source]) -> str:
    """The line for an error inside an array of tables; it says the place as in `[[services]]` number 1."""
    places = (".".join(path[:n]) for n in range(len(path), 0, -1))
    source = next(sources[place] for place in places if place in sources).text
    if fault["type"] == "extra_forbidden":
        message = f"is no setting of it; docs/configuration.md lists those of [[{setting.key}]]"
    where = " ".join(f"number {int(step) + 1}" if step.isdigit() else step for step in path)
    return f"{source}: {where}: {message}; example: {setting.example}"


def _as_named(path: Path | None, base: Path) -> Path | None:
    return None if path is None else Path(os.path.normpath(base / path.expanduser()))


def _absolute(config: Config, base: Path) -> Config:
    """Relative paths count from the configuration file, so that every command means the same files."""

    def fix(path: Path | None) -> Path | None:
        if path is None:
            return None
        whole = (base / path.expanduser()).resolve()
        if not is_plain(str(whole)):  # it is written into files of YAML and JSON
            raise ConfigError(f"the path {visible(str(whole))} is no text: give its folders other names, in UTF-8")
        return whole

    market = config.market.model_copy(update={"folder": fix(config.market.folder)})
    signals = config.signals.model_copy(update={"model_dir": fix(config.signals.model_dir)})
    services = tuple(one.model_copy(update={"token_file": fix(one.token_file)}) for one in config.services)
    # Not resolved: who renews a certificate moves the link to it.
    pair = {name: _as_named(getattr(config.edge, name), base) for name in ("certificate", "certificate_key")}
    edge = config.edge.model_copy(update=pair)
    backup = config.backup.model_copy(
        update={
            "repository": _repository(config.backup.repository, fix),
            "grafana_database": fix(config.backup.grafana_database),
        }
    )
    parts = {"market": market, "signals": signals, "services": services, "edge": edge, "backup": backup}
    return config.model_copy(update={"data_dir": fix(config.data_dir), **parts})


def _repository(repository: str | None, fix: Callable[[Path | None], Path | None]) -> str | None:
    """A folder as an absolute path; anything else, such as s3:…, as it is."""
    return repository if repository is None or _REMOTE.match(repository) else str(fix(Path(repository)))
