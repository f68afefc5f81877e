"""Text of files that anybody may have written: taken if it is UTF-8, else a plain error."""

from __future__ import annotations

from pathlib import Path

import pytest

from investiq.foundation.documents.text import UnreadableFile, decoded, read_text


@pytest.mark.parametrize(
    ("data", "text"), [(b"a = 1", "a = 1"), (b"\xef\xbb\xbfa = 1", "a = 1"), (b"", ""), (b"\xc3\xa4", "ä"), (b"a", "a")]
)
def test_utf8_is_taken_with_and_without_its_mark(data: bytes, text: str) -> None:
    assert decoded("f.yml", data) == text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a: 1".encode("utf-16"), "f.yml is written in UTF-16LE, expected UTF-8: save it as UTF-8"),
        ("a: 1".encode("utf-16-be"), "f.yml is written in UTF-16BE, expected UTF-8"),
        ("a: 1".encode("utf-32"), "f.yml is written in UTF-32LE, expected UTF-8"),
        (b"a: 1\nb: gro\xdf\n", "f.yml:2 is not UTF-8: byte 0xDF is no part of a character"),
        (b"a: 1\n\nb\0c", "f.yml:3 holds a NUL character"),
    ],
)
def test_what_is_no_utf8_is_named_with_what_to_do(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        decoded("f.yml", data)
    assert message in caught.value.message


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(UnreadableFile, match="is longer than 1 MiB"):
        read_text(Path("/dev/zero"), most_bytes=2**20)


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UnreadableFile, match="cannot be read"):
            read_text(path)
