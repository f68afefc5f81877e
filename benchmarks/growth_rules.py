"""How long Prometheus takes to evaluate all rules, with 1 to 30 days behind it.

    python -m benchmarks.growth_rules [--rounds 15] [--quick] [--json]

The only windows longer than six hours are those of the SLOs, over what is recorded of them each ten seconds: just that
past is made, put into blocks by promtool, and served to the committed rules by a Prometheus of its own. A round is one
evaluation of every group, which here comes each three seconds. With --quick, up to six days.
"""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx2
import psutil

from benchmarks.growth import LINEAR, grow
from benchmarks.rows import Curve, Report, Rounds, Row, main, note
from investiq.foundation.config import Config
from investiq.monitoring.slo import slos_of
from tests.ports import free_port

COMMAND = "python -m benchmarks.growth_rules"
DAYS, QUICK_DAYS = (1, 3, 10, 30), (1, 2, 4, 6)
RULES = Path(__file__).parents[1] / "monitoring" / "rules"
RECORDED = ("slo:events:rate5m", "slo:events_bad:rate5m")
INTERVAL = 10
"""Seconds between two samples, as the rules are evaluated."""
GOAL_MS = 1_000.0
"""A tenth of the interval at which the rules are evaluated."""
_DAY = 86_400
_CONFIG = """\
global: {evaluation_interval: 3s}
rule_files: ["rules/*.yml"]
"""


def _write_day(file: Path, start: int) -> None:
    """The samples of one day in the text form of OpenMetrics, of a service where one event in a thousand is bad."""
    chance = random.Random(start)  # noqa: S311 - the same ones each time
    with file.open("w", encoding="ascii") as text:
        for name in RECORDED:
            text.write(f"# TYPE {name} gauge\n")
            for slo in slos_of(Config()):
                labels = f'{{slo="{slo.name}",service="{slo.service}"}}'
                for moment in range(start, start + _DAY, INTERVAL):
                    value = 1.0 if name == RECORDED[0] else float(chance.random() < 0.001)
                    text.write(f"{name}{labels} {value} {moment}\n")
        text.write("# EOF\n")


def _make_past(folder: Path, days: int) -> None:
    """Blocks of the last `days` days, under `folder`/data."""
    now = int(time.time()) // INTERVAL * INTERVAL
    day = folder / "day.om"
    for number in range(days, 0, -1):
        note(f"growth_rules: making day {days - number + 1} of {days}")
        _write_day(day, now - number * _DAY)
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", "--quiet"]
        subprocess.run([*command, day, folder / "data"], stdout=subprocess.DEVNULL, check=True)
    day.unlink()


@contextmanager
def _prometheus(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The address of one that evaluates the committed rules over the blocks of `folder`, and its process."""
    (folder / "rules").mkdir()
    for file in RULES.glob("*.yml"):
        text = re.sub(r"^    interval: .*$", "    interval: 3s", file.read_text("utf-8"), flags=re.MULTILINE)
        (folder / "rules" / file.name).write_text(text, "utf-8")
    (folder / "prometheus.yml").write_text(_CONFIG, "utf-8")
    address = f"127.0.0.1:{free_port()}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *("prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"),
                *("--storage.tsdb.retention.time=60d", f"--web.listen-address={address}"),
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://{address}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _of_groups(text: str, name: str) -> list[float]:
    return [float(value) for value in re.findall(rf"^{name}\{{.*\}} (\S+)$", text, flags=re.MULTILINE)]


def _evaluations(url: str, count: int) -> Iterator[float]:
    """Milliseconds of `count` evaluations of all groups; the first two of each group are not counted."""
    seen, deadline = 2.0, time.monotonic() + 120 + 10 * count
    while count:
        try:
            text = httpx2.get(f"{url}/metrics", timeout=10, trust_env=False).text
        except httpx2.TransportError:
            text = ""  # it is starting
        done = min(_of_groups(text, "prometheus_rule_group_iterations_total"), default=0.0)
        if done > seen:
            seen, count = done, count - 1
            yield sum(_of_groups(text, "prometheus_rule_group_last_duration_seconds")) * 1e3
        if time.monotonic() > deadline:
            raise TimeoutError(f"Prometheus at {url} evaluates its rules no more")
        time.sleep(0.2)


def measure(rounds: Rounds) -> Report:
    sizes = QUICK_DAYS if rounds.quick else DAYS
    columns, memory = [], []
    for days in sizes:
        with TemporaryDirectory() as made:
            folder = Path(made)
            _make_past(folder, days)
            note(f"growth_rules: {rounds.count} evaluations over {days} days")
            with _prometheus(folder) as (url, process):
                columns.append(list(_evaluations(url, rounds.count)))
                memory.append(process.memory_info().rss / 2**20)
    note("")
    counts = list(zip(*columns, strict=True))
    row = grow("the evaluation of all rules", LINEAR, sizes, counts, of="days", command=COMMAND)
    whole = Row(
        name=f"evaluation of all rules with {sizes[-1]} days behind it",
        unit="ms",
        ours=columns[-1],
        goal=GOAL_MS,
        goal_of="ours",
        not_compared="no peer; scraping; every series that no window of more than six hours reads",
        command=COMMAND,
    )
    medians = [median(column) for column in columns]
    return Report(
        [row, whole],
        [
            Curve(name="evaluation of all rules: time", unit="ms", of="days", sizes=sizes, values=medians),
            Curve(name="evaluation of all rules: memory", unit="MiB", of="days", sizes=sizes, values=memory),
        ],
    )


if __name__ == "__main__":
    main("growth_rules", __doc__, measure, rounds=15, quick=5)
