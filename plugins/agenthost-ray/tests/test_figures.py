"""Figures for docs/reference/scale.md: replicas that are killed, and replicas that come and go.

They are printed with ``-s``. CALLS is the number of calls in which a replica is killed every five seconds, and ROUNDS
the number of rounds in which an agent scales.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

import pytest
from polling import poll_until

CALLS, ROUNDS = int(os.environ.get("CALLS", "200")), int(os.environ.get("ROUNDS", "1"))
AT_ONCE, EVERY = 8, 5.0
STREAMS = 12
PATIENCE, AT_LEAST = 180.0, 5.0


@pytest.fixture
def tell(capsys):
    """Print a figure."""

    def write(text):
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return write


@pytest.fixture(autouse=True)
def _serving(on_ray):
    """Begin with a cluster whose replicas have all come back."""
    poll_until(lambda: [len(on_ray.replicas_of(agent)) for agent in ("other", "steady")] == [2, 2], PATIENCE)


def memory_of_controller(on_ray):
    """Return the memory of Ray Serve's controller, in MB."""
    [controller] = on_ray.processes("ray::ServeController")
    lines = Path(f"/proc/{controller}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) // 1024


def test_ready(on_ray, tell):
    """All replicas serve when the command prints their URLs."""
    tell(f"three agents with two replicas each are ready after {on_ray.ready:.0f} s")

    assert on_ray.ask("/ready")[0] == 200


def test_calls_while_replicas_are_killed(on_ray, tell):
    """No answer is wrong, and only calls in flight get the fallback."""
    urls = {call: on_ray.tool_url("add", call) for call in ("c-1", "c-2", "c-3")}
    over, killed, counted = threading.Event(), [], {}

    def kill():
        while not over.is_set():
            if serving := on_ray.replicas_of("steady"):
                killed.append(random.choice(serving))  # noqa: S311 - no secret
                os.kill(killed[-1], signal.SIGKILL)
            over.wait(EVERY)

    def one(number):
        call = f"c-{number % 3 + 1}"
        try:
            status, answer = on_ray.call(urls[call], "add", call, first=number, second=1)
        except OSError:
            return "cut off"
        said = answer["response"] if status == 200 else ""
        if said.startswith(f"{number + 1} by "):
            return "right"
        return "fallback" if said == "The desk calls you back." else "wrong" if said else f"{status}"

    killing = threading.Thread(target=kill)
    killing.start()
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for outcome in pool.map(one, range(CALLS)):
                counted[outcome] = counted.get(outcome, 0) + 1
    finally:
        over.set()
        killing.join()
    tell(f"{CALLS} calls, {AT_ONCE} at once, {len(killed)} killed replicas: {counted}")

    assert killed
    assert set(counted) <= {"right", "fallback", "503"}
    assert CALLS - counted["right"] <= len(killed) * AT_ONCE


def test_an_agent_that_scales(on_ray, command, tell):
    """Open streams add replicas, which go with them, and the others answer meanwhile."""
    done = command("deploy", "--only", "main", "--replicas", "main=1:3", "--scale-after", "2:4")
    assert done.returncode == 0, done.stderr
    poll_until(lambda: replicas(on_ray) == 1, PATIENCE)
    quiet, scaling, starting, memory = [], [], [], [memory_of_controller(on_ray)]

    def all_three():
        starting.append(replicas(on_ray) - len(on_ray.replicas_of("main")))
        return replicas(on_ray) == 3

    for _ in range(ROUNDS):
        quiet.append(p99(on_ray, lambda: True))
        with ThreadPoolExecutor(STREAMS) as pool:
            streams = [*pool.map(lambda _: on_ray.open("/v1/chat/completions", NEVER), range(STREAMS))]
        up = p99(on_ray, all_three)
        for each in streams:
            each.close()
        scaling.append(max(up, p99(on_ray, lambda: replicas(on_ray) == 1)))
        memory.append(memory_of_controller(on_ray))
    ratio = median(scaling) / median(quiet)
    tell(
        f"another agent scales 1 → 3 → 1, {ROUNDS} rounds: p99 {median(quiet):.0f} ms quiet, "
        f"{median(scaling):.0f} ms meanwhile ({ratio:.1f} x); memory of the controller {memory} MB"
    )

    assert max(starting) == 1
    assert replicas(on_ray) == 1


NEVER = {"model": "main", "stream": True, "messages": [{"role": "user", "content": "/never"}]}
"""A turn without an end."""


def replicas(on_ray):
    """Return the number of replicas of the agent that scales, with starting ones."""
    return len(on_ray.processes("ray::ServeReplica:agent-main:"))


def p99(on_ray, reached):
    """Return the 99th percentile of calls to another agent, in ms.

    It calls for 5 seconds, and until something is reached.
    """
    url, taken, began = on_ray.tool_url("version", agent="other"), [], time.monotonic()
    looked = began
    while True:
        before = time.perf_counter()
        assert on_ray.call(url, "version")[0] == 200
        taken.append((time.perf_counter() - before) * 1000)
        if (now := time.monotonic()) - looked > 1.0:
            looked = now
            if now - began > AT_LEAST and reached():
                return quantiles(taken, n=100)[98]
        assert now - began < PATIENCE
