"""The list of equivalent mutants cannot rot: what it says is checked in every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from investiq.foundation.documents.text import UnreadableFile
from investiq.foundation.findings import Finding
from investiq.rule_mutation.equivalents import EquivalentMutant, entry_for, read_equivalents, with_mutants
from investiq.rule_mutation.generate import mutants_of
from investiq.rule_mutation.rule import Mutant, Origin
from investiq.rule_mutation.rule_file import RuleFile
from investiq.rule_mutation.verdict import MutantVerdict, MutationOutcome, judge_listed
from tests.rule_mutation.rules import rule

MUTANTS = mutants_of([rule('a{b="it\'s\\n"} > 1')])
MUTANT = next(mutant for mutant in MUTANTS if mutant.operator == "matcher-dropped")
(ENTRY,) = read_equivalents("e.toml", entry_for(MUTANT).replace('reason = ""', 'reason = "it is"'))
SURVIVED = {MUTANT.id: MutantVerdict(MUTANT, MutationOutcome.LISTED)}


def _judged(
    entries: Sequence[EquivalentMutant], verdicts: Mapping[str, MutantVerdict], mutants: Sequence[Mutant] = MUTANTS
) -> list[Finding]:
    return judge_listed(with_mutants(entries, mutants), verdicts)


def test_the_entry_that_is_proposed_lists_its_mutant() -> None:
    assert ENTRY.id == MUTANT.id
    assert ENTRY.describes(MUTANT)
    assert _judged([ENTRY], SURVIVED) == []


def test_an_entry_whose_rule_was_not_run_is_not_judged_by_its_outcome() -> None:
    assert _judged([ENTRY], {}) == []


def test_an_entry_that_is_killed_is_a_finding() -> None:
    killed = {MUTANT.id: MutantVerdict(MUTANT, MutationOutcome.KILLED, ("a test",))}
    (finding,) = _judged([ENTRY], killed)
    assert finding.what == "it is not equivalent: a test notices it"


def test_an_entry_without_a_mutant_is_a_finding() -> None:
    (finding,) = _judged([replace(ENTRY, id="00000000")], SURVIVED)
    assert "no mutant has this id any more" in finding.what


def test_an_entry_that_describes_another_mutant_is_a_finding() -> None:
    (finding,) = _judged([replace(ENTRY, change="> 1 -> < 1")], SURVIVED)
    assert finding.what == "the entry describes another mutant than its id"
    assert entry_for(MUTANT) in finding.fix


def test_an_entry_that_stands_twice_is_a_finding() -> None:
    (finding,) = _judged([ENTRY, ENTRY], SURVIVED)
    assert finding.what == "it is listed twice"


def test_an_entry_that_is_proven_anyway_is_a_finding() -> None:
    proven = replace(MUTANT, proof="because")
    (finding,) = _judged([ENTRY], {}, [proven])
    assert "proven" in finding.what


def test_an_id_changes_with_the_expression_of_the_rule() -> None:
    hold = [
        mutants_of(
            [rule(expr)],
        )[-1]
        for expr in ("a > 1", "a > 2")
    ]
    assert {mutant.operator for mutant in hold} == {"for-added"}
    assert hold[0].id != hold[1].id


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[equivalent", "is not valid TOML"),
        ("[[equivalent]]\nid = 'x'", "the entry x needs rule, operator, change, reason"),
    ],
)
def test_a_broken_list_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read_equivalents("e.toml", text)


RULES = "groups: [{name: g, rules: [{alert: A, expr: a > 1}, {alert: A, expr: a > 1}, {alert: B, expr: a > 1}]}]"


def _mutants(path: str, named: int) -> list[Mutant]:
    origin = Origin(tuple(path.split("/")), named)
    return mutants_of(RuleFile.parse(path, RULES, origin).rules)


def test_equal_rules_of_one_file_are_told_apart() -> None:
    ids = [mutant.id for mutant in _mutants("a/r.yml", 1)]
    assert len(ids) == len(set(ids))


def test_an_id_that_begins_at_another_folder_is_known_again() -> None:
    wide, narrow = (next(m for m in _mutants("x/a/r.yml", named) if m.rule.name == "B") for named in (3, 1))
    assert wide.id != narrow.id
    assert wide.id in narrow.ids
    assert narrow.id in wide.ids


def test_an_entry_of_before_ids_knew_the_file_stands_for_the_one_rule_that_it_can_mean() -> None:
    """`46dcbf7c` is what this mutant was called; of two equal rules it excuses none."""
    (mutant,) = (m for m in _mutants("a/r.yml", 1) if m.rule.name == "B" and m.operator == "comparison-flipped")
    old = replace(ENTRY, id="46dcbf7c", rule="B", operator=mutant.operator, change=str(mutant.change))
    assert _judged([old], {}, _mutants("a/r.yml", 1)) == []
    (finding,) = _judged([old], {}, [*_mutants("a/r.yml", 2), *_mutants("b/r.yml", 2)])
    assert finding.what == "it stands for 2 equal rules (a/r.yml:1, b/r.yml:1)"
    assert mutant.ids & {finding.fix.split("id = '")[1][:12]}
