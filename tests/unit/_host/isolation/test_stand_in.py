"""Stand-ins for agents that are built in another process."""

import asyncio
import os
import signal
import sys
import time

import pytest

from agenthost._discovery import AGENTS, Candidate
from agenthost._host.config.schema import AgentConfig, Config, HostConfig
from agenthost._host.isolation import stand_in as stand_in_module
from agenthost._host.isolation.process import NotIsolatable, OwnProcessError
from agenthost._host.isolation.stand_in import isolated
from agenthost._host.packages.diagnosis import Diagnosed
from agenthost._host.packages.selection import SelectedAgent
from agenthost._host.packages.stages import Built, Loaded
from agenthost._host.plan.plan import make_plan
from agenthost.agent.base import declared, serve_state
from agenthost.builtin.state_memory import MemoryEntries
from agenthost.errors import ArgumentsRefused
from agenthost.results import HandOver
from agenthost.results.tool_answer import ToolAnswer
from agenthost.state import Scope, Stores
from agenthost.state.scope import OwnScope
from agenthost.tools.swaig import UNREADABLE, Call

pytestmark = pytest.mark.slow

AGENT = """
import os
from agenthost import AgentBase, FunctionResult, probe
from agenthost.workflows.sequential import Sequential

LOADED_AT = os.getpriority(os.PRIO_PROCESS, 0)

class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="far", route="/far", shared_state=("desk",), examples=("I am far away",))
        self.prompt_add_section("Role", "You are elsewhere.")
        self.set_global_data({"known": True})

    @AgentBase.tool(timeout=3, idempotent=True)
    async def double(self, number: int, times: int = 1) -> str:
        return str(2**times * number)

    @AgentBase.tool(secure=False)
    def pid(self) -> str:
        return str(os.getpid())

    @AgentBase.tool
    def priorities(self) -> str:
        return f"{LOADED_AT} {os.getpriority(os.PRIO_PROCESS, 0)}"

    @AgentBase.tool
    def over(self) -> FunctionResult:
        return FunctionResult("Over.").hand_over('a "friend"')

    @AgentBase.tool
    async def asked(self, call) -> str:
        return str(await call.state.incr("asked"))

    @AgentBase.tool
    async def nonsense(self, kind: str) -> str:
        import asyncio, gc
        from agenthost._host.isolation.frames import Frames
        [frames] = [each for each in gc.get_objects() if isinstance(each, Frames)]
        for number in range(100):
            frames.send(kind, number, None if kind == "stray" else ["a"])
        await asyncio.sleep(30)

    @AgentBase.tool
    def die(self) -> str:
        os._exit(3)

    @probe
    def is_well(self):
        return False

def raises():
    raise ValueError("not today")

def dies():
    os.abort()

def nothing():
    return None

def workflow():
    return Sequential("flow", ("a", "b"))
"""


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """Offers an attribute of the module above."""
    (tmp_path / "far_away.py").write_text(AGENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    return lambda name: Candidate(AGENTS, "far", f"far_away:{name}", "acme-far", "1.0", "")


@pytest.fixture
def build(offered):
    def build(name="Agent", **section):
        return isolated(offered(name), "far", AgentConfig(**section), Config(host=HostConfig(log_level="warning")))

    return build


def call():
    return Call.from_body({"call_id": "c-1"})


async def used(stand_in, work):
    async with stand_in.lifespan():
        return await work()


def test_it_says_what_the_agent_says_and_its_package_is_not_imported(build):
    """Everything that plans, lists and talks to agents need to know."""
    own = declared(build())

    assert "far_away" not in sys.modules
    assert (own.name, own.route, own.shared_state) == ("far", "/far", ("desk",))
    assert own.examples == {"": ("I am far away",)}
    assert own.draft.global_data == {"known": True}
    assert "You are elsewhere." in own.draft.prompt.text
    assert [*own.draft.tools] == ["double", "pid", "priorities", "over", "asked", "nonsense", "die"]
    assert (own.draft.tools["double"].timeout, own.draft.tools["double"].idempotent) == (3, True)
    assert not own.draft.tools["pid"].secure
    assert b"You are elsewhere." in b"".join(own.own_process.template.parts)


def test_configuration_grants_shared_state_and_the_package_does_not(build):
    """A declared name is refused until the agent's section lists it."""
    key = Scope("host", "desk").prefix("data") + b"x"
    alone, granted = build(), build(shared_state=("desk", "undeclared"))

    assert (alone.may_reach(key), granted.may_reach(key)) == (False, True)
    assert not granted.may_reach(Scope("host", "undeclared").prefix("data") + b"x")
    assert alone.may_reach(Scope("agent", "far").prefix("data") + b"x")

    def plan(agent, **section):
        built = Built(SelectedAgent.in_code("far", AgentConfig(isolation="process", **section), "acme-far"), agent)
        return make_plan(Config(), Loaded(built=(built,)))

    assert plan(granted, shared_state=("desk",)).warnings == ()
    [told] = plan(alone).warnings
    assert told.startswith(
        "agenthost.toml: agents.far.shared_state: the isolated agent 'far' may not use the shared state"
    )
    assert told.endswith("'desk'. fix: write shared_state = [\"desk\"] in [agents.far]")


def test_the_same_arguments_written_differently_are_known_here(build):
    """So an idempotent tool runs once, whichever of its processes a request reaches."""
    same = declared(build()).draft.tools["double"].arguments.canonical

    assert same({"number": 5}) == same({"number": "5", "times": 1.0, "unknown": 1})
    assert same({"number": 5}) != same({"number": 5, "times": 2})


def test_its_tools_run_there(build):
    """Arguments are checked in the process.

    A successor answers calls after a crash.
    """
    stand_in = build()
    tools = declared(stand_in).draft.tools

    async def work():
        twice = await tools["double"].call({"number": 21}, call())
        with pytest.raises(ArgumentsRefused, match="number"):
            await tools["double"].call({"number": "many"}, call())
        with pytest.raises(ArgumentsRefused, match="number is missing; it must be an integer"):
            await tools["double"].call({"number": None}, call())
        with pytest.raises(ArgumentsRefused, match=r'cannot be read.*"number": <an integer>'):
            tools["double"].call(UNREADABLE, call())
        assert await tools["double"].call({"number": "21", "times": None}, call()) == twice
        first = await tools["pid"].call(UNREADABLE, call())
        with pytest.raises(OwnProcessError, match="ended with exit status 3"):
            await tools["die"].call({}, call())
        return twice, first, await tools["pid"].call({}, call())

    twice, first, second = asyncio.run(used(stand_in, work))
    assert twice == ToolAnswer("42")
    assert first != second
    assert str(os.getpid()) not in (first.text, second.text)


def test_it_is_loaded_like_any_other_and_yields_to_the_host_from_then_on(build):
    """Its process has normal priority until it is loaded, within the build timeout."""
    stand_in = build()

    async def work():
        return await declared(stand_in).draft.tools["priorities"].call({}, call())

    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert asyncio.run(used(stand_in, work)) == ToolAnswer(f"{own} {min(own + 10, 19)}")


def test_the_log_tells_a_call_that_goes_on_from_one_that_was_never_begun(build, caplog):
    """The second one is not the fault of the agent's code.

    Its process had no CPU time.
    """
    stand_in = build()
    tools = declared(stand_in).draft.tools

    async def work():
        number = int((await tools["pid"].call({}, call())).text)
        os.kill(number, signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await tools["pid"].call({}, call())
        return number, int((await tools["pid"].call({}, call())).text)

    first, second = asyncio.run(used(stand_in, work))
    assert first != second
    said = [record.getMessage() for record in caplog.records]
    assert f"process {first} of agent far is replaced: it has not begun a call before the call's deadline" in said


def test_a_hand_over_names_the_agent(build):
    """The host finds it, and knows where it is."""
    stand_in = build()

    async def work():
        return await declared(stand_in).draft.tools["over"].call({}, call())

    assert asyncio.run(used(stand_in, work)).actions == (HandOver('a "friend"'),)


@pytest.mark.parametrize("kind", ["raised", "stray"])
def test_a_process_that_sends_nonsense_is_replaced_at_once(build, kind):
    """Its callers do not wait for the deadline."""
    stand_in = build()
    tools = declared(stand_in).draft.tools

    async def work():
        with pytest.raises(OwnProcessError):
            await asyncio.wait_for(tools["nonsense"].call({"kind": kind}, call()), 5)
        return (await asyncio.wait_for(tools["double"].call({"number": 2}, call()), 10)).text

    assert asyncio.run(used(stand_in, work)) == "4"


def test_its_probes_are_asked_there(build):
    stand_in = build()

    async def work():
        return await stand_in.probes[0].check()

    assert not asyncio.run(used(stand_in, work)).ok


@pytest.mark.parametrize(
    ("key", "may"),
    [
        (Scope("agent", "far").prefix("data") + b"visits", True),
        (Scope("agent", "far").prefix("lock") + b"visits", True),
        (Scope("host", "desk").prefix("data") + b"x", True),
        (Scope("call", "c-1").prefix("data"), False),
        (Scope("agent", "farther").prefix("data") + b"x", False),
        (Scope("host", "tool calls").prefix("data") + b"x", False),
        (OwnScope("conversation transcripts").prefix("data") + b"c-1", False),
        (OwnScope("turns of clients").prefix("data") + b"x", False),
        (OwnScope("histories of clients").prefix("data") + b"x", False),
        (OwnScope("tool runs").prefix("data") + b"runs", False),
        (OwnScope("summaries").prefix("data") + b"x", False),
        (OwnScope("recorded calls").prefix("data") + b"x", False),
        (b"own/", False),
        (b"call/", False),
        (b"call/c-1/", False),
        (b"", False),
        (b"agent/", False),
    ],
)
def test_it_reaches_its_own_entries_alone(build, key, may):
    """Shared names are granted by its section."""
    assert build(shared_state=("desk",)).may_reach(key) is may


def test_the_state_of_a_call_belongs_to_those_who_began_it(build):
    """Each group of callers has a state of its own for the same call."""
    stand_in, stores = build(), Stores(MemoryEntries(time.monotonic))
    serve_state(stand_in, "far", stores.within("own"))
    tool = declared(stand_in).draft.tools["asked"]

    async def work():
        groups = (stores.within("own"), stores.within("key-ci"), stores, stores.within("own"))
        calls = [Call.from_body({"call_id": "c-1"}, each) for each in groups]
        return [(await tool.call({}, each)).text for each in calls]

    assert asyncio.run(used(stand_in, work)) == ["1", "1", "1", "2"]


def test_the_state_of_a_call_is_open_once_it_has_run_a_tool(build, monkeypatch):
    """The ID is not enough, not even for calls of the agent's own credentials."""
    monkeypatch.setattr(stand_in_module, "_MOST_CALLS", 2)
    agent, stores = build(), Stores(MemoryEntries(time.monotonic))
    serve_state(agent, "far", stores.within("own"))
    tool = declared(agent).draft.tools["asked"]

    def reached(*calls):
        """Return the groups and calls whose entries, locks and prefixes the agent reaches."""
        parts = [(group, call, rest) for group, call in calls for rest in ("data/asked", "lock/x", "")]
        keys = {each: f"call{each[0]}/{each[1]}/{each[2]}".encode() for each in parts}
        return [each[:2] for each in parts if agent.may_reach(keys[each])]

    asked = [*(("", "c-1"), (".own", "c-1"), (".key-ci", "c-1"), (".own", "c-2"), (".key-ci", "c%2F1"), ("", ""))]
    assert reached(*asked) == []

    async def work(*calls):
        for group, call in calls:
            await tool.call({}, Call.from_body({"call_id": call}, stores.within(group) if group else stores))

    asyncio.run(used(agent, lambda: work(("own", "c-1"), ("key-ci", "c/1"))))
    assert reached(*asked) == [*[(".own", "c-1")] * 3, *[(".key-ci", "c%2F1")] * 3]
    assert not any(agent.may_reach(key) for key in (b"call.own/", b"call.own/c-1", b"call.own", b"call.own/c-", b""))

    asyncio.run(used(agent, lambda: work(("own", "c-1"), ("", "c-1"))))
    assert reached(*asked) == [*[("", "c-1")] * 3, *[(".own", "c-1")] * 3], "the one used longest ago is closed"


def test_a_tool_without_a_call_opens_no_state(build):
    agent = build()
    asyncio.run(used(agent, lambda: declared(agent).draft.tools["pid"].call({}, Call.from_body({}))))

    assert not agent.may_reach(b"call//data/x")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("raises", "ValueError: not today (far_away.py:52)"),
        ("dies", "its process was ended by SIGABRT while it was loaded"),
        ("nothing", "far_away:nothing returns nothing, not an agent (a subclass of agenthost.AgentBase)"),
        ("missing", "AttributeError: module 'far_away' has no attribute 'missing'"),
    ],
)
def test_a_package_that_fails_is_diagnosed_where_it_fails(build, name, reason):
    with pytest.raises(Diagnosed) as raised:
        build(name)

    assert raised.value.diagnosis.reason == reason
    assert "acme-far" in raised.value.diagnosis.remedy


def test_a_workflow_is_sent_back(build):
    with pytest.raises(NotIsolatable, match="workflow"):
        build("workflow")


def test_nothing_of_the_host_is_seen_but_what_is_named(build, monkeypatch):
    """A variable that is not set is left out."""
    monkeypatch.setenv("FAR_URL", "here")
    stand_in = build(environment=("FAR_URL", "NOT_THERE"))
    assert stand_in._processes._launch.template._environ == {"FAR_URL": "here"}
