"""The running host: addresses, credentials, and what publishing prepares."""

from __future__ import annotations

import asyncio
import json

import attrs
import pytest
from plans import plan_of

from agenthost import AgentBase
from agenthost._host.access.credentials import Credentials
from agenthost._host.access.principals import OF_HOST
from agenthost._host.access.tokens import Tokens
from agenthost._host.config.schema import Config, HealthConfig, HostConfig
from agenthost._host.packages.plugins import PluginState
from agenthost._host.published.settings import Settings
from agenthost._host.runtime.condition import Phase
from agenthost._host.runtime.runtime import Runtime
from agenthost._web.endpoints.health import Asker, answer as health_answer


def runtime_of(public_url=None):
    credentials = Credentials("agenthost", "p@ss/ö?")
    return Runtime(Settings(Config(host=HostConfig(public_url=public_url)), credentials, Tokens([b"key"])))


class TestCredentials:
    def test_in_a_header(self):
        assert Credentials("ann", "päss:word").pair == "ann:päss:word".encode()

    @pytest.mark.parametrize(
        ("user", "password", "userinfo"),
        [
            ("agenthost", "abcXYZ019", "agenthost:abcXYZ019"),
            ("a-._~", "-._~", "a-._~:-._~"),
            ("a@b", "p:q/r?s#t", "a%40b:p%3Aq%2Fr%3Fs%23t"),
            ("ä", "€ %", "%C3%A4:%E2%82%AC%20%25"),
        ],
    )
    def test_in_a_url(self, user, password, userinfo):
        """Percent-encoded, so that nothing in them ends the user information."""
        assert userinfo == Credentials(user, password).userinfo

    def test_are_not_printed(self):
        assert "hidden" not in repr(Credentials("ann", "hidden"))


class TestSharing:
    def test_agents_without_settings_share_what_is_the_same(self):
        """A host has thousands of them."""
        runtime, plan = runtime_of(), plan_of(*(AgentBase(name, f"/{name}") for name in ("desk", "till")))
        runtime.publish(plan)
        desk, till = plan.agents
        own = runtime.published.tokens

        assert desk.limits is till.limits is plan.limits
        assert own["/desk"]._macs is own["/till"]._macs is runtime.tokens._macs
        assert desk.serving is till.serving

    def test_an_agent_with_a_secret_has_tokens_of_its_own(self):
        runtime, plan = runtime_of(), plan_of(AgentBase("desk", "/desk", swaig_secret="own", busy="Later."))
        runtime.publish(plan)
        tokens = runtime.published.tokens["/desk"]
        token = tokens.minter("/desk", "call")("book").decode()

        assert tokens.verify(token, "/desk", "book", "call")
        assert not runtime.tokens.verify(token, "/desk", "book", "call")
        assert plan.agents[0].limits == attrs.evolve(plan.limits, busy="Later.")


class TestBase:
    @pytest.mark.parametrize(
        ("route", "base"),
        [
            ("/", "https://agenthost:p%40ss%2F%C3%B6%3F@agents.example/phone"),
            ("/sales", "https://agenthost:p%40ss%2F%C3%B6%3F@agents.example/phone/sales"),
        ],
    )
    def test_of_the_public_url(self, route, base):
        """The request has no effect on it."""
        assert base == runtime_of("https://agents.example/phone").base(route, "http", "evil.example")

    @pytest.mark.parametrize(
        ("route", "base"),
        [
            ("/", "http://agenthost:p%40ss%2F%C3%B6%3F@127.0.0.1:3000"),
            ("/sales", "http://agenthost:p%40ss%2F%C3%B6%3F@127.0.0.1:3000/sales"),
        ],
    )
    def test_of_the_request(self, route, base):
        """Without a configured URL, it comes from the address of the request."""
        assert base == runtime_of().base(route, "http", "127.0.0.1:3000")


class TestPublish:
    def test_phases(self):
        """The first plan begins the serving.

        A later one does not end the draining.
        """
        runtime = runtime_of()

        assert (runtime.phase, runtime.published) == (Phase.STARTING, None)
        runtime.publish(plan_of())
        assert runtime.phase is Phase.SERVING
        runtime.phase = Phase.DRAINING
        runtime.publish(plan_of())
        assert runtime.phase is Phase.DRAINING

    def test_a_quarantined_plugin_degrades_the_host(self):
        runtime = runtime_of()
        plugin = PluginState("hours", "acme-hours", "1.0.0", "quarantined")
        runtime.publish(attrs.evolve(plan_of(AgentBase("a", "/a")), plugins=(plugin,)))
        runtime.sample()

        assert runtime.condition().status == "degraded"
        assert runtime.condition().ready
        assert "agenthost_quarantined_plugins 1.0" in runtime.metrics.text().decode()
        body = health_answer("/health", runtime.condition(), HealthConfig(), Asker(OF_HOST))[2]
        listed = [{"plugin": "hours", "package": "acme-hours", "version": "1.0.0"}]
        assert json.loads(body)["quarantined_plugins"] == listed

    def test_requests_in_flight_keep_their_plan(self):
        runtime = runtime_of()
        runtime.publish(plan_of(AgentBase("a", "/a")))
        before = runtime.published
        runtime.publish(plan_of(AgentBase("b", "/b")))

        assert before.table.find("/a")
        assert not before.table.find("/b")
        assert runtime.published.table.find("/b")

    @pytest.mark.parametrize(("public_url", "gaps"), [(None, True), ("https://agents.example", False)])
    def test_a_configured_address_is_filled_in_beforehand(self, public_url, gaps):
        agent = AgentBase("a", "/a").define_tool("book", "", {}, lambda args: "")
        runtime = runtime_of(public_url)
        runtime.publish(plan_of(agent))
        template = runtime.published.templates["/a"]
        base = runtime.base("/a", "https", "agents.example").encode()
        swaig = json.loads(template.render(base, lambda _: b"T"))["sections"]["main"][1]["ai"]["SWAIG"]

        assert gaps is bool(template.bases)
        assert swaig["defaults"]["web_hook_url"] == f"{base.decode()}/swaig/"
        assert base.startswith(b"https://agenthost:")


QUICK_TO_BREAK = Config(host=HostConfig(breaker_failures=1, breaker_open=3600))


def fails():
    raise ValueError("the calendar is on fire")


class TestBreakersAfterAReload:
    """Calls in progress stay with the agent with which they began.

    The health report is about the agent that new calls reach.
    """

    def test_only_what_is_served_is_told_of(self):
        """The breaker of the earlier agent opens, and protects its own callers only.

        That of the new agent is reported.
        """

        def plan():
            return plan_of(AgentBase("a", "/a"), config=QUICK_TO_BREAK)

        async def main():
            runtime = runtime_of()
            runtime.publish(plan())
            (before,) = runtime.published.plan.agents
            runtime.publish(plan(), keep=3600)
            (now,) = runtime.published.plan.agents
            await runtime.caller.attempt(before, "document", fails)
            first = runtime.condition().broken
            left_alone = await runtime.caller.attempt(before, "document", lambda: "works")
            reached = await runtime.caller.attempt(now, "document", lambda: "works")
            await runtime.caller.attempt(now, "document", fails)
            return first, left_alone.result, reached.result, runtime.condition().broken

        assert asyncio.run(main()) == (frozenset(), None, "works", {"a"})

    def test_one_that_stays_is_told_of(self):
        """The same agent has failed, whatever else is published."""

        async def main():
            runtime = runtime_of()
            plan = plan_of(AgentBase("a", "/a"), config=QUICK_TO_BREAK)
            runtime.publish(plan)
            await runtime.caller.attempt(plan.agents[0], "document", fails)
            runtime.publish(attrs.evolve(plan), keep=3600)
            return runtime.condition().broken

        assert asyncio.run(main()) == {"a"}
