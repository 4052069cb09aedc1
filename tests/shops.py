"""A shop that is served in text, for tests of what clients repeat."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack, contextmanager

import httpx
import openai
import pytest
from attrs import define, field
from chat_host import PASSWORD, configure, model_at, on_a_port

from agenthost import AgentBase, AgentServer
from agenthost.testing import ScriptedModel


class Shop(AgentBase):
    """Takes orders, and counts them."""

    def __init__(self, placed):
        super().__init__("shop", "/", fallback="The shop is closed.")
        self.placed = placed
        self.open = threading.Event()
        self.open.set()

    @AgentBase.tool
    async def order(self, item: str) -> str:
        """Place an order."""
        self.placed.append(item)
        while not self.open.is_set():  # noqa: ASYNC110 - tests set it in another thread
            await asyncio.sleep(0.01)
        return f"Order {len(self.placed)}: {item}."


@define
class Served:
    """A shop on one or more workers, which share a store."""

    urls: list
    model: ScriptedModel
    shops: list
    placed: list = field(factory=list)

    def client(self, worker=0, **options):
        wanted = {"max_retries": 0, "timeout": 20, **options}
        return openai.OpenAI(base_url=self.urls[worker], api_key=PASSWORD, **wanted)

    def post(self, said="A kite, please.", *, worker=0, headers=None, timeout=20, **more):
        """Send a request as a client without retries of its own does."""
        messages = said if isinstance(said, list) else [{"role": "user", "content": said}]
        return httpx.post(
            f"{self.urls[worker]}/chat/completions",
            json={"model": "shop", "messages": messages, **more},
            headers={"authorization": f"Bearer {PASSWORD}", **(headers or {})},
            timeout=timeout,
        )

    def respond(self, body):
        """Send a request to the Responses API."""
        headers = {"authorization": f"Bearer {PASSWORD}"}
        return httpx.post(f"{self.urls[0]}/responses", json=body, headers=headers, timeout=20)

    def close(self):
        """Let orders wait."""
        for shop in self.shops:
            shop.open.clear()

    def open(self):
        for shop in self.shops:
            shop.open.set()


@contextmanager
def serving_shop(directory, *script, then=None, workers=1, toml="", agents=Shop, others=()):
    """Serve a shop whose model is a script."""
    with ExitStack() as stack:
        model = stack.enter_context(ScriptedModel(*script, then=then))
        configure(directory, model_at(model.url) + toml)
        stack.enter_context(pytest.MonkeyPatch.context()).chdir(directory)
        served = Served([], model, [])
        for _ in range(workers):
            shop = agents(served.placed)
            server = AgentServer()
            for agent in (shop, *(other() for other in others)):
                server.register(agent)
            served.shops.append(shop)
            served.urls.append(stack.enter_context(on_a_port(server)))
        for url in served.urls:  # the first request starts a host
            httpx.get(f"{url}/models", headers={"authorization": f"Bearer {PASSWORD}"}, timeout=20)
        stack.callback(served.open)
        yield served
