"""docs/metrics.md: the catalogue as a page for people."""

from __future__ import annotations

from itertools import groupby

from investiq.foundation.telemetry.catalogue import ALL, Label, Metric

__all__ = ["metrics_page"]

_HEAD = """\
<!-- rendered by `investiq render`, do not edit: the source is src/investiq/foundation/telemetry/catalogue.py -->

# Metrics

Every metric that InvestIQ emits. The processes are told apart by the label `job` that Prometheus adds. Where the values
of a label are known in advance, every combination is there from the first scrape, with value 0. No label ever holds a
symbol, an order, a path or a user: the number of series does not grow with use.
"""


def metrics_page() -> str:
    """The whole page, ending with a newline."""
    sections = [_section(subject, list(metrics)) for subject, metrics in groupby(ALL, key=lambda m: m.subject.value)]
    return "\n".join([_HEAD, *sections]).rstrip() + "\n"


def _section(subject: str, metrics: list[Metric]) -> str:
    return "\n".join([f"## {subject}\n", *map(_entry, metrics)])


def _entry(metric: Metric) -> str:
    lines = [f"### `{metric.name}`\n", f"{metric.help}\n", f"- kind: {metric.kind}{_unit(metric)}"]
    jobs = ", ".join(f"`{job}`" for job in metric.jobs)
    lines.append(f"- emitted by: {jobs}{', which reads it from a file' if metric.textfile else ''}")
    lines += [f"- label {_label(label)}" for label in metric.labels]
    if metric.buckets:
        lines.append(f"- buckets: {', '.join(repr(bound).removesuffix('.0') for bound in metric.buckets)}")
    lines.append(f"- no data means: {metric.absent}\n")
    return "\n".join(lines)


def _unit(metric: Metric) -> str:
    return f", in {metric.unit}" if metric.unit else ""


def _label(label: Label) -> str:
    if label.values is None:
        return f"`{label.name}`: closed by the running server (route templates, methods, statuses)"
    return f"`{label.name}`: {', '.join(f'`{value}`' for value in label.values)}"
