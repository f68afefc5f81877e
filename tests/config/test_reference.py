"""The page of the settings says all of them, and its example is one that works."""

from __future__ import annotations

import re
from pathlib import Path

from investiq.config import load
from investiq.config.fields import settings
from investiq.config.load import SHORT_NAMES
from investiq.config.reference import EXAMPLE, configuration_page

ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<variables>[^|]*) \| (?P<values>[^|]*) \| (?P<default>[^|]*) \|", re.M)


def test_every_setting_has_one_row_with_all_its_variables() -> None:
    rows = [match["variables"] for match in ROW.finditer(configuration_page())]
    assert len(rows) == len(settings())
    for setting, variables in zip(settings().values(), rows, strict=True):
        short = [name for name, key in SHORT_NAMES.items() if key == setting.key]
        assert re.findall(r"`(\w+)`", variables) == [*short, setting.variable]
        assert ("(secret)" in variables) == setting.secret


def test_a_row_says_what_may_be_said_and_the_default() -> None:
    page = configuration_page()
    assert "| `port` | `INVESTIQ_API_PORT` | a whole number from 1 up to 65535 | `3000` |" in page
    assert '| `clock` | `INVESTIQ_MARKET_CLOCK` | `replay` or `wall` | `"replay"` |' in page
    assert "| a date | `2008-01-02` |" in page


def test_the_example_on_the_page_is_a_configuration(tmp_path: Path) -> None:
    file = tmp_path / "investiq.toml"
    file.write_text(EXAMPLE, "utf-8")
    assert EXAMPLE in configuration_page()
    assert load(file, {}).config.agent.watchlist == ("AAPL", "IBM")
