"""The effect of an agent in trouble on the callers of a healthy agent.

Each failure is caused for real, next to calls of another agent. ``tox -e chaos`` runs all of them, and ``tox -e chaos
-- sleep burn`` only those with these words in the name. ``--walls`` does so with every wall: signatures, keys, a lock
file, and isolation of all agents but the healthy one. ``--write`` puts the table into docs/reference/reliability.md. It
needs Linux, and takes about six minutes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from attrs import frozen
from client import Load, get, read
from processes import LOOPBACK, serving, variables
from report import Figure, note
from troubles import TROUBLES, installed, tool_call
from walls import lock, walled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from processes import Served
    from troubles import Trouble

ROUNDS = 5
ROUND = 2.0
"""Seconds of a round, in which the healthy agent is called on one connection: some thousand calls."""
IDLE = 0.3
"""Seconds without work after which a host counts as idle."""
REQUESTS = 1500
"""Requests. A third is sent before a worker is killed, and the rest until its successor answers."""
HALF_OPEN = 1000
LIVE_MOST = 100.0
"""Milliseconds that the 99th percentile of ``/live`` may take beside half-open connections."""
SHARE = 1.7
"""The least throughput of two workers, as a multiple of one."""
BUSY_ANSWER = b"handling a lot of requests"
BUSY = 16
"""Connections whose calls compute. With fewer, one worker too often has all of them while the other is idle."""
SETTINGS = """
[host]
tool_timeout = 5

[agents.raising]
breaker_failures = 0
"""
ISOLATED = """
[agents.{agent}]
isolation = "process"
memory_limit = 200000000
"""
_fork = multiprocessing.get_context("fork")


@frozen
class Site:
    """The place of all hosts, and their kind.

    Args:
        directory: where the agents are installed, and the hosts work.
        walls: True for hosts with every wall.
    """

    directory: Path
    walls: bool


def main() -> int:
    """Cause each failure, and return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--write", action="store_true", help="also put the table into the documentation")
    parser.add_argument("--walls", action="store_true", help="use every wall of a host")
    options = parser.parse_args()
    if options.walls and options.write:
        parser.error("the documentation has the figures without walls")
    figures = []
    with tempfile.TemporaryDirectory(prefix="agenthost-chaos-") as name:
        directory = Path(name)
        installed(directory / "installed")
        for what, measure in _all(Site(directory, options.walls)):
            if not options.words or any(word in what for word in options.words):
                figure = measure()
                print(figure.row(), flush=True)
                figures.append(figure)
    if options.write:
        note("chaos", figures, "tox -e chaos")
    return int(any(figure.missed for figure in figures))


def _all(site: Site) -> Iterator[tuple[str, Callable[[], Figure]]]:
    for trouble in TROUBLES:
        yield trouble.what, lambda trouble=trouble: _beside(site, trouble)
    yield "1,000 half-open connections", lambda: _half_open(site)
    yield "kill -9 of a worker", lambda: _killed(site)
    yield "two workers", lambda: _workers(site)


@contextmanager
def _host(site: Site, *options: str, settings: str = SETTINGS) -> Iterator[Served]:
    work, packages = Path(tempfile.mkdtemp(dir=site.directory)), site.directory / "installed"
    seen = variables(work, PYTHONPATH=os.pathsep.join((str(packages), os.environ.get("PYTHONPATH", ""))))
    if site.walls:
        settings = walled(settings, ["steady"], "thread", 'isolation = "process"\n')
    (work / "agenthost.toml").write_text(settings, encoding="utf-8")
    (work / "agenthost.toml").chmod(0o600)
    if site.walls:
        lock(work, seen)
    command = [sys.executable, "-m", "agenthost", "run", "--port", "{port}", *options]
    with serving(command, work, seen, "/startup", log=work / "log") as served:
        yield served


def _beside(site: Site, trouble: Trouble) -> Figure:
    """Return the 99th percentile of a healthy agent's calls, with and without the trouble.

    The rounds alternate.
    """
    settings = SETTINGS + (ISOLATED.format(agent=trouble.agent) if trouble.isolated else "")
    quiet: list[float] = []
    beside: list[float] = []
    with _host(site, settings=settings) as served, Load(served.port, connections=1) as load:
        healthy = tool_call(served.port, "steady", "hello", {})
        troubled = tool_call(served.port, trouble.agent, trouble.tool, {})
        heard: Counter[str] = Counter()
        _slowest(load, healthy)
        for _ in range(ROUNDS):
            quiet.append(_slowest(load, healthy))
            with _calling(served.port, troubled, trouble, heard):
                time.sleep(0.5)
                beside.append(_slowest(load, healthy))
            _wait_for_the_end(served)
    seconds = ROUNDS * (ROUND + 0.5)
    said = ", ".join(f"{what} {number / seconds:.3g}/s" for what, number in heard.most_common(3))
    ours, other = median(beside), median(quiet)
    return Figure(
        f"healthy agent next to {trouble.what}",
        f"{ours * 1000:.1f} ms; the other callers get: {said or 'no answer yet'}",
        f"alone: {other * 1000:.1f} ms",
        ours / other,
        most=trouble.most,
    )


def _wait_for_the_end(served: Served) -> None:
    """Wait until the host is idle.

    Calls without a waiting caller go on to their ends.
    """
    for _ in range(100):
        before = served.cpu()
        time.sleep(IDLE)
        if served.cpu() - before < IDLE / 20:
            return


def _slowest(load: Load, request: bytes) -> float:
    """Return the 99th percentile of a round's responses, each of which must be 200."""
    taken = []
    end = time.perf_counter() + ROUND
    while (before := time.perf_counter()) < end:
        load.send(request, 1)
        taken.append(time.perf_counter() - before)
    return quantiles(taken, n=100)[-1]


@contextmanager
def _calling(port: int, request: bytes, trouble: Trouble, heard: Counter[str]) -> Iterator[None]:
    """Call an agent repeatedly from another process during the block.

    ``heard`` counts the answers.
    """
    answers, end = _fork.Queue(), _fork.Event()
    caller = _fork.Process(target=_call, args=(port, request, trouble.callers, trouble.a_second, answers, end))
    caller.start()
    try:
        yield
    finally:
        end.set()
        heard.update(answers.get(timeout=60))
        caller.join(10)
        caller.kill()


def _call(port: int, request: bytes, callers: int, a_second: float | None, answers, end) -> None:  # noqa: ANN001 - of multiprocessing
    """Call from several threads, spread over time."""
    heard: Counter[str] = Counter()
    pause = callers / a_second if a_second else 0.0

    def call(number: int) -> None:
        due = time.monotonic() + pause * number / callers
        try:
            with socket.create_connection((LOOPBACK, port), timeout=30) as connection:
                while True:
                    time.sleep(max(0.0, due - time.monotonic()))
                    due = max(time.monotonic(), due + pause)
                    connection.sendall(request)
                    heard[_heard(*read(connection, check=False))] += 1
        except (OSError, RuntimeError) as error:
            heard[type(error).__name__] += 1

    for number in range(callers):
        threading.Thread(target=call, args=(number,), daemon=True).start()
    end.wait()
    answers.put(heard.copy())


def _heard(head: bytes, body: bytes) -> str:
    """Return the caller's answer in a word or two."""
    status = head[9:12].decode()
    if b'"error_id"' in body:
        return "fallback"
    if BUSY_ANSWER in body:
        return "busy"
    return "answer" if status == "200" else status


def _half_open(site: Site) -> Figure:
    """Return the time of ``/live`` next to connections with unfinished requests."""
    with _host(site) as served, ExitStack() as held, Load(served.port, connections=1) as load:
        quiet = median(_slowest(load, get("/live")) for _ in range(ROUNDS))
        for _ in range(HALF_OPEN):
            opened = held.enter_context(socket.create_connection((LOOPBACK, served.port), timeout=30))
            opened.sendall(b"GET /live HTTP/1.1\r\n")
        ours = median(_slowest(load, get("/live")) for _ in range(ROUNDS))
    return Figure(
        f"99th percentile of `/live` with {HALF_OPEN:,} half-open connections",
        f"{ours * 1000:.1f} ms",
        f"without: {quiet * 1000:.1f} ms",
        ours * 1000,
        unit=" ms",
        most=LIVE_MOST,
    )


def _killed(site: Site) -> Figure:
    """Return the number of requests without a response when a worker is killed.

    Each request is on a connection of its own.
    """
    with _host(site, "--workers", "2") as served:
        request = tool_call(served.port, "steady", "process", {})
        workers: set[int] = set()
        while len(workers) < 2:  # noqa: PLR2004 - both
            workers.add(_who_answers(served.port, request))
        number, lost, back, killed = 0, 0, 0.0, 0.0
        while number < REQUESTS or not back:
            number += 1
            if number == REQUESTS // 3:
                os.kill(max(workers), signal.SIGKILL)
                killed = time.monotonic()
            try:
                worker = _who_answers(served.port, request)
            except (OSError, RuntimeError):
                lost += 1
                continue
            if killed and not back and worker not in workers:
                back = time.monotonic() - killed
    return Figure(
        "requests lost when one of two workers is killed",
        f"{lost} of {number}",
        f"the replacement answers after {back:.2f} s",
        lost,
        most=1,
    )


def _who_answers(port: int, request: bytes) -> int:
    """Return the process that answers a call on a new connection."""
    with socket.create_connection((LOOPBACK, port), timeout=30) as connection:
        connection.sendall(request)
        return int(json.loads(read(connection)[1])["response"])


def _workers(site: Site) -> Figure:
    """Return the throughput of two workers, next to that of one.

    The calls compute. Both sides take turns, on all cores.
    """
    with _host(site) as one, _host(site, "--workers", "2") as two:
        rates: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for served, found in zip((one, two), rates, strict=True):
                found.append(_rate(served.port))
    single, double = (max(found) for found in rates)
    return Figure(
        "tool calls of 25 ms CPU, two workers",
        f"{double:.0f}/s",
        f"one worker: {single:.0f}/s",
        double / single,
        least=SHARE,
    )


def _rate(port: int, seconds: float = 3.0) -> float:
    """Return the answered calls per second.

    Each connection has one call at a time.
    """
    request = tool_call(port, "burning", "compute", {})
    answered: list[int] = []

    def call() -> None:
        number, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            with socket.create_connection((LOOPBACK, port), timeout=30) as connection:
                connection.sendall(request)
                read(connection)
            number += 1
        answered.append(number)

    threads: Sequence[threading.Thread] = [threading.Thread(target=call) for _ in range(BUSY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answered) / seconds


if __name__ == "__main__":
    sys.exit(main())
