"""The table of parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from investiq.foundation.config import Config, ConfigError, load
from investiq.foundation.config.load import secret_variables
from investiq.foundation.config.schema import AgentConfig, ApiConfig, BackupConfig, MarketConfig, MonitoringConfig
from investiq.foundation.topology import PROGRAMS, Program
from investiq.operate.supervise.launch import missing_jobs, supervised
from investiq.operate.supervise.parts import ProcessSpec, StackTable, inherited, stack_table
from investiq.operate.supervise.programs import find

ALL = {name: f"/usr/bin/{name}" for name in PROGRAMS}
CONFIG = Config(data_dir=Path("/data"))


def test_the_ports_are_those_of_the_design() -> None:
    table = stack_table(CONFIG, ALL)
    assert {part.name: part.port for part in table.parts if part.port} == {
        "inbox": 5001,
        "agent": 8060,
        "api": 3000,
        "signals": 8004,
        "web": 8050,
        "alertmanager": 9093,
        "blackbox": 9115,
        "node": 9100,
        "prometheus": 9090,
    }


def test_prometheus_stops_before_anything_that_it_watches_but_not_before_the_agent() -> None:
    table = stack_table(CONFIG, ALL)
    watched = {part.name for part in table.parts if part.port} - {"prometheus", "agent"}
    assert all("prometheus" in table.stop_before(name) for name in watched)
    assert "agent" in table.stop_before("prometheus")
    assert table.stop_before("api") == ("prometheus", "agent")


def test_prometheus_starts_at_once_but_not_while_a_first_training_keeps_the_models_down(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    assert stack_table(config, ALL)["prometheus"].needs == ("model",)
    (tmp_path / "models" / "current").mkdir(parents=True)
    assert stack_table(config, ALL)["prometheus"].needs == ()


def test_the_agent_trades_only_when_it_is_watched_and_only_in_a_replay() -> None:
    assert "prometheus" in stack_table(CONFIG, ALL)["agent"].needs
    for other in (
        Config(agent=AgentConfig(enabled=False)),
        Config(market=MarketConfig(clock="wall", provider="files", folder=Path("/bars"))),
    ):
        assert "agent" not in stack_table(other, ALL).names


def test_a_missing_program_is_named_with_the_way_to_get_it_and_holds_up_nobody() -> None:
    installed = {part: file for part, file in ALL.items() if part not in ("blackbox", "grafana")}
    table = stack_table(CONFIG, installed)
    assert [(missing.name, missing.optional) for missing in table.missing] == [("blackbox", False), ("grafana", True)]
    assert "apt-get install prometheus-blackbox-exporter" in table.missing[0].get
    without = StackTable(
        (ProcessSpec("api", "", ("true",)), ProcessSpec("agent", "", ("true",), needs=("api",))), table.missing
    )
    assert without.needs(without["agent"]) == ("api",)
    assert stack_table(CONFIG, {}).needs(table["agent"]) == ("api", "signals")


def test_grafana_is_not_missing_where_a_setting_says_that_it_runs() -> None:
    installed = {part: file for part, file in ALL.items() if part != "grafana"}
    elsewhere = stack_table(Config(monitoring=MonitoringConfig(grafana=True)), installed)
    assert (missing_jobs(elsewhere), "grafana" in elsewhere.names) == ((), False)
    assert missing_jobs(stack_table(CONFIG, installed)) == ("grafana",)


def test_monitoring_programs_listen_on_loopback_only_and_without_gossip() -> None:
    table = stack_table(Config(monitoring=MonitoringConfig(prometheus_port=19090)), ALL)
    for name in ("alertmanager", "blackbox", "node", "prometheus"):
        part = table[name]
        assert f"--web.listen-address=127.0.0.1:{part.port}" in part.argv
    assert "--cluster.listen-address=" in table["alertmanager"].argv
    assert table["prometheus"].port == 19090
    assert "--rules.alert.resend-delay=5s" in table["prometheus"].argv


def test_no_page_of_a_browser_can_stop_prometheus() -> None:
    assert not any("enable-lifecycle" in argument for argument in stack_table(CONFIG, ALL)["prometheus"].argv)


def test_no_secret_is_on_a_command_line() -> None:
    config = Config.model_validate(
        {
            "data_dir": "/data",
            "api": {"metrics_token": "s3cret-of-metrics"},
            "notify": {"pagerduty_key": "s3cret-of-pagerduty", "discord_webhook_url": "https://discord.com/s3cret"},
        }
    )
    assert not any("s3cret" in argument for part in stack_table(config, ALL).parts for argument in part.argv)


@pytest.mark.parametrize(
    ("listen", "url"),
    [("0.0.0.0", "http://127.0.0.1:3000/"), ("::", "http://[::1]:3000/")],  # noqa: S104  not bound
)
def test_a_server_on_all_addresses_is_asked_on_loopback(listen: str, url: str) -> None:
    api = stack_table(Config(api=ApiConfig(host=listen)), ALL)["api"]
    assert api.url == url
    assert api.check is not None
    assert api.check.url == f"{url}health"


def test_a_part_cannot_need_what_the_table_does_not_name_before_it() -> None:
    with pytest.raises(ValueError, match="web needs"):
        StackTable((ProcessSpec("web", "", ("true",), needs=("api",)), ProcessSpec("api", "", ("true",))))


def test_a_program_is_found_by_debians_name_or_by_upstreams(tmp_path: Path) -> None:
    program = Program(commands=("prometheus-node-exporter", "node_exporter"), get="")
    assert find(program, str(tmp_path)) is None
    for name in ("node_exporter", "prometheus-node-exporter"):
        (tmp_path / name).touch(0o755)
        assert find(program, str(tmp_path)) == str(tmp_path / name)


def _inherited(environ: dict[str, str]) -> dict[str, set[str]]:
    """Part -> the variables of `environ` that it gets."""
    config = Config(backup=BackupConfig(schedule="supervisor"))
    return {part.name: set(inherited(part, environ)) for part in stack_table(config, ALL, trained=False).parts}


def test_each_part_inherits_the_secrets_that_it_reads_and_no_others() -> None:
    got = _inherited(dict.fromkeys({"PATH", *secret_variables()} - {"CREDENTIALS_DIRECTORY"}, "x"))
    of_all = secret_variables({"api.metrics_token", "tracing.token"})
    for name in ("prometheus", "alertmanager", "blackbox", "node", "model"):
        assert got[name] == {"PATH"}, name
    for name in ("signals", "inbox", "agent"):
        assert got[name] == {"PATH", *of_all}, name
    assert got["web"] == {"PATH", *of_all, *secret_variables({"client.key"})}
    assert got["backup"] == {"PATH", *secret_variables({"database_url"})}
    assert {"DATABASE_URL", "PAGERDUTY_KEY_FILE", "INVESTIQ_NOTIFY_WEBHOOK_URL", "ALPACA_SECRET_KEY"} < got["api"]
    unknown_to_the_api = {"monitoring.grafana_admin_password", "notify.deadmans_switch_url", "client.key"}
    assert not got["api"] & secret_variables(unknown_to_the_api)


def test_what_opens_the_repository_of_backups_is_for_the_backup_alone() -> None:
    names = {"RESTIC_PASSWORD", "AWS_SECRET_ACCESS_KEY", "B2_ACCOUNT_KEY", "AZURE_ACCOUNT_KEY", "OS_PASSWORD"}
    for name, variables in _inherited(dict.fromkeys(names, "x")).items():
        assert variables == (names if name == "backup" else set()), name


def test_the_password_of_the_database_reaches_who_opens_it() -> None:
    got = _inherited({"PGPASSWORD": "x"})
    assert {name for name, variables in got.items() if variables} == {"api", "backup"}


def test_of_systemds_credentials_a_part_is_told_the_files_that_it_reads(tmp_path: Path) -> None:
    for name in ("metrics_token", "DATABASE_URL", "DISCORD_WEBHOOK_URL", "of-somebody-else"):
        (tmp_path / name).write_text("x")
    parts = {part.name: part for part in stack_table(Config(), ALL).parts}
    got = {name: inherited(part, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) for name, part in parts.items()}
    assert got["inbox"] == {"INVESTIQ_API_METRICS_TOKEN_FILE": str(tmp_path / "metrics_token")}
    assert set(got["api"]) == {
        "INVESTIQ_API_METRICS_TOKEN_FILE",
        "INVESTIQ_DATABASE_URL_FILE",
        "INVESTIQ_NOTIFY_DISCORD_WEBHOOK_URL_FILE",
    }
    assert got["prometheus"] == {}


def test_what_has_an_address_elsewhere_is_asked_there_and_not_started_or_missed() -> None:
    config = load(environ={"INVESTIQ_ADDRESSES_PROMETHEUS": "prometheus:9090"}).config
    table = stack_table(config, installed={})
    part = table["prometheus"]
    assert (part.argv, part.url) == ((), "http://prometheus:9090/")
    assert part.check is not None
    assert part.check.url == "http://prometheus:9090/-/ready"
    assert "prometheus" not in {missing.name for missing in table.missing}


async def test_up_refuses_parts_that_run_elsewhere(tmp_path: Path) -> None:
    variables = {"INVESTIQ_ADDRESSES_WEB": "frontend:8050", "INVESTIQ_DATA_DIR": str(tmp_path / "data")}
    with pytest.raises(ConfigError, match=r"addresses\.web"):
        async with supervised(load(environ=variables).config):
            pass
    assert not (tmp_path / "data").exists()
