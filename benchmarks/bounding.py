"""Figures of what is bounded: scrapes, made-up names, and a client's own history."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from client import Load, post
from installed import AGENTHOST, AGENTS
from processes import LOOPBACK, serving, variables
from report import Figure
from troubles import installed

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["measure_bounds"]

SCRAPES = 15
NAMES = 20_000
"""Made-up names of tools, after as many that fill what is bounded."""
SENT = 1_001
"""Messages of a client's own history."""
SIDES = Path(__file__).with_name("sides")

_SCRAPE = """
import gc, json, sys, time
from pathlib import Path
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.metrics import Metrics
from agenthost._host.telemetry.prometheus.together import Together

metrics, directory = Metrics(), Path(sys.argv[1])
for number in range(int(sys.argv[2])):
    metrics.tool_ended(Owner(f"small-{number}", "tool", "greet"), "ok", 0.01)
    for endpoint in ("document", "swaig"):
        metrics.answered(f"small-{number}", endpoint, 200)
metrics.count()
gc.freeze()
gc.set_threshold(10_000)
text, took = Together(directory), []
for _ in range(2):
    began = time.process_time()
    size = len(text.now())
    took.append(time.process_time() - began)
print(json.dumps([*took, size]))
"""
"""Two scrapes of a worker whose host has answered for every agent."""


def measure_bounds(directory: Path) -> Iterable[Figure]:
    """Measure scrapes, the memory of made-up names, and the messages of a history.

    Args:
        directory: an empty one to work in.
    """
    yield from _scrapes(directory)
    yield _made_up_names(directory)
    yield _history(directory)


def _scrapes(directory: Path) -> Iterable[Figure]:
    taken = []
    for number in range(SCRAPES):
        place = directory / f"metrics-{number}"
        place.mkdir()
        command = [sys.executable, "-c", _SCRAPE, str(place), str(AGENTS)]
        environ = {**variables(directory), "PROMETHEUS_MULTIPROC_DIR": str(place)}
        environ |= {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE)
        taken.append(json.loads(done.stdout))
    first, later, size = (median(each) for each in zip(*taken, strict=True))
    yield Figure(
        f"first `/metrics` of a worker, {AGENTS} agents, {size / 1e6:.1f} MB",
        f"{first * 1000:.1f} ms",
        f"a later one: {later * 1000:.1f} ms",
        first * 1000,
        unit=" ms",
        most=50,
    )


def _made_up_names(directory: Path) -> Figure:
    """Measure the memory of a host before and after calls of made-up tools."""
    place = directory / "names"
    place.mkdir()
    environ = variables(place, PYTHONPATH=str(installed(directory / "troubled")))
    with (
        serving([AGENTHOST, "run", "--port", "{port}"], place, environ, "/startup") as host,
        Load(host.port, connections=1) as load,
    ):
        sizes = []
        for first in (0, NAMES):
            for number in range(first, first + NAMES):
                load.send(post("/each/swaig", {"function": f"made_up_{number}", "call_id": "call"}), 1)
            sizes.append(host.memory())
    before, after = sizes
    return Figure(
        f"memory that each of {NAMES:,} made-up names of tools adds",
        f"after {NAMES:,} names: {after / 1e6:.1f} MB",
        f"before the names: {before / 1e6:.1f} MB",
        (after - before) / NAMES,
        unit=" bytes",
        most=10,
    )


def _history(directory: Path) -> Figure:
    """Count the messages that reach the model, of those that a client sends."""
    place = directory / "history"
    place.mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server((LOOPBACK, 0)))
        url = f"http://{LOOPBACK}:{server.getsockname()[1]}/v1"
        table = f'[models]\ndefault = "house"\n[models.house]\nkind = "openai"\nmodel = "m"\nurl = "{url}"\n'
        (place / "agenthost.toml").write_text(table, encoding="utf-8")
        environ = variables(place, PYTHONPATH=str(directory / "troubled"))
        host = stack.enter_context(serving([AGENTHOST, "run", "--port", "{port}"], place, environ, "/startup"))
        client = stack.enter_context(socket.create_connection((LOOPBACK, host.port), timeout=60))
        history = [{"role": "assistant" if number % 2 else "user", "content": f"{number}"} for number in range(SENT)]
        client.sendall(post("/v1/chat/completions", {"model": "steady", "messages": history}))
        received, _ = server.accept()
        with received:
            reached = len(_body(received)["messages"])
    return Figure(
        f"messages that reach the model, of {SENT:,} that a client sends",
        f"{reached} messages",
        f"sent: {SENT} messages",
        reached,
        unit=" messages",
        most=42,
    )


def _body(connection: socket.socket) -> dict[str, list[object]]:
    """Return the JSON of a request."""
    with connection.makefile("rb") as file:
        length = 0
        while (line := file.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        found: dict[str, list[object]] = json.loads(file.read(length))
        return found
