from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from investiq.invest.market.types import Symbol
from investiq.invest.signals.artifact import ModelMissing, ModelRefused, fingerprint, load, save
from investiq.invest.signals.model import Artifact, Model, content_version
from tests.invest.signals.conftest import Histories
from tests.invest.signals.predictions import predict

A = Symbol("AAA")
FILES = ("model.txt", "calibration.json", "card.json", "manifest.json")


@pytest.fixture
def folder(tmp_path: Path, artifact: Artifact) -> Path:
    """A model folder with a sound artifact in it."""
    save(artifact, tmp_path / "models", datetime(2026, 1, 2, tzinfo=UTC))
    return tmp_path / "models"


def sign(folder: Path) -> None:
    """Make the manifest fit its files again: what a foreign tool or a forger would have done."""
    path = folder / "current" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["sha256"] = {
        name: hashlib.sha256((path.parent / name).read_bytes()).hexdigest() for name in manifest["sha256"]
    }
    path.write_text(json.dumps(manifest))


def edit(folder: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "current" / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    if name != "manifest.json":
        sign(folder)


def refusal(folder: Path) -> str:
    with pytest.raises(ModelRefused) as caught:
        load(folder)
    assert "investiq models train" in caught.value.message
    return caught.value.message


def test_a_saved_model_predicts_as_it_did_in_memory(
    folder: Path, artifact: Artifact, trending_histories: Histories
) -> None:
    loaded = load(folder)
    assert loaded.card == artifact.card
    assert loaded.trained_at == datetime(2026, 1, 2, tzinfo=UTC)
    for bars in trending_histories.values():
        assert predict(loaded, A, bars) == predict(Model(artifact), A, bars)


def test_nothing_trained_yet_is_missing_and_not_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="investiq models train"):
        load(tmp_path)
    assert fingerprint(tmp_path) is None


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_a_truncated_file_is_refused(folder: Path, name: str, share: float) -> None:
    path = folder / "current" / name
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert name in refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(folder: Path, name: str) -> None:
    (folder / "current" / name).unlink()
    assert f"{name} is missing" in refusal(folder)


@pytest.mark.parametrize("name", FILES[:3])
def test_one_changed_bit_is_refused(folder: Path, name: str) -> None:
    path = folder / "current" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert f"{name} is not the file that the manifest describes" in refusal(folder)


def test_a_pickle_in_place_of_the_model_is_refused_and_never_opened(folder: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    (folder / "current" / "model.txt").write_bytes(pickle.dumps(Trap()))
    sign(folder)
    refusal(folder)
    assert not (tmp_path / "sprung").exists()


MANIFEST_FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "foreign": (lambda m: m.update(format="onnx"), "format 'onnx'"),
    "older": (lambda m: m.update(format_version=1), "format version 1, this InvestIQ reads 2"),
    "no hashes": (lambda m: m.pop("sha256"), "SHA-256 of exactly"),
    "one hash less": (lambda m: m["sha256"].pop("card.json"), "SHA-256 of exactly"),
    "no time": (lambda m: m.pop("trained_at"), "trained_at"),
    "local time": (lambda m: m.update(trained_at="2026-01-02T03:04:05"), "time zone"),
}


@pytest.mark.parametrize("name", MANIFEST_FAULTS)
def test_a_manifest_that_is_not_ours_is_refused(folder: Path, name: str) -> None:
    change, message = MANIFEST_FAULTS[name]
    edit(folder, "manifest.json", change)
    assert message in refusal(folder)


CARD_FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "other features": (lambda c: c.update(features=c["features"][::-1]), "other features"),
    "other formulas": (lambda c: c.update(feature_revision=99), "other features"),
    "other horizon": (lambda c: c.update(horizon_sessions=20), "forecasts 20 sessions"),
    "other model": (lambda c: c.update(model_version="0" * 12), "describes another model"),
    "unknown field": (lambda c: c.update(surprise=1), "card.json: surprise"),
    "missing field": (lambda c: c.pop("beats_constant"), "card.json: beats_constant"),
}


@pytest.mark.parametrize("name", CARD_FAULTS)
def test_a_card_that_does_not_fit_is_refused(folder: Path, name: str) -> None:
    change, message = CARD_FAULTS[name]
    edit(folder, "card.json", change)
    assert message in refusal(folder)


CALIBRATION_FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "text": lambda c: c.update(slope="1.0"),
    "none": lambda c: c.pop("shift"),
    "not finite": lambda c: c.update(anchor=float("nan")),
    "upside down": lambda c: c.update(slope=-1.0),
    "other method": lambda c: c.update(method="isotonic"),
    "other numbers": lambda c: c.update(slope=0.123),
}


@pytest.mark.parametrize("name", CALIBRATION_FAULTS)
def test_a_calibration_that_cannot_be_ours_is_refused(folder: Path, name: str) -> None:
    edit(folder, "calibration.json", CALIBRATION_FAULTS[name])
    refusal(folder)


def test_malformed_trees_are_refused(folder: Path, artifact: Artifact) -> None:
    path = folder / "current" / "model.txt"
    path.write_text(path.read_text().replace("left_child=", "left_child=99 "))
    version = content_version(path.read_text(), artifact.calibration)
    edit(folder, "card.json", lambda card: card.update(model_version=version))
    assert "model.txt: tree 0" in refusal(folder)


def test_json_that_is_no_object_is_refused(folder: Path) -> None:
    (folder / "current" / "manifest.json").write_text("[" * 100_000)
    assert "manifest.json" in refusal(folder)


def test_a_new_artifact_replaces_the_current_one_and_keeps_it_as_previous(
    folder: Path, artifact: Artifact, other_artifact: Artifact
) -> None:
    before = fingerprint(folder)
    save(other_artifact, folder)
    assert load(folder).card == other_artifact.card
    assert fingerprint(folder) != before
    (folder / "current").unlink()
    (folder / "previous").rename(folder / "current")
    assert load(folder).card == artifact.card


def test_training_the_same_again_does_not_push_the_previous_one_out(
    folder: Path, artifact: Artifact, other_artifact: Artifact
) -> None:
    save(other_artifact, folder)
    save(other_artifact, folder)
    assert (folder / "previous").resolve().name.startswith(artifact.card.model_version)
    assert len(list((folder / "artifacts").iterdir())) == 2


def test_only_the_current_and_the_previous_stay_on_disk(
    folder: Path, artifact: Artifact, other_artifact: Artifact
) -> None:
    (folder / "artifacts" / ".abc.unfinished").mkdir()  # left by a crash
    for saved in (other_artifact, artifact, other_artifact):
        save(saved, folder)
    kept = {path.resolve() for path in (folder / "artifacts").iterdir()}
    assert kept == {(folder / "current").resolve(), (folder / "previous").resolve()}


def test_a_crash_while_writing_leaves_the_old_model_in_place(
    folder: Path, artifact: Artifact, other_artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("investiq.invest.signals.artifact._point", full_disk)
        with pytest.raises(OSError, match="No space"):
            save(other_artifact, folder)
    assert load(folder).card == artifact.card


def test_a_folder_copied_in_by_hand_loads_and_is_kept_as_previous(
    folder: Path, tmp_path: Path, artifact: Artifact, other_artifact: Artifact
) -> None:
    copied = tmp_path / "copied"
    shutil.copytree((folder / "current").resolve(), copied / "current")
    assert load(copied).card == artifact.card
    save(other_artifact, copied)
    assert load(copied).card == other_artifact.card
    assert (copied / "previous" / "model.txt").read_text() == artifact.model_text
