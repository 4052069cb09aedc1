"""The server of the tools for a coding agent, with short failures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from pydantic import ValidationError

from agenthost_mcp.answers import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CodingServer"]

_ACTING = ("reload", "state")
_USAGE = re.compile(r"^(?:Usage: .*|Try '.*|Error: )\n?", re.MULTILINE)
"""Lines of a command that has been misused, which say nothing to a client of the server."""


class CodingServer(MCPServer):
    """A server whose failed calls say what was wrong with them."""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """Call a tool.

        Raises:
            ToolError: there is no such tool, its arguments do not fit, or it fails.
        """
        known = [each.name for each in await self.list_tools()]
        if name not in known:
            raise ToolError(_no_tool(name, known))
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError:
            raise
        except ToolError as error:
            cause = error.__cause__
            if isinstance(cause, ValidationError):
                raise ToolError(f"{name}: {'; '.join(_wrong(cause))}. fix: see its input schema") from error
            raise ToolError(_short(str(cause or error))) from error


def _no_tool(name: str, known: list[str]) -> str:
    if name in _ACTING:
        return f"{name} changes a running host, and is not offered. fix: start the server as agenthost mcp --act"
    return f"there is no tool {name[:100]!r}. fix: call one of {', '.join(known)}"


def _wrong(error: ValidationError) -> Iterator[str]:
    """Yield a sentence about each argument that does not fit."""
    for each in error.errors(include_url=False):
        where = ".".join(map(str, each["loc"]))
        yield f"{where} is missing" if each["type"] == "missing" else each["msg"].replace("Input", where, 1)


def _short(text: str) -> str:
    """Return the end of a message, which has the reason."""
    told = _USAGE.sub("", text).strip()
    return told.encode()[-LIMIT:].decode(errors="ignore")
