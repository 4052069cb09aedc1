"""``agenthost route explain`` and ``agenthost route tune``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenthost._cli.parts.options import as_json, config_file
from agenthost._cli.parts.output import echo, print_json
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost._host.routing.routers import Explained
    from agenthost._host.routing.thresholds import Effect
    from agenthost._host.routing.tuning import Tuning

__all__ = ["command"]

_router = click.option("--router", metavar="AGENT", default="", help="The router.  [default: the only one]")
_PERCENT = 100


@click.group("route")
def command() -> None:
    """Explain where a router sends a message, or tune its thresholds."""


@command.command("explain")
@click.argument("text")
@_router
@click.option("--conversation", metavar="ID", help="Take this conversation into account.  [default: a new one]")
@config_file
@as_json
def explain(text: str, router: str, conversation: str | None, file: str | None, as_json: bool) -> None:
    """Print where a router sends TEXT, and why. No agent answers.

    Exit code 1: the router would ask a question.
    """
    from agenthost._cli.trials.text_session import TextSession
    from agenthost._host.routing.explanations import explanation_as_json
    from agenthost._host.routing.routers import explained, find_router
    from agenthost._host.text.conversations import new_conversation

    named = conversation or new_conversation()
    with TextSession(file, router, find_router) as session:
        plan, agent, _ = session.served()
        found = session.run(explained(session.conversations.teams, plan, agent, named, text))
    if as_json:
        print_json(explanation_as_json(found, text))
    else:
        for line in _lines(found, text):
            echo(line)
    sys.exit(ExitCode.OK if found.explanation.decision.agent is not None else ExitCode.FINDINGS)


@command.command("tune")
@click.argument("messages", required=False, type=click.Path(dir_okay=False, path_type=Path))
@_router
@click.option(
    "--right",
    type=click.IntRange(50, _PERCENT),
    default=90,
    show_default=True,
    help="Percentage of decisions that must be right.",
)
@click.option("--days", type=click.IntRange(1), default=30, show_default=True, help="Days of transcripts to read.")
@click.option("--save", metavar="FILE", type=click.Path(path_type=Path), help="Write the labelled messages to a file.")
@config_file
@as_json
def tune(
    messages: Path | None, router: str, right: int, days: int, save: Path | None, file: str | None, as_json: bool
) -> None:
    """Propose thresholds for a router, from transcripts or from MESSAGES.

    MESSAGES is a file of lines such as {"text": "Where is my order?", "agent": "sales"}. Exit code 1: no thresholds are
    right often enough, or there are no messages.
    """
    from agenthost._cli.trials.text_session import TextSession
    from agenthost._host.routing.routers import find_router
    from agenthost._host.routing.tuning import tuned

    with TextSession(file, router, find_router) as session:
        plan, agent, principal = session.served()
        share = right / _PERCENT
        tuning = tuned(session.conversations, plan, agent, principal, file=messages, days=days, right=share)
        found = session.run(tuning)
    if save is not None:
        save.write_text("".join(f"{each.to_json()}\n" for each in found.messages), encoding="utf-8")
    if as_json:
        print_json(found.to_json())
    else:
        _print_tuning(found, right)
    sys.exit(ExitCode.OK if found.best is not None else ExitCode.FINDINGS)


def _lines(found: Explained, text: str) -> Iterator[str]:
    from agenthost._host.routing.explanations import because

    told = found.explanation
    end = told.decision.agent if told.decision.agent is not None else "a question, as no agent could be chosen"
    yield f"{found.router} → {end}"
    yield f"  because: {because(told)}"
    if told.matter != text:
        yield f"  read as: {told.matter or 'nothing, without names and denied matters'}"
    if told.asked is not None:
        yield f"  classified together with the earlier message: {told.asked}"
    yield f"  conversation with: {told.with_whom or 'no agent yet'}"
    for decision in told.tried:
        yield f"  {decision.by}: {decision.reason}"
        counts = "counts" if told.counts(decision) else "does not count"
        sure = f"confidence {decision.confidence:.2f} (threshold {told.threshold:.2f})"
        apart = f"margin {decision.margin:.2f} (at least {told.margin:.2f})"
        yield f"    {sure}, {apart}: {counts}"
        for agent, share in decision.ranking:
            yield f"    {share:6.1%}  {agent}"
    if found.closest:
        yield "  closest texts:"
    for match in found.closest:
        yield f"    {match.similarity:.2f}  {match.agent or 'small talk'}: {match.text}"


def _print_tuning(found: Tuning, right: int) -> None:
    from agenthost._host.operations.terminal import table
    from agenthost._host.routing.tuning import FEW

    count = len(found.messages)
    messages = "1 message" if count == 1 else f"{count} messages"
    if not count:
        echo(
            f"No message of the transcripts was answered by an agent of {found.router}. "
            "fix: agenthost route tune messages.jsonl, with labelled messages."
        )
        return
    if count < FEW:
        echo(f"only {messages}: the figures say little. fix: label at least {FEW}.", err=True)
    echo(f"{found.router}: classifier {found.classifier}, {messages}")
    columns = ("threshold", "margin", "decided", "right (95 %)")
    echo(table(columns, [(_row(each), "") for each in (*found.steps, found.now)]))
    if found.best is None:
        echo(f"No thresholds are right in {right} % of the decisions. fix: add examples to the agents.")
        return
    echo(f"proposed, the most decisions of which at least {right} % are right:")
    echo(table(columns, [(_row(found.best), "")]))
    echo(f"\n[workflows.{found.router}]\nthreshold = {found.best.threshold}\nmargin = {found.best.margin}")


def _row(effect: Effect) -> list[str]:
    from agenthost._host.telemetry.figures import wilson

    decided = f"{effect.share:.0%} ({effect.decided})"
    if effect.accuracy is None:
        return [f"{effect.threshold:.2f}", f"{effect.margin:.2f}", decided, "–"]
    low, high = wilson(effect.right, effect.decided)
    return [
        f"{effect.threshold:.2f}",
        f"{effect.margin:.2f}",
        decided,
        f"{effect.accuracy:.0%} ({low * 100:.0f}–{high * 100:.0f})",
    ]
