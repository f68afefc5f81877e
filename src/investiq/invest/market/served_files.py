"""The price files of a folder that are served, and how one takes the place of another while they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from investiq.foundation.foreign_text import visible
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.price_files import symbol_of
from investiq.invest.market.price_folder import FolderReader, ReadFile
from investiq.invest.market.types import Symbol

__all__ = ["ServedFiles"]

Problems = Mapping[Symbol, Sequence[str]]


@dataclass(frozen=True, slots=True)
class ServedFiles:
    """One state of a folder; a change makes another.

    Attributes:
        served: the file of each symbol, ascending.
        refused: symbols that have files and are not served, ascending, with the reasons.
        rejected: symbols whose files have changed and are not served as they are, with the reasons.
        unused: columns that nobody reads.
    """

    served: Mapping[Symbol, ReadFile]
    refused: Problems
    rejected: Problems = field(default_factory=dict)
    unused: Sequence[UnusedColumn] = ()

    @classmethod
    def read(cls, paths: Sequence[Path], reader: FolderReader) -> ServedFiles:
        """The folder as it stands."""
        groups = _by_symbol(paths)
        files = reader.read([group[0] for group in groups.values() if len(group) == 1])
        return _sorted(
            {symbol: files[group[0].name] for symbol, group in groups.items() if len(group) == 1},
            {symbol: _several(group) for symbol, group in groups.items() if len(group) > 1},
        )

    def after(self, paths: Sequence[Path], changed: set[str], reader: FolderReader) -> ServedFiles:
        """The folder after some of its files have changed: what is whole is taken over, the rest leaves what there was.

        Args:
            paths: of all files that are there now.
            changed: names of those to look at again, and of those that are gone.
        """
        groups = _by_symbol(paths)
        touched = {symbol_of(Path(name)) for name in changed}
        single = {symbol: groups[symbol][0] for symbol in touched if len(groups.get(symbol, ())) == 1}
        files = reader.read(list(single.values()), all_of_them=False)
        candidates = {symbol: files[path.name] for symbol, path in single.items()}
        problems: dict[Symbol, Sequence[str]] = {}
        for symbol in touched - candidates.keys():
            problems[symbol] = _several(groups[symbol]) if symbol in groups else self._gone(symbol)
        for symbol, file in candidates.items():
            problems[symbol] = file.entry.problems or self._lost(symbol, file)
        return self._with(candidates, {symbol: wrong for symbol, wrong in problems.items() if wrong}, touched)

    def renewed_since(self, before: ServedFiles) -> Sequence[Symbol]:
        """The symbols whose prices are others than `before`."""
        digests = {symbol: file.entry.sha256 for symbol, file in before.served.items()}
        return [symbol for symbol, file in self.served.items() if file.entry.sha256 != digests.get(symbol)]

    def differs_from(self, before: ServedFiles) -> bool:
        """Whether anybody would get another answer than `before`."""
        return bool(self.renewed_since(before)) or self.refused != before.refused

    def _with(self, candidates: Mapping[Symbol, ReadFile], wrong: Problems, touched: set[Symbol]) -> ServedFiles:
        good = {symbol: file for symbol, file in candidates.items() if symbol not in wrong}
        served = {**self.served, **good}
        kept = {symbol: reasons for symbol, reasons in self.refused.items() if symbol not in touched}
        refused = kept | {symbol: reasons for symbol, reasons in wrong.items() if symbol not in served}
        rejected = {symbol: reasons for symbol, reasons in self.rejected.items() if symbol not in touched}
        unused = [column for file in served.values() for column in file.entry.unused]
        return ServedFiles(
            dict(sorted(served.items())),
            dict(sorted(refused.items())),
            dict(sorted({**rejected, **wrong}.items())),
            unused,
        )

    def _gone(self, symbol: Symbol) -> Sequence[str]:
        if symbol not in self.served:
            return ()
        return (f"{symbol}: its file is gone; what was read of it is served until the next start",)

    def _lost(self, symbol: Symbol, file: ReadFile) -> Sequence[str]:
        """Why a file that is right in itself cannot take the place of what is served."""
        if symbol not in self.served:
            return ()
        (_, now), (_, then) = file.span(), self.served[symbol].span()
        if now >= then:
            return ()
        return (f"{symbol}: its file ends with {now}, and prices until {then} are served: expected no fewer sessions",)


def _sorted(files: Mapping[Symbol, ReadFile], refused: Problems) -> ServedFiles:
    refused = {**refused, **{symbol: file.entry.problems for symbol, file in files.items() if file.entry.problems}}
    served = {symbol: file for symbol, file in sorted(files.items()) if symbol not in refused}
    unused = [column for _, file in sorted(files.items()) for column in file.entry.unused]
    return ServedFiles(served, dict(sorted(refused.items())), {}, unused)


def _by_symbol(paths: Sequence[Path]) -> Mapping[Symbol, Sequence[Path]]:
    found: dict[Symbol, list[Path]] = {}
    for path in paths:
        found.setdefault(symbol_of(path), []).append(path)
    return found


def _several(paths: Sequence[Path]) -> tuple[str, ...]:
    return (f"several files for one symbol: {', '.join(visible(path.name) for path in paths)}",)
