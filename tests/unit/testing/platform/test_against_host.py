"""The simulated platform and the host itself: signatures, tokens, retries and debug events."""

from __future__ import annotations

import asyncio

import pytest

from agenthost import AgentBase, FunctionResult
from agenthost._hermetic.host import HostParts, ServedInMemory
from agenthost.testing.platform import AsgiClient, Fault, Platform, PlatformOptions

KEY = "a key for the tests of webhooks"
SIGNED = f'[host]\npublic_url = "http://agenthost.test"\nwebhook_keys = ["{KEY}"]\n'


class ShopAgent(AgentBase):
    """Takes orders."""

    def __init__(self):
        super().__init__(name="shop", route="/shop")
        self.set_post_prompt("Summarise.")
        self.enable_debug_events()
        self.on_debug_event(self.note)
        self.seen, self.events = [], []

    def note(self, name, body):
        self.events.append((name, body["call_info"]["call_id"]))

    @AgentBase.tool
    async def order(self, item: str) -> FunctionResult:
        """Order an item."""
        return FunctionResult(f"Order {await self.state.incr('orders')}: {item}.")

    @AgentBase.tool(idempotent=True)
    async def order_once(self, item: str) -> FunctionResult:
        """Order an item, once."""
        return FunctionResult(f"Order {await self.state.incr('orders')}: {item}.")

    def on_summary(self, summary, raw_data=None):
        self.seen.append(summary)


def called(tmp_path, script, *, toml="", options=None, chat=False):
    """Play a call to the agent on a host, and return both."""
    agent = ShopAgent()

    async def run():
        async with ServedInMemory.opened(HostParts(toml, agents=((agent, None),)), tmp_path) as served:
            base = f"http://{served.user}:{served.password}@agenthost.test"
            platform = Platform(AsgiClient(served.app, base), options)
            async with await (platform.chat("/shop") if chat else platform.call("/shop")) as call:
                await script(call)
                return agent, call

    return asyncio.run(run())


async def order_and_leave(call):
    await call.tool("order", item="tea")
    await call.hang_up({"items": 1})


def test_a_call_from_beginning_to_end(tmp_path):
    agent, call = called(tmp_path, order_and_leave)

    assert [event.data["response"] for event in call.trace.of("tool")] == ["Order 1: tea."]
    assert [event.data["status"] for event in call.trace.of("debug_event")] == [204, 204, 204]
    assert (agent.seen, call.trace.findings) == ([{"items": 1}], ())


def test_each_debug_event_of_a_request_reaches_the_handler(tmp_path):
    agent, call = called(tmp_path, order_and_leave)

    assert [name for name, _ in agent.events] == ["session_start", "function_call", "tool", "session_end"]
    assert {call_id for _, call_id in agent.events} == {call.id}


def test_the_host_accepts_the_platforms_signatures(tmp_path):
    agent, call = called(tmp_path, order_and_leave, toml=SIGNED, options=PlatformOptions(signing_key=KEY))

    assert (agent.seen, call.trace.findings) == ([{"items": 1}], ())


@pytest.mark.parametrize("key", [None, "another key than the host's"])
def test_the_host_refuses_other_signatures(tmp_path, key):
    _, call = called(tmp_path, order_and_leave, toml=SIGNED, options=PlatformOptions(signing_key=key))

    assert [event.data["message"] for event in call.trace.findings] == ["HTTP 403"]


def test_the_tokens_of_a_chat_are_good_for_both_of_its_ids(tmp_path):
    agent, call = called(tmp_path, order_and_leave, chat=True)

    assert (agent.seen, call.trace.of("tool")[0].data["response"]) == ([{"items": 1}], "Order 1: tea.")


@pytest.mark.parametrize(("tool", "number"), [("order", 2), ("order_once", 1)])
def test_a_lost_answer_orders_twice_unless_the_tool_is_idempotent(tmp_path, tool, number):
    async def script(call):
        await call.tool(tool, item="tea")

    _, call = called(tmp_path, script, options=PlatformOptions(faults=(Fault("lost", tool),)))

    assert call.trace.of("tool")[0].data["response"] == f"Order {number}: tea."
