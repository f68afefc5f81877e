"""The artifact on disk: written so that it is whole or absent, read as if a stranger had left it.

    models/
      current  -> artifacts/<version>-<random>     the one that serves
      previous -> artifacts/<version>-<random>     the one before, to go back to by hand
      artifacts/<version>-<random>/
        model.txt  calibration.json  card.json     what training made
        manifest.json                              format, time of training, SHA-256 of each file

`current` is a symbolic link because a rename replaces a link in one step; it cannot replace a folder with files in it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ValidationError

from investiq.foundation.errors import InvestIQError
from investiq.invest.signals.calibration import Calibration
from investiq.invest.signals.card import ModelCard
from investiq.invest.signals.dataset import HORIZON_SESSIONS
from investiq.invest.signals.features import FEATURE_REVISION, FEATURES, NEEDED_BARS
from investiq.invest.signals.model import Artifact, Model, calibration_json, content_version
from investiq.invest.signals.trees import MalformedTrees

__all__ = ["Fingerprint", "ModelMissing", "ModelRefused", "fingerprint", "load", "save"]

FORMAT: Final = "investiq-signal-model"
FORMAT_VERSION: Final = 2
"""2 since the card holds the reference for drift."""

_MANIFEST: Final = "manifest.json"
_FILES: Final = ("model.txt", "calibration.json", "card.json")
_MAX_BYTES: Final = 32_000_000
"""Of one file: ours have some hundred kilobytes, and a wrong file must not fill the memory."""

_NEXT_STEP: Final = "make a new one with `investiq models train`"

Fingerprint = tuple[tuple[int, int, int], ...] | None
"""Inode, size and modification time of the artifact's files; None where one is missing."""


class ModelMissing(InvestIQError):
    """There is no trained model in the folder."""

    reason = "model_missing"


class ModelRefused(InvestIQError):
    """The artifact is corrupt, foreign, or made for another version of the features or the format."""

    reason = "model_refused"


# ---- writing ----


def save(artifact: Artifact, folder: Path, trained_at: datetime | None = None) -> Path:
    """Make `artifact` the current one of `folder`; the one before stays as `previous`. Returns its own folder.

    A crash at any moment leaves the old artifact or the new one, never a part of either. Two that save at the same
    time wait for each other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        target = _write(artifact, folder, trained_at or datetime.now(UTC))
        _switch(folder, target, artifact.card.model_version)
    return target


def _write(artifact: Artifact, folder: Path, trained_at: datetime) -> Path:
    name = f"{artifact.card.model_version}-{secrets.token_hex(4)}"
    target = folder / "artifacts" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.parent / f".{name}.unfinished"
    unfinished.mkdir()
    contents = _contents(artifact)
    contents[_MANIFEST] = _manifest(contents, trained_at)
    for file_name, content in contents.items():
        _write_durably(unfinished / file_name, content)
    _sync_folder(unfinished)
    unfinished.rename(target)
    _sync_folder(target.parent)
    return target


def _contents(artifact: Artifact) -> dict[str, bytes]:
    card = artifact.card.model_dump_json(indent=2) + "\n"
    texts = (artifact.model_text, calibration_json(artifact.calibration), card)
    return {name: text.encode() for name, text in zip(_FILES, texts, strict=True)}


def _manifest(contents: dict[str, bytes], trained_at: datetime) -> bytes:
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "trained_at": trained_at.astimezone(UTC).isoformat(),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    }
    return (json.dumps(manifest, indent=2) + "\n").encode()


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _switch(folder: Path, target: Path, version: str) -> None:
    current, previous = folder / "current", folder / "previous"
    if current.is_dir() and not current.is_symlink():  # copied there by hand
        adopted = target.parent / f"adopted-{secrets.token_hex(4)}"
        current.rename(adopted)
        _point(previous, adopted)
    elif current.is_symlink() and not current.resolve().name.startswith(f"{version}-"):
        _point(previous, current.resolve())
    _point(current, target)
    keep = {link.resolve() for link in (current, previous) if link.is_symlink()}
    for old in target.parent.iterdir():  # also what a crash left unfinished
        if old.resolve() not in keep:
            shutil.rmtree(old, ignore_errors=True)


def _point(link: Path, target: Path) -> None:
    fresh = link.with_name(f".{link.name}.{secrets.token_hex(4)}")
    fresh.symlink_to(Path("artifacts") / target.name, target_is_directory=True)
    fresh.replace(link)
    _sync_folder(link.parent)


# ---- reading ----


def fingerprint(folder: Path) -> Fingerprint:
    """Changes whenever a file of the current artifact does; costs four `stat` calls."""
    try:
        stats = [(folder / "current" / name).stat() for name in (*_FILES, _MANIFEST)]
    except OSError:
        return None
    return tuple((stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats)


def load(folder: Path) -> Model:
    """The current model of `folder`, every claim of its files checked. Nothing is unpickled or executed.

    Raises:
        ModelMissing: nothing was trained yet.
        ModelRefused: what is there is not a sound artifact of this version.
    """
    current = folder / "current"
    if not current.exists():
        raise ModelMissing(f"no signal model in {folder}: {_NEXT_STEP}")
    try:
        return _load(current.resolve())
    except (OSError, ValueError, MalformedTrees) as error:
        raise ModelRefused(f"the signal model in {current} is refused: {_first_line(error)}; {_NEXT_STEP}") from error


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"card.json: {'.'.join(map(str, first['loc'])) or 'document'}: {first['msg']}"
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _load(folder: Path) -> Model:
    manifest = _json_object(_read(folder, _MANIFEST), _MANIFEST)
    trained_at = _check_manifest(manifest)
    contents = {name: _read(folder, name) for name in _FILES}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != manifest["sha256"][name]:
            raise ValueError(f"{name} is not the file that the manifest describes (SHA-256 differs)")
    artifact = Artifact(
        model_text=contents["model.txt"].decode("ascii"),
        calibration=_calibration(contents["calibration.json"]),
        card=ModelCard.model_validate_json(contents["card.json"]),
    )
    _check_card(artifact)
    return Model(artifact, trained_at)


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    if not path.is_file():
        raise ValueError(f"{name} is missing")
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"{name} is larger than {_MAX_BYTES} bytes")
    return path.read_bytes()


def _json_object(content: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError(f"{name} is not JSON: it is cut off or damaged") from None
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not a JSON object")
    return value


def _check_manifest(manifest: dict[str, Any]) -> datetime:
    if manifest.get("format") != FORMAT:
        raise ValueError(f"manifest.json says format {manifest.get('format')!r}, expected {FORMAT!r}")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"it has format version {manifest.get('format_version')!r}, this InvestIQ reads {FORMAT_VERSION}"
        )
    hashes = manifest.get("sha256")
    if not isinstance(hashes, dict) or set(hashes) != set(_FILES):
        raise ValueError(f"manifest.json must list the SHA-256 of exactly {', '.join(_FILES)}")
    try:
        trained_at = datetime.fromisoformat(manifest["trained_at"])
    except (KeyError, TypeError, ValueError):
        raise ValueError("manifest.json has no readable trained_at") from None
    if trained_at.tzinfo is None:
        raise ValueError("trained_at of manifest.json has no time zone")
    return trained_at


def _calibration(content: bytes) -> Calibration:
    value = _json_object(content, "calibration.json")
    numbers = [value.get(name) for name in ("slope", "shift", "anchor")]
    if value.get("method") != "platt" or not all(type(number) is float for number in numbers):
        raise ValueError("calibration.json must hold method 'platt' and the numbers slope, shift and anchor")
    return Calibration(*cast(list[float], numbers))


def _check_card(artifact: Artifact) -> None:
    card = artifact.card
    if (card.features, card.feature_revision) != (FEATURES, FEATURE_REVISION):
        raise ValueError("it was trained on other features than this version computes")
    if (card.horizon_sessions, card.needed_bars) != (HORIZON_SESSIONS, NEEDED_BARS):
        raise ValueError(
            f"it forecasts {card.horizon_sessions} sessions from {card.needed_bars} bars, "
            f"this version {HORIZON_SESSIONS} from {NEEDED_BARS}"
        )
    if card.model_version != content_version(artifact.model_text, artifact.calibration):
        raise ValueError("card.json describes another model (the version does not follow from the contents)")
