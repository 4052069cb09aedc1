"""Figures of the console and of recording: tool calls beside them, and a long list."""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from client import Load, ask, post
from processes import LOOPBACK, Served, serving, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["measure_console"]

PROGRAM = Path(__file__).with_name("sides") / "noting.py"
CONSOLE = "[console]\nenabled = true\n"
RECORDING = "[recording]\ndays = 7\n"
OPEN = ("", "", "calls", "calls", "charts")
"""The pages of the five consoles."""
ROUNDS, SECONDS = 15, 2.0
"""Rounds with consoles and without, and the seconds of each, in which a live page is rendered at least once."""
CPU_ROUNDS, REQUESTS = 81, 400
RECORDED, LISTINGS = 10_000, 31
MOST_CPU = 50.0
"""Milliseconds of CPU for a page of the list."""


def measure_console(directory: Path) -> Iterable[Figure]:
    """Measure tool calls beside open consoles and with recording, and the list of recorded calls.

    Args:
        directory: an empty one to work in.
    """
    with ExitStack() as stack:
        hosts = {}
        for name, settings in (("plain", CONSOLE), ("recording", CONSOLE + RECORDING)):
            place = directory / name
            place.mkdir()
            (place / "agenthost.toml").write_text(settings)
            command = [sys.executable, PROGRAM, "{port}"]
            hosts[name] = stack.enter_context(serving(command, place, variables(place), "/startup", place / "log"))
        yield from _beside_consoles(hosts["plain"])
        yield _with_recording(hosts["recording"], hosts["plain"])
        yield _listing(hosts["recording"])


def _beside_consoles(served: Served) -> Iterator[Figure]:
    """Measure tool calls one after another, with five consoles open and with none."""
    request, found = _tool_call(served), {True: list[tuple[float, float]](), False: list[tuple[float, float]]()}
    with Load(served.port, connections=1) as load:
        _seconds(load, request)
        for turn in range(ROUNDS):
            for with_consoles in (True, False) if turn % 2 else (False, True):
                with _consoles(served.port, OPEN if with_consoles else ()):
                    taken = _seconds(load, request)
                found[with_consoles].append((median(taken), quantiles(taken, n=100)[-1]))
    for place, name in enumerate(("median", "99th percentile")):
        beside, alone = (median(each[place] for each in found[key]) for key in (True, False))
        ratio = median(one[place] / other[place] for one, other in zip(found[True], found[False], strict=True))
        yield Figure(
            f"tool call beside five open consoles, {name}",
            f"{beside * 1e6:.0f} µs",
            f"without consoles: {alone * 1e6:.0f} µs",
            ratio,
            most=1.1,
        )


def _with_recording(recording: Served, plain: Served) -> Figure:
    """Measure the CPU time of a tool call that writes state, with recording and without."""
    hosts = (recording, plain)
    needed: tuple[list[float], list[float]] = ([], [])
    with Load(recording.port) as first, Load(plain.port) as second:
        sides = [(host, load, _tool_call(host)) for host, load in zip(hosts, (first, second), strict=True)]
        for turn in range(CPU_ROUNDS):
            for which in (0, 1) if turn % 2 else (1, 0):
                host, load, request = sides[which]
                before = host.cpu()
                load.send(request, REQUESTS)
                needed[which].append((host.cpu() - before) / REQUESTS)
    own, other = (median(each) * 1e6 for each in needed)
    ratio = median(one / two for one, two in zip(*needed, strict=True))
    what = "tool call that writes state, recorded"
    return Figure(what, f"{own:.0f} µs", f"not recorded: {other:.0f} µs", ratio, most=1.05)


def _listing(served: Served) -> Figure:
    """Measure the CPU time of a page of the list of many recorded calls."""
    with Load(served.port, connections=1) as load:
        for number in range(RECORDED):
            load.send(_summary(served, f"call-{number}"), 1)
        request, needed = post("/-/calls", {}).replace(b"POST", b"GET", 1), list[float]()
        for _ in range(LISTINGS):
            before = served.cpu()
            load.send(request, 1)
            needed.append((served.cpu() - before) * 1e3)
    found = median(needed)
    return Figure(f"list of {RECORDED:,} recorded calls", f"{found:.1f} ms", "target", found, unit=" ms", most=MOST_CPU)


@contextmanager
def _consoles(port: int, paths: Iterable[str]) -> Iterator[None]:
    """Keep live pages open, and read their events."""
    with ExitStack() as stack:
        for path in paths:
            connection = stack.enter_context(closing(socket.create_connection((LOOPBACK, port), timeout=30)))
            connection.sendall(post(f"/-/live/{path}", {}).replace(b"POST", b"GET", 1))
            while b"data: " not in connection.recv(65536):
                pass
            threading.Thread(target=_read, args=(connection,), daemon=True).start()
        yield


def _read(connection: socket.socket) -> None:
    try:
        while connection.recv(65536):
            pass
    except OSError:  # closed at the end of the round
        return


def _seconds(load: Load, request: bytes) -> list[float]:
    """Return the time of each response of a round, in seconds."""
    taken, until = [], time.perf_counter() + SECONDS
    while (before := time.perf_counter()) < until:
        load.send(request, 1)
        taken.append(time.perf_counter() - before)
    return taken


def _tool_call(served: Served) -> bytes:
    ai = _conversation(served, "call-of-tools")
    url = urlsplit(ai["SWAIG"]["functions"][0]["web_hook_url"])
    body = {"function": "count", "argument": {"parsed": [{}], "raw": "{}"}, "call_id": "call-of-tools"}
    return post(f"{url.path}?{url.query}", body)


def _summary(served: Served, call: str) -> bytes:
    url = urlsplit(_conversation(served, call)["post_prompt_url"])
    now = time.time_ns() // 1000
    said = [{"role": "user", "content": f"Hello, this is {call}.", "timestamp": now}]
    times = {"ai_session_id": call, "ai_start_date": now, "ai_end_date": now + 60_000_000}
    return post(f"{url.path}?{url.query}", {"call_id": call, "call_log": said, **times})


def _conversation(served: Served, call: str) -> dict[str, object]:
    document = ask(served.port, post("/counter", {"call": {"call_id": call}})).json
    [ai] = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
    return ai
