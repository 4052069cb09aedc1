"""An agent that harms its own process, and one that does not."""

import asyncio
import ctypes
import logging
import os
import sys
import threading
import time
from contextlib import asynccontextmanager

from agenthost import AgentBase, FunctionResult, probe

FOREVER = 120
"""Seconds that no test waits for."""


class Wild(AgentBase):
    def __init__(self):
        super().__init__(name="wild", route="/wild", fallback="Let me connect you to the desk.")
        self.prompt_add_section("Role", "You answer tests.")
        self.leaked = []

    @AgentBase.tool
    def pid(self) -> str:
        return str(os.getpid())

    @AgentBase.tool
    async def segfault(self) -> str:
        ctypes.string_at(0)
        return "never"

    @AgentBase.tool
    def leave(self) -> str:
        os._exit(7)

    @AgentBase.tool(timeout=0.5)
    async def burn(self) -> str:
        while True:
            pass

    @AgentBase.tool(timeout=0.5)
    def burn_in_a_thread(self) -> str:
        while True:
            pass

    @AgentBase.tool(timeout=0.5)
    def hang(self) -> str:
        time.sleep(FOREVER)
        return "never"

    @AgentBase.tool(timeout=0.5)
    async def sleep(self) -> str:
        await asyncio.sleep(FOREVER)
        return "never"

    @AgentBase.tool
    async def wait(self, seconds: float) -> str:
        sys.stderr.write("wait has begun\n")
        await asyncio.sleep(seconds)
        return f"waited in {os.getpid()}"

    @AgentBase.tool
    def leak(self, mebibytes: int) -> str:
        for _ in range(mebibytes):
            self.leaked.append(os.urandom(1024) * 1024)
        return str(os.getpid())

    @AgentBase.tool
    def grab(self, mebibytes: int) -> str:
        return str(len(bytes(mebibytes << 20)))

    @AgentBase.tool
    def speak(self) -> str:
        sys.stdout.write("words on standard output\n")
        sys.stderr.write("words on standard error\n")
        logging.getLogger("wild").warning("words in the log")
        return "spoken"

    @AgentBase.tool
    def environment(self) -> str:
        return " ".join(sorted(os.environ))

    @AgentBase.tool
    def fail(self) -> str:
        raise ValueError("the calendar is on fire")

    @AgentBase.tool
    async def leave_a_task(self) -> str:
        asyncio.get_running_loop().create_task(stumble())
        return "begun"

    @AgentBase.tool
    async def leave_a_callback(self) -> str:
        asyncio.get_running_loop().call_soon(sys.exit, 3)
        return str(os.getpid())

    @AgentBase.tool
    def large(self) -> str:
        return "x" * 50 * 1024 * 1024

    @AgentBase.tool
    def hand_over(self) -> FunctionResult:
        return FunctionResult("Handing over.").hand_over("calm")

    @AgentBase.tool
    def hand_over_to_nobody(self) -> FunctionResult:
        return FunctionResult("Handing over.").hand_over("nobody")

    @AgentBase.tool
    async def count(self) -> str:
        return str(await self.state.incr("calls"))

    @AgentBase.tool
    def count_in_a_thread(self) -> str:
        return str(self.state.sync.incr("calls"))

    @AgentBase.tool
    def start_another(self) -> str:
        threading.Thread(target=lambda: os.system(f"sleep {FOREVER}")).start()  # noqa: S605 - its own words
        return "begun"


class Calm(AgentBase):
    """Uses everything that an agent may use."""

    def __init__(self):
        super().__init__(name="calm", route="/calm", sip=("calm",), shared_state=("desk",), fallback="Hold on, please.")
        self.prompt_add_section("Role", "You answer tests calmly.")
        self.set_post_prompt("Sum it up.")
        self.set_dynamic_config_callback(self.configure_for_call)
        self.register_routing_callback(self.choose, "choose")
        self.opened = False
        self.seen = ""

    @asynccontextmanager
    async def lifespan(self):
        self.opened = True
        yield

    def configure_for_call(self, query, body, headers, agent):
        agent.seen = query.get("tenant", "nobody")
        agent.prompt_add_section("Tenant", agent.seen)
        if agent.seen != "nobody":
            agent.define_tool("whose", "Say whose call it is", {}, lambda args: f"of {agent.seen}", secure=False)

    def choose(self, body, headers):
        return "/wild" if body.get("wild") else None

    def on_summary(self, summary, raw_data=None):
        self.shared_state["desk"].sync.set("summary", summary)

    @AgentBase.tool
    async def desk(self) -> str:
        return str(await self.shared_state["desk"].get("summary"))

    @AgentBase.tool
    def tenant(self) -> str:
        return f"{self.seen}, opened: {self.opened}"

    @probe(interval=0.2)
    async def is_open(self):
        return self.opened


async def stumble():
    await asyncio.sleep(0)
    raise ValueError("stumbled in a task")
