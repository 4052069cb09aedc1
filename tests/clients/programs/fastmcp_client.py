"""FastMCP, as a client."""

from __future__ import annotations

import asyncio
import os

from fastmcp import Client
from fastmcp.exceptions import ToolError

HOST = os.environ["AGENTHOST_URL"]
URL = f"{HOST.removesuffix('/v1')}/shop/mcp"


def connected(work, url=URL):
    """Return what a function does with a client."""

    async def main():
        async with Client(url, auth=os.environ["AGENTHOST_PASSWORD"]) as client:
            return await work(client)

    return asyncio.run(main())


def chat():
    async def ask(client):
        return await client.call_tool("shop.ask", {"text": "Hello"})

    assert connected(ask, f"{HOST}/mcp").content[0].text == "You have written 1 times."


def tools():
    async def order(client):
        assert {"order", "ask"} == {tool.name for tool in await client.list_tools()}
        try:
            await client.call_tool("order", {})
        except ToolError as error:
            assert str(error) == "item is missing; it must be text"  # noqa: PT017
        else:
            raise AssertionError
        return await client.call_tool("order", {"item": "kite"})

    assert connected(order).content[0].text.startswith("kite, order number")


def structured():
    async def order(client):
        return await client.call_tool("order", {"item": "kite"})

    assert connected(order).structured_content["text"].startswith("kite, order number")


def resend():
    async def talk(client):
        first = await client.call_tool("ask", {"text": "Hello"})
        said = {"text": "Again", "conversation": first.structured_content["conversation"]}
        return await client.call_tool("ask", said)

    assert connected(talk).content[0].text == "You have written 2 times."
