"""A host with a console, and a real Chromium, for ``tox -e console`` alone."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from polling import poll_until
from ports import free_port

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
FLAGS = (
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
"""Root needs the first one; the others keep Chromium from asking servers of its own."""
CONFIGURATION = """
[console]
enabled = true
[recording]
days = 7
[agents.gone]
enabled = false
optional = true
[workflows.front-office]
kind = "router"
agents = ["sales", "support", "billing"]
[[sip.rules]]
user = "visits"
agent = "sales"
else = "support"
hours = "Mon-Fri 09:00-17:00"
timezone = "Europe/Berlin"
"""

sys.path.insert(0, str(HERE))
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - other environments do not have it

    program = shutil.which("chromium")
    assert program, "Chromium is not installed. fix: apt-get install -y chromium"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def host(tmp_path_factory):
    """A host with good agents, one that writes scripts, and one that does not load.

    Calls have succeeded and failed, and a SIP caller has reached nobody.
    """
    from hostile_calls import call_everything  # noqa: PLC0415 - imports the installed agents
    from programs import running  # noqa: PLC0415 - the same

    place, port = tmp_path_factory.mktemp("host"), free_port()
    (place / "agenthost.toml").write_text(CONFIGURATION, encoding="utf-8")
    with running(place, "-m", "agenthost", "run", "--port", str(port), port=port) as served:
        poll_until(lambda: served.status("/startup") == 200)
        call_everything(served)
        yield served


@pytest.fixture(scope="session")
def session(chromium, host):
    """The state of a browser in which somebody has logged in, with the keyboard."""
    from views import log_in  # noqa: PLC0415 - needs the client

    context = chromium.new_context()
    page = context.new_page()
    log_in(page, host)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def view(chromium, host, session):
    """A function that opens a window in a mode, logged in."""
    from views import View  # noqa: PLC0415 - needs the client

    opened = []

    def view(**mode):
        found = View.of(chromium.new_context(storage_state=session, **mode), host.url)
        opened.append(found)
        return found

    yield view
    for each in opened:
        each.context.close()
    for each in opened:
        each.check()
