"""How the parts are put together: what each one loads, where it looks, and when a model must be trained anew."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from investiq.foundation.config.schema import Config, MarketConfig, SignalsConfig
from investiq.foundation.store import LedgerInUse
from investiq.invest import wiring
from investiq.invest.analysis import SignalUnavailable
from investiq.invest.market.types import Bar, Symbol
from tests.ports import closed_port

SHIPPED = Config(data_dir=Path("unused"))


def loaded(code: str) -> set[str]:
    """The top-level modules that a new interpreter has loaded after `code`."""
    script = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


SERVING = """
from pathlib import Path
import investiq.cli.serve, investiq.serve.api.app
from investiq.foundation.config import Config
from investiq.invest.wiring import build_api_parts

build_api_parts(Config(data_dir=Path({folder!r})))
"""


def test_the_api_loads_only_what_it_serves_with(tmp_path: Path) -> None:
    """What makes tables, fits models or draws would be more than half of its memory. The ledger is migrated already."""
    wiring.open_store(Config(data_dir=tmp_path)).dispose()
    training = {"lightgbm", "sklearn", "scipy", "empyrical"}
    tables = {"pandas", "polars", "pyarrow", "exchange_calendars"}
    others = {"alembic", "dash", "rich", "joblib"}
    assert not (training | tables | others) & loaded(SERVING.format(folder=str(tmp_path)))


@pytest.mark.parametrize("module", ["cli.agent, investiq.serve.agent.app", "operate.supervise.daemon"])
def test_what_runs_all_day_loads_no_console(module: str) -> None:
    assert not {"pandas", "rich", "dash", "grafana_foundation_sdk", "joblib"} & loaded(f"import investiq.{module}")


PREDICTING = """
import asyncio
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
import investiq.cli.serve, investiq.serve.signals.app
from investiq.foundation.telemetry.catalogue import Part
from investiq.foundation.telemetry.metrics import Metrics
from investiq.invest.market.types import Bar, Symbol
from investiq.serve.signals.serving_model import ServingModel

serving = ServingModel(Path({folder!r}), Metrics(Part.SIGNALS))
asyncio.run(serving.refresh())
bars = [Bar(date(2008, 1, 2) + timedelta(day), *[Decimal(50 + day % 7)] * 4, 1000 + day) for day in range(64)]
assert 0 < serving.predict([(Symbol("IBM"), bars)])[0].probability_up < 1
"""


def test_the_signal_models_predict_without_what_trained_them(trained: Path) -> None:
    """The libraries would be two thirds of the memory of a process that only walks down trees."""
    assert not {"lightgbm", "sklearn", "scipy", "pandas", "joblib"} & loaded(PREDICTING.format(folder=str(trained)))


async def test_a_second_api_on_a_ledger_is_refused_before_it_touches_the_market_or_the_tables(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    first = wiring.build_api_parts(config)
    position = (tmp_path / "replay.json").read_bytes()
    with pytest.raises(LedgerInUse, match=f"pid {os.getpid()} on "):
        wiring.build_api_parts(config)
    assert (tmp_path / "replay.json").read_bytes() == position
    await first.aclose()
    await wiring.build_api_parts(config).aclose()


def test_training_loads_neither_the_server_nor_the_ledger() -> None:
    code = "\n".join(
        f"import investiq.invest.{name}" for name in ("wiring", "signals.train", "signals.artifact", "market.opening")
    )
    assert not {"fastapi", "sqlalchemy", "dash", "talib"} & loaded(code)


def test_the_agent_and_the_key_commands_start_light() -> None:
    assert not {"pandas", "lightgbm", "sqlalchemy"} & loaded("import investiq.serve.agent")
    assert not {"pandas", "lightgbm"} & loaded("import investiq.serve.api.keys")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model for the shipped prices and the default start."""
    folder = tmp_path_factory.mktemp("models")
    stages = []
    config = SHIPPED.model_copy(update={"signals": SignalsConfig(model_dir=folder)})
    wiring.train_models(config, lambda stage, done, total: stages.append((stage, done, total)))
    assert [stage for stage, done, total in stages if done == total] == ["features", "validation", "fit"]
    return folder


def reason(folder: Path, market: MarketConfig | None = None) -> str | None:
    config = SHIPPED.model_copy(update={"signals": SignalsConfig(model_dir=folder), "market": market or MarketConfig()})
    return wiring.retraining_reason(config)


def test_a_model_is_trained_on_the_past_of_its_start_only(trained: Path) -> None:
    assert reason(trained) is None
    assert reason(trained, MarketConfig(start=date(2008, 1, 1))) is None  # a holiday: the same first session
    assert "saw prices up to 2007-12-31" in str(reason(trained, MarketConfig(start=date(2007, 1, 3))))
    assert "trained for a start on 2008-01-02" in str(reason(trained, MarketConfig(start=date(2009, 1, 2))))


def test_a_missing_or_damaged_model_must_be_trained(trained: Path, tmp_path: Path) -> None:
    assert "no signal model" in str(reason(tmp_path))
    (tmp_path / "current").mkdir()
    (tmp_path / "current" / "manifest.json").write_text("{")
    assert "refused" in str(reason(tmp_path))


def test_a_model_of_other_prices_must_be_trained(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where its prices are kept
    folder = tmp_path / "bars"
    folder.mkdir()
    lines = "2007-12-28,1,2,1,2,100\n2007-12-31,1,2,1,2,100\n2008-01-02,1,2,1,2,100\n2008-01-03,1,2,1,2,100\n"
    (folder / "XYZ.csv").write_text(f"date,open,high,low,close,volume\n{lines}")
    market = MarketConfig(provider="files", folder=folder, start=date(2008, 1, 2))
    assert "other prices" in str(reason(trained, market))


def test_no_other_command_loads_what_a_scan_works_with() -> None:
    assert not {"joblib", "numpy"} & loaded("import investiq.cli.main, investiq.cli.scan, investiq.cli.analyze")


async def test_a_silent_signal_service_makes_its_engine_unavailable() -> None:
    config = Config(data_dir=Path("unused"), signals=SignalsConfig(port=closed_port()))
    client = wiring.build_signal_client(config)
    price = Decimal(1)
    bars: Sequence[Bar] = [Bar(date(2008, 1, 2), price, price, price, price, 1)]
    with pytest.raises(SignalUnavailable, match="not reachable"):
        await wiring._SignalService(client).predict(Symbol("AAPL"), bars)
    with pytest.raises(SignalUnavailable, match="not reachable"):
        await wiring._SignalService(client).predict_many([(Symbol("AAPL"), bars)])
    await client.aclose()
