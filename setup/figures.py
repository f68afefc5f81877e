#!/usr/bin/env python3
"""Figures of the Python code in a checkout: does the house grow well? None of them is a target.

python setup/figures.py [FOLDER] [--names]

A line of code is one that is not blank, comment or docstring. The length of a function goes from `def` to its end,
without its docstring; complexity is McCabe's, counted as ruff's C901 does. A class name is shared when the top levels
of several modules define it and it has no underscore in front.
"""

from __future__ import annotations

import argparse
import ast
import io
import statistics
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COMPLEX = 10
"""ruff's default: more than this is too complex."""
SHORT = 30
"""Lines below which a module may be too small to be one."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Module:
    """One file.

    Attributes:
        name: its path from the folder that was read, such as investiq/cli/main.py.
        comments: lines that hold a comment and nothing else.
    """

    name: str
    tree: ast.Module
    lines: int
    code: int
    comments: int

    @property
    def wing(self) -> str:
        """The first-level name of the package that it belongs to: `cli` of investiq/cli/main.py."""
        return self.name.split("/")[:2][-1].removesuffix(".py")

    @property
    def is_init(self) -> bool:
        return self.name.endswith("/__init__.py")


def read(folder: Path) -> list[Module]:
    """Every module below `folder`, by name."""
    return [_module(path, folder) for path in sorted(folder.rglob("*.py"))]


def _module(path: Path, folder: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, str(path))
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    code = _rows(token for token in tokens if token.type not in _NO_CODE)
    comments = _rows(token for token in tokens if token.type == tokenize.COMMENT)
    documented = {row for text in _bare_strings(tree) for row in _span(text)}
    name = path.relative_to(folder).as_posix()
    return Module(name, tree, len(text.splitlines()), len(code - documented), len(comments - code))


def _rows(tokens: Iterable[tokenize.TokenInfo]) -> set[int]:
    return {row for token in tokens for row in range(token.start[0], token.end[0] + 1)}


def _span(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _bare_strings(tree: ast.AST) -> Iterator[ast.stmt]:
    """Docstrings, and the strings that say what the constant above them is."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.stmt) and _is_bare_string(node))


def _is_bare_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def functions(modules: Iterable[Module]) -> Iterator[Function]:
    """Every function and method, also those inside of others."""
    return (node for module in modules for node in ast.walk(module.tree) if isinstance(node, Function))


def length(function: Function) -> int:
    first = function.body[0]
    return len(_span(function)) - (len(_span(first)) if _is_bare_string(first) else 0)


def complexity(function: Function) -> int:
    """1 for the function, and 1 for each place where it branches, also in functions inside of it."""
    return 1 + _branches(function.body)


def _branches(statements: Iterable[ast.stmt]) -> int:
    return sum(_own_branches(statement) + _branches(_inside(statement)) for statement in statements)


def _own_branches(statement: ast.stmt) -> int:
    match statement:
        case ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return 1
        case ast.Try() | ast.TryStar():
            return len(statement.handlers) + bool(statement.orelse)
        case ast.Match():
            return len(statement.cases) - _is_else(statement.cases[-1])
    return 0


def _is_else(case: ast.match_case) -> bool:
    return case.guard is None and _takes_all(case.pattern)


def _takes_all(pattern: ast.pattern | None) -> bool:
    match pattern:
        case None:
            return True
        case ast.MatchAs():
            return _takes_all(pattern.pattern)
        case ast.MatchOr():
            return any(map(_takes_all, pattern.patterns))
    return False


def _inside(statement: ast.stmt) -> Iterator[ast.stmt]:
    wanted = Function if isinstance(statement, ast.ClassDef) else ast.stmt
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, wanted):
            yield child
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            yield from child.body


def shared_names(modules: Iterable[Module]) -> dict[str, list[str]]:
    """Class name -> the modules that define it, of those that several do."""
    where: dict[str, list[str]] = defaultdict(list)
    for module in modules:
        names = {node.name for node in module.tree.body if isinstance(node, ast.ClassDef)}
        for name in sorted(names):
            if not name.startswith("_"):
                where[name].append(module.name)
    return {name: found for name, found in sorted(where.items()) if len(found) > 1}


def wings(modules: Iterable[Module]) -> Counter[str]:
    """First-level name of the package -> its lines."""
    lines: Counter[str] = Counter()
    for module in modules:
        if not module.wing.startswith("__"):
            lines[module.wing] += module.lines
    return lines


def figures(source: Sequence[Module], tests: Sequence[Module]) -> dict[str, str]:
    """What is measured -> the figure as text."""
    modules = [module for module in source if not module.is_init]
    return {
        "modules": f"{len(source)}, of them {len(source) - len(modules)} __init__.py",
        f"modules below {SHORT} lines": str(sum(module.lines < SHORT for module in modules)),
        "lines of source": _volume(source),
        "lines of tests": _volume(tests),
        "comment lines": f"{_share(sum(m.comments for m in source), sum(m.code for m in source))} of the lines of code",
        **_function_figures(source),
        "shared class names": str(len(shared_names(source))),
        **_wing_figures(source),
    }


def _volume(modules: Sequence[Module]) -> str:
    lines, code = sum(module.lines for module in modules), sum(module.code for module in modules)
    return f"{lines}, {code} of code"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _function_figures(modules: Iterable[Module]) -> dict[str, str]:
    found = list(functions(modules))
    lengths = sorted(map(length, found)) or [0]
    tenth = lengths[-1 - len(lengths) // 10]
    return {
        "functions": str(len(found)),
        "lines of a function": f"median {statistics.median(lengths):g}, nine in ten up to {tenth}, most {lengths[-1]}",
        f"functions of complexity over {COMPLEX}": str(sum(complexity(function) > COMPLEX for function in found)),
    }


def _wing_figures(modules: Iterable[Module]) -> dict[str, str]:
    lines = wings(modules)
    largest = [f"{name}, {_share(most, lines.total())} of the lines" for name, most in lines.most_common(1)]
    return {"largest wing": "".join(largest), "first-level names": f"{len(lines)}: {' '.join(sorted(lines))}"}


def as_text(table: Mapping[str, str]) -> str:
    width = max(map(len, table), default=0)
    return "".join(f"{label:<{width}}  {value}\n" for label, value in table.items())


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parents[1], help="default: this one")
    parser.add_argument("--names", action="store_true", help="list the shared class names with their modules, too")
    options = parser.parse_args(argv)
    source = read(options.folder / "src")
    sys.stdout.write(as_text(figures(source, read(options.folder / "tests"))))
    if options.names:
        sys.stdout.write("\n" + as_text({name: " ".join(where) for name, where in shared_names(source).items()}))


if __name__ == "__main__":
    main()
