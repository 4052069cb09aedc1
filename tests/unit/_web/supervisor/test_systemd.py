"""Messages to systemd, received by a real datagram socket."""

from __future__ import annotations

import os
import socket
import time

import pytest

from agenthost._web.supervisor.systemd import Systemd


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """Return the socket of a service manager, which the environment names."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def received(manager: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(manager.recv(4096).decode())
        except BlockingIOError:
            return found


def test_a_host_reports_its_life(manager):
    """The manager learns of the start, a reload and the end."""
    systemd = Systemd()

    systemd.ready()
    before = time.monotonic_ns() // 1000
    with systemd.reloading():
        during = received(manager)
    systemd.stopping()

    assert during[0] == "READY=1"
    assert during[1].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert before <= int(during[1].rpartition("=")[2]) <= time.monotonic_ns() // 1000
    assert received(manager) == ["READY=1", "STOPPING=1"]


def test_a_reload_that_fails_leaves_the_host_ready(manager):
    systemd = Systemd()
    systemd.ready()

    with pytest.raises(RuntimeError), systemd.reloading():
        raise RuntimeError

    assert received(manager)[-1] == "READY=1"


def test_a_reload_does_not_announce_a_host_that_starts(manager):
    """Before its first worker serves, a refused reload reports nothing."""
    with Systemd().reloading():
        pass

    assert received(manager) == []


def test_the_watchdog_is_fed_at_half_its_timeout(manager, monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    systemd = Systemd()

    assert systemd.alive() == 5.0
    now = 103.0
    assert systemd.alive() == 2.0
    assert received(manager) == ["WATCHDOG=1"]
    now = 105.0
    assert systemd.alive() == 5.0
    systemd.stopping()
    assert received(manager) == ["WATCHDOG=1", "STOPPING=1\nWATCHDOG_USEC=86400000000"]


def test_a_watchdog_of_another_process_is_ignored(manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")

    assert Systemd().alive() is None
    assert received(manager) == []


def test_agents_do_not_inherit_the_manager(manager, monkeypatch):
    """A host takes the variables for itself."""
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")
    Systemd().ready()

    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & os.environ.keys()
    assert received(manager) == ["READY=1"]


def test_an_abstract_address_begins_with_an_at_sign(monkeypatch):
    name = f"agenthost-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")

        Systemd().ready()

        assert received(listening) == ["READY=1"]


@pytest.mark.parametrize("address", [None, "/nowhere/notify"])
def test_without_a_manager_nothing_happens(monkeypatch, address):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    systemd = Systemd()

    systemd.ready()
    systemd.stopping()

    assert systemd.alive() is None
