"""What somebody does by the console is kept with that person's address, which the console alone may say."""

from __future__ import annotations

import pytest

from investiq.foundation.config import Paths
from investiq.foundation.contract.console import CONSOLE_HEADER, ORIGIN_HEADER
from tests.serve.api.installation import Installation


async def _origin_of_a_halt(still: Installation, headers: dict[str, str] | list[tuple[str, str]]) -> str:
    async with still.client() as client:
        sent = [*still.bearer().items(), *(headers.items() if isinstance(headers, dict) else headers)]
        answer = await client.post("/api/trading/halt", json={"reason": "a test"}, headers=sent)
        assert answer.is_success, answer.text
        records = (await client.get("/api/audit?action=trading_halted", headers=still.bearer())).json()["records"]
    return str(records[0]["origin"])


def _token(still: Installation) -> str:
    return Paths.of(still.parts.config).console_token.read_text().strip()


async def test_what_the_console_says_of_the_person_is_kept(still: Installation) -> None:
    said = {CONSOLE_HEADER: _token(still), ORIGIN_HEADER: "198.51.100.7, through the edge"}
    assert await _origin_of_a_halt(still, said) == "198.51.100.7, through the edge, by the console"


@pytest.mark.parametrize("proof", [[], ["wrong"], ["TOKEN", "TOKEN"], [""]])
async def test_nobody_else_is_believed(still: Installation, proof: list[str]) -> None:
    shown = [(CONSOLE_HEADER, one.replace("TOKEN", _token(still))) for one in proof]
    assert await _origin_of_a_halt(still, [*shown, (ORIGIN_HEADER, "198.51.100.7")]) == "127.0.0.1"


async def test_an_address_of_any_length_leaves_one_line(still: Installation) -> None:
    said = {CONSOLE_HEADER: _token(still), ORIGIN_HEADER: "x" * 5_000}
    assert len(await _origin_of_a_halt(still, said)) <= 100


async def test_the_token_opens_nothing(still: Installation) -> None:
    async with still.client() as client:
        shown = {CONSOLE_HEADER: _token(still), ORIGIN_HEADER: "198.51.100.7"}
        assert (await client.get("/api/audit", headers=shown)).status_code in (401, 403)
        bearer = {"Authorization": f"Bearer {_token(still)}"}
        assert (await client.get("/api/account", headers=bearer)).status_code == 401
