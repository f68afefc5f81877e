"""What a part prints reaches its log without secrets, however it comes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.schema import NotifyConfig
from investiq.foundation.redaction import MASK
from investiq.foundation.token_files import rotate_token
from investiq.operate.supervise.log_redaction import LogRedaction, RedactedStream
from tests.operate.supervise.conftest import Fakes, life_of

TOKEN = "t0ken-of-a-switch"
URL = f"http://127.0.0.1:9/{TOKEN}"
LOGGED = f'err="Post \\"{URL}\\": dial tcp"\n'.encode()


def _config(folder: Path) -> Config:
    return Config(data_dir=folder, notify=NotifyConfig(deadmans_switch_url=SecretStr(URL)))


def _written(stream: RedactedStream, *pieces: bytes) -> bytes:
    return b"".join([*map(stream.feed, pieces), stream.rest()])


@given(st.lists(st.integers(0, len(LOGGED)), max_size=6))
def test_a_secret_that_is_read_in_pieces_is_found(cuts: list[int]) -> None:
    ends = sorted(cuts)
    pieces = [LOGGED[start:end] for start, end in zip([0, *ends], [*ends, len(LOGGED)], strict=True)]
    stream = RedactedStream(LogRedaction(_config(Path("/nowhere"))))
    assert _written(stream, *pieces) == f'err="Post \\"{MASK}\\": dial tcp"\n'.encode()


@pytest.mark.parametrize("before", [8_180, 8_192, 8_200, 16_380, 20_000])
def test_a_line_without_an_end_is_written_without_the_secret_in_it(before: int) -> None:
    stream = RedactedStream(LogRedaction(_config(Path("/nowhere"))))
    said = b"x" * before + b" " + URL.encode() + b" " + b"y" * 40_000
    pieces = [said[at : at + 4_096] for at in range(0, len(said), 4_096)]
    assert _written(stream, *pieces) == b"x" * before + f" {MASK} ".encode() + b"y" * 40_000


def test_a_line_without_an_end_is_not_kept_in_memory() -> None:
    stream = RedactedStream(LogRedaction(_config(Path("/nowhere"))))
    written = sum(len(stream.feed(b"z" * 65_536)) for _ in range(20))
    assert written > 19 * 65_536


def test_what_has_no_secret_stays_byte_by_byte() -> None:
    stream = RedactedStream(LogRedaction(_config(Path("/nowhere"))))
    said = b"\xff\xfe\x00 no text\r\n100% \\u0041 &#65; %41\n\n"
    assert _written(stream, said) == said


def test_a_secret_is_hidden_from_the_moment_it_is_rotated_and_the_old_one_still(tmp_path: Path) -> None:
    file = Paths.of(_config(tmp_path)).inbox_token
    rotate_token(file, timedelta())
    stream, old = RedactedStream(LogRedaction(_config(tmp_path))), file.read_text()
    assert stream.feed(old.encode()) == f"{MASK}\n".encode()
    rotate_token(file, timedelta())
    assert file.read_text() != old
    assert stream.feed(f"{file.read_text()}{old}".encode()) == f"{MASK}\n{MASK}\n".encode()


async def test_neither_the_log_nor_the_last_words_of_a_part_have_a_secret(fakes: Fakes) -> None:
    """A part that ends says why; `investiq up` shows that."""
    fakes.secrets = NotifyConfig(deadmans_switch_url=SecretStr(URL))
    part = fakes.part("api", "--say", f"error: {URL} does not answer", "--crashes", "9")
    failure = await life_of(fakes.supervisor(part))
    log = (fakes.folder / "logs" / "api.log").read_text()
    assert MASK in log
    assert TOKEN not in log
    assert failure is not None
    assert TOKEN not in f"{failure.cause}{failure.last_lines}"
