"""The list of equivalent mutants cannot rot: what it says is checked in every run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from investiq.foundation.documents.text import UnreadableFile
from investiq.rule_mutation.equivalents import entry_for, read_equivalents
from investiq.rule_mutation.generate import mutants_of
from investiq.rule_mutation.verdict import MutantVerdict, MutationOutcome, judge_listed
from tests.rule_mutation.rules import rule

MUTANTS = mutants_of([rule('a{b="it\'s\\n"} > 1')])
MUTANT = next(mutant for mutant in MUTANTS if mutant.operator == "matcher-dropped")
BY_ID = {mutant.id: mutant for mutant in MUTANTS}
(ENTRY,) = read_equivalents("e.toml", entry_for(MUTANT).replace('reason = ""', 'reason = "it is"'))
SURVIVED = {MUTANT.id: MutantVerdict(MUTANT, MutationOutcome.LISTED)}


def test_the_entry_that_is_proposed_lists_its_mutant() -> None:
    assert ENTRY.id == MUTANT.id
    assert ENTRY.describes(MUTANT)
    assert judge_listed([ENTRY], BY_ID, SURVIVED) == []


def test_an_entry_whose_rule_was_not_run_is_not_judged_by_its_outcome() -> None:
    assert judge_listed([ENTRY], BY_ID, {}) == []


def test_an_entry_that_is_killed_is_a_finding() -> None:
    killed = {MUTANT.id: MutantVerdict(MUTANT, MutationOutcome.KILLED, ("a test",))}
    (finding,) = judge_listed([ENTRY], BY_ID, killed)
    assert finding.what == "it is not equivalent: a test notices it"


def test_an_entry_without_a_mutant_is_a_finding() -> None:
    (finding,) = judge_listed([replace(ENTRY, id="00000000")], BY_ID, SURVIVED)
    assert "no mutant has this id any more" in finding.what


def test_an_entry_that_describes_another_mutant_is_a_finding() -> None:
    (finding,) = judge_listed([replace(ENTRY, change="> 1 -> < 1")], BY_ID, SURVIVED)
    assert finding.what == "the entry describes another mutant than its id"
    assert entry_for(MUTANT) in finding.fix


def test_an_entry_that_stands_twice_is_a_finding() -> None:
    (finding,) = judge_listed([ENTRY, ENTRY], BY_ID, SURVIVED)
    assert finding.what == "it is listed twice"


def test_an_entry_that_is_proven_anyway_is_a_finding() -> None:
    proven = replace(MUTANT, proof="because")
    (finding,) = judge_listed([ENTRY], {proven.id: proven}, {})
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
