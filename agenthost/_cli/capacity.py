"""``agenthost capacity``."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, print_json, show_progress
from agenthost._cli.trials.tried_store import MEMORY, with_store
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost._cli.trials.capacity_figures import Capacity, Target
    from agenthost._cli.trials.measured_load import Measured
    from agenthost.testing.scenarios import Scenario

__all__ = ["command"]

_MOST_PROBLEMS = 5


@click.command("capacity")
@config_file
@click.option(
    "--scenario", "files", metavar="FILE", multiple=True, help="Play this call; repeatable, all in equal parts."
)
@click.option("--calls-per-second", "rate", type=click.FloatRange(0, min_open=True), help="Calls to carry.")
@click.option("--conversations", type=click.IntRange(1), help="Calls in progress at once to carry.")
@click.option(
    "--call-seconds",
    type=click.FloatRange(0, min_open=True),
    default=180.0,
    show_default=True,
    help="The mean length of a call.",
)
@click.option(
    "--seconds", type=click.FloatRange(1, 3600), default=10.0, show_default=True, help="Duration of the measurement."
)
@click.option("--at-once", type=click.IntRange(1, 1000), default=16, show_default=True, help="Calls at once meanwhile.")
@click.option("--cpu", type=click.IntRange(1, 100), default=70, show_default=True, help="Percent of a CPU to plan for.")
@click.option("--state", metavar="URL", default=MEMORY, show_default=True, help="The store, as in agenthost tool.")
@as_json
def command(
    file: str | None,
    files: tuple[str, ...],
    rate: float | None,
    conversations: int | None,
    call_seconds: float,
    seconds: float,
    at_once: int,
    cpu: int,
    state: str,
    as_json: bool,
) -> None:
    """Measure the load that one worker carries, and say how many a target needs.

    A host of this configuration with one worker is started on a free port of this machine, called by the simulated
    platform, and stopped. Without --scenario, each agent is called, and no tool.

    Exit code 1: a call had problems, so that the figures do not count. 4: the host did not start.
    """
    from agenthost._cli.trials.capacity_figures import Target, capacity_of
    from agenthost._cli.trials.measured_host import measured_host, trial_config
    from agenthost._cli.trials.measured_load import measure, plain_calls
    from agenthost._host.runtime.start import start_logging, with_secrets

    if not Path("/proc/self/smaps_rollup").exists():
        raise click.UsageError("capacity reads /proc, which Linux alone has. fix: run it in the container of the host")
    scenarios = [_read(name) for name in files]
    config = trial_config(with_secrets(with_store(configuration(file), state)))
    start_logging(config)
    with measured_host(config) as host:
        played = scenarios or plain_calls([agent["route"] for agent in host.agents])
        measured = asyncio.run(measure(host, played, seconds, at_once, _show))
    if sys.stderr.isatty():
        echo(err=True)
    if not measured.calls:
        raise click.UsageError(f"no call ended within {seconds:g} s. fix: a longer --seconds")
    found = capacity_of(measured, host.agents, cpu / 100)
    target = Target(rate, conversations, call_seconds)
    if as_json:
        print_json(_as_dict(measured, found, target))
    else:
        for line in _lines(measured, found, target, called=bool(scenarios)):
            echo(line)
    for problem in measured.problems[:_MOST_PROBLEMS]:
        echo(problem, err=True)
    sys.exit(ExitCode.FINDINGS if measured.problems else ExitCode.OK)


def _read(name: str) -> Scenario:
    """Read a scenario before anything is served.

    Raises:
        ConfigurationError: it has a mistake.
        click.UsageError: its model is elsewhere.
    """
    from agenthost.testing.scenarios import read_scenario

    scenario = read_scenario(name)
    if scenario.model.kind == "openai":
        raise click.UsageError(f'{name}: its model is on the network. fix: script the turns, or kind = "offline"')
    return scenario


def _show(stage: str, detail: str = "") -> None:
    """Print the progress: each stage once, and on a terminal how far it is."""
    if sys.stderr.isatty():
        show_progress(f"{stage}{detail}")
    elif not detail:
        echo(stage, err=True)


def _lines(measured: Measured, found: Capacity, target: Target, *, called: bool) -> Iterator[str]:
    """Yield the lines to print."""
    length, share = target.call_seconds, round(found.share * 100)
    yield (
        f"measured {measured.calls} calls in {measured.seconds:.0f} s, {measured.at_once} at once, "
        f"{measured.failed} with problems"
    )
    median, late = measured.request_ms(50), measured.request_ms(95)
    yield f"  {len(measured.requests)} requests: p50 {median:.1f} ms, p95 {late:.1f} ms"
    yield f"  a call takes {found.cpu_seconds * 1000:.2f} ms of CPU"
    yield f"  memory of the worker: {_mb(measured.rest)} before, {_mb(measured.peak)} at most"
    calls = f"{found.rate:.0f}" if found.rate >= 100 else f"{found.rate:.3g}"  # noqa: PLR2004 - three digits
    yield f"one worker carries {calls} calls a second, {found.rate * length:.0f} conversations of {length:g} s"
    if found.bound != "CPU":
        yield f"  bound by the tools of {found.bound}, which wait, not by the CPU. fix: raise running of that agent"
    workers = found.workers(target)
    if workers is not None:
        machines = math.ceil(workers / _cpus())
        yield f"{target.words}: {_number(workers, 'worker')}, or replicas of one worker each"
        yield f"  one CPU and {_mb(found.memory)} each, and {_mb(found.shared)} for each host or replica"
        yield f"  {_number(machines, 'machine')} of {_cpus()} CPUs such as this one; one more if one may fail"
    yield "assumptions:"
    yield from (f"  {line}" for line in _assumptions(share, called=called))


def _assumptions(share: int, *, called: bool) -> Iterator[str]:
    if not called:
        yield "no tool is called; --scenario FILE plays calls that do"
    yield f"{share} % of a CPU for each worker is planned for; the rest is for peaks (--cpu)"
    yield "callers come evenly, on kept connections, and the models are the platform's or elsewhere"
    yield "a CPU there is as fast as one here; the store is as quick as the one measured (--state)"


def _as_dict(measured: Measured, found: Capacity, target: Target) -> dict[str, Any]:
    workers = found.workers(target)
    return {
        "seconds": round(measured.seconds, 3),
        "at_once": measured.at_once,
        "calls": measured.calls,
        "failed": measured.failed,
        "problems": list(measured.problems),
        "requests": len(measured.requests),
        "request_ms": {"p50": measured.request_ms(50), "p95": measured.request_ms(95)},
        "call_cpu_ms": round(found.cpu_seconds * 1000, 4),
        "memory": {"before": measured.rest, "worker": found.memory, "host": found.shared},
        "worker": {
            "calls_per_second": round(found.rate, 3),
            "conversations": math.floor(found.rate * target.call_seconds),
            "bound": found.bound,
        },
        "assumed": {"call_seconds": target.call_seconds, "cpu_percent": round(found.share * 100)},
        "target": None
        if workers is None
        else {"calls_per_second": target.needed, "workers": workers, "memory": workers * found.memory + found.shared},
    }


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _cpus() -> int:
    return len(os.sched_getaffinity(0))


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
