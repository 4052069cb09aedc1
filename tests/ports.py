"""Ports that stay reserved for a test, also while a server is down."""

import itertools
import os
import random
import socket

FIRST, EACH, WORKERS = 10_000, 4_000, 5
"""Each worker of pytest-xdist has ports of its own, below those that the system gives to clients."""


def _ports():
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    begin, start = FIRST + worker % WORKERS * EACH, random.randrange(EACH)  # noqa: S311 - two runs hardly meet
    return (begin + (start + number) % EACH for number in itertools.count())


_PORTS = _ports()


def free_port():
    """Return a port of the loopback address without a listener, each time another one."""
    for port in itertools.islice(_PORTS, EACH):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    msg = "every port of this worker is taken"
    raise OSError(msg)
