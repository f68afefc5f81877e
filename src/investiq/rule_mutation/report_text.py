"""A report, and a list of mutants, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from investiq.foundation.findings import finding_lines
from investiq.foundation.tables import aligned_table
from investiq.rule_mutation.operators import BY_NAME
from investiq.rule_mutation.rule import Mutant, Rule
from investiq.rule_mutation.verdict import FINDINGS, MutantVerdict, MutationOutcome, Report, unchanged_document

__all__ = ["list_document", "list_text", "report_text", "summary"]


def report_text(report: Report) -> str:
    """All rules in a table, then each finding."""
    survivors = [_survivor(verdict) for verdict in report.survivors if verdict.outcome is not MutationOutcome.UNTESTED]
    untested = dict.fromkeys(
        f"untested: {v.mutant.rule.name} in {v.mutant.rule.file}\n  missing:  {'; '.join(v.because)}"
        for v in report.survivors
        if v.outcome is MutationOutcome.UNTESTED
    )
    findings = ["\n".join(finding_lines([finding])) for finding in report.findings]
    unchanged = _unchanged_text([(rule, why) for rule, why in report.unchanged if rule.tree is not None])
    return "\n\n".join([_table(report), *unchanged, *survivors, *untested, *findings])


def summary(report: Report) -> str:
    """The numbers in one line."""
    untested = report.count(MutationOutcome.UNTESTED)
    parts = [
        f"{len(report.verdicts)} mutants of {len(report.rules)} rules",
        f"{report.count(MutationOutcome.KILLED)} killed",
        f"{report.count(*FINDINGS)} survived" + (f" ({untested} of them without a test)" if untested else ""),
        f"{report.count(MutationOutcome.LISTED)} listed as equivalent",
        f"{report.count(MutationOutcome.PROVEN)} proven equivalent",
        *([f"{invalid} invalid"] if (invalid := report.count(MutationOutcome.INVALID)) else []),
        *([f"{len(report.findings)} further findings"] if report.findings else []),
    ]
    return f"{', '.join(parts)}; {report.seconds:.1f} s, {report.jobs} at a time"


def list_text(mutants: Sequence[Mutant], unchanged: Sequence[tuple[Rule, str]]) -> str:
    """A line for each mutant, then one for each rule whose expression has none."""
    rows = [(m.id, m.rule.name, m.operator, m.change) for m in mutants]
    return "\n\n".join([aligned_table(("id", "rule", "operator", "change"), rows), *_unchanged_text(unchanged)])


def list_document(mutants: Sequence[Mutant], unchanged: Sequence[tuple[Rule, str]]) -> dict[str, Any]:
    """The mutants as JSON, and the rules whose expressions have none."""
    return {"mutants": [_entry(mutant) for mutant in mutants], "unchanged_expressions": unchanged_document(unchanged)}


def _entry(mutant: Mutant) -> dict[str, str | None]:
    return {
        "id": mutant.id,
        "file": mutant.rule.file,
        "rule": mutant.rule.name,
        "operator": mutant.operator,
        "change": str(mutant.change),
        "before": mutant.change.before,
        "after": mutant.change.after,
        "proof": mutant.proof,
    }


def _unchanged_text(unchanged: Sequence[tuple[Rule, str]]) -> list[str]:
    lines = [f"expression not mutated: {rule.name} in {rule.file}:{rule.line}: {why}" for rule, why in unchanged]
    return ["\n".join(lines)] if lines else []


def _table(report: Report) -> str:
    columns = ((MutationOutcome.KILLED,), FINDINGS, (MutationOutcome.LISTED, MutationOutcome.PROVEN))
    rows = [
        (
            rule.name,
            rule.group,
            report.count(*MutationOutcome, rule=rule),
            *(report.count(*c, rule=rule) for c in columns),
        )
        for rule in report.rules
    ]
    return aligned_table(("rule", "group", "mutants", "killed", "survived", "equivalent"), rows)


def _survivor(verdict: MutantVerdict) -> str:
    mutant = verdict.mutant
    change, operator = mutant.change, BY_NAME[mutant.operator]
    field = ".".join(change.path)
    lines = [
        f"{verdict.outcome.value.replace('_', ' ')} {mutant.id}: {mutant.rule.name} in {mutant.rule.file}",
        f"  {mutant.operator}: {change}",
        *([f"  - {field}: {change.before}"] if change.before is not None else []),
        *([f"  + {field}: {change.after}"] if change.after is not None else []),
        f"  imitates: {operator.imitates}",
        f"  missing:  {'; '.join(verdict.because) or operator.killed_by}",
    ]
    return "\n".join(lines)
