"""Shared state behind a real front: agents, calls and names, and the guide's example."""

import asyncio
import json
import sys

import pytest
from asking import ask
from pages import DOCS, blocks

from agenthost import AgentBase, AgentServer, Call, DefinitionError, PlanError, StateUnavailable
from agenthost._cli import main

PASSWORD = "for tests"
PAIR = ("agenthost", PASSWORD)


@pytest.fixture(autouse=True)
def configured(tmp_path, monkeypatch):
    """Return a function that configures the store.

    The test has a state directory of its own.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", PASSWORD)
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", PASSWORD)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))


class Desk(AgentBase):
    """An agent that stores values in every way."""

    def __init__(self, name="desk"):
        super().__init__(name=name, fallback="The books are closed.", shared_state=("customers",))

    @AgentBase.tool(secure=False)
    async def note(self, call: Call):
        """Note a call."""
        await self.shared_state["customers"].update("all", lambda old: [*old, self.name], [])
        return [await self.state.incr("calls"), await call.state.incr("turns")]

    @AgentBase.tool(secure=False)
    def note_from_a_thread(self, call: Call):
        """Note a call."""
        self.shared_state["customers"].sync.update("all", lambda old: [*old, self.name], [])
        return [self.state.sync.incr("calls"), call.state.sync.incr("turns")]

    @AgentBase.tool(secure=False)
    async def look(self):
        """Look at what is shared."""
        return await self.shared_state["customers"].get("all")

    @AgentBase.tool(secure=False)
    async def look_elsewhere(self):
        """Look at what it has not declared."""
        return await self.shared_state["elsewhere"].get("all")


def call(app, route, tool, call_id="c-1", token="", **arguments):
    body = {"function": tool, "call_id": call_id, "arguments": arguments, "caller_id_num": "+15550100"}
    return ask(app, "POST", f"{route}/swaig?__token={token}", auth=PAIR, json=body).json()


def serve(*agents):
    server = AgentServer()
    for agent in agents:
        server.register(agent, f"/{agent.name}")
    return server.app


def said(answer):
    return json.loads(answer["response"])


@pytest.mark.parametrize("tool", ["note", "note_from_a_thread"])
def test_agents_calls_and_names_have_their_own(tool):
    """Agents count for themselves, calls for themselves, and what is shared has both."""
    app = serve(Desk(), Desk("annex"))
    assert said(call(app, "/desk", tool)) == [1, 1]
    assert said(call(app, "/desk", tool)) == [2, 2]
    assert said(call(app, "/annex", tool)) == [1, 3]
    assert said(call(app, "/annex", tool, "c-2")) == [2, 1]
    assert said(call(app, "/desk", "look")) == ["desk", "desk", "annex", "annex"]


def test_another_process_goes_on_where_the_first_ended():
    """As two hosts on one file do."""
    assert said(call(serve(Desk()), "/desk", "note")) == [1, 1]
    assert said(call(serve(Desk()), "/desk", "note")) == [2, 2]


def test_what_is_not_declared_is_not_shared(caplog):
    answer = call(serve(Desk()), "/desk", "look_elsewhere")
    assert answer["response"] == "The books are closed."
    assert 'shared_state=("elsewhere",)' in caplog.text


def test_a_store_that_cannot_be_opened_is_heard_as_the_fallback(tmp_path, caplog):
    """The document is served as ever."""
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "state.db").write_text("this is a letter, not a database" * 99, encoding="utf-8")
    (tmp_path / "state" / "state.db").chmod(0o600)
    app = serve(Desk())
    answer = call(app, "/desk", "note")
    assert answer["response"] == "The books are closed."
    assert answer["error_id"] in caplog.text

    assert ask(app, "GET", "/desk", auth=PAIR).status_code == 200


def test_an_attribute_of_the_author_wins():
    class Own(AgentBase):
        def __init__(self):
            super().__init__("own")
            self.state = {"mine": True}
            self.shared_state = "mine too"

    assert (Own().state, Own().shared_state) == ({"mine": True}, "mine too")


def test_an_agent_that_nobody_serves():
    desk = Desk()
    with pytest.raises(StateUnavailable, match="no host serves this agent"):
        asyncio.run(desk.state.get("calls"))
    with pytest.raises(StateUnavailable, match="no host serves this agent"):
        asyncio.run(desk.shared_state["customers"].get("all"))
    with pytest.raises(DefinitionError, match="declares no shared state 'x'"):
        _ = desk.shared_state["x"]


def test_a_scheme_without_plugin_ends_the_start(tmp_path):
    (tmp_path / "agenthost.toml").write_text('[state]\nurl = "etcd://e"\n', encoding="utf-8")
    server = AgentServer(port=0)
    server.register(Desk())
    with pytest.raises(PlanError, match="no plugin opens etcd:// stores"):
        server.run()


def test_the_lifespan_of_a_foreign_server_opens_and_closes_the_store(tmp_path):
    (tmp_path / "agenthost.toml").write_text('[state]\nurl = "sqlite:///mine.db"\n', encoding="utf-8")
    app = serve(Desk())

    async def live():
        told, sent = asyncio.Queue(), asyncio.Queue()
        await told.put({"type": "lifespan.startup"})
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        task = asyncio.create_task(app(scope, told.get, sent.put))
        assert (await sent.get())["type"] == "lifespan.startup.complete"
        there = (tmp_path / "state" / "mine.db").exists()
        await told.put({"type": "lifespan.shutdown"})
        await task
        return there

    assert asyncio.run(live())


def test_the_command_runs_tools_with_state(tmp_path, capsys, monkeypatch):
    """It counts on where the store is kept."""
    (tmp_path / "desk.py").write_text(
        "from agenthost import AgentBase\n\n\nclass Desk(AgentBase):\n"
        "    def __init__(self):\n        super().__init__('desk')\n\n"
        "    @AgentBase.tool\n    def count(self):\n        '''Count.'''\n"
        "        return f\"number {self.state.sync.incr('n')}\"\n",
        encoding="utf-8",
    )
    store = f"--state=sqlite:///{tmp_path / 'state.db'}"
    for number, options in ((1, ()), (1, ()), (1, (store,)), (2, (store,))):
        monkeypatch.setattr(sys, "argv", ["agenthost", "tool", "desk.py", "count", *options])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, None)
        assert capsys.readouterr().out == f"number {number}\n"


def test_what_the_guide_shows():
    """One agent stores the caller, and the other reads it.

    Without a store, the third still greets.
    """
    modules = {}
    for block in blocks(DOCS / "how-to" / "share-state.md", "python"):
        exec(compile(block.text, block.name, "exec"), modules)  # noqa: S102 - that a page's text runs is the point
    app = serve(*(modules[f"{name}Agent"]() for name in ("Reception", "Sales", "Greeter", "Catalogue")))

    def answer(agent, tool, **arguments):
        desk = app.runtime.published.plan.find(agent)
        token = app.runtime.tokens_of(desk).minter(desk.route, "c-1")(tool).decode()
        return call(app, f"/{agent}", tool, token=token, **arguments)["response"]

    app.start()
    assert answer("sales", "who_is_it") == "This is a new caller."
    assert answer("reception", "note_name", name="Ada") == "Welcome, Ada, caller number 1 today."
    assert answer("sales", "who_is_it") == "This is Ada, who has been greeted."
    assert answer("greeter", "greet") == "Good morning, Ada!"
    assert answer("catalogue", "refresh") == "The catalogue is new."
