"""Figures of cold starts: CPU time of a process up to its first answer."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from processes import cpu_of_command, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["measure_cold_starts"]

PROGRAM = Path(__file__).with_name("sides") / "cold_start.py"
ROUNDS = 15


def measure_cold_starts(directory: Path, sdk: Path) -> Iterable[Figure]:
    """Measure cold starts of agenthost and of the SDK in turn.

    Args:
        directory: an empty one to work in.
        sdk: the interpreter that has the SDK.
    """
    environ = variables(directory)
    sides: dict[str, list[object]] = {
        "agenthost": [sys.executable, PROGRAM, "agenthost"],
        "signalwire": [sdk, PROGRAM, "signalwire"],
    }
    needed: dict[str, list[float]] = {name: [] for name in sides}
    for command in sides.values():  # the first start compiles
        cpu_of_command(command, directory, environ)
    for _ in range(ROUNDS):
        for name, command in sides.items():
            needed[name].append(cpu_of_command(command, directory, environ))
    own, other = median(needed["agenthost"]), median(needed["signalwire"])
    yield Figure(
        "cold start to the first answer on AWS Lambda",
        f"{own * 1000:.0f} ms",
        f"signalwire-sdk: {other * 1000:.0f} ms",
        own / other,
        most=0.6,
    )
