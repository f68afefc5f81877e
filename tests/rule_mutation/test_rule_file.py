"""One change to a rule file or test file changes one thing, whatever YAML it is written in."""

from __future__ import annotations

import pytest
import yaml

from investiq.foundation.documents.text import UnreadableFile
from investiq.rule_mutation.generate import mutants_of
from investiq.rule_mutation.operators import BY_NAME
from investiq.rule_mutation.promtool_tests import TestFile, affected_names
from investiq.rule_mutation.rule import Rule
from investiq.rule_mutation.rule_file import RuleFile
from tests.rule_mutation.rules import rule

RULES = """
groups:
  - name: g
    interval: 30s
    limit: 5
    rules:
      - &page
        alert: DiskFull
        expr: |
          node_disk_free{device!~"tmp|loop"}  # bytes
            < 100
        for: 10m
        labels: &labels {severity: page, enabled: yes, code: 0755}
        annotations: {summary: "{{ $value }} é"}
      - <<: *page
        alert: DiskFuller
        labels:
          <<: *labels
          severity: ticket
  - name: other
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
"""

_STARTS = ("- &page", "- <<: *page", "- record")


def _expr_of(text: str, name: str) -> str:
    rules = [r for group in yaml.safe_load(text)["groups"] for r in group["rules"]]
    (found,) = [r for r in rules if name in {r.get("alert"), r.get("record")}]
    return str(found["expr"])


def test_rules_are_read_through_block_scalars_anchors_and_merges() -> None:
    file = RuleFile.parse("r.yml", RULES)
    assert [(r.name, r.group, str(r.tree)) for r in file.rules] == [
        ("DiskFull", "g", 'node_disk_free{device!~"tmp|loop"} < 100'),
        ("DiskFuller", "g", 'node_disk_free{device!~"tmp|loop"} < 100'),
        ("job:up:sum", "other", "sum by (job) (up)"),
    ]
    assert [r.line for r in file.rules] == [RULES[: RULES.index(start)].count("\n") + 1 for start in _STARTS]
    assert file.rules[1].fields == {"for": "10m"}
    assert [r.shows_value for r in file.rules] == [True, True, False]
    assert file.rules[1].labels == {"severity": "ticket", "enabled": "yes", "code": "0755"}


def test_a_change_touches_its_own_rule_alone() -> None:
    file = RuleFile.parse("r.yml", RULES)
    second = file.rules[1]
    flipped = next(m for m in mutants_of([second]) if m.operator == "comparison-flipped")
    text = file.with_change(second, flipped.change)
    assert _expr_of(text, "DiskFuller") == 'node_disk_free{device!~"tmp|loop"} > 100'
    assert "< 100" in _expr_of(text, "DiskFull")
    assert "limit: 5" in text
    assert "é" in text


def test_values_that_yaml_dialects_read_differently_stay_as_written() -> None:
    text = RuleFile.parse("r.yml", RULES).rewritten()
    assert "enabled: yes" in text
    assert "code: 0755" in text
    assert "&" not in text


def test_labels_and_for_can_be_dropped_and_added() -> None:
    file = RuleFile.parse("r.yml", RULES)
    first = file.rules[0]

    def changed(operator: str, one: Rule) -> object:
        mutant = mutants_of([one], [BY_NAME[operator]])[0]
        return yaml.safe_load(file.with_change(one, mutant.change))["groups"][0]["rules"][0]

    assert "for" not in str(changed("for-removed", first))
    assert "'labels': {'enabled': True, 'code': 493}" in str(changed("rule-label-dropped", first))
    assert "'severity': 'ticket'" in str(changed("severity-changed", first))


def test_an_expression_that_the_parser_does_not_know_keeps_its_problem() -> None:
    (unknown,) = RuleFile.parse("r.yml", "groups: [{name: g, rules: [{alert: A, expr: brand_new(up)}]}]").rules
    assert unknown.tree is None
    assert "does not parse" in (unknown.problem or "")
    assert [m.operator for m in mutants_of([unknown])] == ["for-added"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("groups: [", "is not YAML"),
        ("- a", "is not a mapping"),
        ("rules: []", "has no `groups`"),
        ("groups: [{name: g, rules: [{expr: up}]}]", "rule 1 of group 'g' needs `expr`, and `alert` or `record`"),
    ],
)
def test_what_is_no_rule_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        RuleFile.parse("r.yml", text)


@pytest.mark.parametrize("text", ["", "# nothing yet", "groups:", "groups: []", "groups: [{name: g}]"])
def test_a_rule_file_may_be_empty_as_it_may_to_prometheus(text: str) -> None:
    assert RuleFile.parse("r.yml", text).rules == ()


@pytest.mark.parametrize("text", ["", "# nothing yet", "tests: []", "rule_files:\n"])
def test_a_test_file_may_load_no_rules(text: str) -> None:
    tests = TestFile.parse("t.yml", text)
    assert (tests.patterns, tests.concerning({"A"})) == ((), [])


TESTS = """
rule_files: [r.yml, ../other/*.yml]
evaluation_interval: 10s
tests:
  - name: one
    alert_rule_test: [{alertname: A, eval_time: 1m, exp_alerts: &none []}]
  - alert_rule_test: [{alertname: B, eval_time: 1m, exp_alerts: *none}]
  - name: three
    promql_expr_test: [{expr: 'job:up:sum > 1', eval_time: 1m}]
"""


def test_groups_are_kept_by_position_and_anchors_survive_the_loss_of_their_group() -> None:
    tests = TestFile.parse("t.yml", TESTS)
    assert tests.patterns == ("r.yml", "../other/*.yml")
    assert tests.concerning({"B"}) == [1]
    assert tests.concerning({"A", "job:up:sum"}) == [0, 2]
    reduced = yaml.safe_load(tests.with_rule_files(["/x/m.yml"], {1}))
    assert reduced["rule_files"] == ["/x/m.yml"]
    assert reduced["evaluation_interval"] == "10s"
    assert reduced["tests"] == [{"alert_rule_test": [{"alertname": "B", "eval_time": "1m", "exp_alerts": []}]}]


def test_a_file_of_something_else_is_no_test_file() -> None:
    with pytest.raises(UnreadableFile, match="neither `rule_files` nor `tests`"):
        TestFile.parse("t.yml", "groups: []")


def test_a_recording_rule_affects_what_reads_it_over_several_steps() -> None:
    recorded = rule("sum(up)", "up:sum", alerting=False)
    second = rule("up:sum / 2", "up:half", alerting=False)
    reader, stranger, nameless = rule("up:half > 1", "Reads"), rule("up > 1", "Stranger"), rule('{job="a"}', "Nameless")
    assert affected_names(recorded, [recorded, second, reader, stranger, nameless]) == {
        *("up:sum", "up:half", "Reads", "Nameless"),
    }
