"""Whether a running program has the configuration that is rendered: it tells its own, with defaults, secrets hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from investiq.promql import duration

__all__ = ["differences"]

_NO_DEFAULT = {
    *("matchers", "match", "match_re", "routes", "mute_time_intervals", "active_time_intervals"),
    *("source_match", "source_match_re", "target_match", "target_match_re", "equal"),
    *("params", "sample_limit", "target_limit", "label_limit", "body_size_limit"),
}
"""Settings that no program fills in where they are not written. So are those that end in `_configs`."""

_HIDDEN = "<secret>"


def differences(rendered: object, running: object, place: str = "") -> Iterator[str]:
    """Where `running` says something else than `rendered`, such as `route.routes[1].receiver`.

    What only the running one has is a default that the program fills in, but for what narrows or adds, such as a
    matcher. Durations compare by length, files by name.
    """
    if isinstance(rendered, Mapping) and isinstance(running, Mapping):
        for key, value in rendered.items():
            yield from differences(value, running.get(key), f"{place}.{key}".lstrip("."))
        for key, value in running.items():
            if value and key not in rendered and (key in _NO_DEFAULT or key.endswith("_configs")):
                yield f"{place}.{key} (added)".lstrip(".")
    elif isinstance(rendered, list) and isinstance(running, list):
        yield from _of_lists(rendered, running, place)
    elif not _same(rendered, running, place.endswith("_file")):
        yield place


def _of_lists(rendered: Sequence[object], running: Sequence[object], place: str) -> Iterator[str]:
    if len(rendered) != len(running):
        yield f"{place} ({len(running)} in place of {len(rendered)})"
        return
    for index, (ours, theirs) in enumerate(zip(rendered, running, strict=True)):
        yield from differences(ours, theirs, f"{place}[{index}]")


def _same(rendered: object, running: object, is_file: bool) -> bool:
    if running in (_HIDDEN, rendered):
        return True
    if is_file:
        return PurePath(str(rendered)).name == PurePath(str(running)).name
    if not rendered and not running:  # a program leaves out what is off or empty
        return True
    return _canonical(rendered) == _canonical(running)


def _canonical(value: object) -> object:
    text = str(value).rstrip("\n")
    try:
        return duration.parse(text)
    except duration.InvalidDuration:
        return text
