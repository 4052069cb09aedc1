"""The scripted model, as a server."""

from __future__ import annotations

import socket
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
