"""Writes the digests of all images into `images.toml`: what was tried is then what is pulled, whoever moves a tag."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from investiq.foundation.files import replace_whole
from investiq.operate.deploy.containers.images import Image

__all__ = ["pin", "pinned_text"]


def pin(file: Path, images: Mapping[str, Image], digest_of: Callable[[Image], str]) -> dict[str, str]:
    """Ask for the digest of each image, and then write all of them. Returns name -> digest.

    Args:
        digest_of: may raise; then nothing is written.
    """
    digests = {name: digest_of(image) for name, image in images.items()}
    replace_whole(file, pinned_text(file.read_text("utf-8"), digests), 0o644)
    return digests


def pinned_text(text: str, digests: Mapping[str, str]) -> str:
    """The file with these digests, each below the tag of its image, in place of those that were there."""
    tables = re.split(r"(?m)^(?=\[)", text)
    return "".join(_pinned(table, digests) for table in tables)


def _pinned(table: str, digests: Mapping[str, str]) -> str:
    name = re.match(r"\[([\w-]+)\]", table)
    if name is None or name[1] not in digests:
        return table
    bare = re.sub(r"(?m)^digest = .*\n", "", table)
    return re.sub(r"(?m)^(tag = .*\n)", rf'\1digest = "{digests[name[1]]}"' + "\n", bare)
