"""The scripted model, as a server."""

from __future__ import annotations

import gc
import socket
import warnings
from contextlib import ExitStack
from urllib.parse import urlsplit
from urllib.request import urlopen

from agenthost.testing import ScriptedModel


def test_it_ends_quietly_while_a_connection_is_open(caplog):
    """Python 3.11 logs a cancelled connection as an error, with a traceback."""
    with ScriptedModel() as model:
        place = urlsplit(model.url)
        connection = socket.create_connection((place.hostname, place.port))
        with urlopen(f"{model.url}/models") as answer:  # noqa: S310 - accepted after the first one
            assert answer.status == 200
    connection.close()

    assert [record.message for record in caplog.records] == []


def test_it_leaves_no_connection_open():
    """Not even those that arrive as it ends."""
    with warnings.catch_warnings(record=True) as told, ExitStack() as clients:
        warnings.simplefilter("always")
        for _ in range(20):
            with ScriptedModel() as model:
                address = (urlsplit(model.url).hostname, urlsplit(model.url).port)
                for _ in range(50):
                    clients.enter_context(socket.create_connection(address, 30))
        gc.collect()

    assert [str(each.message) for each in told] == []
