"""Configuration: what a user writes is what runs, and what cannot run is named with its place and an example."""

from __future__ import annotations

import os
import re
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from investiq.foundation.config import ConfigError, load
from investiq.foundation.config.fields import settings, toml_value
from investiq.foundation.foreign_text import visible
from investiq.foundation.setting_sources import SHORT_NAMES
from investiq.foundation.vocabulary import EngineName


def write(folder: Path, text: str) -> Path:
    path = folder / "investiq.toml"
    path.write_text(text, "utf-8")
    return path


def faults(path: Path | None, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    return caught.value.message


def test_without_a_file_every_value_is_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load(environ={})
    assert loaded.config.api.port == 3000
    assert loaded.path is None
    assert loaded.source("api.port").text == "default"


def test_the_file_here_is_read_and_its_lines_are_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "# mine\n[market]\nstart = 2009-03-02\n\n[trading]\ninitial_cash = 12.30\n")
    monkeypatch.chdir(tmp_path)
    loaded = load(environ={})
    assert loaded.config.market.start == date(2009, 3, 2)
    assert loaded.config.trading.initial_cash == Decimal("12.30"), "money must not pass through a float"
    assert loaded.source("market.start").text == "investiq.toml:3"
    assert loaded.source("trading.initial_cash").text == "investiq.toml:6"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "[api]\nport = 3100\n"), {"INVESTIQ_API_PORT": "3200"})
    assert loaded.config.api.port == 3200
    assert loaded.source("api.port").text == "$INVESTIQ_API_PORT"


def test_relative_paths_count_from_the_file_not_from_where_the_command_was_typed(tmp_path: Path) -> None:
    path = write(tmp_path, 'data_dir = "state"\n[market]\nprovider = "files"\nfolder = "bars"\n')
    config = load(path, {}).config
    assert config.data_dir == tmp_path / "state"
    assert config.market.folder == tmp_path / "bars"


@pytest.mark.parametrize("name", sorted(SHORT_NAMES))
def test_each_kept_variable_name_sets_its_secret_also_through_a_file(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret-value\n", "utf-8")
    for environ in ({name: "s3cret-value"}, {f"{name}_FILE": str(secret)}):
        value: object = load(None, environ).config
        for step in SHORT_NAMES[name].split("."):
            value = getattr(value, step)
        assert value.get_secret_value() == "s3cret-value"  # type: ignore[attr-defined]
        assert "s3cret-value" not in repr(load(None, environ).config), "a secret must not reach a log"


def test_an_unreadable_secret_file_is_named_with_an_example(tmp_path: Path) -> None:
    message = faults(None, {"PAGERDUTY_KEY_FILE": str(tmp_path / "gone")})
    assert "$PAGERDUTY_KEY_FILE" in message
    assert str(tmp_path / "gone") in message
    assert "example: PAGERDUTY_KEY_FILE=/run/secrets/pagerduty_key" in message


def test_an_empty_token_is_refused(tmp_path: Path) -> None:
    assert "$METRICS_TOKEN" in faults(None, {"METRICS_TOKEN": ""})
    assert "investiq.toml:2" in faults(write(tmp_path, '[api]\nmetrics_token = ""\n'))


@pytest.mark.parametrize(
    "value",
    [
        " ",
        "\t",
        " s3cret",
        "s3cret ",
        "s3 cret",
        "s3\u00a0cret",
    ],
)
@pytest.mark.parametrize("name", ["METRICS_TOKEN", "PAGERDUTY_KEY", "DISCORD_WEBHOOK_URL", "INVESTIQ_CLIENT_KEY"])
def test_a_token_with_white_space_is_refused(name: str, value: str) -> None:
    message = faults(None, {name: value})
    assert f"${name}" in message
    assert re.search("white space|control character", message)
    assert "cret" not in message.replace("secret", "")


def test_a_path_in_a_database_url_may_have_spaces_and_a_blank_one_is_refused() -> None:
    assert load(None, {"DATABASE_URL": "sqlite:////tmp/my data/ledger.db"}).config.database_url
    assert "$DATABASE_URL" in faults(None, {"DATABASE_URL": " "})


@pytest.mark.parametrize(
    "name",
    ["*", "*.example.org", "https://example.org", "example.org:443", "example.org/", "", " ", "a b", "-x", "x" * 64],
)
@pytest.mark.parametrize("section", ["api", "web", "inbox", "agent"])
def test_what_is_no_host_name_is_refused(section: str, name: str, tmp_path: Path) -> None:
    message = faults(write(tmp_path, f'[{section}]\nhostnames = ["{name}"]\n'))
    assert f"investiq.toml:2: {section}.hostnames" in message
    assert "without scheme, port, path or wildcard" in message


@pytest.mark.parametrize(
    "name", ["invest.example.org", "Invest.Example.org.", "api", "my_host", "192.0.2.1", "[2001:db8::1]"]
)
def test_host_names_are_taken(name: str, tmp_path: Path) -> None:
    assert load(write(tmp_path, f'[api]\nhostnames = ["{name}"]\n'), {}).config.api.hostnames == (name,)


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "128.0.0.0/1", "8.0.0.0/7", "2000::/3"])
def test_nobody_trusts_half_the_world(network: str, tmp_path: Path) -> None:
    message = faults(write(tmp_path, f'[api]\ntrusted_networks = ["{network}"]\n'))
    assert "investiq.toml:2: api.trusted_networks" in message
    assert "nobody's own network" in message


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.168.0.0/16", "203.0.113.7", "fc00::/7", "::1/128"])
def test_networks_of_ones_own_are_trusted(network: str, tmp_path: Path) -> None:
    assert load(write(tmp_path, f'[api]\ntrusted_networks = ["{network}"]\n'), {}).config.api.trusted_networks


@pytest.mark.parametrize("start", ["0", "1199232000", "2008-1-2"])
def test_a_number_is_no_date(start: str) -> None:
    assert "expected a date such as 2008-01-02" in faults(None, {"INVESTIQ_MARKET_START": start})


def test_a_secret_is_never_repeated_in_an_error(tmp_path: Path) -> None:
    message = faults(write(tmp_path, "[api]\nmetrics_token = 31337\n"))
    assert "investiq.toml:2" in message
    assert "31337" not in message


def test_a_secret_set_twice_is_an_error_that_names_both() -> None:
    message = faults(None, {"METRICS_TOKEN": "a", "INVESTIQ_API_METRICS_TOKEN": "b"})
    assert "$METRICS_TOKEN" in message
    assert "$INVESTIQ_API_METRICS_TOKEN" in message


@pytest.mark.parametrize("value", ["password", "ChangeMe", "ADMIN", "secret", "test", "investiq", "token"])
@pytest.mark.parametrize("name", ["METRICS_TOKEN", "GRAFANA_ADMIN_PASSWORD", "ALPACA_SECRET_KEY", "PAGERDUTY_KEY"])
def test_a_secret_that_everybody_tries_first_is_refused(name: str, value: str) -> None:
    message = faults(None, {name: value})
    assert f"${name}" in message
    assert "everybody tries first" in message


@pytest.mark.parametrize("value", ["short", "elevenchars", "aaaaaaaaaaaaaaaaaaaa", "abababababababab"])
@pytest.mark.parametrize("name", ["METRICS_TOKEN", "GRAFANA_ADMIN_PASSWORD"])
def test_a_secret_that_can_be_guessed_is_refused_and_not_repeated(name: str, value: str) -> None:
    message = faults(None, {name: value})
    assert "at least 12 characters" in message
    assert value not in message


@pytest.mark.parametrize("password", ["", "postgres", "password"])
def test_a_database_with_a_password_that_everybody_knows_is_refused(password: str) -> None:
    assert "$DATABASE_URL" in faults(None, {"DATABASE_URL": f"postgresql://investiq:{password}@db/investiq"})


def test_a_database_that_knows_its_user_by_other_means_needs_no_password() -> None:
    for url in ("postgresql://investiq@/investiq?host=/run/postgresql", "postgresql://db/investiq"):
        assert load(None, {"DATABASE_URL": url}).config.database_url


@pytest.mark.parametrize("name", ["METRICS_TOKEN", "metrics_token", "INVESTIQ_API_METRICS_TOKEN"])
def test_systemd_hands_a_secret_over_under_the_name_of_its_variable(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("from-systemd-1234\n")
    (tmp_path / "of-another-program").write_text("whatever")
    (tmp_path / "INVESTIQ_API_PORT").write_text("1")
    loaded = load(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    token = loaded.config.api.metrics_token
    assert token is not None
    assert token.get_secret_value() == "from-systemd-1234"
    assert loaded.source("api.metrics_token").text == f"credential {name}"
    assert loaded.config.api.port == 3000


@pytest.mark.parametrize("other", ["METRICS_TOKEN", "INVESTIQ_API_METRICS_TOKEN", "METRICS_TOKEN_FILE"])
def test_a_secret_from_systemd_and_from_a_variable_is_an_error_that_names_both(other: str, tmp_path: Path) -> None:
    (tmp_path / "metrics_token").write_text("from-systemd-1234")
    message = faults(None, {"CREDENTIALS_DIRECTORY": str(tmp_path), other: "another-value-1234"})
    assert f"${other}" in message
    assert "credential metrics_token" in message


def test_credentials_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    assert "$CREDENTIALS_DIRECTORY" in faults(None, {"CREDENTIALS_DIRECTORY": str(tmp_path / "gone")})
    (tmp_path / "METRICS_TOKEN").mkdir()
    assert "credential METRICS_TOKEN" in faults(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[api]\nport = "3000"\n', "investiq.toml:2: api.port: expected a whole number"),
        ("[api]\nport = true\n", "investiq.toml:2: api.port: expected a whole number"),
        ("[api]\nport = 70000\n", "investiq.toml:2: api.port should be less than or equal to 65535"),
        ("[api]\nprot = 1\n", "investiq.toml:2: unknown key 'api.prot'; did you mean 'api.port'?"),
        ("[apii]\nport = 1\n", "investiq.toml:2: unknown key 'apii.port'; did you mean 'api.port'?"),
        ("api = 3\n", "investiq.toml:1: unknown key 'api'"),
        ('[market]\nprovider = "yahoo"\n', "expected 'replay' or 'files'"),
        ('[agent]\nwatchlist = "AAPL"\n', "investiq.toml:2: agent.watchlist: expected a list"),
        ("[api\n", "not valid TOML"),
        ("x = " + "[" * 50_000, "investiq.toml:1 is nested more than"),
        ('[market]\nfolder = "a\\u0000b"\n', "investiq.toml:2: market.folder has characters that are no text"),
        ('note = """\n[api]\nport = 1\n"""\n[web]\nport = 0\n', "investiq.toml:6: web.port"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line_and_what_was_expected(
    text: str, expected: str, tmp_path: Path
) -> None:
    assert expected in faults(write(tmp_path, text))


def test_a_byte_order_mark_is_taken_and_another_encoding_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff[api]\nport = 3100\n")
    assert load(path, {}).config.api.port == 3100
    secret = tmp_path / "secret"
    secret.write_text("\ufeffabcdef-123456\n", "utf-8")
    token = load(path, {"METRICS_TOKEN_FILE": str(secret)}).config.api.metrics_token
    assert token is not None
    assert token.get_secret_value() == "abcdef-123456"
    path.write_text("[api]\nport = 3100\n", "utf-16")
    assert "is written in UTF-16LE, expected UTF-8: save it as UTF-8" in faults(path)


def test_what_only_has_the_name_of_the_file_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "investiq.toml")
    monkeypatch.chdir(tmp_path)
    assert "investiq.toml is no file" in faults(None)


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    message = faults(write(tmp_path, "nope = 1\n[web]\nport = 0\n"), {"INVESTIQ_WEBB_PORT": "1"})
    assert all(part in message for part in ("'nope'", "web.port", "$INVESTIQ_WEBB_PORT"))


def test_every_example_in_an_error_is_itself_accepted(tmp_path: Path) -> None:
    for key, setting in settings().items():
        section = key.rpartition(".")[0]
        text = f"[{section}]\n{setting.example}\n" if section else f"{setting.example}\n"
        if setting.sample is None or key == "market.provider":
            continue
        load(write(tmp_path, text), {})


def test_two_parts_on_one_port_are_refused() -> None:
    assert "web.port and api.port are both 3000" in faults(None, {"INVESTIQ_WEB_PORT": "3000"})


def test_lists_and_tables_can_be_set_in_the_environment() -> None:
    weights = "{technical = 0.7, quantitative = 0.3, signal = 0, sentiment = 0, fundamental = 0}"
    environ = {"INVESTIQ_AGENT_WATCHLIST": "AAPL, IBM", "INVESTIQ_ANALYSIS_WEIGHTS": weights}
    config = load(None, environ).config
    assert config.agent.watchlist == ("AAPL", "IBM")
    assert config.analysis.weights[EngineName.TECHNICAL] == Decimal("0.7")
    assert config.analysis.weights[EngineName.SIGNAL] == 0


def test_weights_name_every_engine_and_let_one_count_at_least() -> None:
    partial = faults(None, {"INVESTIQ_ANALYSIS_WEIGHTS": "{technical = 0.7, signal = 0.3}"})
    assert "no quantitative, sentiment, fundamental" in partial
    nothing = "{technical = 0, quantitative = 0, signal = 0, sentiment = 0, fundamental = 0}"
    assert "at least one engine must count" in faults(None, {"INVESTIQ_ANALYSIS_WEIGHTS": nothing})


def test_the_configuration_cannot_be_changed_afterwards() -> None:
    config = load(None, {}).config
    with pytest.raises(ValueError, match="frozen"):
        config.api.port = 1  # type: ignore[misc]


SERVICES = """\
[[services]]
name = "billing"
url = "http://127.0.0.1:8080"
token_file = "billing.token"
health_path = false

[[services]]
name = "search"
url = "https://search.example.org"

[[services.slos]]
kind = "latency"
objective = 0.95
threshold = 0.5
"""


def test_services_of_the_user_are_tables_of_an_array(tmp_path: Path) -> None:
    billing, search = load(write(tmp_path, SERVICES), {}).config.services
    assert (billing.name, billing.health_path, billing.token_file) == ("billing", None, tmp_path / "billing.token")
    assert (search.metrics_path, search.health_path) == ("/metrics", "/health")
    assert [(slo.kind, slo.objective, slo.threshold) for slo in search.slos] == [("latency", Decimal("0.95"), 0.5)]


def test_services_may_come_from_the_environment() -> None:
    text = '[{name = "billing", url = "http://127.0.0.1:8080"}]'
    assert load(environ={"INVESTIQ_SERVICES": text}).config.services[0].name == "billing"


@pytest.mark.parametrize(
    ("wrong", "right", "named"),
    [
        ("https://search.example.org", "search.example.org", "investiq.toml:9: services number 2 url: "),
        ("objective = 0.95", "objective = 1.5", "investiq.toml:13: services number 2 slos number 1 objective: "),
        ("threshold = 0.5", "", "investiq.toml:11: services number 2 slos number 1: a latency needs a threshold"),
        ('name = "search"', 'nam = "search"', "investiq.toml:8: services number 2 nam: is no setting of it"),
        ('name = "search"', 'name = "billing"', "two services are called billing"),
        ('name = "billing"', 'name = "Billing!"', "investiq.toml:2: services number 1 name: "),
        ("health_path = false", "health_path = true", "investiq.toml:5: services number 1 health_path: "),
        ("health_path = false", "health_path = '/up#now'", "services number 1 health_path: has a fragment"),
        ("health_path = false", "metrics_path = '/m#all'", "services number 1 metrics_path: has a fragment"),
        ("health_path = false", "metrics_path = '/a%2Fb'", "services number 1 metrics_path: holds %2F"),
        ("health_path = false", "metrics_path = '/m?a=%ff'", "services number 1 metrics_path: holds bytes"),
    ],
)
def test_a_fault_inside_a_service_is_named_with_its_line(tmp_path: Path, wrong: str, right: str, named: str) -> None:
    said = faults(write(tmp_path, SERVICES.replace(wrong, right, 1)))
    assert named in said


# ---- SLOs ----

SLO = """\
[[slos]]
name = "a"
service = "shop"
objective = 0.99
total = "rate(all_total[5m])"
bad = "rate(bad_total[5m])"
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[slo.api_availability]\nobjective = 1.5\n", "investiq.toml:2: slo.api_availability.objective should be less"),
        ("[slo.api_availability]\nobjektive = 0.9\n", "did you mean 'slo.api_availability.objective'?"),
        (SLO + SLO.replace("0.99", "1.5"), "investiq.toml:10: slos number 2 objective: should be less than 1; example"),
        (SLO + "windows = 3\n", "investiq.toml:7: slos number 1 windows: is no setting of it"),
        (
            SLO.replace("rate(all", "rate((all"),
            "investiq.toml:5: slos number 1 total: is not PromQL: unclosed left paren",
        ),
        (SLO.replace('service = "shop"\n', ""), "investiq.toml:1: slos number 1 service: Field required"),
        (SLO + 'good = "a"\n', "investiq.toml:1: slos number 1: needs either good or bad"),
        (SLO + SLO, "slos number 2 is called a, as slos number 1 is"),
        (SLO.replace('"a"', '"api-availability"'), "as the built-in SLO of [slo.api_availability] is"),
        (SLO + "window_days = 60\n", "slos number 1 window_days is 60, but metrics are kept for 30 days"),
    ],
)
def test_a_mistake_in_an_slo_is_named_with_its_line_and_the_next_step(text: str, expected: str, tmp_path: Path) -> None:
    assert expected in faults(write(tmp_path, text))


def test_an_slo_of_the_users_own_is_read(tmp_path: Path) -> None:
    (slo,) = load(write(tmp_path, SLO), {}).config.slos
    assert (slo.name, slo.objective, slo.window_days, slo.good) == ("a", Decimal("0.99"), 30, None)


def test_a_built_in_slo_can_be_set_by_its_variable() -> None:
    assert not load(None, {"INVESTIQ_SLO_API_AVAILABILITY_ENABLED": "false"}).config.slo.api_availability.enabled


@pytest.mark.parametrize("text", ["gro\udcdf", "nul\0", "bell\a"], ids=ascii)
@pytest.mark.parametrize("name", ["DATA_DIR", "API_METRICS_TOKEN", "MARKET_FOLDER", "AGENT_WATCHLIST"])
def test_a_variable_that_is_no_text_is_named_and_not_repeated(name: str, text: str) -> None:
    found = faults(None, {f"INVESTIQ_{name}": text})
    assert f"$INVESTIQ_{name}: " in found
    assert "has characters that are no text" in found
    assert text[:3] not in found.partition("example")[0]


@pytest.mark.parametrize(
    "line",
    [
        'data_dir = "a\\u0000b"',
        'data_dir = "a\\u001bb"',
        '[[services]]\nname = "mine"\nurl = "http://127.0.0.1:1/\\u0007"',
    ],
)
def test_a_setting_in_the_file_that_is_no_text_is_named_with_its_line(line: str, tmp_path: Path) -> None:
    assert "has characters that are no text" in faults(write(tmp_path, line))


def test_text_of_several_lines_is_text(tmp_path: Path) -> None:
    query = 'bad = """\nrate(\n\tbad_total[5m]\n)"""'
    (slo,) = load(write(tmp_path, SLO.replace('bad = "rate(bad_total[5m])"', query)), {}).config.slos
    assert "\n\tbad_total" in str(slo.bad)


@pytest.mark.parametrize(
    "text", ["\u202eevil\u2066", "\x7f\x85\x9b31m", "\x1b", "non\u00a0breaking \U000e0041", "Größe 👍"]
)
def test_what_is_written_as_toml_is_read_back_and_has_nothing_that_a_terminal_acts_upon(text: str) -> None:
    written = toml_value(text)
    assert tomllib.loads(f"value = {written}")["value"] == text
    assert visible(written) == written


@pytest.mark.parametrize(
    ("text", "number"), [("100000", "100000"), ("250,000.50", "250000.5"), (" 12.30 ", "12.3"), (".5", "0.5")]
)
def test_a_number_in_the_environment_is_read_as_people_write_it(text: str, number: str, tmp_path: Path) -> None:
    assert load(None, {"INVESTIQ_TRADING_INITIAL_CASH": text}).config.trading.initial_cash == Decimal(number)
    file = write(tmp_path, f"[trading]\ninitial_cash = '{text}'\n")
    assert load(file, {}).config.trading.initial_cash == Decimal(number)


@pytest.mark.parametrize(
    ("name", "text", "advice"),
    [
        ("INVESTIQ_TRADING_INITIAL_CASH", "1_0", "write 10"),
        ("INVESTIQ_TRADING_INITIAL_CASH", "10,5", "write 10.5 or 105"),
        ("INVESTIQ_API_PORT", "30_00", "write 3000"),
        ("INVESTIQ_MARKET_SESSION_SECONDS", "1e1", "write 10"),
        ("INVESTIQ_TRADING_SPREAD_BPS", "١٠", "write 10"),
        ("INVESTIQ_SLO_ORDER_ACKNOWLEDGEMENT_THRESHOLD_SECONDS", "1_0", "write 10"),
    ],
)
def test_a_number_in_the_environment_that_may_mean_another_is_refused(name: str, text: str, advice: str) -> None:
    assert f"{advice}; expected" in faults(None, {name: text})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"{SLO}window_days = '3_0'\n", "write 30"),
        (SLO.replace("0.99", "'0.9_9'"), "write 0.99"),
        ("[api]\nmax_body_bytes = inf\n", "api.max_body_bytes"),
        ("[signals]\ntimeout_seconds = inf\n", "finite"),
        (
            "[analysis]\nweights = {technical = '0_1', quantitative = 0, signal = 0, sentiment = 0, fundamental = 0}\n",
            "write 1",
        ),
    ],
)
def test_a_number_in_the_file_that_is_none_or_may_mean_another_is_refused(
    text: str, named: str, tmp_path: Path
) -> None:
    assert named in faults(write(tmp_path, text))
