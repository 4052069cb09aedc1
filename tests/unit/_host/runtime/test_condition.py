"""The condition of a host, and of several workers together.

It also covers the selection of probes.
"""

from __future__ import annotations

import asyncio
import pickle

import attrs
import pytest
from plans import plan_of
from polling import poll_in_loop

from agenthost import AgentBase, AgentServer, DefinitionError, Probe, probe
from agenthost._host.published.what_is_served import QuarantinedPlugin, ServedAgent
from agenthost._host.runtime.condition import Condition, Phase, combined
from agenthost.health import Verdict

SALES, SUPPORT = ServedAgent("sales", "sales", "/sales"), ServedAgent("acme:support", "support", "/support")
WELL = Condition(Phase.SERVING, (SALES, SUPPORT))


@pytest.mark.parametrize(
    ("changes", "ready", "status"),
    [
        ({}, True, "ok"),
        ({"state": False}, False, "failing"),
        ({"state": False, "store": "it is full", "without_state": frozenset({"sales"})}, True, "degraded"),
        (
            {
                "state": False,
                "without_state": frozenset({"sales"}),
                "verdict": Verdict(agents={"sales": "failing"}),
            },
            False,
            "failing",
        ),
        ({"phase": Phase.STARTING}, False, "starting"),
        ({"phase": Phase.DRAINING}, False, "ok"),
        ({"verdict": Verdict(host="degraded")}, True, "degraded"),
        ({"verdict": Verdict(host="failing")}, False, "failing"),
        ({"verdict": Verdict(host="failing", host_pending=True)}, False, "starting"),
        ({"verdict": Verdict(started=False)}, False, "ok"),
        ({"verdict": Verdict(agents={"sales": "failing"})}, True, "degraded"),
        ({"verdict": Verdict(agents={"sales": "failing", "acme:support": "failing"})}, False, "failing"),
        ({"agents": ()}, False, "failing"),
        ({"store": "the redis:// store does not accept writes"}, True, "degraded"),
        ({"plugins": (QuarantinedPlugin("hours", "acme-hours", "1.0.0"),)}, True, "degraded"),
    ],
)
def test_what_follows(changes, ready, status):
    condition = attrs.evolve(WELL, **changes)

    assert (condition.ready, condition.status) == (ready, status)


def test_agents_without_state_do_without_the_store():
    condition = attrs.evolve(WELL, state=False, without_state=frozenset({"sales"}))

    assert (condition.status_of(SALES), condition.status_of(SUPPORT)) == ("ok", "failing")


def test_agents_are_found_by_key_and_name():
    assert WELL.find("support") is WELL.find("acme:support") is SUPPORT
    assert WELL.find("billing") is None
    assert not WELL.knows("billing")


def test_workers_together():
    """The best counts, but for a loop that stands still anywhere."""
    stuck = attrs.evolve(WELL, state=False, stands_still=31.0)

    assert combined([stuck, WELL]) == attrs.evolve(WELL, stands_still=31.0)
    assert combined([attrs.evolve(WELL, phase=Phase.STARTING), WELL]).ready
    assert combined([]) == Condition()


def test_it_travels_between_processes():
    assert pickle.loads(pickle.dumps(WELL)) == WELL  # noqa: S301 - just written


class Dental(AgentBase):
    """Has a probe of its own."""

    @probe(critical=True, interval=0.01)
    async def calendar(self):
        """Looks at its calendar."""


def test_a_probe_for_nobody_is_reported():
    """It is not asked, and named with its plugin."""
    lost = Probe("lost", print, agent="nobody")

    (warning,) = plan_of(AgentBase("sales", "/sales"), health_probes=(("acme:plugin", lost),)).warnings

    assert warning == "probe 'lost' of acme:plugin is for agent 'nobody', which is not served: it does not run"


def test_probes_of_a_program_come_and_go(tmp_path, monkeypatch):
    """With the agents that they belong to, and by ``add_probe``, while the host serves."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))
    server = AgentServer()
    server.register(AgentBase("desk", "/desk"))
    server.add_probe(Probe("early", lambda: None))
    server.app.start()
    runtime = server.app.runtime

    def names():
        return {(each.agent, each.name) for each in runtime.probing.reports() if each.source in ("code", "dental")}

    async def main():
        async with runtime.open():
            assert names() == {(None, "early")}
            server.register(Dental("dental"), "/dental")
            server.add_probe(Probe("late", lambda: False, agent="dental"))
            assert names() == {(None, "early"), ("dental", "calendar"), ("dental", "late")}
            await poll_in_loop(lambda: runtime.probing.verdict.of("dental") == "degraded")
            server.unregister("/dental")
            assert names() == {(None, "early")}
            assert runtime.probing.verdict.of("dental") == "ok"

    asyncio.run(main())
    with pytest.raises(DefinitionError, match=r"add_probe takes an agenthost.Probe, not str"):
        server.add_probe("late")
