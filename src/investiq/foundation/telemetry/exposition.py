"""Prometheus' text format, and OpenMetrics with its exemplars, as the client library writes them, to the byte, in half
of the time.

All of a line but its number is the same in every scrape. The library makes it once; here it is kept.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from prometheus_client import Metric, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.exposition import UNDERSCORES
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

__all__ = ["OpenMetricsExposition", "TextExposition"]

_MOST_KEPT: Final = 20_000
"""Lines; forty times those of the API."""

_APART: Final = ("_created", "_gsum", "_gcount")
"""Samples that the library writes as families of their own."""


class TextExposition:
    """Writes what the collectors of one registry hold; several threads may ask.

    Args:
        escaping: of names that Prometheus before 3 does not know, as the library calls it.
    """

    _tells = False
    """Whether the format has exemplars."""

    def __init__(self, escaping: str = UNDERSCORES) -> None:
        self._escaping = escaping
        self._heads: dict[tuple[str, str, str], str] = {}
        self._starts: dict[tuple[object, ...], str] = {}

    def encode(self, registry: Collector) -> bytes:
        """What `generate_latest(registry, escaping)` returns."""
        return "".join(text for family in registry.collect() for text in self._family(family)).encode()

    def _family(self, family: Metric) -> Iterable[str]:
        key = (family.name, family.type, family.documentation)
        head = self._heads.get(key)
        if head is None:
            head = self._heads[key] = self._written(family, [])
        texts = [head]
        for sample in family.samples:
            name, labels, value, timestamp, exemplar, *_ = sample
            if timestamp is not None or name.endswith(_APART):
                return [self._written(family, family.samples)]
            start = self._starts.get((name, *labels.items())) or self._start(family, sample, head)
            texts.append(f"{start}{_number(value)}{_told(exemplar) if exemplar and self._tells else ''}\n")
        return texts

    def _start(self, family: Metric, sample: Sample, head: str) -> str:
        """The line of `sample` up to its number."""
        line = self._written(family, [sample._replace(value=0.0, exemplar=None)]).removeprefix(head)
        start = line.removesuffix("0.0\n")
        if len(self._starts) >= _MOST_KEPT:
            self._starts.clear()
        self._starts[sample.name, *sample.labels.items()] = start
        return start

    def _written(self, family: Metric, samples: list[Sample]) -> str:
        """The family with these samples, as the library writes it."""
        one = copy.copy(family)
        one.samples = samples
        return generate_latest(_Family(one), self._escaping).decode()


class OpenMetricsExposition(TextExposition):
    """The same as OpenMetrics 1.0: what text cannot say is which trace is an example of a bucket."""

    _tells = True

    def encode(self, registry: Collector) -> bytes:
        """What OpenMetrics' `generate_latest(registry, escaping)` returns."""
        return super().encode(registry) + _END

    def _written(self, family: Metric, samples: list[Sample]) -> str:
        one = copy.copy(family)
        one.samples = samples
        written: bytes = openmetrics.generate_latest(_Family(one), self._escaping)  # type: ignore[no-untyped-call]
        return written.removesuffix(_END).decode()


_END: Final = b"# EOF\n"


def _told(exemplar: Exemplar) -> str:
    """An exemplar of ours: its labels need no escaping."""
    labels = ",".join([f'{name}="{value}"' for name, value in sorted(exemplar.labels.items())])
    when = "" if exemplar.timestamp is None else f" {exemplar.timestamp}"
    return f" # {{{labels}}} {_number(exemplar.value)}{when}"


class _Family(Collector):
    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return [self._family]


def _number(value: float) -> str:
    # 0.0 and -0.0 are one key, and two texts.
    return _nonzero(value) if value else repr(float(value))


_nonzero = lru_cache(maxsize=4096)(floatToGoString)
