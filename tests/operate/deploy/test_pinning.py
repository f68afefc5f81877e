"""Digests in images.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from investiq.clients.session import Unreachable
from investiq.operate.deploy.containers.images import Image, images
from investiq.operate.deploy.containers.pinning import pin, pinned_text

TEXT = '# why\n\n[one]\nimage = "a/one"\ntag = "1"\n\n[two]\nimage = "a/two"\ntag = "2"\ndigest = "sha256:old"\n'
IMAGES = {"one": Image("a/one", "1"), "two": Image("a/two", "2", "sha256:old")}


def test_each_digest_stands_below_its_tag_in_place_of_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "images.toml"
    file.write_text(TEXT)
    digests = pin(file, IMAGES, lambda image: f"sha256:{image.tag}")
    assert digests == {"one": "sha256:1", "two": "sha256:2"}
    rows = tomllib.loads(file.read_text())
    assert {name: row["digest"] for name, row in rows.items()} == digests
    assert file.read_text().startswith("# why\n\n[one]\n")
    assert pinned_text(file.read_text(), digests) == file.read_text(), "the same again"


def test_where_one_registry_does_not_answer_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "images.toml"
    file.write_text(TEXT)

    def digest_of(image: Image) -> str:
        if image.tag == "2":
            raise Unreachable("no registry")
        return "sha256:1"

    with pytest.raises(Unreachable):
        pin(file, IMAGES, digest_of)
    assert file.read_text() == TEXT


def test_a_pinned_image_is_named_by_its_digest() -> None:
    assert IMAGES["two"].reference == "a/two:2@sha256:old"
    assert all(image.reference == f"{image.repository}:{image.tag}" for image in images().values() if not image.digest)
