"""``agenthost simulate`` and ``agenthost test`` with the front desk.

It is installed, reached by SIP, and served at a URL.
"""

import os
import re
import subprocess

from environment import CREDENTIALS
from pages import DOCS, ROOT, section

SCENARIOS = ROOT / "plugins" / "agenthost-frontdesk" / "tests"


def simulate(desk, *arguments, typed="", variables=None):
    """Return the exit code and the lines of a call."""
    done = subprocess.run(  # noqa: S603 - a command of our own
        [desk.bin / "agenthost", "simulate", *arguments],
        cwd=desk.workplace(),
        env={"PATH": os.environ["PATH"], "HOME": str(desk.workplace()), **(variables or {})},
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def test_an_installed_agent_is_called_as_the_reference_shows(desk):
    told = section(DOCS / "reference" / "commands.md", "agenthost simulate")
    [shown] = re.findall(r"```text\n(.*?)```", told, re.DOTALL)
    typed = "".join(f"{line.removeprefix('caller: ')}\n" for line in shown.splitlines() if line.startswith("caller: "))

    assert simulate(desk, "main", typed=typed) == (0, shown)


def test_a_sip_address_reaches_its_agent(desk):
    code, lines = simulate(desk, "sip:sales@desk.example", typed="What does basic cost?\n")

    assert (code, lines.splitlines()[0]) == (0, "  · /sales has the call")
    assert "basic is $99/month." in lines


def test_a_host_at_a_url_needs_credentials_alone(desk):
    user, password = CREDENTIALS
    with desk.serve("--workers", "2") as served:
        known = {"SWML_BASIC_AUTH_USER": user, "SWML_BASIC_AUTH_PASSWORD": password}
        scenario = SCENARIOS / "billing.call.toml"
        code, lines = simulate(desk, served.url, "--scenario", str(scenario), variables=known)
        stranger, refused = simulate(desk, f"{served.url}/sales")
        many, figures = simulate(desk, served.url, "--scenario", str(scenario), "--calls", "20", variables=known)

    assert (code, "/billing: You owe forty-two dollars fifty." in lines) == (0, True)
    assert (stranger, "HTTP 401" in refused) == (1, True)
    assert (many, figures.splitlines()[0]) == (0, "20 calls at once, 0 with problems")


def test_scenarios_run_in_several_processes(desk):
    done = desk.run("agenthost", "test", str(SCENARIOS), "--jobs", "2")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("4 passed, 0 failed")
