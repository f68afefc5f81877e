"""Facts that a page repeats are those of the code."""

from __future__ import annotations

import re
import runpy

import pytest
import yaml
from pydantic import SecretStr

from investiq.foundation.checkout import checkout
from investiq.foundation.config.fields import settings
from investiq.foundation.config.schema import Config, NotifyConfig
from investiq.foundation.setting_sources import PATH_VARIABLE, SHORT_NAMES
from investiq.foundation.vocabulary import DenialReason, OrderStatus
from investiq.invest.trading.order import TRANSITIONS
from investiq.monitoring.routing.routes import alertmanager_document
from investiq.operate.load.scenarios import SCENARIOS
from investiq.promql import duration
from tests.docs.pages import Page, guide, rows_under

SECTIONS = {key.rpartition(".")[0] for key in settings()} - {""}
VARIABLES = {setting.variable for setting in settings().values()} | set(SHORT_NAMES) | {PATH_VARIABLE}


def test_the_table_of_order_states_is_the_transition_table() -> None:
    table = {state: after for state, _, after in rows_under(_page("docs/trading.md"), "Order states")}
    assert set(table) == set(OrderStatus)
    for state, after in TRANSITIONS.items():
        assert set(table[state].split(", ")) == ({str(one) for one in after} or {"nothing"}), state


def test_every_denial_is_explained() -> None:
    rows = rows_under(_page("docs/trading.md"), "Limits")
    assert {reason for row in rows for reason in row[0].split(", ")} == set(DenialReason)


def test_the_limits_name_settings_of_trading() -> None:
    named = {word for row in rows_under(_page("docs/trading.md"), "Limits") for word in re.findall(r"\w+_\w+", row[2])}
    assert named <= set(type(Config().trading).model_fields)


def test_the_table_of_signals_is_the_scale() -> None:
    # By its path: the package around it loads pandas and TA-Lib, which takes longer than all other tests of the guide.
    scale = runpy.run_path(str(checkout() / "src/investiq/invest/analysis/scale.py"))
    rows = rows_under(_page("docs/analysis.md"), "The seven steps")
    assert [row[1] for row in rows] == [str(signal) for signal in reversed(scale["Signal"])]
    for words, signal in rows:
        nearest_to_zero = min((float(number) for number in re.findall(r"-?\d\.\d", words)), key=abs)
        assert scale["signal_for"](0.0 if signal == "neutral" else nearest_to_zero) == signal


def test_the_weights_are_the_default_ones() -> None:
    table = {row[0]: row[1] for row in rows_under(_page("docs/analysis.md"), "The engines")}
    assert table == {name: str(weight) for name, weight in Config().analysis.weights.items()}


def test_the_timings_of_a_page_are_those_of_the_rendered_files() -> None:
    prometheus, alertmanager, rules = (
        yaml.safe_load((checkout() / "monitoring" / name).read_text("utf-8"))
        for name in ("prometheus.yml", "alertmanager.yml", "rules/api.yml")
    )
    service_down = next(rule for rule in rules["groups"][0]["rules"] if rule["alert"] == "ServiceDown")
    written = {**prometheus["global"], **alertmanager["route"], **service_down}
    for _, setting, seconds in rows_under(_page("docs/monitoring.md"), "The way of a page"):
        assert duration.parse(written[setting]).total_seconds() == int(seconds), setting


def test_the_waits_of_the_receivers_are_those_of_the_routes() -> None:
    """Rendered with a receiver outside: without one, the routes are not there."""
    config = Config(notify=NotifyConfig(webhook_url=SecretStr("https://hook.example")))
    routes = {route["receiver"]: route for route in alertmanager_document(config)["route"]["routes"]}
    for what, *written in rows_under(_page("docs/notifications.md"), "How soon, and how often"):
        setting = {"one": "group_by", "waits": "group_wait", "tells": "group_interval", "says": "repeat_interval"}
        rendered = [routes[name][setting[what.split()[0]]] for name in ("critical", "warning")]
        assert written == [", ".join(one) if isinstance(one, list) else one for one in rendered], what


@pytest.mark.parametrize("page", guide(), ids=lambda page: page.name)
def test_every_setting_and_variable_that_a_page_names_exists(page: Page) -> None:
    keys = {
        span for span in page.spans if span.partition(".")[0] in SECTIONS and re.fullmatch(r"[a-z]+\.[a-z_]+", span)
    }
    assert {key for key in keys if not key.endswith(".py")} - set(settings()) == set()
    variables = {name.removesuffix("_FILE") for name in re.findall(r"\bINVESTIQ_[A-Z_]+[A-Z]\b", page.text)}
    assert variables - VARIABLES == set()


def _page(name: str) -> Page:
    return next(page for page in guide() if page.name == name)


def test_the_table_of_load_scenarios_is_that_of_the_code() -> None:
    (page,) = [one for one in guide() if one.name == "docs/load.md"]
    rows = rows_under(page, "Put load on it")
    table = {row[0]: row[2] for row in rows if len(row) == 3}
    assert table == {
        f"{name}": f"{one.thresholds.error_share:.0%}".replace("%", " % errors")
        + f", p99 {one.thresholds.p99_milliseconds:g} ms"
        for name, one in SCENARIOS.items()
    }
