"""A host on a Unix socket, with two workers."""

import http.client
import socket
from base64 import b64encode

import pytest
from ports import free_port


class OnSocket(http.client.HTTPConnection):
    """A connection to a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


@pytest.fixture
def place(desk):
    return desk.workplace()


def test_a_host_serves_and_is_asked_at_a_socket(desk, place):
    """Also by its commands.

    A second host is refused, and the path is removed at the end.
    """
    health = free_port()
    (place / "agenthost.toml").write_text(f"[host]\nworkers = 2\n[health]\nport = {health}\n", encoding="utf-8")
    path = place / "agents.sock"

    with desk.serve("--uds", path.name, cwd=place, port=health) as served:
        client = OnSocket(path)
        authorization = b"Basic " + b64encode(":".join(served.credentials).encode())
        client.request("GET", "/sales", headers={"authorization": authorization})
        answer = client.getresponse()
        document = answer.read()
        client.close()
        status = desk.run("agenthost", "status", "--uds", path.name, cwd=place)
        reloaded = desk.run("agenthost", "reload", "--uds", path.name, cwd=place)
        second = desk.run("agenthost", "run", "--uds", path.name, cwd=place)

        assert (answer.status, b"get_pricing" in document) == (200, True)
        assert f"unix:{path}" in served.stdout
        assert (status.returncode, f"unix:{path}" in status.stdout) == (0, True), status
        assert reloaded.returncode == 0, reloaded
        assert (second.returncode, "another process listens there" in second.stderr) == (2, True), second
        assert path.exists()
    assert not path.exists()
