"""A host in memory: what it serves, and what it takes from its surroundings."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import types
import weakref
from contextlib import asynccontextmanager

import attrs
import pytest
from polling import poll_until

from agenthost import (
    AgentBase,
    ConfigurationError,
    DefinitionError,
    FunctionResult,
    PlanError,
    SipAlias,
    hookimpl,
    probe,
)
from agenthost.testing import AsyncHermeticHost, Clock, HermeticHost


class Library(AgentBase):
    """Renews books."""

    def __init__(self):
        super().__init__(name="library", route="/library", sip=("books",), fallback="I can't reach the shelves.")
        self.prompt_add_section("Role", "You answer the phone of a library.")
        self.events = []

    @AgentBase.tool
    async def renew(self, title: str) -> FunctionResult:
        """Renew a book.

        Args:
            title: Title of the book
        """
        return FunctionResult(f"{title}, order {await self.state.incr('orders', ttl=60)}")

    @asynccontextmanager
    async def lifespan(self):
        self.events.append("opened")
        yield
        self.events.append("closed")

    @probe
    def shelves(self):
        if "opened" not in self.events:
            raise ConnectionError("no shelves")


def urls_of(document):
    ai = next(verb["ai"] for verb in document["sections"]["main"] if "ai" in verb)
    return {function["function"]: function["web_hook_url"] for function in ai["SWAIG"]["functions"]}


def call(host, tool, path="/library", call_id="call-1", **arguments):
    """Call a tool as the platform does."""
    document = host.request("POST", path, json={"call_id": call_id}).json()
    return use(host, urls_of(document)[tool], tool, call_id, **arguments)


def use(host, url, tool, call_id="call-1", **arguments):
    body = {"function": tool, "call_id": call_id, "argument": {"parsed": [arguments]}}
    return host.request("POST", url, json=body).json()


def test_an_agent_is_served_with_its_tools(agenthost_host):
    agenthost_host.add(Library())

    assert call(agenthost_host, "renew", title="Emma") == {"response": "Emma, order 1"}
    assert call(agenthost_host, "renew", title="Emma") == {"response": "Emma, order 2"}
    assert agenthost_host.state("library").get("orders") == 2
    assert agenthost_host.routes == {"library": "/library"}
    assert agenthost_host.url == "http://agenthost.test"


def test_each_host_begins_with_nothing(agenthost_host):
    """Another test has ordered before, with an agent of the same name."""
    agenthost_host.add(Library)

    assert call(agenthost_host, "renew", title="Emma") == {"response": "Emma, order 1"}


def test_nothing_comes_from_the_surroundings(agenthost_host, tmp_path, monkeypatch):
    """Neither the file of the working directory nor variables.

    Nothing is written to the state directory.
    """
    (tmp_path / "agenthost.toml").write_text('[agents.library]\nroute = "/elsewhere"\nno_such_key = 1\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", "a password of the developer")
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "a secret of the developer")
    monkeypatch.setenv("SWML_PROXY_URL_BASE", "https://developer.example")
    agenthost_host.add(Library())

    document = agenthost_host.request("POST", "/library", json={"call_id": "call-1"})

    assert document.status == 200
    assert "http://agenthost:for-tests-only@agenthost.test/library/swaig" in document.text
    assert call(agenthost_host, "renew", title="Emma") == {"response": "Emma, order 1"}
    assert [path.name for path in tmp_path.iterdir()] == ["agenthost.toml"]


def test_credentials_are_checked(agenthost_host):
    agenthost_host.add(Library())

    assert agenthost_host.request("POST", "/library", json={}, credentials=False).status == 401


def test_urls_bring_their_credentials(agenthost_host):
    """An agent with a password of its own, which its documents carry."""
    agenthost_host.add(Library()).config('[agents.library]\nuser = "books"\npassword = "own"\n')

    assert agenthost_host.request("POST", "/library", json={"call_id": "call-1"}).status == 401
    url = "http://books:own@agenthost.test/library"
    assert call(agenthost_host, "renew", url, title="Emma") == {"response": "Emma, order 1"}


def test_lifespans_are_entered_and_left():
    library = Library()
    with HermeticHost() as host:
        host.add(library).start()
        assert library.events == ["opened"]
    assert library.events == ["opened", "closed"]


def test_an_agent_can_be_served_again():
    """A host that has ended leaves the agent configurable."""
    library = Library()
    for title in ("Emma", "Persuasion"):
        library.prompt_add_section("Rule", title)
        with HermeticHost() as host:
            host.add(library)
            assert call(host, "renew", title=title) == {"response": f"{title}, order 1"}


def test_the_clock_ends_stored_values_and_tokens(agenthost_host):
    agenthost_host.add(Library())
    document = agenthost_host.request("POST", "/library", json={"call_id": "call-1"}).json()
    url = urls_of(document)["renew"]

    assert use(agenthost_host, url, "renew", title="Emma") == {"response": "Emma, order 1"}
    agenthost_host.clock.advance(61)
    assert use(agenthost_host, url, "renew", title="Emma") == {"response": "Emma, order 1"}
    agenthost_host.clock.advance(5 * 60 * 60)
    assert "expired" in use(agenthost_host, url, "renew", title="Emma")["response"]


def test_the_clock_decides_hours(agenthost_host):
    """It stands at nine on a Monday, in UTC."""
    agenthost_host.add(Library()).add(AgentBase(name="night", route="/night")).config(
        """
        [[sip.rules]]
        user = "front"
        agent = "library"
        else = "night"
        hours = "Mon-Fri 09:00-17:00"
        timezone = "UTC"
        """
    )
    body = {"call": {"to": "sip:front@acme.example"}}

    assert "/library" in agenthost_host.request("POST", "/sip", json=body).text
    agenthost_host.clock.set("2026-01-05T20:00:00")
    assert "/library" not in agenthost_host.request("POST", "/sip", json=body).text


def test_a_configuration_with_variables(agenthost_host):
    toml = '[host]\npassword = { env = "PASSWORD" }\npublic_url = "https://agents.example"\n'
    agenthost_host.add(Library()).config(toml, {"PASSWORD": "mine"})

    document = agenthost_host.request("GET", "/library")

    assert document.status == 200
    assert "https://agenthost:mine@agents.example/library" in document.text


def test_another_route(agenthost_host):
    agenthost_host.add(Library(), route="/books")

    assert call(agenthost_host, "renew", "/books", title="Emma") == {"response": "Emma, order 1"}


def test_plugins(agenthost_host):
    """An object, a module, and a class with settings."""

    class Aliases:
        @hookimpl
        def sip_aliases(self):
            return [SipAlias("b", "library")]

    class Chosen:
        @attrs.frozen
        class Settings:
            user: str

        def __init__(self, settings):
            self.settings = settings

        @hookimpl
        def sip_aliases(self):
            return [SipAlias(self.settings.user, "library")]

    module = types.ModuleType("acme.more_aliases")
    module.sip_aliases = hookimpl(lambda: [SipAlias("c", "library")])
    agenthost_host.add(Library()).add_plugin(Aliases()).add_plugin(module).add_plugin(Chosen, "chosen")
    agenthost_host.config('[plugins.chosen]\nuser = "d"\n')

    for user in ("books", "b", "c", "d"):
        answered = agenthost_host.request("POST", "/sip", json={"call": {"to": f"sip:{user}@acme.example"}})
        assert "/library" in answered.text, user


class TestProbes:
    def test_a_check_runs_now(self, agenthost_host):
        library = Library()
        agenthost_host.add(library)

        assert agenthost_host.probe("shelves", "library").ok
        library.events.clear()
        failing = agenthost_host.probe("shelves", "library")
        assert (failing.ok, "no shelves" in failing.reason) == (False, True)

    def test_an_unknown_one(self, agenthost_host):
        agenthost_host.add(Library())

        with pytest.raises(LookupError, match=r"agent 'library' has no probe 'x'\. There are: .*library\.shelves"):
            agenthost_host.probe("x", "library")


class TestFailures:
    """A host for tests fails where ``agenthost run`` sets something aside."""

    def test_of_an_agent(self, agenthost_host):
        class Broken(Library):
            @asynccontextmanager
            async def lifespan(self):
                raise ConnectionError("no calendar")
                yield

        agenthost_host.add(Broken())

        with pytest.raises(PlanError, match=r"^library: ConnectionError: no calendar"):
            agenthost_host.start()

    def test_of_a_plugin(self, agenthost_host):
        class Aliases:
            @hookimpl
            def sip_aliases(self):
                raise ValueError("no directory")

        agenthost_host.add(Library()).add_plugin(Aliases())

        with pytest.raises(PlanError, match=r"^Aliases: ValueError: no directory"):
            agenthost_host.start()

    def test_of_two_agents_at_one_route(self, agenthost_host):
        agenthost_host.add(Library()).add(AgentBase(name="other", route="/library"))

        with pytest.raises(PlanError, match=r"'/library'"):
            agenthost_host.start()

    def test_of_the_configuration(self, agenthost_host):
        agenthost_host.add(Library()).config("[host]\nno_such_key = 1\n")

        with pytest.raises(ConfigurationError, match=r"agenthost\.toml:2.*no_such_key"):
            agenthost_host.start()

    def test_of_a_package_that_is_not_there(self, agenthost_host):
        agenthost_host.installed("agenthost-nowhere")

        with pytest.raises(PlanError, match=r"no installed distribution 'agenthost-nowhere' offers .* fix: pip"):
            agenthost_host.start()

    def test_something_else_than_an_agent(self, agenthost_host):
        with pytest.raises(DefinitionError, match=r"takes agents, not dict\. fix:"):
            agenthost_host.add(dict)

    def test_after_the_start(self, agenthost_host):
        agenthost_host.add(Library()).start()

        with pytest.raises(DefinitionError, match=r"serves already\. fix:"):
            agenthost_host.add(Library())

    def test_an_agent_that_is_not_there(self, agenthost_host):
        agenthost_host.add(Library())

        with pytest.raises(LookupError, match=r"no agent 'x'\. There are: library"):
            agenthost_host.state("x")


def test_an_installed_package(agenthost_host, tmp_path, monkeypatch):
    """Agents and plugins come through the entry points of the package, and of no other."""
    info = tmp_path / "agenthost_shelves-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: agenthost-shelves\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[agenthost.agents]\nshelves = shelves_package:Shelves\n", "utf-8")
    (tmp_path / "shelves_package.py").write_text(
        "import attrs\n"
        "from agenthost import AgentBase\n\n\n"
        "class Shelves(AgentBase):\n"
        "    @attrs.frozen\n"
        "    class Settings:\n"
        "        hall: str = 'A'\n\n"
        "    def __init__(self, settings):\n"
        "        super().__init__(name='shelves')\n"
        "        self.prompt_add_section('Hall', settings.hall)\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    agenthost_host.installed("AgentHost_Shelves").config('[agents.shelves]\nhall = "B"\n')

    assert agenthost_host.routes == {"shelves": "/shelves"}
    assert '{"title":"Hall","body":"B"}' in agenthost_host.request("GET", "/shelves").text


def test_asynchronous_tests(agenthost_async_host):
    """The host has an event loop of its own, which outlives those of the test."""

    async def first():
        agenthost_async_host.add(Library())
        document = (await agenthost_async_host.request("POST", "/library", json={"call_id": "call-1"})).json()
        url = urls_of(document)["renew"]
        body = {"function": "renew", "call_id": "call-1", "argument": {"parsed": [{"title": "Emma"}]}}
        return (await agenthost_async_host.request("POST", url, json=body)).json()

    async def second():
        store = await agenthost_async_host.state("library")
        async with store.lock("shelf"):
            await store.incr("orders")
        probed = await agenthost_async_host.probe("shelves", "library")
        return await store.get("orders"), probed.ok, await agenthost_async_host.routes()

    assert asyncio.run(first()) == {"response": "Emma, order 1"}
    assert asyncio.run(second()) == (2, True, {"library": "/library"})


@pytest.mark.parametrize("kind", [HermeticHost, AsyncHermeticHost])
def test_an_agent_is_added_and_not_given_as_the_clock(kind):
    with pytest.raises(DefinitionError, match=r"is a Clock, not Library\. fix: \.add\(agent\)"):
        kind(Library())


def test_an_asynchronous_block():
    library = Library()

    async def body():
        async with AsyncHermeticHost(Clock("2026-02-01")) as host:
            await host.add(library).start()
            return host.clock.now.isoformat()

    assert asyncio.run(body()) == "2026-02-01T00:00:00+00:00"
    assert library.events == ["opened", "closed"]


def test_first_requests_at_once(agenthost_async_host):
    """The host starts once."""
    library = Library()

    async def body():
        host = agenthost_async_host.add(library)
        return [answer.status for answer in await asyncio.gather(*(host.request("GET", "/library") for _ in range(8)))]

    assert asyncio.run(body()) == [200] * 8
    assert library.events == ["opened"]


def test_a_start_that_failed_fails_again(agenthost_host):
    """Every request names the reason."""
    agenthost_host.add(Library()).config("[host]\nno_such_key = 1\n")

    for _ in range(2):
        with pytest.raises(ConfigurationError, match="no_such_key"):
            agenthost_host.request("GET", "/library")


def test_nothing_stays_of_a_host():
    """Neither its agents nor their threads, which would add up over a thousand tests."""

    class Slow(Library):
        @AgentBase.tool
        def find(self) -> str:
            """Find a shelf, on a thread."""
            time.sleep(0.001)
            return "A7"

    def use():
        library = Slow()
        with HermeticHost() as host:
            assert call(host.add(library), "find") == {"response": "A7"}
        return weakref.ref(library)

    def all_gone():
        gc.collect()
        return all(reference() is None for reference in gone)

    before = threading.enumerate()
    gone = [use() for _ in range(3)]
    poll_until(all_gone)  # a thread that ends holds its last call a moment longer
    poll_until(lambda: set(threading.enumerate()) <= set(before))
