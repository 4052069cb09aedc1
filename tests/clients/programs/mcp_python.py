"""The official client of the Model Context Protocol for Python."""

from __future__ import annotations

import asyncio
import os

import httpx2
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

HOST = os.environ["AGENTHOST_URL"]
URL = f"{HOST.removesuffix('/v1')}/shop/mcp"


def connected(work, url=URL):
    """Return what a function does with a session."""

    async def main():
        headers = {"authorization": f"Bearer {os.environ['AGENTHOST_PASSWORD']}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            streamable_http_client(url, http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            return await work(session)

    return asyncio.run(main())


def chat():
    async def ask(session):
        return await session.call_tool("shop.ask", {"text": "Hello"})

    assert connected(ask, f"{HOST}/mcp").content[0].text == "You have written 1 times."


def tools():
    async def order(session):
        listed = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert listed["order"].input_schema["required"] == ["item"]
        return await session.call_tool("order", {"item": "kite"}), await session.call_tool("order", {})

    ordered, refused = connected(order)
    assert ordered.content[0].text.startswith("kite, order number")
    assert refused.is_error
    assert refused.content[0].text == "item is missing; it must be text"


def structured():
    async def order(session):
        return await session.call_tool("order", {"item": "kite"})

    assert connected(order).structured_content["text"].startswith("kite, order number")


def resend():
    async def talk(session):
        first = await session.call_tool("ask", {"text": "Hello"})
        conversation = first.structured_content["conversation"]
        return await session.call_tool("ask", {"text": "Again", "conversation": conversation})

    assert connected(talk).content[0].text == "You have written 2 times."
