"""The images, each with its exact version, from `images.toml` beside this file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["OURS", "Image", "image", "images"]

OURS = "investiq"


@dataclass(frozen=True, slots=True)
class Image:
    """One image.

    Attributes:
        digest: of its manifest, such as `sha256:…`; empty until it is pinned.
    """

    repository: str
    tag: str
    digest: str = ""

    @property
    def reference(self) -> str:
        """As an engine takes it: with the digest, the tag is for people alone."""
        tagged = f"{self.repository}:{self.tag}"
        return f"{tagged}@{self.digest}" if self.digest else tagged


@cache
def images() -> dict[str, Image]:
    """Name -> image."""
    text = (resources.files(__package__) / "images.toml").read_text("utf-8")
    return {
        name: Image(row["image"], str(row["tag"]), row.get("digest", "")) for name, row in tomllib.loads(text).items()
    }


def image(name: str) -> Image:
    return images()[name]
