"""`investiq slo`: the table, and OpenSLO in and out."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from investiq.cli import main
from investiq.cli.exit_codes import ExitCode
from investiq.foundation.config.fields import toml_value
from investiq.foundation.config.load import load
from tests.cli.fake_stack import FakeStack

EXAMPLE = Path(__file__).parents[1] / "monitoring/slo/shop.openslo.yml"


def run(*argv: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command line."""
    out, err = io.StringIO(), io.StringIO()
    code = main(argv, io.StringIO(), out, err)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def prometheus(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStack]:
    """A Prometheus that has recorded nothing yet."""
    stack = FakeStack()
    for name, value in stack.settings().items():
        monkeypatch.setenv(name, value)
    stack.start("prometheus")
    yield stack
    stack.stop()


def _recorded(name: str, value: float) -> dict[str, Any]:
    return {
        "metric": {"__name__": name, "slo": "api-availability", "service": "investiq-api"},
        "value": [0, str(value)],
    }


def test_the_table_shows_what_is_recorded_and_says_what_is_not(prometheus: FakeStack) -> None:
    prometheus.answers["prometheus", "/api/v1/query"] = {
        "status": "success",
        "data": {
            "resultType": "vector",
            "result": [
                _recorded("slo:errors:ratio_window", 0.00025),
                _recorded("slo:error_budget:remaining", 0.75),
                _recorded("slo:error_budget:burn_rate1h", 1.5),
            ],
        },
    }
    code, out, err = run("slo")
    assert code == ExitCode.DONE
    line = next(line.split() for line in out.splitlines() if line.startswith("api-availability"))
    assert line == ["api-availability", "99.9%", "99.975%", "75.0%", "-", "-", "1.50", "-", "-", "-", "-", "good"]
    assert "no data yet for analysis-latency, signal-availability" in err


def test_json_has_numbers_and_null_for_what_is_not_known(prometheus: FakeStack) -> None:
    code, out, _ = run("slo", "--json")
    document = json.loads(out)
    assert (code, document["schema"]) == (ExitCode.DONE, "investiq.slo/1")
    first = document["slos"][0]
    assert (first["objective"], first["state"], first["budget_left"]) == (0.999, "no data yet", None)
    assert list(first["burn_rates"]) == ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]


def test_an_objective_that_nothing_measures_has_no_data_and_says_what_to_do(prometheus: FakeStack) -> None:
    firing = {
        "__name__": "ALERTS",
        "alertname": "SloIndicatorAbsent",
        "alertstate": "firing",
        "slo": "api-availability",
    }
    good = [_recorded("slo:errors:ratio_window", 0), _recorded("slo:error_budget:remaining", 1)]
    prometheus.answers["prometheus", "/api/v1/query"] = {
        "status": "success",
        "data": {"resultType": "vector", "result": [*good, {"metric": firing, "value": [0, "1"]}]},
    }
    _, out, err = run("slo")
    line = next(line for line in out.splitlines() if line.startswith("api-availability"))
    assert "100" not in line
    assert line.endswith("no data")
    assert "no data of api-availability: SloIndicatorAbsent fires" in err


def test_an_objective_is_shown_to_its_last_digit_and_says_what_it_pages_on(
    prometheus: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVESTIQ_SLO_API_AVAILABILITY_OBJECTIVE", "0.99999999")
    monkeypatch.setenv("INVESTIQ_SLO_ANALYSIS_LATENCY_OBJECTIVE", "0.8")
    _, out, err = run("slo")
    assert " 99.999999% " in out
    assert "analysis-latency: its burn rate is at most 5, so it pages above 3 over 1h" in err


def test_a_prometheus_that_does_not_run_is_named_with_the_next_step(prometheus: FakeStack) -> None:
    prometheus.stop("prometheus")
    code, out, err = run("slo")
    assert (code, out) == (ExitCode.NOT_RUNNING, "")
    assert "does not answer" in err
    assert "`investiq up` starts it" in err
    prometheus.start("prometheus")


@pytest.mark.parametrize(("answer", "said"), [((503, {}), "answers 503"), ({"data": {}}, "not as Prometheus does")])
def test_a_prometheus_that_answers_otherwise_is_said_to_do_so(prometheus: FakeStack, answer: Any, said: str) -> None:
    prometheus.answers["prometheus", "/api/v1/query"] = answer
    code, _, err = run("slo")
    assert code == ExitCode.NOT_RUNNING
    assert said in err


def test_a_threshold_that_is_no_bound_is_a_fault_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_SLO_ANALYSIS_LATENCY_THRESHOLD_MILLISECONDS", "300")
    code, _, err = run("slo")
    assert code == ExitCode.USAGE
    assert "slo.analysis_latency: investiq_request_duration_milliseconds has no bucket up to 300" in err


def test_export_writes_every_document(here: Path) -> None:
    code, out, err = run("slo", "export", "--output", "slos.yml")
    assert (code, out) == (ExitCode.DONE, "")
    kinds = [document["kind"] for document in yaml.safe_load_all((here / "slos.yml").read_text("utf-8"))]
    assert kinds.count("SLO") == 5
    assert f"{len(kinds)} documents written to slos.yml" in err


def test_export_prints_the_same() -> None:
    run("slo", "export", "--output", "slos.yml")
    assert run("slo", "export")[1] == Path("slos.yml").read_text("utf-8")


def test_export_has_nothing_that_a_terminal_acts_upon_and_reads_back_the_same(here: Path) -> None:
    description = "\u202eevil\u2066, and Größe"
    slo = {"name": "mine", "service": "s", "objective": 0.99, "total": "rate(a[5m])", "bad": "rate(b[5m])"}
    lines = [f"{name} = {toml_value(value)}" for name, value in {**slo, "description": description}.items()]
    (here / "investiq.toml").write_text("\n".join(["[[slos]]", *lines]), "utf-8")
    code, out, err = run("slo", "export")
    assert (code, "\u202e" in out) == (ExitCode.DONE, False), err
    assert description in [document["spec"].get("description") for document in yaml.safe_load_all(out)]


def test_import_prints_what_a_configuration_file_takes(here: Path) -> None:
    code, out, err = run("slo", "import", str(EXAMPLE))
    assert code == ExitCode.DONE
    (here / "other.toml").write_text(out, "utf-8")
    assert [slo.name for slo in load(here / "other.toml", {}).config.slos] == [
        "checkout-latency",
        "checkout-availability",
    ]
    assert "note: labels are not kept" in err
    assert not (here / "investiq.toml").exists()


def test_import_appends_to_the_file_in_use_and_refuses_to_do_so_twice(here: Path) -> None:
    file = here / "investiq.toml"
    file.write_text("[api]\nport = 3333", "utf-8")
    file.chmod(0o600)
    assert run("slo", "import", str(EXAMPLE), "--write")[0] == ExitCode.DONE
    config = load(file, {}).config
    assert (config.api.port, len(config.slos)) == (3333, 2)
    assert file.stat().st_mode & 0o777 == 0o600
    written = file.read_text("utf-8")
    code, _, err = run("slo", "import", str(EXAMPLE), "--write")
    assert code == ExitCode.USAGE
    assert "checkout-latency, checkout-availability: there already" in err
    assert file.read_text("utf-8") == written


def test_import_never_writes_a_file_that_could_not_be_loaded(here: Path) -> None:
    (here / "investiq.toml").write_text("[monitoring]\nretention_days = 30\n", "utf-8")
    text = EXAMPLE.read_text("utf-8").replace("duration: 30d", "duration: 60d")
    (here / "slos.yml").write_text(text, "utf-8")
    code, _, err = run("slo", "import", "slos.yml", "--write")
    assert code == ExitCode.USAGE
    assert "metrics are kept for 30 days" in err
    assert (here / "investiq.toml").read_text("utf-8") == "[monitoring]\nretention_days = 30\n"


def test_import_leaves_the_built_in_ones_and_says_so(here: Path) -> None:
    run("slo", "export", "--output", "slos.yml")
    code, out, err = run("slo", "import", "slos.yml")
    assert (code, out.strip()) == (ExitCode.DONE, "")
    assert "api-availability is a built-in SLO and is left as it is: change it in [slo.api_availability]" in err


def test_import_of_what_is_no_yaml_is_wrong_usage(here: Path) -> None:
    (here / "slos.yml").write_text("a: [", "utf-8")
    code, _, err = run("slo", "import", "slos.yml")
    assert code == ExitCode.USAGE
    assert "slos.yml:1 is not YAML" in err
