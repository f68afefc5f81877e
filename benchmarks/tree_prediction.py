"""What asking the trees costs: our numpy beside LightGBM, on the model of the shipped prices.

    python -m benchmarks.tree_prediction [--rounds 25] [--quick] [--json]

Both contenders score the same rows of the training data in this process, on one thread; that they agree to the last bit
is asserted first. The service asks about one row at a time.

Then each contender serves in a process of its own: the application of `investiq serve signals` is loaded, and then the
model, and one forecast is made. Of that process: the resident memory, and the seconds of processor time until then.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Report, Rounds, Row, main
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
"""At most so many rounds that start processes."""
COMMAND = "python -m benchmarks.tree_prediction"

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
    started = time.process_time()
    for _ in range(calls):
        score()
    return (time.process_time() - started) / calls * 1e6


def score(text: str, rows: Floats, rounds: Rounds) -> Row:
    """Microseconds of a call for `rows` at once."""
    trees, booster = read_trees(text, FEATURES), lightgbm.Booster(model_str=text)
    contenders: dict[str, Callable[[], object]] = {
        NUMPY: lambda: trees.scores(rows),
        LIGHTGBM: lambda: booster.predict(rows, raw_score=True, num_threads=1),
    }
    np.testing.assert_array_equal(contenders[NUMPY](), contenders[LIGHTGBM]())
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in rounds:
        for name, contender in contenders.items():
            times[name].append(_microseconds(contender, CALLS[len(rows)]))
    return Row(
        name=f"scores of {len(rows)} row{'s' if len(rows) > 1 else ''}",
        unit="µs",
        ours=times[NUMPY],
        peer_name=LIGHTGBM,
        peer=times[LIGHTGBM],
        goal=1.0 if len(rows) == 1 else None,
        not_compared="training; one thread each, where LightGBM could use more",
        command=COMMAND,
    )


def serve(model: Path, rounds: Rounds) -> list[Row]:
    """Resident mebibytes and processor seconds of a process that serves with each contender."""
    found: dict[str, list[list[float]]] = {NUMPY: [], LIGHTGBM: []}
    for _ in rounds:
        for name, runs in found.items():
            command = [sys.executable, "-c", SERVING, str(model), name]
            run = subprocess.run(command, check=True, capture_output=True, text=True)
            runs.append([float(number) for number in run.stdout.split()])
    return [
        Row(
            name=f"serving the signal model: {name}",
            unit=unit,
            ours=[run[index] for run in found[NUMPY]],
            peer_name=LIGHTGBM,
            peer=[run[index] for run in found[LIGHTGBM]],
            goal=1.0,
            not_compared="the application around the model is the same on both sides",
            command=COMMAND,
        )
        for index, (name, unit) in enumerate([("memory", "MiB"), ("until the first forecast", "s")])
    ]


def measure(rounds: Rounds) -> Report:
    provider = ReplayProvider()
    known = build_dataset({symbol: provider.bars(symbol) for symbol in provider.symbols()}).features
    with tempfile.TemporaryDirectory() as folder:
        model = train(Path(folder))
        text = model.read_text()
        calls = [score(text, known[-count:], rounds) for count in CALLS]
        return Report([*calls, *serve(model, Rounds(rounds.name, min(rounds.count, PROCESSES)))])


if __name__ == "__main__":
    main("tree_prediction", __doc__, measure, rounds=25, quick=3)
