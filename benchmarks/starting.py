"""Figures of processes: the cost of starting a host and of a command.

They include the memory of an agent. All are medians.
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from installed import AGENTHOST, AGENTS, DISTRIBUTIONS
from processes import cpu_of, cpu_of_command, memory_of, serving, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["measure_commands", "measure_starts"]

STARTS = 9
COMMANDS = 40
_IMPORTED = 0.5
"""Seconds in which an interpreter starts."""
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
    yield from _measure_supervisor(directory, one)
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


def _measure_supervisor(directory: Path, one: Path) -> Iterable[Figure]:
    """Measure the supervisor and an interpreter that sleeps, in turn.

    The supervisor is the process that is started.
    """
    environ = variables(directory, PYTHONPATH=str(one))
    needed: list[tuple[float, float, float, float]] = []
    command, sleep = [AGENTHOST, "run", "--port", "{port}"], [sys.executable, "-c", "import time; time.sleep(60)"]
    for _ in range(STARTS):
        with serving(command, directory, environ, "/startup") as host, subprocess.Popen(sleep) as bare:
            time.sleep(_IMPORTED)
            needed.append((cpu_of(host.pid), cpu_of(bare.pid), memory_of(host.pid), memory_of(bare.pid)))
            bare.kill()
    cpu, bare_cpu, memory, bare_memory = (median(each) for each in zip(*needed, strict=True))
    yield Figure(
        "memory of the supervisor",
        f"{memory / 1e6:.1f} MB",
        f"a sleeping interpreter: {bare_memory / 1e6:.1f} MB",
        (memory - bare_memory) / 1e6,
        unit=" MB",
        most=12,
    )
    yield Figure(
        "start of the supervisor",
        _milli(cpu),
        f"a sleeping interpreter: {_milli(bare_cpu)}",
        (cpu - bare_cpu) * 1000,
        unit=" ms",
        most=60,
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
