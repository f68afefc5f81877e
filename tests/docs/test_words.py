"""What a person reads holds to the words of CONTRIBUTING.md: the phrases of its last column are nowhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from investiq.foundation.checkout import checkout
from tests.docs.pages import Page, guide, rows_under

_SHOWN = ("cli", "serve/web", "monitoring/rules", "monitoring/routing", "monitoring/dashboards")
# Pages and commands that have not been gone over yet; take a line out with the pass over its file.
_NOT_YET = {
    *(f"docs/{name}.md" for name in ("backup", "edge", "secrets", "load", "checklist", "metrics", "configuration")),
    *(f"src/investiq/foundation/runbooks/{name}.md" for name in ("backup", "edge")),
    *(f"src/investiq/cli/{name}.py" for name in ("backup", "restore", "edge", "secrets", "audit", "load")),
    *(f"src/investiq/cli/{name}.py" for name in ("checklist", "logs", "trace", "install", "cost")),
    *(f"src/investiq/monitoring/{room}/{name}.py" for room in ("rules", "dashboards") for name in ("backup", "edge")),
}


@cache
def not_to_say() -> re.Pattern[str]:
    """One expression for all phrases of the table; a blank stands for any white space, a line break too."""
    rows = rows_under(Page.read(checkout() / "CONTRIBUTING.md"), "Words")
    phrases = [phrase.strip() for row in rows for phrase in row[2].split(";") if phrase.strip()]
    either = "|".join(r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases)
    return re.compile(rf"\b(?:{either})\b", re.I)


def found(name: str, text: str, first_line: int = 1) -> list[str]:
    """`file:line: phrase` for each phrase not to say."""
    return [
        f"{name}:{first_line + text.count(chr(10), 0, match.start())}: {' '.join(match[0].split())}"
        for match in not_to_say().finditer(text)
    ]


def shown(source: str) -> Iterator[tuple[int, str]]:
    """Strings of a module with the line each begins on: constants and templates, without docstrings and comments."""
    tree = ast.parse(source)
    silent = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    templates = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    silent |= {part for template in templates for part in template.values}
    for template in templates:
        parts = (str(part.value) if isinstance(part, ast.Constant) else "…" for part in template.values)
        yield template.lineno, "".join(parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent:
            yield node.lineno, node.value


def sources() -> Iterator[tuple[str, str]]:
    """Modules whose text, strings joined, has such a phrase anywhere: to parse all of them takes a second."""
    for path in modules():
        name, source = str(path.relative_to(checkout())), path.read_text("utf-8")
        if name not in _NOT_YET and not_to_say().search(re.sub(r'"\s*f?"|\\n', "", source)):
            yield name, source


def modules() -> list[Path]:
    folders = [checkout() / "src/investiq" / name for name in _SHOWN]
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def test_no_page_says_what_is_not_to_be_said() -> None:
    pages = {page.name: page.text for page in guide() if page.name not in _NOT_YET}
    before, _, words = pages["CONTRIBUTING.md"].partition("## Words\n")
    pages["CONTRIBUTING.md"] = (
        before + "\n" * (words.partition("\n## ")[0].count("\n") + 2) + words.partition("\n## ")[2]
    )
    assert [one for name, text in pages.items() for one in found(name, text)] == []


def test_no_screen_command_or_alert_says_what_is_not_to_be_said() -> None:
    faults = []
    for name, source in sources():
        faults += [one for line, text in shown(source) for one in found(name, text, line)]
    assert faults == []


def test_no_notification_says_what_is_not_to_be_said() -> None:
    name = "src/investiq/monitoring/routing/notification.tmpl"
    assert found(name, (checkout() / name).read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "at"),
    [
        ('x = "Nothing\\n fires"', 1),
        ('\nx = f"{a} is not heard"', 2),
        ('x = ("the error budget burns as "\n     "fast as it may")', 1),
    ],
)
def test_a_phrase_is_found_with_its_line_over_breaks_and_joints(source: str, at: int) -> None:
    (fault,) = [one for line, text in shown(source) for one in found("x.py", text, line)]
    assert fault.startswith(f"x.py:{at}: ")


def test_docstrings_and_comments_are_not_shown() -> None:
    assert list(shown('"""Nothing fires."""\n# whoever\nX = 1\n"""What fires."""\n')) == []
