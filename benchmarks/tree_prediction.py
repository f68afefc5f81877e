"""What asking the trees costs: our numpy beside LightGBM, on the model of the shipped prices.

    python benchmarks/tree_prediction.py [--rounds 25] [--json]

Both contenders score the same rows of the training data in this process, on one thread; that they agree to the last bit
is asserted first. Rounds take turns, so that a busy moment of the machine hits both alike. A time is the median over
the rounds, a ratio the median over the rounds of (numpy / LightGBM in the same round): below 1, numpy is faster. The
service asks about one row at a time.

Then each contender serves in a process of its own: the application of `investiq serve signals` is loaded, and then the
model, and one forecast is made. Of that process: the resident memory, and the seconds of processor time until then.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np
from numpy.typing import NDArray

from investiq.foundation.config.paths import Paths
from investiq.foundation.config.schema import Config, SignalsConfig
from investiq.invest import wiring
from investiq.invest.market.providers.replay import ReplayProvider
from investiq.invest.signals.dataset import build_dataset
from investiq.invest.signals.features import FEATURES
from investiq.invest.signals.trees import read_trees

NUMPY, LIGHTGBM = "numpy", "LightGBM"
CALLS = {1: 500, 1_000: 10}
"""Rows -> calls in a round."""
PROCESSES = 5

SERVING = """
import sys, time
import numpy as np, psutil
import investiq.cli.serve, investiq.serve.signals.app
from investiq.invest.signals.features import FEATURES
from investiq.invest.signals.trees import read_trees

text, row = open(sys.argv[1]).read(), np.zeros((1, len(FEATURES)))
trees = read_trees(text, FEATURES)
if sys.argv[2] == "numpy":
    trees.scores(row)
else:
    import lightgbm
    lightgbm.Booster(model_str=text).predict(row, raw_score=True, num_threads=1)
print(psutil.Process().memory_info().rss / 2**20, time.process_time())
"""

Floats = NDArray[np.float64]


def train(folder: Path) -> Path:
    """Train as `investiq models train` does with the shipped prices; returns the file with the trees."""
    config = Config(data_dir=folder, signals=SignalsConfig(model_dir=folder))
    wiring.train_models(config, lambda *_: None)
    return Paths.of(config).current_model / "model.txt"


def _microseconds(score: Callable[[], object], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        score()
    return (time.perf_counter() - started) / calls * 1e6


def measure(text: str, rows: Floats, rounds: int) -> dict[str, float]:
    """Median microseconds of a call, and the ratio, for `rows` at once."""
    trees, booster = read_trees(text, FEATURES), lightgbm.Booster(model_str=text)
    contenders: dict[str, Callable[[], object]] = {
        NUMPY: lambda: trees.scores(rows),
        LIGHTGBM: lambda: booster.predict(rows, raw_score=True, num_threads=1),
    }
    np.testing.assert_array_equal(contenders[NUMPY](), contenders[LIGHTGBM]())
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, score in contenders.items():
            times[name].append(_microseconds(score, CALLS[len(rows)]))
    ratio = statistics.median(a / b for a, b in zip(times[NUMPY], times[LIGHTGBM], strict=True))
    return {**{name: statistics.median(found) for name, found in times.items()}, "ratio": ratio}


def serve(model: Path) -> dict[str, dict[str, float]]:
    """Median resident mebibytes and processor seconds of a process that serves with each contender."""
    found: dict[str, list[list[float]]] = {NUMPY: [], LIGHTGBM: []}
    for _ in range(PROCESSES):
        for name, runs in found.items():
            command = [sys.executable, "-c", SERVING, str(model), name]
            run = subprocess.run(command, check=True, capture_output=True, text=True)
            runs.append([float(number) for number in run.stdout.split()])
    return {
        name: {"mebibytes": statistics.median(m for m, _ in runs), "seconds": statistics.median(s for _, s in runs)}
        for name, runs in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    provider = ReplayProvider()
    known = build_dataset({symbol: provider.bars(symbol) for symbol in provider.symbols()}).features
    with tempfile.TemporaryDirectory() as folder:
        model = train(Path(folder))
        text = model.read_text()
        calls = {count: measure(text, known[-count:], options.rounds) for count in CALLS}
        processes = serve(model)
    if options.json:
        print(json.dumps({"microseconds": calls, "processes": processes}))
        return
    for count, found in calls.items():
        times = ", ".join(f"{name} {found[name]:.0f} µs" for name in (NUMPY, LIGHTGBM))
        print(f"{count:>5} row{'s' if count > 1 else ' '}: {times}; numpy / LightGBM = {found['ratio']:.2f}")
    for name, process in processes.items():
        print(f"serving with {name:<8}: {process['mebibytes']:.0f} MiB, ready after {process['seconds']:.2f} s")


if __name__ == "__main__":
    main()
