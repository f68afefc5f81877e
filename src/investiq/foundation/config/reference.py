"""docs/configuration.md: the schema as a page for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from investiq.foundation.config.fields import Setting, settings, settings_of, toml_value
from investiq.foundation.config.schema import Config
from investiq.foundation.setting_sources import CONFIG_FILE, PATH_VARIABLE, SHORT_NAMES

__all__ = ["EXAMPLE", "configuration_page"]

EXAMPLE = """\
[market]
start = 2008-09-02
session_seconds = 60

[trading]
daily_loss_limit = 0.02

[agent]
watchlist = ["AAPL", "IBM"]
"""

_HEAD = f"""\
<!-- rendered by `investiq render`, do not edit: the source is src/investiq/foundation/config/schema.py -->

# Configuration

Every setting has a default, so the file can be absent. `{CONFIG_FILE}` in the folder where a command runs is read; the
option `--config FILE` or the variable `{PATH_VARIABLE}` names another one.

```toml
{EXAMPLE}```

`investiq config show` prints every setting with its value and where the value came from; secrets are masked.

- **Precedence.** The environment beats the file, and the file beats the defaults. For one run, the options `--from` and
  `--speed` of `investiq up` set `market.start` and `market.session_seconds` above both.
- **Numbers.** In a variable, and in quotes in the file, a number has one meaning: `250000`, `0.5`, or `250,000.50` with
  commas between groups of three. `10,5`, `1_0` and `1e5` are refused, with what they may have meant.
- **Variables.** Lists are separated by commas (`AAPL,IBM`), and a table is written as in TOML. The same setting under
  two names, such as `METRICS_TOKEN` and `INVESTIQ_API_METRICS_TOKEN`, is an error.
- **Secrets.** Each variable `NAME` of a secret also exists as `NAME_FILE`: the file that holds it, read without the
  white space around it; and as a credential of systemd of the name `NAME` or `name` (`LoadCredential=` of the unit). A
  secret may stand in `{CONFIG_FILE}` too; then keep that file private (`chmod 600`). No command takes a secret as an
  option, and none starts with one that everybody tries first. [secrets.md](secrets.md) has the rest.
- **Paths.** Relative ones count from the folder of the file, or without a file from the folder where the command runs.
- **Faults.** An unknown key, an unknown variable that begins with `INVESTIQ_`, a wrong type or an unreadable secret
  file stops every command with exit code 2. All faults are listed, each with its line or variable.
- **Changes** take effect at the next start: `investiq down`, then `investiq up`.

In the tables, *none* as the default means: not set.
"""

_TOP = "At the top of the file"
_BOUNDS = {"ge": "from", "gt": "above", "lt": "below", "le": "up to"}


def configuration_page() -> str:
    """The whole page, ending with a newline."""
    plain = [setting for setting in settings().values() if setting.tables is None]
    by_section = groupby(plain, key=lambda setting: setting.key.rpartition(".")[0])
    sections = [_section(name, list(found)) for name, found in by_section]
    tables = [_tables(s.key, s.tables, s) for s in settings().values() if s.tables is not None]
    return "\n".join([_HEAD, *sections, *tables]).rstrip() + "\n"


def _section(name: str, found: list[Setting]) -> str:
    title = f"## `[{name}]`" if name else f"## {_TOP}"
    about = _model(name).__doc__ if name else "These stand before the first `[section]`."
    head = "| setting | variable | value | default | meaning |\n|---|---|---|---|---|"
    return "\n".join([title, "", str(about), "", head, *map(_row, found), ""])


def _tables(key: str, model: type[BaseModel], whole: Setting | None = None) -> str:
    """The section of an array of tables, and of those inside it."""
    found = settings_of(model)
    variable = f" The variable {_variables(whole)} holds all of them, as a list of TOML." if whole else ""
    head = "| setting | value | default | meaning |\n|---|---|---|---|"
    rows = [_inner_row(setting, model.model_fields[setting.key]) for setting in found]
    inner = [_tables(f"{key}.{setting.key}", setting.tables) for setting in found if setting.tables is not None]
    return "\n".join([f"## `[[{key}]]`", "", f"{model.__doc__}{variable}", "", head, *rows, "", *inner])


def _inner_row(setting: Setting, field: FieldInfo) -> str:
    default = "*required*" if field.is_required() else _default(field)
    return f"| `{setting.key}` | {_values(setting, field)} | {default} | {_meaning(setting, field)} |"


def _row(setting: Setting) -> str:
    field = _field(setting.key)
    name = setting.key.rpartition(".")[2]
    cells = (f"`{name}`", _variables(setting), _values(setting, field), _default(field), _meaning(setting, field))
    return f"| {' | '.join(cells)} |"


def _variables(setting: Setting) -> str:
    names = [name for name, key in SHORT_NAMES.items() if key == setting.key]
    return ", ".join(f"`{name}`" for name in (*names, setting.variable)) + (" (secret)" if setting.secret else "")


def _values(setting: Setting, field: FieldInfo) -> str:
    words = "a date" if field.annotation is date else setting.type_words
    kind = " or ".join(f"`{choice}`" for choice in setting.choices) or words
    return " ".join([kind, *_bounds(field)])


def _bounds(field: FieldInfo) -> Iterator[str]:
    """The limits that pydantic keeps as annotated-types objects, each with one of these attributes."""
    for name, word in _BOUNDS.items():
        yield from (f"{word} {getattr(limit, name)}" for limit in field.metadata if hasattr(limit, name))


def _default(field: FieldInfo) -> str:
    default = field.get_default()
    return "*none*" if default is None else f"`{toml_value(default)}`"


def _meaning(setting: Setting, field: FieldInfo) -> str:
    if not field.examples or not (field.is_required() or field.get_default() in (None, ())):
        return setting.description
    return f"{setting.description}; example: `{toml_value(field.examples[0])}`"


def _model(section: str) -> type[BaseModel]:
    if not section:
        return Config
    model: Any = Config
    for name in section.split("."):
        model = model.model_fields[name].annotation
    return cast(type[BaseModel], model)


def _field(key: str) -> FieldInfo:
    section, _, name = key.rpartition(".")
    return _model(section).model_fields[name]
