"""The file that is sent to whoever helps: private, whole or not there, and never in the place of another."""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from investiq.operate.support.bundle import BundleExists, write_bundle


def _texts() -> Iterator[tuple[str, str]]:
    yield "versions.txt", "investiq 1\n"
    yield "logs/api.log", "line\n" * 10_000


def test_it_holds_each_file_below_its_own_name_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.tar.gz"
    write_bundle(file, _texts())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as archive:
        assert archive.getnames() == ["mine/versions.txt", "mine/logs/api.log"]
        assert {member.mode for member in archive} == {0o600}


@pytest.mark.parametrize("link", [True, False])
def test_nothing_is_overwritten_and_no_link_is_followed(tmp_path: Path, link: bool) -> None:
    file, other = tmp_path / "mine.tar.gz", tmp_path / "other"
    other.write_text("precious")
    if link:
        file.symlink_to(other)
    else:
        file.write_text("precious")
    with pytest.raises(BundleExists, match="is there already"):
        write_bundle(file, _texts())
    assert other.read_text() == "precious"
    assert file.read_text() == "precious"


def test_what_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    def texts() -> Iterator[tuple[str, str]]:
        yield "versions.txt", "investiq 1\n"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "mine.tar.gz", texts())
    assert list(tmp_path.iterdir()) == []
