"""`investiq models`: train the signal model, and show what the serving one is worth."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleGroup
from investiq.foundation import topology
from investiq.foundation.errors import InvestIQError
from investiq.invest.market.kept_start import where_it_was

TIMEOUT_SECONDS = 10.0


class ModelServiceError(InvestIQError):
    """The signal models service did not answer as it should."""

    reason = "model_service"


@click.group(
    cls=ExampleGroup,
    examples=(
        ("investiq models train", "train on the sessions before the replay's start"),
        ("investiq models show", "the card of the model in use"),
    ),
)
def command() -> None:
    """Train and show the signal model."""


@command.command("train", examples=(("investiq models train --if-needed", "only if there is no usable model"),))
@click.option("--if-needed", is_flag=True, help="Do nothing if the current model is usable.")
@pass_command_context
def train(context: CommandContext, if_needed: bool) -> None:
    """Train a model; a running service takes it over by itself."""
    from investiq.invest import wiring  # noqa: PLC0415  loads the market and LightGBM only when training

    context.log_to_stderr()
    config = where_it_was(context.loaded)
    if if_needed:
        with context.progress("reading prices") as show:
            reason = wiring.retraining_reason(config, lambda stage, done, total: show(f"{stage} {done}/{total}"))
        if reason is None:
            context.emit("investiq.training/1", {"trained": False, "folder": None})
            context.say("the current model is usable")
            return
        context.say(f"training: {reason}")
    with context.progress("training the signal model") as show:
        folder = wiring.train_models(config, lambda stage, done, total: show(f"{stage} {done}/{total}"))
    context.emit("investiq.training/1", {"trained": True, "folder": folder}, str(folder))


@command.command("show", examples=(("investiq models show --json | jq .validation", "for a program"),))
@pass_command_context
def show(context: CommandContext) -> None:
    """Show the card of the serving model: what it learned from, and whether it is better than a constant."""
    card = asyncio.run(_card(topology.SIGNALS.url(context.loaded.config)))
    context.emit("investiq.model/1", card, *_lines(context, card))


async def _card(base_url: str) -> dict[str, Any]:
    """The card of the model.

    Raises:
        Unreachable, TimedOut: the service does not answer.
        ModelServiceError: it has no model, or another program is on its port.
    """
    # 150 ms that every start of the stack would pay, which only looks whether to train.
    from investiq.clients.session import BadResponse, HttpSession, HttpSettings, Refused  # noqa: PLC0415

    settings = HttpSettings(timeout_seconds=TIMEOUT_SECONDS)
    try:
        async with HttpSession("the signal models service", base_url, settings, part=topology.SIGNALS.name) as http:
            answer = await http.ask("/model")
    except (BadResponse, Refused) as error:
        raise ModelServiceError(error.message) from error
    if not isinstance(answer.document, dict):
        raise ModelServiceError(f"{answer.url} did not answer with JSON: is another program on the port?")
    if not answer.is_success:
        raise ModelServiceError(str(answer.document.get("detail", f"{answer.url} answered {answer.status}")))
    return answer.document


def _lines(context: CommandContext, card: dict[str, Any]) -> list[str]:
    data, result = card["data"], card["validation"]
    verdict = "beats" if card["beats_constant"] else "does NOT beat"
    rows = [
        ("Brier score", f"{result['model']['brier']:.5f}", f"{result['constant']['brier']:.5f}"),
        ("log loss", f"{result['model']['log_loss']:.5f}", f"{result['constant']['log_loss']:.5f}"),
    ]
    auc = "unknown" if result["auc"] is None else f"{result['auc']:.3f}"
    return [
        f"model {card['model_version']}: {card['algorithm']}, {card['horizon_sessions']} sessions ahead",
        f"it {verdict} the constant forecast out of fold ({result['rows']} rows)",
        f"learned from {data['rows']} rows, {data['first_session']} to {data['trained_until']}{_sampled(data)}",
        f"AUC {auc}, calibration error {result['calibration_error']:.4f}",
        "",
        *context.table(("score, lower is better", "model", "constant"), rows),
    ]


def _sampled(data: dict[str, Any]) -> str:
    every = data.get("every", 1)
    return "" if every == 1 else f": of each symbol one session of {every}, since there are too many to learn from all"
