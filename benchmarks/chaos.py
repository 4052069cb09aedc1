"""What healthy callers notice of an agent in trouble: every failure caused for real, beside calls of another agent.

``tox -e chaos`` runs this; ``tox -e chaos -- sleep burn`` only what has these words in its name; ``-- --write`` puts
the table into docs/reference/reliability.md. It needs Linux, and takes about six minutes.
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

from client import Load, get, read
from processes import LOOPBACK, serving, variables
from report import Figure, note
from troubles import TROUBLES, installed, tool_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from processes import Served
    from troubles import Trouble

ROUNDS = 5
ROUND = 2.0
"""Seconds for which the healthy agent is called in a round, again and again on one connection: some thousand calls."""
IDLE = 0.3
"""Seconds over which a host is seen to be idle."""
REQUESTS = 1500
"""Of which a third is sent before a worker is killed; they go on until its successor answers."""
HALF_OPEN = 1000
LIVE_MOST = 100.0
"""Milliseconds that the 99th percentile of ``/live`` may take beside half-open connections."""
SHARE = 1.7
"""How many times as much two workers carry as one, at least."""
BUSY_ANSWER = b"handling a lot of requests"
BUSY = 16
"""Connections whose calls compute, for workers; of fewer, all are too often at one worker while the other is idle."""
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


def main() -> int:
    """Cause each failure; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--write", action="store_true", help="put the table into the documentation as well")
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory(prefix="agenthost-chaos-") as name:
        directory = Path(name)
        installed(directory / "installed")
        for what, measure in _all(directory):
            if not options.words or any(word in what for word in options.words):
                figure = measure()
                print(figure.row(), flush=True)
                figures.append(figure)
    if options.write:
        note("chaos", figures, "tox -e chaos")
    return int(any(figure.missed for figure in figures))


def _all(directory: Path) -> Iterator[tuple[str, Callable[[], Figure]]]:
    for trouble in TROUBLES:
        yield trouble.what, lambda trouble=trouble: _beside(directory, trouble)
    yield "1,000 half-open connections", lambda: _half_open(directory)
    yield "kill -9 of a worker", lambda: _killed(directory)
    yield "two workers", lambda: _workers(directory)


@contextmanager
def _host(directory: Path, *options: str, settings: str = SETTINGS) -> Iterator[Served]:
    work = Path(tempfile.mkdtemp(dir=directory))
    (work / "agenthost.toml").write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "agenthost", "run", "--port", "{port}", *options]
    seen = variables(work, PYTHONPATH=os.pathsep.join((str(directory / "installed"), os.environ.get("PYTHONPATH", ""))))
    with serving(command, work, seen, "/startup", log=work / "log") as served:
        yield served


def _beside(directory: Path, trouble: Trouble) -> Figure:
    """How long the slowest calls of a healthy agent take beside one in trouble, and without; round after round."""
    settings = SETTINGS + (ISOLATED.format(agent=trouble.agent) if trouble.isolated else "")
    quiet: list[float] = []
    beside: list[float] = []
    with _host(directory, settings=settings) as served, Load(served.port, connections=1) as load:
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
    """Until the host does next to nothing: calls that nobody waits for any more go on to their ends."""
    for _ in range(100):
        before = served.cpu()
        time.sleep(IDLE)
        if served.cpu() - before < IDLE / 20:
            return


def _slowest(load: Load, request: bytes) -> float:
    """The 99th percentile of a round's answers, each of which is 200."""
    taken = []
    end = time.perf_counter() + ROUND
    while (before := time.perf_counter()) < end:
        load.send(request, 1)
        taken.append(time.perf_counter() - before)
    return quantiles(taken, n=100)[-1]


@contextmanager
def _calling(port: int, request: bytes, trouble: Trouble, heard: Counter[str]) -> Iterator[None]:
    """Call an agent again and again from another process while the block runs; ``heard`` counts the answers."""
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
    """Call from as many threads, each in its turn, so that they do not all come at once."""
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
    """What somebody hears, in a word or two."""
    status = head[9:12].decode()
    if b'"error_id"' in body:
        return "fallback"
    if BUSY_ANSWER in body:
        return "busy"
    return "answer" if status == "200" else status


def _half_open(directory: Path) -> Figure:
    """How long ``/live`` takes beside connections that begin a request and do not end it."""
    with _host(directory) as served, ExitStack() as held, Load(served.port, connections=1) as load:
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


def _killed(directory: Path) -> Figure:
    """How many of many requests, each on a connection of its own, get no answer when a worker is killed."""
    with _host(directory, "--workers", "2") as served:
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
    """The process that answers a call which asks for it, on a connection of its own."""
    with socket.create_connection((LOOPBACK, port), timeout=30) as connection:
        connection.sendall(request)
        return int(json.loads(read(connection)[1])["response"])


def _workers(directory: Path) -> Figure:
    """How many calls that compute two workers answer in a time, beside one; in turn, on all cores."""
    with _host(directory) as one, _host(directory, "--workers", "2") as two:
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
    """Answered calls in a second, over connections of which each has one call at a time."""
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
