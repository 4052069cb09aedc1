"""The CPU time of requests to two hosts that differ in one respect.

``tox -e compare`` compares a host with every wall and one without configuration. ``tox -e compare -- --before PATH``
compares hosts without configuration of this checkout and of another one. It needs Linux, and takes a minute.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from answering import EXCHANGES
from attrs import frozen
from client import Load, ask
from installed import ROOT, frontdesk
from processes import LOOPBACK, serving, variables
from report import PAGE, Figure, note
from walls import lock, walled

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Side", "compare", "measure_walls"]

ROUNDS = 61
REQUESTS = 400
MOST, WALLED = 1.03, 1.1
"""The CPU time, as a multiple of that before a change, and of that without walls."""
WITHOUT_SIGNATURES = "signed_requests = []\n"
NAME = (f"Host: {LOOPBACK}".encode(), b"Host: agents.example")
"""The header of requests to an address, and that of requests to the allowed name."""


@frozen
class Side:
    """A host to compare.

    Args:
        name: its name in the table.
        checkout: where its agenthost is.
        walls: True for a host with every wall.
    """

    name: str
    checkout: Path = ROOT
    walls: bool = False


def measure_walls(directory: Path, desk: Path) -> Iterable[Figure]:
    """Measure what the walls cost.

    Args:
        directory: an empty one to work in.
        desk: where agenthost-frontdesk is installed.
    """
    return compare(directory, desk, Side("all walls", walls=True), Side("none"), "with all walls", WALLED)


def compare(directory: Path, desk: Path, ours: Side, other: Side, how: str, most: float) -> Iterable[Figure]:
    """Measure documents and tool calls of two hosts in turn, round after round.

    The order alternates, and the ratio is the median of those of the rounds.
    """
    with ExitStack() as stack:
        hosts = []
        for number, side in enumerate((ours, other)):
            place = directory / f"{how} {number}"
            place.mkdir()
            path = os.pathsep.join(map(str, (desk, side.checkout)))
            seen = variables(place, PYTHONPATH=path)
            if side.walls:
                agents = ("main", "sales", "billing")
                settings = walled("[host]\n", agents, "thread", WITHOUT_SIGNATURES)
                (place / "agenthost.toml").write_text(f'{settings}[agents.support]\nisolation = "process"\n')
                (place / "agenthost.toml").chmod(0o600)
                lock(place, seen)
            command = [sys.executable, "-m", "agenthost", "run", "--port", "{port}"]
            hosts.append(stack.enter_context(serving(command, place, seen, "/startup", log=place / "log")))
        for exchange in EXCHANGES:
            requests = [exchange.request(served).replace(*NAME) for served in hosts]
            needed: list[list[float]] = [[], []]
            with ExitStack() as calls:
                loads = [calls.enter_context(Load(served.port)) for served in hosts]
                for served, load, request in zip(hosts, loads, requests, strict=True):
                    if exchange.said not in ask(served.port, request).body.decode():
                        raise RuntimeError(exchange.what)
                    load.send(request, 4 * REQUESTS)
                for turn in range(ROUNDS):
                    for which in (0, 1) if turn % 2 else (1, 0):
                        before = hosts[which].cpu()
                        loads[which].send(requests[which], REQUESTS)
                        needed[which].append((hosts[which].cpu() - before) / REQUESTS)
            own, beside = (median(each) * 1e6 for each in needed)
            yield Figure(
                f"{exchange.what}, {how}",
                f"{own:.1f} µs",
                f"{other.name}: {beside:.1f} µs",
                median(mine / theirs for mine, theirs in zip(*needed, strict=True)),
                most=most,
            )


def main() -> int:
    """Compare, and return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, metavar="PATH", help="another checkout")
    parser.add_argument("--write", action="store_true", help="also put the table into the documentation")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    measured = []
    with tempfile.TemporaryDirectory(prefix="agenthost-compare-") as name:
        desk = frontdesk(Path(name) / "frontdesk")
        figures = measure_walls(Path(name), desk)
        if options.before is not None:
            before = Side("before", options.before.resolve())
            figures = compare(Path(name), desk, Side("now"), before, "before and after", MOST)
        for figure in figures:
            print(figure.row(), flush=True)
            measured.append(figure)
    if options.write:
        group, how = ("walls", "") if options.before is None else ("before", " -- --before PATH")
        note(group, measured, f"tox -e compare{how}", PAGE)
    return int(any(figure.missed for figure in measured))


if __name__ == "__main__":
    sys.exit(main())
