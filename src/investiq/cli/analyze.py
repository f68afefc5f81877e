"""`investiq analyze SYMBOL`: what the engines say, and on how much of the evidence it rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand

if TYPE_CHECKING:
    from investiq.foundation.contract.api import Analysis, EngineResult


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq analyze AAPL", "one symbol, one line per engine"),
        ("investiq analyze AAPL --json | jq .overall", "for a program"),
    ),
)
@click.argument("symbol")
@pass_command_context
def command(context: CommandContext, symbol: str) -> None:
    """Analyse SYMBOL at the market's now."""
    with context.api() as client, context.progress(f"analysing {symbol}"):
        analysis = client.analyze(symbol)
    context.emit("investiq.analysis/1", dict(analysis), *_lines(context, analysis))


def _lines(context: CommandContext, analysis: Analysis) -> list[str]:
    overall = analysis["overall"]
    engines = context.table(
        ("engine", "status", "signal", "score", "confidence", "ms", "reason"),
        [_row(result) for result in analysis["engines"].values()],
    )
    return [
        f"{analysis['symbol']}  {analysis['price'] or 'no price'}  as of {analysis['as_of']} (market time)",
        f"overall     {overall['signal'] or 'none'}  score {_number(overall['score'], '+.4f')}",
        f"confidence  {overall['confidence']:.2f}  conviction {overall['conviction']:.2f}",
        f"coverage    {overall['coverage']:.0%} of the evidence answered",
        f"regime      {overall['regime'] or overall['regime_reason'] or 'unknown'}",
        "",
        *engines,
    ]


def _row(result: EngineResult) -> tuple[object, ...]:
    return (
        result["engine"],
        result["status"],
        result["signal"],
        _number(result["score"], "+.4f"),
        _number(result["confidence"], ".2f"),
        f"{result['duration_ms']:.1f}",
        result["reason"] or "",
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
