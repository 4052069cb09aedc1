"""The socket that commands reach a host by."""

import os
import stat

import pytest

from agenthost._host.operations.control_socket import ask_host, controlled
from agenthost.errors import AddressError, ConfigurationError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a Unix socket")


def answer(request, tell):
    tell("on its way")
    return {"heard": request["command"]}


def test_a_command_is_answered(tmp_path):
    path = str(tmp_path / "state" / "control-3000.sock")

    with controlled(path, answer):
        told = ask_host(path, {"command": "reload"}, 5.0)
        modes = [stat.S_IMODE(os.lstat(each).st_mode) for each in (path, tmp_path / "state")]

    assert told == {"heard": "reload"}
    assert modes == [0o600, 0o700]
    with pytest.raises(AddressError, match="no host listens there"):
        ask_host(path, {"command": "reload"}, 5.0)


def test_no_socket_is_made_in_a_directory_that_others_can_open(tmp_path, caplog):
    tmp_path.chmod(0o755)

    with controlled(str(tmp_path / "control-3000.sock"), answer):
        assert list(tmp_path.iterdir()) == []

    assert "commands are disabled: " in caplog.text
    assert f"fix: chmod 700 {tmp_path}" in caplog.text


def test_nothing_is_asked_of_a_socket_that_others_have_made(tmp_path, monkeypatch):
    path = str(tmp_path / "control-3000.sock")

    with controlled(path, answer):
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 4711)
        with pytest.raises(ConfigurationError, match="it belongs to "):
            ask_host(path, {"command": "reload"}, 5.0)


def test_nothing_is_asked_through_a_link(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4711)  # root may ask every host
    (tmp_path / "link.sock").symlink_to(tmp_path / "control-3000.sock")

    with pytest.raises(ConfigurationError, match="symbolic link"):
        ask_host(str(tmp_path / "link.sock"), {"command": "reload"}, 5.0)
