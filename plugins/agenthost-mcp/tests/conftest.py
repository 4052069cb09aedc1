"""A host in a process of its own, with two agents and the plugin."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent


class Host(NamedTuple):
    """The address of a host, and its password."""

    url: str
    password: str = "for the tests of the protocol"


def offer(site, name, group, entries):
    """Write the metadata of an installed distribution."""
    folder = site / f"{name.replace('-', '_')}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    lines = "\n".join(f"{key} = {value}" for key, value in entries.items())
    (folder / "entry_points.txt").write_text(f"[{group}]\n{lines}\n", encoding="utf-8")


@pytest.fixture(scope="session")
def host(tmp_path_factory):
    """Return the host, while it serves."""
    place = tmp_path_factory.mktemp("host")
    site = place / "site"
    entries = {"test_simple_prompt": "tested_agent:Tested", "closed": "tested_agent:Closed"}
    offer(site, "tested-agents", "agenthost.agents", entries)
    shutil.copy(HERE / "tested_agent.py", site)
    if not any(each.name == "agenthost-mcp" for each in importlib.metadata.distributions()):
        offer(site, "agenthost-mcp", "agenthost", {"mcp": "agenthost_mcp"})
    port = free_port()
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(site), *sys.path]),
        "AGENTHOST_PASSWORD": Host("").password,
        "AGENTHOST_STATE_DIR": str(place),
    }
    command = [sys.executable, "-m", "agenthost", "run", "--port", str(port), "--workers", "2"]
    with subprocess.Popen(command, cwd=place, env=environ, stdout=subprocess.DEVNULL) as running:  # noqa: S603
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{url}/ready")
            yield Host(url)
        finally:
            running.terminate()


def wait_for(url):
    """Wait until a URL answers."""
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - of the tests' own host
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def environ(tmp_path_factory):
    """The environment of a coding agent, in which the plugin is installed."""
    place = tmp_path_factory.mktemp("coding")
    offer(place / "site", "agenthost-mcp", "agenthost.commands", {"mcp": "agenthost_mcp.command:command"})
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(place / "site"), *sys.path]),
        "PYTHONDONTWRITEBYTECODE": "1",  # two edits within a second may have one size
        "AGENTHOST_STATE_DIR": str(place / "state"),
    }


@pytest.fixture
def project(environ, tmp_path):
    """A new project, which is not installed, served without what else may be installed here."""
    command = [sys.executable, "-m", "agenthost", "new", "florist"]
    subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True)  # noqa: S603
    folder = tmp_path / "agenthost-florist"
    (folder / "agenthost.toml").write_text('[host]\nagents = ["florist"]\n[plugins]\nonly = []\n', encoding="utf-8")
    return folder


@pytest.fixture
def serve(environ):
    """Return a context that serves a project, and yields the port."""

    @contextmanager
    def serving(folder):
        port = free_port()
        command = [sys.executable, "-m", "agenthost", "run", ".", "--port", str(port)]
        with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL) as running:  # noqa: S603
            try:
                wait_for(f"http://127.0.0.1:{port}/ready")
                yield str(port)
            finally:
                running.terminate()

    return serving


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
