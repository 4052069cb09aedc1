"""Rolling restarts of two hosts behind haproxy, under load: no request may fail.

``tox -e rolling`` runs this. It needs Linux and haproxy (Debian: ``apt-get install haproxy``), and takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError

from attrs import define, field
from client import read
from processes import LOOPBACK, free_port, variables
from report import Figure, note
from troubles import installed, tool_call
from walls import lock, walled

RESTARTS = 10
REQUESTS = 10_000
"""The least number of requests. The load goes on until the last restart is over."""
KEPT, NEW = 4, 4
"""Clients that keep their connection, and clients that open one for each request."""
PAUSE = 0.02
"""Seconds between two requests of a client."""
PATIENCE = 60.0

HAPROXY = """
global
    maxconn 1000
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    option httpchk GET /ready
    http-check expect status 200
    default-server inter 200ms fall 1 rise 1
frontend calls
    bind {host}:{front}
    default_backend hosts
backend hosts
    balance roundrobin
    retries 3
    option redispatch 1
    server one {host}:{one} check
    server two {host}:{two} check
"""
SETTINGS = """
[host]
signing_keys = ["shared by both"]
drain_grace = 2
"""


@define
class Host:
    """A host that is started and stopped.

    Args:
        directory: where it works.
        port: where it listens.
        packages: where its agents are installed.
        walls: True for a host with every wall.
    """

    directory: Path
    port: int
    packages: Path
    walls: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the host, and wait until it is ready."""
        self.directory.mkdir(exist_ok=True)
        settings = walled(SETTINGS, ["steady"], "process") if self.walls else SETTINGS
        (self.directory / "agenthost.toml").write_text(settings, encoding="utf-8")
        (self.directory / "agenthost.toml").chmod(0o600)
        path = os.pathsep.join((str(self.packages), os.environ.get("PYTHONPATH", "")))
        seen = variables(self.directory, PYTHONPATH=path)
        if self.walls:
            lock(self.directory, seen)
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "agenthost", "run", "--port", str(self.port)],
                cwd=self.directory,
                env=seen,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        _wait(self.port, "/ready")

    def stop(self) -> int:
        """Stop the host as a supervisor does, and return its exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)


@define
class Clients:
    """Clients of haproxy.

    Args:
        port: haproxy's.
        request: what they send.
    """

    port: int
    request: bytes
    outcomes: Counter[str] = field(factory=Counter, init=False)
    _end: threading.Event = field(factory=threading.Event, init=False)
    _threads: list[threading.Thread] = field(factory=list, init=False)

    def start(self) -> None:
        """Start to send requests."""
        work = [self._keep] * KEPT + [self._open] * NEW
        self._threads = [threading.Thread(target=each, daemon=True) for each in work]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the requests in flight."""
        self._end.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _keep(self) -> None:
        while not self._end.is_set():
            with socket.create_connection((LOOPBACK, self.port), timeout=PATIENCE) as connection:
                while not self._end.is_set() and not self._send(connection):
                    time.sleep(PAUSE)

    def _open(self) -> None:
        while not self._end.is_set():
            with socket.create_connection((LOOPBACK, self.port), timeout=PATIENCE) as connection:
                self._send(connection)
            time.sleep(PAUSE)

    def _send(self, connection: socket.socket) -> bool:
        """Send a request and count the outcome.

        Return True if the connection ends with it.
        """
        try:
            connection.sendall(self.request)
            head, body = read(connection, check=False)
        except (OSError, RuntimeError) as error:
            self.outcomes[type(error).__name__] += 1
            return True
        well = head.startswith(b"HTTP/1.1 200 ") and b"Hello." in body
        self.outcomes["answered" if well else head[9:12].decode()] += 1
        return b"\r\nconnection: close" in head.lower()


def main() -> int:
    """Restart the hosts, and return 1 if a request fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--restarts", type=int, default=RESTARTS)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--write", action="store_true", help="also put the figure into the documentation")
    options = parser.parse_args()
    haproxy = shutil.which("haproxy", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if haproxy is None:
        parser.error("haproxy is not installed (Debian: apt-get install haproxy)")
    figures = []
    for walls in (False, True):
        with tempfile.TemporaryDirectory(prefix="agenthost-rolling-") as name:
            figures.append(measured(Path(name), haproxy, options.restarts, options.requests, walls=walls))
        print(figures[-1].row(), flush=True)
    if options.write:
        note("rolling", figures, "tox -e rolling")
    return int(any(figure.missed for figure in figures))


def measured(directory: Path, haproxy: str, restarts: int, requests: int, *, walls: bool) -> Figure:
    """Restart two hosts in turn under load, with or without every wall.

    The load goes on until both numbers are reached.
    """
    front, packages = free_port(), installed(directory / "installed")
    hosts = [Host(directory / name, free_port(), packages, walls) for name in ("one", "two")]
    for host in hosts:
        host.start()
    written = HAPROXY.format(host=LOOPBACK, front=front, one=hosts[0].port, two=hosts[1].port)
    (directory / "haproxy.cfg").write_text(written, encoding="utf-8")
    balancer = subprocess.Popen(
        [haproxy, "-db", "-f", directory / "haproxy.cfg"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(front, "/ready")
        clients = Clients(front, tool_call(front, "steady", "hello", {}))
        clients.start()
        stops: Counter[int] = Counter()
        for _ in range(restarts):
            for host in hosts:
                time.sleep(1)  # until haproxy has detected that the other is ready
                stops[host.stop()] += 1
                host.start()
        while clients.outcomes.total() < requests:
            time.sleep(0.1)
        clients.stop()
    finally:
        balancer.terminate()
        balancer.wait(PATIENCE)
        for host in hosts:
            host.stop()
    total = clients.outcomes.total()
    failed = total - clients.outcomes["answered"]
    others = ", ".join(f"{what}: {number}" for what, number in clients.outcomes.items() if what != "answered")
    ended = ", ".join(f"{status} ({number} times)" for status, number in stops.items())
    return Figure(
        f"failed requests over {restarts} rolling restarts of two hosts{', with all walls' * walls}",
        f"{failed} of {total}{' (' * bool(others)}{others}{')' * bool(others)}",
        f"exit status of the hosts: {ended}",
        failed,
        most=0,
    )


def _wait(port: int, path: str) -> None:
    """Wait for a response of 200.

    Raises:
        RuntimeError: there is none within a minute.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(HTTPError, OSError), urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=5):
            return
        time.sleep(0.05)
    msg = f"port {port}, {path}: no response of 200 within a minute"
    raise RuntimeError(msg)


if __name__ == "__main__":
    sys.exit(main())
