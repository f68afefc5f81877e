"""How many bytes a sample takes, as Prometheus' files tell it: its blocks, or before the first its newest chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SampleSize", "folder_bytes", "sample_size"]

MANUAL_BYTES = 2.0
"""A sample takes 1 to 2 bytes, says Prometheus' manual (storage, operational aspects)."""

_MAGIC = bytes.fromhex("0130bc91")
_FILE_HEADER = 8
_REF_AND_TIMES = 24
_CHECKSUM = 4


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Bytes a sample on the disk.

    Attributes:
        source: what says so, for people.
        is_estimate: no block was there to measure.
        blocks: measured.
        samples: measured.
    """

    bytes: float
    source: str
    is_estimate: bool
    blocks: int = 0
    samples: int = 0


def sample_size(folder: Path) -> SampleSize:
    """What a sample takes in the data folder of a Prometheus."""
    blocks = list(_blocks(folder))
    if samples := sum(number for number, _ in blocks):
        size = sum(size for _, size in blocks) / samples
        return SampleSize(
            size, f"measured: {len(blocks)} blocks on the disk, index included", False, len(blocks), samples
        )
    counted, size = 0, 0
    for chunk_samples, chunk_bytes in _head_chunks(folder / "chunks_head"):
        counted, size = counted + chunk_samples, size + chunk_bytes
    if counted:
        source = f"estimated from {counted} samples of the head, since no block of two hours is written yet"
        return SampleSize(size / counted, source, True, 0, counted)
    return SampleSize(MANUAL_BYTES, "estimated: Prometheus' manual says 1 to 2, and nothing is on the disk yet", True)


def folder_bytes(folder: Path) -> int:
    """What the files in a folder take on the disk; what goes meanwhile counts as nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            found = path.lstat()
        except OSError:
            continue
        total += found.st_blocks * 512
    return total


def _blocks(folder: Path) -> Iterator[tuple[int, int]]:
    """Samples and bytes of each block."""
    for meta in folder.glob("*/meta.json"):
        try:
            stats = json.loads(meta.read_text("utf-8"))["stats"]
            yield int(stats["numSamples"]), folder_bytes(meta.parent)
        except (OSError, ValueError, KeyError, TypeError):  # a block that is being written or removed
            continue


def _head_chunks(folder: Path) -> Iterator[tuple[int, int]]:
    """Samples and bytes of each full chunk of the head. The format: tsdb/docs/format/head_chunks.md of Prometheus."""
    for file in sorted(folder.glob("[0-9]*")):
        try:
            data = file.read_bytes()
        except OSError:
            continue
        if data[:4] == _MAGIC:
            yield from _chunks(data)


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    at = _FILE_HEADER
    while at + _REF_AND_TIMES + 2 < len(data):
        length, body = _uvarint(data, at + _REF_AND_TIMES + 1)
        if not length or body + length + _CHECKSUM > len(data):  # the file is made longer than what is in it
            return
        yield int.from_bytes(data[body : body + 2], "big"), body + length + _CHECKSUM - at
        at = body + length + _CHECKSUM


def _uvarint(data: bytes, at: int) -> tuple[int, int]:
    """The number, and where it ends."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
        shift += 7
    return 0, at
