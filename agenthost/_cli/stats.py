"""``agenthost stats``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost._host.config.schema import Config
    from agenthost._host.telemetry.figures import AgentFigures

__all__ = ["command"]

_COLUMNS = ("agent", "calls", "success (95 %)", "escalated", "handed over", "tokens", "p50", "p95")


@click.command("stats")
@config_file
@as_json
@click.option("--days", type=click.IntRange(1, 30), default=7, show_default=True, help="Number of days to include.")
def command(file: str | None, as_json: bool, days: int) -> None:
    """Print usage and success of each agent in text.

    The figures come from the configured store, so the host need not run; a running host writes its latest every few
    seconds. A call succeeds if it ends without an escalation; the rate is shown with its 95 % confidence interval.
    """
    figures = _read(configuration(file), days)
    if as_json:
        print_json({"days": days, "agents": [each.report() for each in figures]})
    elif not figures:
        echo(f"No agent was used in text in the last {days} days.  try:  agenthost chat AGENT")
    else:
        from agenthost._host.operations.terminal import table

        echo(table(_COLUMNS, [(_row(each), "") for each in figures]))


def _read(config: Config, days: int) -> Sequence[AgentFigures]:
    """Read the stored figures.

    Raises:
        PlanError: the figures are in another process's memory, or the store cannot be opened.
    """
    from agenthost._cli.parts.host_store import in_store
    from agenthost._host.telemetry.figures import kept_figures

    return in_store(
        config,
        lambda stores: kept_figures(stores, days),
        "keeps its figures in the memory of the host. fix: GET /-/metrics.json of the host, or",
    )


def _row(figures: AgentFigures) -> list[str]:
    success = figures.success
    return [
        figures.agent,
        str(figures.calls),
        "–" if success is None else f"{success[0]:.0%} ({success[1]:.0%}–{success[2]:.0%})",
        str(figures.escalated),
        str(figures.handed_over),
        str(figures.input_tokens + figures.output_tokens),
        *map(_time, (figures.p50, figures.p95)),
    ]


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
