"""Figures of isolation: the cost of a call in an agent's process, and its memory."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from answering import EXCHANGES
from client import Load, ask
from installed import AGENTHOST
from processes import Served, serving, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from answering import Exchange

__all__ = ["measure_isolation"]

ROUNDS = 15
REQUESTS = 800
_MEBIBYTE = 1 << 20


def measure_isolation(directory: Path, frontdesk: Path) -> Iterable[Figure]:
    """Measure tool calls of two hosts that differ in one line of configuration.

    They take turns, round after round.

    Args:
        directory: an empty one to work in.
        frontdesk: where agenthost-frontdesk is installed.
    """
    hosts = []
    with ExitStack() as stack:
        for level in ("process", "thread"):
            place = directory / level
            place.mkdir()
            seen = variables(place, PYTHONPATH=str(frontdesk), AGENTHOST_ISOLATION=level)
            command = [AGENTHOST, "run", "--port", "{port}"]
            hosts.append(stack.enter_context(serving(command, place, seen, "/startup")))
        isolated, threads = hosts
        processes = {number: Served(number, isolated.port) for number in _agents(isolated.pid)}
        for exchange in EXCHANGES[1:]:
            needed: dict[Served, list[float]] = {isolated: [], threads: []}
            inside: list[float] = []
            with ExitStack() as calls:
                loads = {served: calls.enter_context(Load(served.port)) for served in hosts}
                requests = {served: exchange.request(served) for served in hosts}
                for served in hosts:
                    if exchange.said not in ask(served.port, requests[served]).body.decode():
                        raise RuntimeError(exchange.what)
                    loads[served].send(requests[served], REQUESTS)
                for _ in range(ROUNDS):
                    for served in hosts:
                        before, there = served.cpu(), sum(each.cpu() for each in processes.values())
                        loads[served].send(requests[served], REQUESTS)
                        needed[served].append((served.cpu() - before) / REQUESTS)
                        if served is isolated:
                            inside.append((sum(each.cpu() for each in processes.values()) - there) / REQUESTS)
            yield _time(exchange, isolated, threads)
            own, other, beside = (median(each) for each in (needed[isolated], needed[threads], inside))
            yield Figure(
                f"{exchange.what}, isolated: CPU time of host and process",
                f"{own * 1e6:.0f} + {beside * 1e6:.0f} µs",
                f"in the host: {other * 1e6:.0f} µs",
                (own + beside) / other,
            )
        sizes = [_own_memory(number) for number in processes]
        yield Figure(
            "memory of an isolated agent's process, excluding shared memory",
            f"{median(sizes) / _MEBIBYTE:.1f} MB",
            f"the host: {threads.memory() / _MEBIBYTE:.0f} MB",
            median(sizes) / threads.memory(),
        )


def _time(exchange: Exchange, isolated: Served, threads: Served) -> Figure:
    """Return the duration of a call of the host's only caller."""
    waited: dict[Served, list[float]] = {isolated: [], threads: []}
    with Load(isolated.port, connections=1) as one, Load(threads.port, connections=1) as other:
        for _ in range(ROUNDS):
            for served, load in ((isolated, one), (threads, other)):
                request = exchange.request(served)
                began = time.perf_counter()
                load.send(request, REQUESTS)
                waited[served].append((time.perf_counter() - began) / REQUESTS)
    own, beside = median(waited[isolated]), median(waited[threads])
    return Figure(
        f"{exchange.what}, isolated: duration of a single call",
        f"{own * 1000:.2f} ms",
        f"in the host: {beside * 1000:.2f} ms",
        own / beside,
    )


def _agents(host: int) -> list[int]:
    """Return the processes of isolated agents below a host, without their templates."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    below = [host]
    for each in below:  # the list grows
        below += [number for number, parent in parents.items() if parent == each]
    leaves = [number for number in below if number not in parents.values()]
    return [number for number in leaves if b"agenthost agent" in Path(f"/proc/{number}/cmdline").read_bytes()]


def _own_memory(number: int) -> int:
    """Return the bytes of memory that a process does not share."""
    lines = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:")))
