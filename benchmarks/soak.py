"""The memory of a host over time: documents, tools, text, failures and refusals.

A host keeps some things in bounded memory, such as its latest lines of the log and some pages of its store. Rounds
before the first measurement fill them, however slow the machine is. Each call of a made-up tool has a name of its own,
100,000 in 20 minutes.

``tox -e soak`` runs this for 20 minutes, and ``tox -e soak -- --minutes 2`` for two. It needs Linux.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import time
from pathlib import Path
from statistics import linear_regression
from typing import TYPE_CHECKING, Any

from client import Load, ask, get, post
from processes import LOOPBACK, serving, variables
from report import Figure, note
from troubles import TROUBLES, installed, tool_call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILLING = 400
"""The rounds that fill what is bounded, with 800 turns in text."""
WARM_UP = 0.25
"""The share of the time after them before the first measurement of the memory."""
EVERY = 2.0
"""Seconds between two measurements."""
PAUSE = 0.1
"""Seconds between two rounds of requests."""
MIB = 1 << 20
MOST = 1.0
"""MiB that an hour may add."""
MADE_UP = 100_000 / 1200
"""Made-up names of tools in a second."""


def main() -> int:
    """Run the host under load, and return 1 if its memory grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--write", action="store_true", help="also put the figure into the documentation")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="agenthost-soak-") as name:
        directory = Path(name)
        figure = measured(directory, options.minutes * 60)
    print(figure.row())
    if options.write:
        note("soak", [figure], f"tox -e soak -- --minutes {options.minutes:g}")
    return int(figure.missed)


def measured(directory: Path, seconds: float) -> Figure:
    """Run the host in ``directory`` for ``seconds``."""
    work = directory / "work"
    work.mkdir()
    seen = variables(work, PYTHONPATH=str(installed(directory / "installed")))
    command = [sys.executable, "-m", "agenthost", "run", "--port", "{port}"]
    looks: list[tuple[float, float]] = []
    with (
        serving(command, work, seen, "/startup", log=work / "log") as served,
        Load(served.port, check=False) as load,
        Load(served.port, connections=1, check=False) as one,
    ):
        mixture: Sequence[bytes] = (
            *(tool_call(served.port, "steady", tool, {}) for tool in ("hello", "think")),
            *(tool_call(served.port, trouble.agent, trouble.tool, {}) for trouble in TROUBLES if trouble.brief),
            post("/steady", {"call": {"call_id": "soak"}}),
            post("/each", {"call": {"call_id": "soak"}}),
            get("/ready"),
            get("/nowhere"),
            get("/steady"),
        )
        ask(served.port, get("/health"))
        turns = 0

        def mixed() -> None:
            nonlocal turns
            for request in mixture:
                load.send(request, load.connections)
            turns += 2
            one.send(post("/v1/chat/completions", _said(turns, stream=False)), 1)
            _stream(served.port, _said(turns + 1, stream=True))

        for _ in range(FILLING):
            mixed()
            (work / "log").write_bytes(b"")
        began = told = time.monotonic()
        names = requests = 0
        while (now := time.monotonic()) < began + seconds:
            mixed()
            requests += len(mixture) * load.connections
            while names < (now - began) * MADE_UP:
                names += 1
                one.send(post("/each/swaig", {"function": f"made_up_{names}", "call_id": "soak"}), 1)
            if now > told + EVERY:
                told = now
                if now > began + WARM_UP * seconds:
                    looks.append(((now - began) / 3600, served.memory() / MIB))
            (work / "log").write_bytes(b"")
            time.sleep(PAUSE)
    slope = linear_regression(*zip(*looks, strict=True)).slope
    lowest, highest = min(size for _, size in looks), max(size for _, size in looks)
    return Figure(
        f"memory of the host over {seconds / 60:g} minutes, {requests} requests, {turns} turns, {names} made-up names",
        f"{lowest:.1f} to {highest:.1f} MiB",
        "slope after warm-up",
        slope,
        unit=" MiB/h",
        most=MOST,
    )


def _said(number: int, *, stream: bool) -> dict[str, Any]:
    """Return a turn of a conversation of its own."""
    said = [{"role": "user", "content": f"Hello, this is turn {number}."}]
    return {"model": "steady", "stream": stream, "messages": said}


def _stream(port: int, turn: Mapping[str, object]) -> None:
    """Take a streamed turn on a connection of its own, to its end."""
    with socket.create_connection((LOOPBACK, port), timeout=60) as connection:
        connection.sendall(post("/v1/chat/completions", turn))
        seen = b""
        while b"[DONE]" not in seen:
            more = connection.recv(65536)
            if not more:
                msg = f"the stream ended early: {seen[-400:]!r}"
                raise RuntimeError(msg)
            seen += more


if __name__ == "__main__":
    sys.exit(main())
