"""Ports: Unix sockets, which outlive the processes that made them."""

from __future__ import annotations

import socket
import stat

import pytest

from agenthost._web.process.ports import address, close, listen_on_socket, port_of
from agenthost.errors import AddressError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "agents.sock"


def test_only_the_user_and_the_group_may_connect(path):
    opened = listen_on_socket(str(path))

    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert (address(opened), port_of(opened)) == (f"unix:{path}", None)
    close(opened)
    assert not path.exists()


def test_a_socket_that_was_left_behind_is_replaced(path):
    listen_on_socket(str(path)).close()
    assert path.exists()
    opened = listen_on_socket(str(path))

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    close(opened)


def test_a_socket_in_use_is_refused(path):
    opened = listen_on_socket(str(path))

    with pytest.raises(AddressError, match="another process listens there"):
        listen_on_socket(str(path))
    close(opened)


def test_a_file_is_not_replaced(path):
    path.write_text("kept", encoding="utf-8")

    with pytest.raises(AddressError, match="not a socket"):
        listen_on_socket(str(path))
    assert path.read_text(encoding="utf-8") == "kept"
