"""Connections to MCP servers, by the official client."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import httpx2
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import CONNECTION_CLOSED

from agenthost import FunctionResult

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from mcp.types import CallToolResult, Tool

    from agenthost_mcp.skill import McpSettings

__all__ = ["KeptConnection", "call_once", "list_tools"]

_log = logging.getLogger("agenthost.mcp")

_LONGEST = 8000
"""Characters of a result: a model reads all of it aloud, or not at all."""
_PAGES = 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0
"""Seconds between two attempts to connect."""


def list_tools(settings: McpSettings) -> dict[str, Tool]:
    """Return the tools of a server, by their names.

    Raises:
        ValueError: it does not answer.
    """
    return _run(lambda: _listed(settings))


async def call_once(settings: McpSettings, name: str, args: dict[str, Any]) -> FunctionResult:
    """Call a tool by a connection of its own."""
    async with AsyncExitStack() as opened:
        return _read(await (await _connect(settings, opened)).call_tool(name, args))


async def _listed(settings: McpSettings) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    async with AsyncExitStack() as opened:
        client = await _connect(settings, opened)
        cursor = None
        async with asyncio.timeout(settings.connect_timeout):
            for _ in range(_PAGES):
                page = await client.list_tools(cursor=cursor)
                found |= {tool.name: tool for tool in page.tools}
                cursor = page.next_cursor
                if cursor is None:
                    break
    return found


async def _connect(settings: McpSettings, opened: AsyncExitStack) -> Client:
    async with asyncio.timeout(settings.connect_timeout):
        if settings.command:
            program, *rest = settings.command
            environment = {name: os.environ[name] for name in settings.environment if name in os.environ}
            transport: Any = stdio_client(StdioServerParameters(command=program, args=rest, env=environment))
        else:
            headers = {"Authorization": f"Bearer {settings.token.reveal()}"} if settings.token else {}
            http = await opened.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=settings.timeout))
            transport = streamable_http_client(settings.url, http_client=http)
        return await opened.enter_async_context(Client(transport))


class KeptConnection:
    """A connection that is opened again when it has ended."""

    def __init__(self, settings: McpSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._opened = asyncio.Event()
        self._lost = asyncio.Event()

    async def keep(self) -> None:
        """Keep it open until the task is cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with AsyncExitStack() as opened:
                    self._client = await _connect(self._settings, opened)
                    self._opened.set()
                    pause = _FIRST_PAUSE
                    await self._lost.wait()
            except Exception as error:  # noqa: BLE001 - whatever a server raises, another attempt follows
                _log.warning("the MCP server does not answer: %s", _reason(error))
            self._client = None
            self._opened.clear()
            self._lost.clear()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def client(self) -> Client:
        """Return the connection, when it is open."""
        while self._client is None:
            await self._opened.wait()
        return self._client

    async def call(self, name: str, args: dict[str, Any]) -> FunctionResult:
        """Call a tool. A call whose connection ends fails, and is not repeated."""
        client = await self.client()
        try:
            return _read(await client.call_tool(name, args))
        except MCPError as error:
            if error.error.code == CONNECTION_CLOSED and client is self._client:
                self._client = None
                self._opened.clear()
                self._lost.set()
            raise


def _read(result: CallToolResult) -> FunctionResult:
    """Return the texts of a result.

    Raises:
        RuntimeError: the tool failed, so that the caller hears the agent's fallback.
    """
    texts = [block.text for block in result.content if block.type == "text"]
    said = "\n".join(texts)[:_LONGEST]
    if result.is_error:
        raise RuntimeError(f"the MCP server returned an error: {said[:500]}")
    return FunctionResult(said or "Done.")


def _run(work: Callable[[], Coroutine[Any, Any, Mapping[str, Any]]]) -> dict[str, Any]:
    """Run a coroutine in a thread of its own.

    A loop may run in this one.

    Raises:
        ValueError: it failed.
    """
    outcome: list[dict[str, Any] | BaseException] = []

    def run() -> None:
        try:
            outcome.append(dict(asyncio.run(work())))
        except BaseException as error:  # noqa: BLE001 - raised below
            outcome.append(error)

    thread = threading.Thread(target=run, name="agenthost-mcp-setup")
    thread.start()
    thread.join()
    [found] = outcome
    if isinstance(found, dict):
        return found
    raise ValueError(f"the MCP server does not answer: {_reason(found)}. fix: check url or command") from found


def _reason(error: BaseException) -> str:
    """Return the reason of a failure, which groups of errors hide."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
