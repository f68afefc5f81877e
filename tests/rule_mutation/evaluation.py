"""What expressions yield, asked of promtool, which tells it where a test expects something else."""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

__all__ = ["Answer", "Question", "evaluate"]

_EVALUATED = "12m"
_SAMPLE = re.compile(r"(?:^|, )(?:[\w:]+)?(\{[^}]*\}) ([^\s,]+)")


@dataclass(frozen=True)
class Question:
    """Expressions, and the series among which they are evaluated: name and labels -> samples a minute apart."""

    series: Mapping[str, str]
    expressions: Sequence[str]


@dataclass(frozen=True)
class Answer:
    """Labels -> value; None where Prometheus refuses to evaluate the expression."""

    samples: Mapping[str, float] | None

    def is_like(self, other: Answer, *, values: bool) -> bool:
        """Whether the two have the same series; with `values` the same values too, but for rounding."""
        if self.samples is None or other.samples is None:
            return self.samples is other.samples
        if self.samples.keys() != other.samples.keys():
            return False
        return not values or all(_alike(value, other.samples[labels]) for labels, value in self.samples.items())


def _alike(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9) or (math.isnan(one) and math.isnan(other))


def evaluate(questions: Sequence[Question], folder: Path) -> list[list[Answer]]:
    """The answers to each question, in the order of its expressions, twelve minutes after the first samples."""
    never = [{"labels": "never_so", "value": 0}]
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in question.series.items()],
            "promql_expr_test": [
                {"expr": expression, "eval_time": _EVALUATED, "exp_samples": never}
                for expression in question.expressions
            ],
        }
        for question in questions
    ]
    (folder / "questions.yml").write_text(yaml.safe_dump({"tests": tests}), "utf-8")
    command = ["promtool", "test", "rules", "questions.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    told = re.split(r"^ +expr: ", done.stdout + done.stderr, flags=re.MULTILINE)[1:]
    answers = iter([_answer(text) for text in told])
    found = [[next(answers) for _ in question.expressions] for question in questions]
    assert next(answers, None) is None
    return found


def _answer(text: str) -> Answer:
    got = re.search(r"^ +got: (.*)$", text, re.MULTILINE)
    if got is None:
        assert "err: " in text, text
        return Answer(None)
    return Answer({labels: float(value) for labels, value in _SAMPLE.findall(got[1])})
