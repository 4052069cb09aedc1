"""A new package of each kind, built, installed and served."""

import json

from caller import Caller
from environment import ROOT


def test_new_packages_serve(env):
    """The wheel creates each kind offline, and each passes the check once it is installed."""
    place = env.workplace()
    projects = {"cinema": "agent", "slow": "plugin", "lotto": "skill", "desk": "workflow"}
    for name, kind in projects.items():
        made = env.run("agenthost", "new", name, "--kind", kind, cwd=place)
        assert made.returncode == 0, made.stderr
    env.install(*(place / f"agenthost-{name}" for name in projects))

    checked = env.run("agenthost", "check", "--strict", "--json")
    report = json.loads(checked.stdout)
    assert (checked.returncode, report["warnings"]) == (0, [])
    assert {each["agent"]: each["route"] for each in report["agents"]} == {
        "cinema": "/cinema",
        "desk": "/desk",
        "desk-orders": "/desk/orders",
        "desk-returns": "/desk/returns",
    }
    assert {"slow": "ready"}.items() <= {each["plugin"]: each["state"] for each in report["plugins"]}.items()
    used = env.run("python", "-c", "import agenthost; agenthost.AgentBase('x').add_skill('lotto', {'highest': 9})")
    assert used.returncode == 0, used.stderr

    for name in projects:
        played = env.run("agenthost", "test", cwd=place / f"agenthost-{name}")
        assert (played.returncode, played.stdout.splitlines()[-1][:18]) == (0, "1 passed, 0 failed"), played.stderr

    (place / "agenthost.toml").write_text((place / "agenthost-cinema" / "agenthost.toml.example").read_text())
    with env.serve(cwd=place) as served:
        caller = Caller.of(served)
        functions = caller.document("/cinema", "call-1")["sections"]["main"][1]["ai"]["SWAIG"]["functions"]
        url = next(each["web_hook_url"] for each in functions if each["function"] == "opening_hours")
        answer = caller.call(url, "opening_hours", {}, "call-1")
    assert answer == {"response": "We are open every day, 8 to 8."}


def test_the_documentation_is_in_the_wheel(env):
    """It is printed without a checkout."""
    told = env.run("agenthost", "docs", "write-tools")

    assert (told.returncode, told.stdout) == (0, (ROOT / "docs" / "how-to" / "write-tools.md").read_text("utf-8"))
    assert env.run("agenthost", "docs", "AGENTS").stdout == (ROOT / "AGENTS.md").read_text("utf-8")
