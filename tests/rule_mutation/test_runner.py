"""`investiq rules mutate` with the real promtool, on somebody else's rules: a strong test kills all, a weak one not."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from investiq.cli.exit_codes import ExitCode
from investiq.cli.main import main
from investiq.foundation.subprocesses import StopSign
from investiq.rule_mutation.baseline import BaselineFails
from investiq.rule_mutation.bench import Bench
from investiq.rule_mutation.equivalents import entry_for
from investiq.rule_mutation.promtool import Promtool, PromtoolMissing, find_promtool
from investiq.rule_mutation.runner import NothingToMutate, mutate
from investiq.rule_mutation.suite import NoSuchFile, Suite, load_suite
from investiq.rule_mutation.trials import Trials
from investiq.rule_mutation.verdict import MutationOutcome
from tests.rule_mutation.node_rules import RULES, STRONG, WEAK

pytestmark = pytest.mark.e2e


def _run(*argv: object) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    code = main(["rules", "mutate", *map(str, argv)], StringIO(), out, err)
    return code, out.getvalue(), err.getvalue()


def _trials(suite: Suite, program: str, folder: Path, seconds: float = 60.0) -> Trials:
    return Trials(suite, Bench.of(suite, Promtool(program, folder, seconds, StopSign())))


def _changes(document: dict[str, Any], outcome: str) -> list[str]:
    return [f"{v['rule']}: {v['change']}" for v in document["verdicts"] if v["outcome"] == outcome]


def test_a_strong_test_kills_every_mutant(folder: Path) -> None:
    code, out, err = _run("--rules", folder / "rules/node.yml", "--tests", folder / "tests/strong.yml")
    assert code == ExitCode.DONE
    assert "11 mutants of 2 rules, 11 killed, 0 survived, 0 listed as equivalent, 0 proven equivalent" in err
    assert out.splitlines()[0].split() == ["RULE", "GROUP", "MUTANTS", "KILLED", "SURVIVED", "EQUIVALENT"]


def test_a_weak_test_lets_exactly_these_survive(folder: Path) -> None:
    code, out, _ = _run("--tests", folder / "tests/weak.yml", "--json")  # the rules are those that the tests load
    document = json.loads(out)
    assert code == ExitCode.FINDINGS
    assert document["schema"] == "investiq.rules.mutate/1"
    assert _changes(document, "survived") == [
        "NodeMemoryLow: < 0.1 -> < 0.08",
        "NodeMemoryLow: < 0.1 -> < 0.125",
        "NodeMemoryLow: for: 5m dropped",
        "NodeMemoryLow: for: 5m -> for: 2m30s",
        "NodeMemoryLow: for: 5m -> for: 10m",
    ]
    assert document["counts"]["survived"] == 5
    assert document["counts"]["killed"] == 6


@pytest.mark.parametrize("name", ["team [a]", "x*y?", "{b} 'c' \"d\"\n\u00e9 \\e"])
def test_the_name_of_a_folder_decides_nothing(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """promtool takes paths for patterns: in `team [a]` it finds no rules, and each test of an alert fails."""
    strange = folder / name
    strange.mkdir()
    for below in ("rules", "tests"):
        (folder / below).rename(strange / below)
    monkeypatch.setattr("tempfile.tempdir", str(strange))
    monkeypatch.chdir(strange)
    code, out, _ = _run("--tests", "tests/w*.yml", "--rules", "rules/*.yml", "--json")
    assert code == ExitCode.FINDINGS
    assert json.loads(out)["counts"]["survived"] == 5


def test_a_glob_is_one_below_a_folder_that_is_none(folder: Path) -> None:
    (folder / "rules").rename(folder / "team [a]")
    (folder / "tests").rename(folder / "x*y?")
    argv = ("--tests", folder / "x*y?/w*.yml", "--rules", folder / "team [a]/*.yml", "--list", "--json")
    assert len(json.loads(_run(*argv)[1])["mutants"]) == 11


def test_a_rule_file_beside_the_changed_one_is_found_too(folder: Path) -> None:
    strange = folder / "team [a]"
    strange.mkdir()
    (strange / "more.yml").write_text("groups: [{name: h, rules: [{record: job:up:sum, expr: sum(up)}]}]", "utf-8")
    ask = "[{expr: 'job:up:sum', eval_time: 1m, exp_samples: [{labels: 'job:up:sum', value: 1}]}]"
    tests = f"""
rule_files: [../rules/node.yml, '../team [a]/more.yml']
tests: [{{interval: 1m, input_series: [{{series: up, values: 1x9}}], promql_expr_test: {ask}}}]"""
    (folder / "tests/two.yml").write_text(tests, "utf-8")
    report = mutate(load_suite([folder / "rules/node.yml"], [folder / "tests/two.yml", folder / "tests/weak.yml"]))
    assert report.count(MutationOutcome.SURVIVED) == 5


def test_a_survivor_is_shown_with_its_difference_and_what_would_kill_it(folder: Path) -> None:
    code, out, _ = _run("--tests", folder / "tests/weak.yml", "--only", "NodeMemoryLow", "--jobs", 1)
    assert code == ExitCode.FINDINGS
    assert "  - expr: instance:node_memory_free:ratio < 0.1\n  + expr: instance:node_memory_free:ratio < 0.08\n" in out
    assert "  - for: 5m\n  imitates: `for` forgotten: every blip pages\n  missing:  a silent test of a fault" in out
    assert "instance:node_memory_free:ratio  node" not in out


def test_what_one_test_file_misses_another_may_notice(folder: Path) -> None:
    code, _, err = _run("--tests", folder / "tests/*.yml")
    assert code == ExitCode.DONE, err


def test_a_listed_survivor_is_no_finding_and_a_listed_kill_is(folder: Path) -> None:
    suite = load_suite([], [folder / "tests/weak.yml"])
    survivor = next(m for m in suite.mutants if str(m.change) == "for: 5m -> for: 10m")
    killed = next(m for m in suite.mutants if m.operator == "severity-changed")
    entries = [entry_for(mutant).replace('reason = ""', 'reason = "said so"') for mutant in (survivor, killed)]
    (folder / "tests/equivalent.toml").write_text("\n".join(entries), "utf-8")
    code, out, _ = _run("--tests", folder / "tests/weak.yml", "--json")
    document = json.loads(out)
    assert code == ExitCode.FINDINGS
    assert _changes(document, "listed") == ["NodeMemoryLow: for: 5m -> for: 10m"]
    assert _changes(document, "survived") == [
        "NodeMemoryLow: < 0.1 -> < 0.08",
        "NodeMemoryLow: < 0.1 -> < 0.125",
        "NodeMemoryLow: for: 5m dropped",
        "NodeMemoryLow: for: 5m -> for: 2m30s",
    ]
    (finding,) = document["findings"]
    assert killed.id in finding["where"]
    assert "it is not equivalent" in finding["what"]


def test_a_proof_of_equivalence_holds_for_promtool(folder: Path) -> None:
    """The tests see the other job, so that a proof that were wrong would be killed."""
    rules = RULES.replace("Available_bytes", 'Available_bytes{job="x"}').replace("Total_bytes", 'Total_bytes{job="x"}')
    tests = STRONG.replace('instance="a"', 'instance="a", job="x"').replace("instance: a", "instance: a, job: x")
    other = "\n".join(
        f"      - {{series: 'node_memory_Mem{name}_bytes{{instance=\"a\", job=\"y\"}}', values: '{value}x20'}}"
        for name, value in (("Available", 1), ("Total", 100))
    )
    tests = tests.replace("    input_series:\n", f"    input_series:\n{other}\n")
    (folder / "rules/node.yml").write_text(rules, "utf-8")
    (folder / "tests/strong.yml").write_text(tests, "utf-8")
    suite = load_suite([], [folder / "tests/strong.yml"])
    proven = [mutant for mutant in suite.mutants if mutant.proof]
    assert [str(mutant.change) for mutant in proven] == ['job="x" dropped', 'job="x" dropped']
    trials = _trials(suite, find_promtool(), folder)
    assert [trials.verdict(replace(m, proof=None)).outcome for m in proven] == [MutationOutcome.SURVIVED] * 2
    negated = [mutant for mutant in suite.mutants if mutant.operator == "matcher-negated"]
    assert [trials.verdict(mutant).outcome for mutant in negated] == [MutationOutcome.KILLED] * 2


def test_a_mutant_that_breaks_the_test_of_another_alert_is_killed(folder: Path) -> None:
    """The group of Ratio has one series; in that of Other its mutant matches two, which promtool reports."""
    (folder / "rules/node.yml").write_text(
        "groups: [{name: g, rules: [{alert: Ratio, expr: 'a / on (x, y) b > 5'}, {alert: Other, expr: c > 0}]}]",
        "utf-8",
    )

    def group(alert: str, *ys: int) -> str:
        several = [f'{name}{{x="1", y="{y}"}}' for name in ("a", "b") for y in ys]
        series = ", ".join(f"{{series: '{one}', values: '1x5'}}" for one in several)
        return f"{{input_series: [{series}], alert_rule_test: [{{alertname: {alert}, eval_time: 1m}}]}}"

    tests = f"rule_files: [../rules/node.yml]\ntests: [{group('Ratio', 1)}, {group('Other', 1, 2)}]"
    (folder / "tests/weak.yml").write_text(tests, "utf-8")
    report = mutate(load_suite([], [folder / "tests/weak.yml"]), only=["Ratio"])
    killed = [str(v.mutant.change) for v in report.verdicts if v.outcome is MutationOutcome.KILLED]
    assert "on (x, y) -> on (x)" in killed


def test_a_rule_that_no_test_asks_for_is_untested_and_said_so_once(folder: Path) -> None:
    asking = "promql_expr_test: [{expr: 'count(ALERTS)', eval_time: 30m, exp_samples: [{labels: '{}', value: 1}]}]"
    more = "      - {alert: Idle, expr: node_load1 > 100, labels: {severity: warning}}\n"
    (folder / "rules/node.yml").write_text(RULES + more, "utf-8")
    code, out, _ = _run("--tests", folder / "tests/weak.yml", "--only", "Idle")
    assert code == ExitCode.FINDINGS
    assert out.count("Idle") == 2  # the table, and one finding for all its mutants
    assert "no test asks for it" in out
    (folder / "tests/weak.yml").write_text(f"{WEAK.rstrip()}\n    {asking}\n", "utf-8")  # ALERTS is every alert
    report = mutate(load_suite([], [folder / "tests/weak.yml"]), only=["Idle"])
    assert [str(v.mutant.change) for v in report.verdicts if v.outcome is MutationOutcome.KILLED] == []
    assert report.count(MutationOutcome.UNTESTED) == 0


def test_rules_that_no_test_loads_are_untested(folder: Path) -> None:
    stranger = folder / "rules/stranger.yml"
    stranger.write_text("groups: [{name: g, rules: [{alert: Stranger, expr: up == 0}]}]", "utf-8")
    tests = folder / "tests/weak.yml"
    code, out, _ = _run("--rules", stranger, "--tests", tests)
    assert code == ExitCode.FINDINGS
    assert "untested" in out
    assert "no test file loads its rule file" in out


def test_an_expression_that_our_parser_does_not_know_is_a_finding(folder: Path) -> None:
    tests = folder / "tests/weak.yml"
    newer = "groups:\n  - {name: g, rules: [{alert: Newer, expr: brand_new(up)}]}"
    (folder / "rules/newer.yml").write_text(newer, "utf-8")
    code, out, _ = _run("--rules", folder / "rules/newer.yml", "--tests", tests, "--json")
    (finding,) = json.loads(out)["findings"]
    assert code == ExitCode.FINDINGS
    assert "Newer" in finding["where"]
    assert (finding["line"], finding["severity"]) == (2, "unchecked")
    assert "does not parse" in finding["what"]


def test_what_only_prometheus_2_calls_by_this_name_is_mutated_like_the_rest(folder: Path) -> None:
    rule = "groups: [{name: g, rules: [{alert: Smooth, expr: 'holt_winters(a{x=\"1\"}[5m], 0.5, 0.5) > 10'}]}]"
    (folder / "rules/node.yml").write_text(rule, "utf-8")
    series = "[{series: 'a{x=\"1\"}', values: '30x20'}, {series: 'a{x=\"2\"}', values: '30x20'}]"
    fires = "[{alertname: Smooth, eval_time: 10m, exp_alerts: [{exp_labels: {x: 1}}]}]"
    tests = (
        f"rule_files: [../rules/node.yml]\ntests: [{{interval: 1m, input_series: {series}, alert_rule_test: {fires}}}]"
    )
    (folder / "tests/weak.yml").write_text(tests, "utf-8")
    _, out, err = _run("--tests", folder / "tests/weak.yml", "--json")
    assert "fails" not in err, err
    document = json.loads(out)
    assert "Smooth: > 10 -> < 10" in _changes(document, "killed")
    assert 'Smooth: x="1" dropped' in _changes(document, "killed")
    assert "Smooth: [5m] -> [10m]" in _changes(document, "survived")
    assert (document["findings"], document["unchanged_expressions"]) == ([], [])


@pytest.mark.parametrize(
    ("expr", "why"),
    [
        ("rate(up[5m] anchored)", "does not parse"),
        ("up + fill(0) b", "a part of the expression is not understood"),
        (" + ".join(["up"] * 5_000), "more than 500 operators"),
        ("abs(" * 400 + "up" + ")" * 400, "nested more than 250 levels deep"),
        ("limitk(2, up)", "no operator changes limitk(2, up)"),
        ("info(up)", "no operator changes info(up)"),
        ('sort_by_label({"my.metric"}, "x")', 'no operator changes sort_by_label({__name__="my.metric"}, "x")'),
    ],
    ids=lambda text: text[:20],
)
def test_an_expression_without_a_mutant_is_named_with_the_reason(folder: Path, expr: str, why: str) -> None:
    (folder / "rules/new.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "g", "rules": [{"record": "new", "expr": expr}]}]}), "utf-8"
    )
    argv = ("--rules", folder / "rules/new.yml", "--tests", folder / "tests/weak.yml", "--list")
    assert f"expression not mutated: new in {folder}/rules/new.yml:4: " in _run(*argv)[1]
    (unchanged,) = json.loads(_run(*argv, "--json")[1])["unchanged_expressions"]
    assert unchanged["rule"] == "new"
    assert why in unchanged["why"]


def test_tests_that_fail_on_the_unchanged_rules_stop_everything(folder: Path) -> None:
    tests = folder / "tests/strong.yml"
    tests.write_text(STRONG.replace("'9x20'", "'50x20'"), "utf-8")
    code, out, err = _run("--tests", tests)
    assert (code, out) == (ExitCode.FAILED, "")
    assert "fails on the unchanged rules (mend the tests first)" in err
    with pytest.raises(BaselineFails, match="fires after five minutes"):
        mutate(load_suite([], [tests]))


def test_what_this_promtool_does_not_know_yet_is_not_the_fault_of_the_tests(folder: Path) -> None:
    tests = folder / "tests/strong.yml"
    tests.write_text(STRONG.replace("tests:\n", "tests:\n  - {of_tomorrow: 1}\n"), "utf-8")
    assert "does not know of_tomorrow: a newer one may" in _run("--tests", tests)[2]
    (folder / "rules/node.yml").write_text(
        RULES.replace("expr: node_memory", "expr: brand_new(up) + node_memory"), "utf-8"
    )
    tests.write_text(STRONG, "utf-8")
    err = _run("--tests", tests)[2]
    assert "promtool, version" in err
    assert "does not know brand_new: a newer one may" in err


def test_a_pattern_that_finds_no_rule_file_is_named(folder: Path) -> None:
    (folder / "tests/strong.yml").write_text(STRONG.replace("node*", "gone*"), "utf-8")
    code, _, err = _run("--tests", folder / "tests/strong.yml")
    assert code == ExitCode.USAGE
    assert "../rules/gone*.yml in " in err


def _promtool(folder: Path, script: str) -> None:
    program = folder / "promtool"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_a_run_that_does_not_end_is_no_kill(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = load_suite([], [folder / "tests/weak.yml"])
    _promtool(folder, "exec sleep 60")
    trials = _trials(suite, str(folder / "promtool"), folder, 0.2)
    assert trials.verdict(suite.mutants[0]).outcome is MutationOutcome.TIMED_OUT
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    with pytest.raises(BaselineFails, match=r"did not end in 0\.2 s"):
        mutate(suite, timeout_seconds=0.2)


def test_a_promtool_that_dies_is_no_kill(folder: Path) -> None:
    suite = load_suite([], [folder / "tests/weak.yml"])
    _promtool(folder, '[ "$1" = check ] || kill -KILL $$')
    trials = _trials(suite, str(folder / "promtool"), folder)
    verdict = trials.verdict(suite.mutants[0])
    assert verdict.outcome is MutationOutcome.BROKEN_OFF
    assert "memory" in verdict.because[0]


FAILED = "    alertname: A, time: 5m,\\n        exp:[],\\n        got:[]"


@pytest.mark.parametrize(
    "output",
    [
        f"  WARNING: no file match pattern x.yml\\n  FAILED:\\n{FAILED}",
        f"  FAILED:\\n    rule: A, time: 5m0s, err: query timed out in expression evaluation\\n{FAILED}",
        "  FAILED:\\n    rule: A, time: 5m0s, err: write /x: no space left on device",
        "  FAILED:\\n    err: too many open files",
    ],
)
def test_what_fails_for_want_of_anything_but_a_sound_rule_is_no_kill(folder: Path, output: str) -> None:
    suite = load_suite([], [folder / "tests/weak.yml"])
    _promtool(folder, f"[ \"$1\" = check ] && exit 0; printf '{output}'; exit 1")
    verdict = _trials(suite, str(folder / "promtool"), folder).verdict(suite.mutants[0])
    assert verdict.outcome is MutationOutcome.BROKEN_OFF
    assert any(word in verdict.because[0] for word in ("no file match", "timed out", "no space", "too many"))


def test_a_test_that_expects_such_words_can_fail_all_the_same(folder: Path) -> None:
    suite = load_suite([], [folder / "tests/weak.yml"])
    _promtool(folder, f"printf '{FAILED}\\n        exp:[Labels:{{err: no space left}}]'; exit 1")
    verdict = _trials(suite, str(folder / "promtool"), folder).verdict(suite.mutants[0])
    assert verdict.outcome is MutationOutcome.KILLED


def test_the_unchanged_rules_are_tried_in_the_form_of_a_mutant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A promtool that fails in any folder but that of the tests would have killed everything."""
    _promtool(folder, f"[ \"$PWD\" = '{folder / 'tests'}' ] && exit 0; echo 'cannot see the rules'; exit 1")
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    with pytest.raises(BaselineFails, match=r"promtool cannot run them: mend what it names\):\ncannot see the rules"):
        mutate(load_suite([], [folder / "tests/weak.yml"]))


def test_a_mutant_that_promtool_does_not_load_is_no_kill(folder: Path) -> None:
    suite = load_suite([], [folder / "tests/weak.yml"])
    _promtool(folder, "echo 'group \"node\", rule 1: could not parse'; exit 1")
    trials = _trials(suite, str(folder / "promtool"), folder)
    assert trials.verdict(suite.mutants[0]).outcome is MutationOutcome.INVALID


def test_without_promtool_it_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(PromtoolMissing):
        mutate(load_suite([], [folder / "tests/weak.yml"]))
    assert _run("--tests", folder / "tests/weak.yml")[0] == ExitCode.FAILED


def test_wrong_usage_is_told_from_findings(folder: Path) -> None:
    assert _run("--rules", folder / "rules/node.yml")[0] == ExitCode.USAGE
    assert _run("--tests", folder / "nowhere.yml")[0] == ExitCode.USAGE
    assert _run("--tests", folder / "tests/weak.yml", "--only", "Ratio", "--only", "Nothing")[0] == ExitCode.USAGE
    assert _run("--tests", folder / "tests/weak.yml", "--only", "Nothing")[0] == ExitCode.USAGE
    with pytest.raises(NothingToMutate, match="there are NodeMemoryLow"):
        mutate(load_suite([], [folder / "tests/weak.yml"]), only=["Nothing"])
    with pytest.raises(NoSuchFile):
        load_suite([folder / "nowhere.yml"], [])


def test_the_list_runs_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    code, out, err = _run("--tests", folder / "tests/weak.yml", "--list", "--json")
    document = json.loads(out)
    assert code == ExitCode.DONE
    assert document["schema"] == "investiq.rules.mutants/1"
    assert len(document["mutants"]) == 11
    assert "11 mutants" in err


def test_every_mutant_of_our_own_rules_has_an_id_of_its_own() -> None:
    code, out, _ = _run("--list", "--json")
    ids = [mutant["id"] for mutant in json.loads(out)["mutants"]]
    assert code == ExitCode.DONE
    assert len(ids) == len(set(ids)) > 100


def _ids(folder: Path, *argv: object) -> dict[tuple[str, str, str], str]:
    document = json.loads(_run("--tests", folder / "tests/twin-*.yml", *argv, "--list", "--json")[1])
    return {(Path(m["file"]).parent.name, m["rule"], m["change"]): m["id"] for m in document["mutants"]}


def _twins(folder: Path) -> None:
    """One rule file in two folders, of which no test tells the thresholds apart."""
    for name in ("east", "west"):
        (folder / name).mkdir()
        (folder / name / "node.yml").write_text(RULES, "utf-8")
        (folder / f"tests/twin-{name}.yml").write_text(WEAK.replace("../rules", f"../{name}"), "utf-8")


def test_ids_tell_equal_rules_of_two_files_apart_in_any_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _twins(folder)
    east, west = (("--rules", folder / name / "node.yml") for name in ("east", "west"))
    ids = _ids(folder, *east, *west)
    assert len(set(ids.values())) == 22
    assert ids == _ids(folder, *west, *east) == _ids(folder)
    assert _ids(folder, *east).items() < ids.items()
    monkeypatch.chdir(folder / "east")
    elsewhere = _ids(Path(".."), "--rules", "node.yml", "--rules", "../west/node.yml")
    assert sorted(ids.values()) == sorted(elsewhere.values())


@pytest.mark.parametrize("first", ["east", "west"])
def test_an_entry_excuses_one_rule_whatever_comes_first(folder: Path, first: str) -> None:
    _twins(folder)
    both = sorted((folder / "east/node.yml", folder / "west/node.yml"), key=lambda path: path.parent.name != first)
    tests = [folder / "tests/twin-east.yml", folder / "tests/twin-west.yml"]
    suite = load_suite(both, tests)
    excused = next(m for m in suite.mutants if m.rule.file.endswith("east/node.yml") and m.operator == "for-removed")
    entry = entry_for(excused).replace('reason = ""', 'reason = "said so"')
    (folder / "tests/equivalent.toml").write_text(entry, "utf-8")
    report = mutate(load_suite(both, tests), only=["NodeMemoryLow"])
    listed = [verdict.mutant for verdict in report.verdicts if verdict.outcome is MutationOutcome.LISTED]
    assert ([mutant.id for mutant in listed], report.findings) == ([excused.id], [])


def test_several_rules_can_be_named(folder: Path) -> None:
    names = {"NodeMemoryLow", "instance:node_memory_free:ratio"}
    only = [part for name in names for part in ("--only", name)]
    out = _run("--tests", folder / "tests/weak.yml", *only, "--list", "--json")[1]
    assert {mutant["rule"] for mutant in json.loads(out)["mutants"]} == names
