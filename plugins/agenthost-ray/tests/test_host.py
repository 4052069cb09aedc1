"""The host in a replica, without a cluster: it opens, answers, refuses, and closes."""

from __future__ import annotations

import asyncio

import pytest
from agenthost_ray.contents import digest_of, digest_of_settings
from agenthost_ray.host import HostInReplica

from agenthost import AgentHostError


def asked(path, *headers):
    known = {"method": "GET", "scheme": "http", "query_string": b"", "client": None, "server": None}
    scope = {"path": path, "raw_path": path.encode(), "headers": [(b"host", b"localhost"), *headers]}
    return {"scope": known | scope, "body": b""}


@pytest.fixture
def replica(packages, tmp_path, monkeypatch):
    """Make the host of a replica, with a workflow in its configuration."""
    file = tmp_path / "agenthost.toml"
    file.write_text('[host]\nstate_dir = "state"\n[workflows.desk]\nkind = "router"\nagents = ["steady"]\n')
    monkeypatch.syspath_prepend(packages.place)
    monkeypatch.setenv("AGENTHOST_AGENTS", "")
    return lambda *agents, digests=None: HostInReplica(agents, str(file), digests or {})


@pytest.mark.parametrize(("agents", "path", "status"), [(("steady",), "/steady", 401), ((), "/live", 200)])
def test_it_opens_and_closes_in_different_tasks(replica, agents, path, status):
    """Ray checks its health in one task, and ends it in another.

    Without agents, it serves those that it can build.
    """

    async def live():
        host = replica(*agents)
        await asyncio.create_task(host.opened())
        answered, _, _ = await asyncio.create_task(host.answer(asked(path)))
        await asyncio.create_task(host.close())
        return answered

    assert asyncio.run(live()) == status


def test_it_serves_the_members_of_a_workflow(replica):
    async def live():
        host = replica("desk", "steady")
        await host.opened()
        await host.close()

    asyncio.run(live())


@pytest.mark.parametrize(
    ("agents", "digests", "words"),
    [
        (["missing"], {}, "no agent matches 'missing'. fix: agenthost agents lists all"),
        (["desk"], {}, "agent desk is not served here: quarantined: none of its agents is served"),
        (["steady"], {"steady": "other"}, "steady has changed since it was deployed. fix: agenthost ray deploy"),
        (["steady"], {"": "other"}, "or its lock file has changed since it was deployed. fix: agenthost ray deploy"),
    ],
)
def test_it_does_not_start_without_its_agent(replica, agents, digests, words):
    """Every health check has the reason."""

    async def live():
        host = replica(*agents, digests=digests)
        for _ in range(2):
            with pytest.raises((RuntimeError, AgentHostError), match=words):
                await host.opened()
        await host.close()

    asyncio.run(live())


def test_it_starts_with_what_was_deployed(replica, tmp_path):
    async def live():
        found = {"steady": digest_of("steady"), "": digest_of_settings(str(tmp_path / "agenthost.toml"))}
        host = replica("steady", digests=found)
        await host.opened()
        await host.close()

    asyncio.run(live())
