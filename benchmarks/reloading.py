"""Reloads under load: a package of many agents changes while two workers serve calls."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field
from client import Answer, post, read
from installed import AGENTHOST, generated
from processes import LOOPBACK, serving, variables
from report import Figure
from troubles import call_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["measure_reloads"]

AGENTS = 100
WORKERS = 2
REQUESTS = 20_000
A_SECOND = 200
CLIENTS = 8
"""Half of them keep their connection, and half open one for each request."""
CALLS = 15
"""Calls in progress of each client, each of which makes one request in turn."""
TOOL_CALLS = 5
"""Tool calls of a call, after its document."""
BETWEEN = 15.0
"""Seconds between two reloads, in which the calls of an earlier generation end."""
_VERSION = re.compile(rb"version (\d+)\b")
"""In prompts and answers."""


def measure_reloads(directory: Path) -> Iterable[Figure]:
    """Reload a host again and again, each time with another version of its package.

    The load ends after ``REQUESTS`` requests.

    Args:
        directory: an empty one to work in.
    """
    site, place = directory / "site", directory / "place"
    place.mkdir()
    install(site, 1)
    environ, quiet = variables(place, PYTHONPATH=str(site)), subprocess.DEVNULL
    command = [AGENTHOST, "run", "--port", "{port}", "--workers", str(WORKERS)]
    with serving(command, place, environ, "/startup", log=directory / "log") as host:
        clients = [Client(host.port, number) for number in range(CLIENTS)]
        for each in clients:
            each.thread.start()
        version, refused = 1, 0
        while any(each.thread.is_alive() for each in clients):
            _pause(clients, BETWEEN)
            if all(each.thread.is_alive() for each in clients):
                version += 1
                install(site, version)
                reload = [AGENTHOST, "reload", "--port", str(host.port)]
                done = subprocess.run(reload, cwd=place, env=environ, stdout=quiet, stderr=quiet, check=False)
                refused += done.returncode != 0
    outcomes = sum((each.outcomes for each in clients), Counter[str]())
    reloads = f"{version - 1} reloads of {AGENTS} agents on {WORKERS} workers, {A_SECOND} requests a second"
    failed = outcomes.total() - outcomes["answered"] - outcomes["elsewhere"]
    others = ", ".join(
        f"{what}: {number}" for what, number in outcomes.items() if what not in ("answered", "elsewhere")
    )
    yield Figure(
        f"failed requests, {reloads}",
        f"{failed} of {outcomes.total()}{f' ({others})' if others else ''}",
        f"refused reloads: {refused}",
        failed + refused,
        most=0,
    )
    calls = sum(each.tool_calls for each in clients)
    yield Figure(
        "tool calls answered by another version than the document's, in the same run",
        f"{outcomes['elsewhere']} of {calls}",
        f"calls that lasted over a reload: {sum(each.spanning for each in clients)}",
        outcomes["elsewhere"],
        most=0,
    )


def install(site: Path, version: int) -> None:
    """Install one distribution of all agents, in place of an earlier version."""
    shutil.rmtree(site, ignore_errors=True)
    generated(site, AGENTS, AGENTS, version)


@define
class Call:
    """A call in progress: its document's version, and its next requests."""

    version: int
    request: bytes
    left: int = TOOL_CALLS


@define(eq=False)
class Client:
    """A client with several calls, which make one request after the other.

    Args:
        port: the host's.
        number: of the client; an even one keeps its connection.
    """

    port: int
    number: int
    outcomes: Counter[str] = field(factory=Counter, init=False)
    tool_calls: int = field(default=0, init=False)
    spanning: int = field(default=0, init=False)
    """Calls that ended after a document of a later version."""
    thread: threading.Thread = field(init=False)
    _calls: list[Call | None] = field(init=False)
    _connection: socket.socket | None = field(default=None, init=False)
    _latest: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self._calls = [None] * CALLS

    def _run(self) -> None:
        """Send the share of this client of all requests, at an even pace."""
        share, pause = REQUESTS // CLIENTS, CLIENTS / A_SECOND
        due = time.monotonic() + pause * self.number / CLIENTS
        for count in range(share):
            time.sleep(max(0.0, due - time.monotonic()))
            due += pause
            place = count % CALLS
            try:
                self._calls[place] = self._next(self._calls[place], count)
            except (OSError, RuntimeError) as error:
                self.outcomes[type(error).__name__] += 1
                self._calls[place] = None
                self._close()
        self._close()

    def _next(self, call: Call | None, count: int) -> Call | None:
        """Make the next request of a call, or the first one of a new call."""
        if call is None:
            return self._begin(count)
        version = _version_in(self._send(call.request))
        self.tool_calls += 1
        self.outcomes["answered" if version == call.version else "elsewhere"] += 1
        call.left -= 1
        if call.left:
            return call
        self.spanning += call.version != self._latest
        return None

    def _begin(self, count: int) -> Call:
        agent, call = (self.number * 13 + count) % AGENTS, f"{self.number}-{count}"
        document = self._send(post(f"/small/{agent}", {"call": {"call_id": call}}))
        version = _version_in(document)
        self._latest = max(self._latest, version)
        self.outcomes["answered"] += 1
        return Call(version, call_of(document, "greet", {"name": "Ada"}, call))

    def _send(self, request: bytes) -> Answer:
        """Send a request, and return the answer."""
        connection = self._connection or socket.create_connection((LOOPBACK, self.port), timeout=30)
        self._connection = connection
        connection.sendall(request)
        head, body = read(connection)
        if self.number % 2 or b"\r\nconnection: close" in head.lower():
            self._close()
        return Answer((), body)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _version_in(answer: Answer) -> int:
    found = _VERSION.search(answer.body)
    if found is None:
        msg = f"no version in {answer.body!r}"
        raise RuntimeError(msg)
    return int(found[1])


def _pause(clients: Iterable[Client], seconds: float) -> None:
    """Wait, but not longer than the clients send requests."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and all(each.thread.is_alive() for each in clients):
        time.sleep(0.1)
