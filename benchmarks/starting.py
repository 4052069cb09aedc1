"""Figures of processes: the cost of starting a host and of a command.

They include the memory of an agent. All are medians.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING

from installed import AGENTHOST, AGENTS, DISTRIBUTIONS
from processes import cpu_of_command, serving, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["measure_commands", "measure_starts"]

STARTS = 9
COMMANDS = 40
INSTALLED = f"{AGENTS} agents in {DISTRIBUTIONS} distributions"


def measure_starts(directory: Path, one: Path, many: Path) -> Iterable[Figure]:
    """Measure starts with one and with ``AGENTS`` agents in turn.

    Args:
        directory: an empty one to work in.
        one: where one small agent is installed.
        many: where ``AGENTS`` are installed.
    """
    (least, small), (most, large) = _starts({one: directory, many: directory}, "/startup")
    yield Figure(
        f"start, {INSTALLED}",
        f"{most:.2f} s",
        f"one agent: {least:.2f} s",
        most / least,
        most=2.5,
    )
    yield from _measure_lazy_starts(directory, one, many)
    yield Figure(
        "memory of a built agent",
        f"{AGENTS} agents: {large / 1e6:.0f} MB",
        f"one agent: {small / 1e6:.0f} MB",
        (large - small) / (AGENTS - 1) / 1000,
        unit=" KB",
        most=40,
    )


def _measure_lazy_starts(directory: Path, one: Path, many: Path) -> Iterable[Figure]:
    """Measure starts with a lock file, before agents are built."""
    places = {site: directory / f"lazy-{site.name}" for site in (one, many)}
    for site, place in places.items():
        place.mkdir()
        (place / "agenthost.toml").write_text('[host]\nbuild = "lazy"\n', encoding="utf-8")
        environ = variables(place, PYTHONPATH=str(site))
        subprocess.run([AGENTHOST, "lock"], cwd=place, env=environ, check=True, stdout=subprocess.DEVNULL)
    (least, _), (most, _) = _starts(places, "/ready")
    yield Figure(
        f'start with `build = "lazy"`, {INSTALLED}',
        f"{most:.2f} s",
        f"one agent: {least:.2f} s",
        most / least,
        most=1.25,
    )


def _starts(places: Mapping[Path, Path], ready: str) -> list[tuple[float, float]]:
    """Start hosts in turn, and return the median CPU time and memory of each.

    A start ends once ``ready`` answers.

    ``places`` gives the directory to start in by the one where the agents are installed.
    """
    needed: dict[Path, list[tuple[float, int]]] = {site: [] for site in places}
    for _ in range(STARTS):
        for site, place in places.items():
            environ = variables(place, PYTHONPATH=str(site))
            with serving([AGENTHOST, "run", "--port", "{port}"], place, environ, ready) as host:
                needed[site].append((host.cpu(), host.memory()))
    return [(median(cpu), median(memory)) for cpu, memory in (zip(*each, strict=True) for each in needed.values())]


def measure_commands(directory: Path, many: Path) -> Iterable[Figure]:
    """Measure commands and an interpreter that does nothing, in turn.

    Args:
        directory: an empty one to work in.
        many: where many small agents are installed.
    """
    environ = variables(directory, PYTHONPATH=str(many))
    nothing = [sys.executable, "-c", "pass"]
    commands = {"--help": 5.0, "agents": 7.0}
    needed: dict[str, list[float]] = {name: [] for name in ("", *commands)}
    for _ in range(COMMANDS):
        for name, seconds in needed.items():
            command = [AGENTHOST, name] if name else nothing
            seconds.append(cpu_of_command(command, directory, environ))
    base = median(needed[""])
    for name, target in commands.items():
        own = median(needed[name])
        yield Figure(
            f"`agenthost {name}`" + (f", {INSTALLED}" if name == "agents" else ""),
            _milli(own),
            f"`python -c pass`: {_milli(base)}",
            own / base,
            most=target,
        )


def _milli(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
