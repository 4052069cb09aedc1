"""The skill ``mcp``: tools of any MCP server for an agent, by the official client."""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs
import httpx2
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import CONNECTION_CLOSED

from agenthost import FunctionResult, Secret, Skill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence

    from mcp.types import CallToolResult, Tool

__all__ = ["McpSettings", "McpSkill"]

_log = logging.getLogger("agenthost.mcp")

_LONGEST = 8000
"""Characters of a result: a model reads all of it aloud, or not at all."""
_LONGEST_DESCRIPTION = 1000
_PAGES = 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0
"""Seconds between two attempts to connect."""


def _tools(_settings: object, _field: object, value: object) -> None:
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(each, str) and each for each in value):
        raise ValueError('tools must list the tools that the agent may call, such as ["find_order"]')


@attrs.frozen
class McpSettings:
    """Settings of ``mcp``.

    Args:
        tools: Names of the server's tools that the agent may call. The others stay hidden
        url: URL of a server with the transport Streamable HTTP
        command: Program of a server on standard input and output, with its arguments, in place of a URL
        token: Bearer token for the URL
        environment: Names of the variables that the program receives, besides those that every program needs
        connect_timeout: Seconds to connect and list the tools
        timeout: Seconds of a call
    """

    tools: Sequence[str] = attrs.field(validator=_tools)
    url: str = ""
    command: Sequence[str] = ()
    token: Secret | None = None
    environment: Sequence[str] = ()
    connect_timeout: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    timeout: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))

    def __attrs_post_init__(self) -> None:
        if bool(self.url) == bool(self.command):
            raise ValueError("exactly one of url and command is needed")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url must begin with http:// or https://, not {self.url!r}")


class McpSkill(Skill):
    """Offers tools of an MCP server."""

    Settings = McpSettings
    _found: dict[str, Tool]
    _kept: _Kept | None = None

    def setup(self) -> None:
        """List the tools of the server, which stay until the agent is built again."""
        found = _run(self._listed)
        if missing := [name for name in self.settings.tools if name not in found]:
            known = ", ".join(sorted(found)) or "none"
            raise ValueError(f"the server has no tool {missing[0]!r}. It has: {known}. fix: correct tools")
        self._found = {name: found[name] for name in self.settings.tools}

    def describe(self, agent: Any) -> None:
        """Add the tools."""
        for name, tool in self._found.items():
            schema = copy.deepcopy(dict(tool.input_schema))
            agent.define_tool(
                name=self.tool_name(name.replace("-", "_").replace(".", "_")),
                description=(tool.description or tool.title or name.replace("_", " "))[:_LONGEST_DESCRIPTION],
                parameters=schema if schema.get("properties") else {},
                required=schema.get("required"),
                handler=self._calling(name),
                timeout=self.settings.timeout + 1,
            )

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Keep a connection, for which calls wait."""
        self._kept = _Kept(self._connect)
        keeping = asyncio.create_task(self._kept.keep())
        try:
            yield
        finally:
            self._kept = None
            keeping.cancel()
            await asyncio.wait([keeping])

    def _calling(self, name: str) -> Callable[..., Coroutine[Any, Any, FunctionResult]]:
        async def call(args: dict[str, Any]) -> FunctionResult:
            async with asyncio.timeout(self.settings.timeout):
                if self._kept is not None:
                    return await self._kept.call(name, args)
                async with AsyncExitStack() as opened:
                    return _read(await (await self._connect(opened)).call_tool(name, args))

        return call

    async def _listed(self) -> dict[str, Tool]:
        found: dict[str, Tool] = {}
        async with AsyncExitStack() as opened:
            client = await self._connect(opened)
            cursor = None
            async with asyncio.timeout(self.settings.connect_timeout):
                for _ in range(_PAGES):
                    page = await client.list_tools(cursor=cursor)
                    found |= {tool.name: tool for tool in page.tools}
                    cursor = page.next_cursor
                    if cursor is None:
                        break
        return found

    async def _connect(self, opened: AsyncExitStack) -> Client:
        settings = self.settings
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


class _Kept:
    """A connection that is opened again when it has ended.

    Args:
        connect: opens it on a stack
    """

    def __init__(self, connect: Callable[[AsyncExitStack], Coroutine[Any, Any, Client]]) -> None:
        self._connect = connect
        self._client: Client | None = None
        self._opened = asyncio.Event()
        self._lost = asyncio.Event()

    async def keep(self) -> None:
        """Keep it open until the task is cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with AsyncExitStack() as opened:
                    self._client = await self._connect(opened)
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
