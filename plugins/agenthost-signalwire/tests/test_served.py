"""Agents of the SDK in an installed distribution, served by ``agenthost run``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from socket import create_server

import httpx
import pytest

AUTH = ("agenthost", "good for tests")
pytestmark = pytest.mark.slow

OFFERED = """\
[agenthost.agents]
shop = sdk_agents:Shop
faq = sdk_agents:Faq
desk = sdk_agents:Desk
"""

OLD_CODE = """\
from signalwire import AgentBase


class Stall(AgentBase):
    def __init__(self):
        super().__init__("market stall", route="/market")


kiosk = AgentBase("the kiosk")
"""


@pytest.fixture
def folder(tmp_path):
    """A folder of installed packages with agents of both kinds, which the host runs in."""
    (tmp_path / "sdk_agents.py").write_bytes((Path(__file__).parent / "sdk_agents.py").read_bytes())
    told = tmp_path / "old_agents-1.2.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: old-agents\nVersion: 1.2.0\n")
    (told / "entry_points.txt").write_text(OFFERED)
    (told / "RECORD").write_text("sdk_agents.py,,\n")
    return tmp_path


def environment(folder):
    return {
        **os.environ,
        "PYTHONPATH": str(folder),
        "AGENTHOST_PASSWORD": AUTH[1],
        "AGENTHOST_STATE_DIR": str(folder / "state"),
        "SIGNALWIRE_SWAIG_SECRET": "k" * 40,
    }


def checked(folder, *options):
    """Run ``agenthost check`` of this environment in the folder."""
    return subprocess.run(  # noqa: S603 - this environment's agenthost
        [sys.executable, "-m", "agenthost", "check", *options],
        check=False,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(params=[1, 2], ids=["alone", "workers"])
def client(folder, request):
    """A client of the running host."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "agenthost", "run", "--port", str(port), "--workers", str(request.param)]
    with (folder / "log").open("wb") as log:
        host = subprocess.Popen(  # noqa: S603 - this environment's agenthost
            command, cwd=folder, env=environment(folder), stdout=log, stderr=log
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=AUTH, timeout=20) as found:
            wait_for(found, folder / "log")
            yield found
    finally:
        host.terminate()
        host.wait(30)


def wait_for(client, log):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def tools(client, route):
    document = client.post(route, json={"call_id": "c"}).raise_for_status().json()
    [ai] = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
    return {tool["function"]: tool for tool in ai["SWAIG"]["functions"]}


def call(client, route, name, **args):
    url = httpx.URL(tools(client, route)[name]["web_hook_url"])
    body = {"function": name, "call_id": "c", "argument": {"parsed": [args]}}
    return client.post(url.raw_path.decode(), json=body).raise_for_status().json()


def test_both_kinds_are_served_and_hand_calls_over(client):
    assert call(client, "/shop", "price", count=3)["response"] == "6 dollars."
    assert "/desk" in str(call(client, "/shop", "desk")["action"])
    assert "/shop" in str(call(client, "/desk", "shop")["action"])
    assert client.post("/faq", json={"call_id": "c"}).status_code == 200


def test_they_belong_to_the_distribution_that_offers_them(folder):
    done = checked(folder)
    told = done.stdout + done.stderr

    assert "old-agents 1.2.0" in told
    assert "it is a FAQBotAgent of signalwire-sdk" in told


def test_the_configuration_names_agents_that_no_package_offers(folder):
    """A class and an object, each with the key that it is given."""
    (folder / "old_code.py").write_text(OLD_CODE)
    (folder / "agenthost.toml").write_text(
        '[plugins.signalwire.agents]\nstall = "old_code:Stall"\nkiosk = "old_code:kiosk"\n'
    )

    rows = {row["agent"]: row for row in json.loads(checked(folder, "--json").stdout)["agents"]}

    assert {key: (rows[key]["state"], rows[key]["route"]) for key in ("shop", "stall", "kiosk")} == {
        "shop": ("ready", "/shop"),
        "stall": ("ready", "/market"),
        "kiosk": ("ready", "/kiosk"),
    }


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("json:JSONDecoder", "json:JSONDecoder is not an agent of signalwire-sdk"),
        ("old_code:Stall", "old_code:Stall cannot be made: No module named 'old_code'"),
    ],
)
def test_what_the_configuration_names_must_be_an_agent(folder, place, reason):
    """The plugin is set aside, and everything else is served."""
    (folder / "agenthost.toml").write_text(f'[plugins.signalwire.agents]\nstall = "{place}"\n')
    told = checked(folder).stdout

    assert f"stall: {reason}" in told
    assert "/shop" in told
