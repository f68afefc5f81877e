"""What logs and support bundles must not have: secrets, however they are written."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from pydantic import SecretStr

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.schema import ApiConfig, NotifyConfig
from investiq.foundation.redaction import MASK, Redaction
from investiq.foundation.topology import NEXT_USER, PROGRAM_USER

SECRET = 'odd/"one"+é=81'


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        'odd/\\"one\\"+\\u00e9=81',
        "odd%2F%22one%22%2B%C3%A9%3D81",
        "odd%2f%22one%22%2b%c3%a9%3d81",
        "odd/%22one%22+%C3%A9=81",
        "odd%252F%2522one%2522%252B%25C3%25A9%253D81",
        'odd/\\\\\\"one\\\\\\"+\\u00e9=81',
        "odd/&quot;one&quot;+&#233;=81",
        "odd\\/\\x22one\\x22\\x2b\\xc3\\xa9\\x3d81",
        "".join(f"%{byte:02X}" for byte in SECRET.encode()),
        "".join(f"\\u{ord(letter):04x}" for letter in SECRET),
        "".join(f"&#{ord(letter)};" for letter in SECRET),
        b64encode(SECRET.encode()).decode(),
        b64encode(f"{PROGRAM_USER}:{SECRET}".encode()).decode(),
        b64encode(f"{NEXT_USER}:{SECRET}".encode()).decode(),
    ],
)
def test_a_known_secret_is_taken_out_however_it_is_spelled(spelled: str) -> None:
    cleaned = Redaction([SECRET]).clean(f"before {spelled} after")
    assert cleaned.replace("=", "") == f"before {MASK} after"


@pytest.mark.parametrize(
    "text",
    [
        "iq_" + "a" * 43,
        "iqs_" + "b" * 43,
        "iql_" + "c" * 43,
        "Authorization: Bearer abcdefghijklmnop",
        "authorization: basic aW52ZXN0aXE6cGFzc3dvcmQ=",
        "$2b$05$" + "x" * 53,
        "postgresql://investiq:hidden-word@db/investiq",
    ],
)
def test_what_has_the_form_of_a_secret_goes_though_nobody_knows_it(text: str) -> None:
    cleaned = Redaction([]).clean(f"a {text} z")
    assert MASK in cleaned
    assert not any(word in cleaned for word in ("aaaa", "bbbb", "cccc", "mnop", "cGFz", "xxxx", "hidden"))


def test_a_secret_inside_another_leaves_nothing_of_the_longer_one() -> None:
    assert Redaction(["abcdef", "abcdef-ghijkl"]).clean("abcdef-ghijkl abcdef") == f"{MASK} {MASK}"


def test_other_text_stays_as_it_is() -> None:
    text = "AAPL at 12:30, order 3f9c2a7b10d4, http://127.0.0.1:9090/-/ready, sha256 of nothing"
    assert Redaction.of(Config(data_dir=Path("/nowhere"))).clean(text) == text


def test_settings_and_key_files_are_known_rotated_ones_too(tmp_path: Path) -> None:
    notify = NotifyConfig(discord_webhook_url=SecretStr("https://discord.example/api/webhooks/11/part-of-it"))
    config = Config(data_dir=tmp_path, api=ApiConfig(metrics_token=SecretStr("scrape-token-81")), notify=notify)
    keys = Paths.of(config).keys
    keys.mkdir()
    files = {"inbox.token": "t1" * 22, "node.password.next": "t3" * 22, "investiq.key": "short-key-42"}
    for name, secret in files.items():
        (keys / name).write_text(f"{secret}\n")
    (keys / "inbox.token.previous").write_text(f"{'t2' * 22} 2099-01-01T00:00:00+00:00\n")
    redaction = Redaction.of(config)
    for secret in ("scrape-token-81", "/api/webhooks/11/part-of-it", "t2" * 22, *files.values()):
        assert redaction.clean(f"<{secret}>") == f"<{MASK}>"
