"""The skill ``mcp``: tools of any MCP server for an agent, by the official client."""

from __future__ import annotations

import asyncio
import copy
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs

from agenthost import FunctionResult, Secret, Skill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from mcp.types import Tool

    from agenthost_mcp.connection import KeptConnection

__all__ = ["McpSettings", "McpSkill"]

_LONGEST_DESCRIPTION = 1000


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
    _kept: KeptConnection | None = None

    def setup(self) -> None:
        """List the tools of the server, which stay until the agent is built again."""
        from agenthost_mcp.connection import list_tools  # noqa: PLC0415 - the SDK, for agents that use it

        found = list_tools(self.settings)
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
        from agenthost_mcp.connection import KeptConnection  # noqa: PLC0415 - as in setup

        self._kept = KeptConnection(self.settings)
        keeping = asyncio.create_task(self._kept.keep())
        try:
            yield
        finally:
            self._kept = None
            keeping.cancel()
            await asyncio.wait([keeping])

    def _calling(self, name: str) -> Callable[..., Coroutine[Any, Any, FunctionResult]]:
        from agenthost_mcp.connection import call_once  # noqa: PLC0415 - as in setup

        async def call(args: dict[str, Any]) -> FunctionResult:
            async with asyncio.timeout(self.settings.timeout):
                if self._kept is not None:
                    return await self._kept.call(name, args)
                return await call_once(self.settings, name, args)

        return call
