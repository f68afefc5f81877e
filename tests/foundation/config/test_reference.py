"""The page of the settings says all of them, and its example is one that works."""

from __future__ import annotations

import re
from pathlib import Path

from investiq.foundation.config import load
from investiq.foundation.config.fields import settings
from investiq.foundation.config.reference import EXAMPLE, configuration_page
from investiq.foundation.setting_sources import SHORT_NAMES

ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<variables>[^|]*) \| (?P<values>[^|]*) \| (?P<default>[^|]*) \|", re.M)


def test_every_setting_has_one_row_with_all_its_variables() -> None:
    rows = [match["variables"] for match in ROW.finditer(configuration_page()) if "INVESTIQ_" in match["variables"]]
    plain = [setting for setting in settings().values() if setting.tables is None]
    for setting, variables in zip(plain, rows, strict=True):
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


def test_an_array_of_tables_has_a_section_with_what_each_table_holds() -> None:
    page = configuration_page()
    assert "## `[[services]]`" in page
    assert "`INVESTIQ_SERVICES`" in page
    assert "| `name` | text | *required* |" in page
    assert "## `[[services.slos]]`" in page
    assert "| `kind` | `availability` or `latency` | *required* |" in page
