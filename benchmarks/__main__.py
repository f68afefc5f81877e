"""Runs the benchmarks one after the other and prints one table: what `make bench` does.

A run of everything is kept in docs/performance.json, and docs/performance.md and docs/images/growth.png are rendered
from it. A run of a few, or a quick one, is only shown. Each report is kept when it is there: with --resume, only those
that the last run of this commit did not bring are measured. The exit code is 1 when a goal is missed by more than the
noise, 2 when a benchmark fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import CHANGED, describe_run
from benchmarks.performance import read, render, table
from benchmarks.rows import Met, Report

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "docs" / "performance.json"
PAGE = REPOSITORY / "docs" / "performance.md"
PICTURE = REPOSITORY / "docs" / "images" / "growth.png"
UNFINISHED = REPOSITORY / ".investiq" / "bench"
"""A report for each benchmark that has run; a whole run takes half an hour."""


def benchmarks() -> list[str]:
    """The modules beside this one that can be run and report in the common form."""
    return sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py") if _reports(file.read_text()))


def _reports(code: str) -> bool:
    return "from benchmarks.rows import" in code and 'if __name__ == "__main__":' in code


def _starts_stacks(name: str) -> bool:
    return "from benchmarks.stack import" in Path(__file__).with_name(f"{name}.py").read_text()


def run(name: str, quick: bool) -> Report | None:
    """The report of one benchmark in a process of its own; None when it failed, which its stderr has explained."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", *(["--quick"] if quick else [])]
    process = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode == 0:
        return Report.from_json(json.loads(process.stdout))
    print(f"{name} failed (exit code {process.returncode}): {' '.join(command[1:])}", file=sys.stderr)
    return None


def report_of(name: str, commit: str, options: argparse.Namespace) -> Report | None:
    """What an earlier run of this commit has kept, if that is wanted, or what a new run finds."""
    file = UNFINISHED / f"{name}.json"
    if options.resume and file.exists():
        kept = json.loads(file.read_text())
        if kept["commit"] == commit and CHANGED not in commit:
            return Report.from_json(kept["report"])
    report = run(name, options.quick)
    if report is not None and not options.quick:
        UNFINISHED.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"commit": commit, "report": report.to_json()}))
    return report


def keep(document: dict[str, Any]) -> None:
    """Write the results, and what is rendered from them."""
    from benchmarks.picture import draw  # noqa: PLC0415 - matplotlib is slow to load, and a part of a run draws nothing

    RESULTS.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(render(document))
    draw(read(document)[1], PICTURE)


def main() -> int:
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all when none is given: {', '.join(known)}")
    parser.add_argument("--quick", action="store_true", help="a few rounds, to see that everything runs")
    parser.add_argument("--no-stacks", action="store_true", help="leave out what starts whole stacks: five minutes")
    parser.add_argument("--resume", action="store_true", help="go on with the last run, if it was of this commit")
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(known)):
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    wanted = options.names or [name for name in known if not (options.no_stacks and _starts_stacks(name))]
    described = describe_run(REPOSITORY)
    commit = described["commit"]
    reports = {name: report_of(name, commit, options) for name in wanted}
    found = {name: report.to_json() for name, report in reports.items() if report is not None}
    document = {"run": described, "benchmarks": found}
    rows, _ = read(document)
    print(table(rows))
    if len(found) < len(wanted):
        return 2
    if wanted == known and not options.quick:
        keep(document)
        print(f"kept in {RESULTS.relative_to(REPOSITORY)} and {PAGE.relative_to(REPOSITORY)}")
    return 1 if any(row.met is Met.NO for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
