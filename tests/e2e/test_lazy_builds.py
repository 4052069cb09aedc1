"""``build = "lazy"``: agents are built at their first request or in the background."""

import json

import pytest
from caller import Caller, functions
from polling import poll_until

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "acme-late"
version = "1.0"
dependencies = ["agenthost"]

[project.entry-points."agenthost.agents"]
first = "acme_late:First"
second = "acme_late:Second"
broken = "acme_late:Broken"
team = "acme_late:team"

[tool.hatch.build.targets.wheel]
include = ["acme_late.py"]
"""
MODULE = '''
import os

from agenthost import AgentBase, FunctionResult, Router

print("acme_late is imported")


class First(AgentBase):
    def __init__(self):
        super().__init__(name="number-one", route="/first", sip=("one",))

    @AgentBase.tool
    def pass_on(self) -> FunctionResult:
        """Pass the caller on."""
        return FunctionResult("One moment.").hand_over("second")


class Second(AgentBase):
    def __init__(self):
        super().__init__(name="second", route="/second", description="Knows the second of everything.")


class Broken(AgentBase):
    def __init__(self):
        super().__init__(name="broken", route="/broken", sip=("broken",))
        if "ACME_BROKEN" in os.environ:
            raise RuntimeError("no database")


def team():
    return Router(name="team", agents=["second"])
'''


@pytest.fixture
def place(env):
    """A directory with a lock file, in which agents are built late."""
    source = env.workplace()
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "acme_late.py").write_text(MODULE)
    env.install(source)
    place = env.workplace()
    done = env.run("agenthost", "lock", cwd=place)
    assert done.returncode == 0, done.stderr
    (place / "agenthost.toml").write_text('[host]\nbuild = "lazy"\n')
    return place


def ready(caller):
    return caller.ask("GET", "/ready").json


def test_what_is_known_before_anything_is_built(env, place):
    """Everything but the documents, and no package is imported."""
    with env.serve(cwd=place) as served:
        caller = Caller.of(served)
        assert "acme_late is imported" not in served.stderr
        poll_until(lambda: "try:" in served.stdout)
        [row] = [line.split() for line in served.stdout.splitlines() if line.startswith("  first ")]
        assert row == ["first", "/first", "1", "one", "acme-late", "1.0", "not", "built", "yet"]
        assert ready(caller)["agents"] == 4

        document = caller.document("/first", "c-1")
        assert [*functions(document)] == ["pass_on"]
        assert ready(caller)["built"] in range(1, 5)
        passed = caller.call(functions(document)["pass_on"]["web_hook_url"], "pass_on", {}, "c-1")
        [onward] = [each["SWML"] for each in passed["action"] if "SWML" in each]
        assert "/second" in json.dumps(onward)
        poll_until(lambda: ready(caller)["built"] == 4, 30)
        served.once_logged("every agent has been built")


def test_the_first_request_is_any_request(env, place):
    """By SIP, to a workflow, in text, and under another name."""
    with env.serve(cwd=place) as served:
        caller = Caller.of(served)
        answer = caller.ask("POST", "/sip", {"call": {"to": "sip:one@example.com"}})
        assert (answer.status, [*functions(answer.json)]) == (200, ["pass_on"])
        assert caller.ask("POST", "/team", {}).status == 200
        models = caller.ask("GET", "/v1/models").json["data"]
        assert {each["id"] for each in models} == {"broken", "first", "second", "team"}
        assert ready(caller)["built"] == 4


def test_a_late_failure(env, place):
    """It is quarantined then, and its callers hear a fallback."""
    with env.serve(cwd=place, variables={"ACME_BROKEN": "1"}) as served:
        caller = Caller.of(served)
        for _ in range(2):
            answer = caller.ask("POST", "/broken", {})
            assert (answer.status, b"say:" in answer.body, b"hangup" in answer.body) == (200, True, True)
        assert caller.ask("POST", "/broken/swaig", {"function": "x", "argument": {}}).status == 404
        assert caller.ask("POST", "/broken", None).status != 500
        served.once_logged("agent broken is quarantined: RuntimeError: no database")
        assert [each["agent"] for each in caller.ask("GET", "/health").json["failed"]] == ["broken"]
        assert caller.ask("POST", "/first", {}).status == 200
        assert caller.ask("POST", "/sip", {"call": {"to": "sip:broken@example.com"}}).status == 404
        poll_until(lambda: ready(caller) == {"status": "ready", "agents": 3, "built": 3}, 30)


def test_without_a_lock_file(env, place):
    (place / "agenthost.lock").unlink()
    for command in ("run", "check"):
        done = env.run("agenthost", command, cwd=place, variables={"PORT": "0"})
        assert done.returncode == 3
        assert "agenthost.toml:2: host.build: " in done.stderr
        assert "which does not exist. fix: agenthost lock writes it" in done.stderr


def test_a_package_that_is_changed_before_it_is_built(env, place):
    """The code that was decided is served, or a fallback."""
    with env.serve(cwd=place) as served:
        [file] = env.site_packages.glob("acme_late.py")
        file.write_text(file.read_text() + "\nEDITED = True\n")
        answer = Caller.of(served).ask("POST", "/first", {})

        assert (answer.status, b"say:" in answer.body) == (200, True)
        assert "acme_late is imported" not in served.stderr


def test_commands_build_everything(env, place):
    done = env.run("agenthost", "agents", "--load", "--json", cwd=place)

    assert {row["agent"]: row["state"] for row in json.loads(done.stdout)} == dict.fromkeys(
        ("broken", "first", "second", "team"), "ready"
    )
