"""Replicas without a cluster: the host in them opens, answers, refuses, and closes."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec

import pytest
from agenthost_ray.files import members

from agenthost import AgentHostError

REQUEST = {
    "scope": {"method": "GET", "scheme": "http", "query_string": b"", "client": None, "server": None}
    | {"path": "/steady", "raw_path": b"/steady", "headers": [(b"host", b"localhost")]},
    "body": b"",
}


@pytest.fixture
def replica(environment, tmp_path, monkeypatch):
    """Make a replica of some agents, with a workflow in its configuration."""
    if not find_spec("ray"):
        pytest.skip("tox -e ray installs it")
    from agenthost_ray.replicas import Agent  # noqa: PLC0415 - it imports Ray

    place, _ = environment
    file = tmp_path / "agenthost.toml"
    file.write_text('[host]\nstate_dir = "state"\n[workflows.desk]\nkind = "router"\nagents = ["steady"]\n')
    monkeypatch.syspath_prepend(place / "packages")
    monkeypatch.setenv("AGENTHOST_AGENTS", "")
    return lambda *agents: Agent(agents, str(file))


def test_it_opens_and_closes_in_different_tasks(replica):
    """Ray checks its health in one task, and ends it in another."""

    async def live():
        agent = replica("steady")
        await asyncio.create_task(agent.check_health())
        status, _, _ = await asyncio.create_task(agent.answer(REQUEST))
        await asyncio.create_task(agent.close())
        return status

    assert asyncio.run(live()) == 401


def test_it_serves_the_members_of_a_workflow(replica):
    async def live():
        agent = replica("desk", "steady")
        await agent.check_health()
        await agent.close()

    asyncio.run(live())


@pytest.mark.parametrize(
    ("agents", "words"),
    [
        (["missing"], "no agent matches 'missing'. fix: agenthost agents lists all"),
        (["desk"], "agent desk is not served here: quarantined: none of its agents is served"),
    ],
)
def test_it_does_not_start_without_its_agent(replica, agents, words):
    """Every health check has the reason."""

    async def live():
        agent = replica(*agents)
        for _ in range(2):
            with pytest.raises((RuntimeError, AgentHostError), match=words):
                await agent.check_health()
        await agent.close()

    asyncio.run(live())


def test_members_of_members():
    rows = {
        "desk": {"agent": "desk", "route": "/desk", "members": ["/sales", "team", "gone"]},
        "team": {"agent": "team", "route": "/team", "members": ["desk", "help"]},
        "sales": {"agent": "sales", "route": "/sales"},
        "help": {"agent": "help", "route": "/help"},
    }

    assert set(members("desk", rows)) == {"sales", "team", "help"}
    assert members("sales", rows) == ()
