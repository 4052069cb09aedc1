"""Agents and plugins with lifespans, some of which fail.

They write notes into the host's directory.
"""

import asyncio
import json
import os
from contextlib import asynccontextmanager
from pathlib import Path

from agenthost import AgentBase, hookimpl

NOTES = Path.cwd() / "notes.jsonl"


def note(**what):
    with NOTES.open("a") as notes:
        notes.write(json.dumps(what | {"process": os.getpid()}) + "\n")


@asynccontextmanager
async def noted(whose):
    task = asyncio.current_task()
    note(whose=whose, what="begins")
    await asyncio.sleep(0)
    yield
    note(whose=whose, what="ends", same_task=asyncio.current_task() is task)


class Waiting(AgentBase):
    def __init__(self):
        name = type(self).__name__.lower()
        super().__init__(name, f"/{name}", sip=(name,), fallback="Sorry.")
        self.prompt_add_section("Role", "You wait.")


class Opened(Waiting):
    @asynccontextmanager
    async def lifespan(self):
        async with noted("agent"):
            self.line = "the line is open"
            yield

    @AgentBase.tool
    async def ask(self, *, fails: bool = False, seconds: float = 0.0) -> str:
        """Say whether the line is open.

        Args:
            fails: Whether it breaks
            seconds: How long it takes
        """
        await asyncio.sleep(seconds)
        if fails:
            raise ConnectionError("the line is broken")
        return f"{self.line} in {os.getpid()}"


class Raises(Waiting):
    @asynccontextmanager
    async def lifespan(self):
        raise ConnectionError("the database is gone")
        yield


class Exits(Waiting):
    @asynccontextmanager
    async def lifespan(self):
        raise SystemExit(3)
        yield


class Hangs(Waiting):
    @asynccontextmanager
    async def lifespan(self):
        await asyncio.sleep(3600)
        yield


class Unmarked(Waiting):
    async def lifespan(self):
        yield


class Notes:
    @hookimpl
    def lifespan(self, host):
        return self.around(host)

    @asynccontextmanager
    async def around(self, host):
        starts = await host.state.incr("starts")
        async with noted("plugin"):
            note(whose="plugin", what="host", start=starts, agents=dict(host.agents), version=host.version)
            yield

    @hookimpl
    def tool_called(self, event):
        note(whose="observer", agent=event.agent, tool=event.tool, call_id=event.call_id, outcome=event.outcome)


class ObserverRaises:
    @hookimpl
    def tool_called(self):
        raise SystemExit("no more")


class LifespanRaises:
    @hookimpl
    @asynccontextmanager
    async def lifespan(self):
        raise ConnectionError("the queue is gone")
        yield


notes, observer_raises, lifespan_raises = Notes(), ObserverRaises(), LifespanRaises()
