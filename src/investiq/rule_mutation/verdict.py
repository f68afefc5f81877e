"""What became of the mutants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from investiq.foundation.findings import Finding, FindingSeverity, Place
from investiq.rule_mutation.equivalents import EquivalentMutant, entry_for
from investiq.rule_mutation.operators import BY_NAME
from investiq.rule_mutation.rule import Mutant, Rule

__all__ = ["CHECK", "FINDINGS", "MutantVerdict", "MutationOutcome", "Report", "judge_listed", "unchanged_document"]

CHECK = "rules-mutate"


class MutationOutcome(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    UNTESTED = "untested"
    TIMED_OUT = "timed_out"
    BROKEN_OFF = "broken_off"
    LISTED = "listed"
    PROVEN = "proven"
    INVALID = "invalid"


FINDINGS = (MutationOutcome.SURVIVED, MutationOutcome.UNTESTED, MutationOutcome.TIMED_OUT, MutationOutcome.BROKEN_OFF)


@dataclass(frozen=True, slots=True)
class MutantVerdict:
    """A mutant and what became of it.

    Attributes:
        because: names of the tests that noticed; of an equivalent the reason; else what was missing.
    """

    mutant: Mutant
    outcome: MutationOutcome
    because: Sequence[str] = ()

    def document(self) -> dict[str, Any]:
        """The verdict as JSON."""
        mutant, change = self.mutant, self.mutant.change
        operator = BY_NAME[mutant.operator]
        return {
            "id": mutant.id,
            "outcome": self.outcome.value,
            "because": list(self.because),
            "file": mutant.rule.file,
            "group": mutant.rule.group,
            "rule": mutant.rule.name,
            "operator": mutant.operator,
            "imitates": operator.imitates,
            "killed_by": operator.killed_by,
            "change": str(change),
            "field": ".".join(change.path),
            "before": change.before,
            "after": change.after,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run.

    Attributes:
        rules: that were asked for, in the order of their files.
        tests: names of the test files.
        findings: about the list of equivalents, and rules that could not be mutated.
        unchanged: the rules of whose expression there is no mutant, each with the reason.
    """

    rules: Sequence[Rule]
    tests: Sequence[str]
    verdicts: Sequence[MutantVerdict]
    findings: Sequence[Finding]
    unchanged: Sequence[tuple[Rule, str]]
    seconds: float
    jobs: int

    def count(self, *outcomes: MutationOutcome, rule: Rule | None = None) -> int:
        """How many mutants, of one rule or of all, had one of these outcomes."""
        return sum(v.outcome in outcomes and (rule is None or v.mutant.rule is rule) for v in self.verdicts)

    @property
    def survivors(self) -> list[MutantVerdict]:
        """The mutants that are findings."""
        return [verdict for verdict in self.verdicts if verdict.outcome in FINDINGS]

    @property
    def clean(self) -> bool:
        """Whether every mutant was killed or is equivalent, and nothing else is wrong."""
        return not self.survivors and not self.findings

    def document(self) -> dict[str, Any]:
        """The report as JSON."""
        counts = Counter(verdict.outcome for verdict in self.verdicts)
        return {
            "rules": len(self.rules),
            "tests": list(self.tests),
            "mutants": len(self.verdicts),
            "counts": {outcome.value: counts[outcome] for outcome in MutationOutcome},
            "seconds": round(self.seconds, 1),
            "jobs": self.jobs,
            "unchanged_expressions": unchanged_document(self.unchanged),
            "findings": [finding.document() for finding in self.findings],
            "verdicts": [verdict.document() for verdict in self.verdicts],
        }


def unchanged_document(unchanged: Sequence[tuple[Rule, str]]) -> list[dict[str, Any]]:
    """Rules of whose expression there is no mutant, as JSON."""
    return [{"file": rule.file, "line": rule.line, "rule": rule.name, "why": why} for rule, why in unchanged]


def judge_listed(
    listed: Iterable[tuple[EquivalentMutant, Sequence[Mutant]]], verdicts: Mapping[str, MutantVerdict]
) -> list[Finding]:
    """What is wrong with the list of equivalents.

    Args:
        listed: its entries, each with the mutants that have its id.
        verdicts: of those that were run, by id.
    """
    findings: list[Finding] = []
    seen: set[str] = set()
    for entry, mutants in listed:
        fault = _fault(entry, mutants, verdicts, seen)
        if fault is not None:
            findings.append(Finding(CHECK, Place.file(entry.source, f"{entry.id} ({entry.rule})"), *fault))
        described = _described(entry, mutants)
        seen |= {described[0].id} if len(described) == 1 else set()
    return findings


_Fault = tuple[str, str, str, FindingSeverity]
"""What is wrong, what to do, why it matters, how bad it is."""


def _fault(
    entry: EquivalentMutant, mutants: Sequence[Mutant], verdicts: Mapping[str, MutantVerdict], seen: Collection[str]
) -> _Fault | None:
    if not mutants:
        what = "no mutant has this id any more: the rule, its file's path or the operators have changed"
        fix = "remove the entry; if the mutant survives, it has a new id"
        return what, fix, "its reason was given for another rule", FindingSeverity.WARNING
    described = _described(entry, mutants)
    if not described:
        fix = f"correct it:\n{entry_for(mutants[0])}"
        why = "its reason was given for another change"
        return "the entry describes another mutant than its id", fix, why, FindingSeverity.ERROR
    if len(described) > 1:
        return _ambiguous(described)
    (mutant,) = described
    if mutant.id in seen:
        return "it is listed twice", "remove one of the entries", "", FindingSeverity.WARNING
    return _needless(mutant, verdicts.get(mutant.id))


def _described(entry: EquivalentMutant, mutants: Sequence[Mutant]) -> list[Mutant]:
    return [mutant for mutant in mutants if entry.describes(mutant)]


def _ambiguous(mutants: Sequence[Mutant]) -> _Fault:
    where = ", ".join(f"{mutant.rule.file}:{mutant.rule.line}" for mutant in mutants)
    fix = "list each that no test can notice by its own id:\n" + "\n".join(map(entry_for, mutants))
    why = "what excuses one rule does not excuse another"
    return f"it stands for {len(mutants)} equal rules ({where})", fix, why, FindingSeverity.ERROR


def _needless(mutant: Mutant, verdict: MutantVerdict | None) -> _Fault | None:
    if verdict is not None and verdict.outcome is MutationOutcome.KILLED:
        what = f"it is not equivalent: {', '.join(verdict.because) or 'a test'} notices it"
        why = "listed, it would be let through once that test is gone"
        return what, "remove the entry", why, FindingSeverity.ERROR
    if mutant.proof:
        return "it is proven to be equivalent anyway", "remove the entry", "", FindingSeverity.WARNING
    return None
