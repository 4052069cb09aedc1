"""Commands without an installed agent show the way to a first one."""

import json

import pytest


@pytest.mark.parametrize(("command", "code"), [("agents", 0), ("check", 1), ("run", 4)])
def test_whoever_has_no_agent_is_told_how_to_get_one(env, command, code):
    told = env.run("agenthost", command)

    assert told.returncode == code
    assert "No agent is installed" in told.stdout + told.stderr
    assert "pip install ./plugins/agenthost-frontdesk" in told.stdout + told.stderr
    assert "agenthost run" in told.stdout + told.stderr
    assert "Traceback" not in told.stderr


def test_programs_are_told_nothing_but_that_there_is_nothing(env):
    told = env.run("agenthost", "agents", "--json")

    assert (told.returncode, json.loads(told.stdout), told.stderr) == (0, [], "")
