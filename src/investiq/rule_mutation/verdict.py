"""What became of the mutants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from investiq.foundation.findings import Finding
from investiq.rule_mutation.equivalents import EquivalentMutant, entry_for
from investiq.rule_mutation.operators import BY_NAME
from investiq.rule_mutation.rule import Mutant, Rule

__all__ = ["CHECK", "FINDINGS", "MutantVerdict", "MutationOutcome", "Report", "judge_listed"]

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
    """

    rules: Sequence[Rule]
    tests: Sequence[str]
    verdicts: Sequence[MutantVerdict]
    findings: Sequence[Finding]
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
            "findings": [{"where": f.where, "what": f.what, "fix": f.fix} for f in self.findings],
            "verdicts": [verdict.document() for verdict in self.verdicts],
        }


def judge_listed(
    listed: Iterable[EquivalentMutant], mutants: Mapping[str, Mutant], verdicts: Mapping[str, MutantVerdict]
) -> list[Finding]:
    """What is wrong with the list of equivalents.

    Args:
        mutants: all there are, by id.
        verdicts: of those that were run, by id.
    """
    findings: list[Finding] = []
    seen: set[str] = set()
    for entry in listed:
        mutant, verdict = mutants.get(entry.id), verdicts.get(entry.id)
        where = f"{entry.source}: {entry.id} ({entry.rule})"
        if entry.id in seen:
            findings.append(Finding(CHECK, where, "it is listed twice", "remove one of the entries"))
        elif mutant is None:
            what = "no mutant has this id any more: the rule or the operators have changed"
            findings.append(Finding(CHECK, where, what, "remove the entry; if the mutant survives, it has a new id"))
        elif not entry.describes(mutant):
            what = "the entry describes another mutant than its id"
            findings.append(Finding(CHECK, where, what, f"correct it:\n{entry_for(mutant)}"))
        elif verdict is not None and verdict.outcome is MutationOutcome.KILLED:
            what = f"it is not equivalent: {', '.join(verdict.because) or 'a test'} notices it"
            findings.append(Finding(CHECK, where, what, "remove the entry"))
        elif mutant.proof:
            findings.append(Finding(CHECK, where, "it is proven to be equivalent anyway", "remove the entry"))
        seen.add(entry.id)
    return findings
