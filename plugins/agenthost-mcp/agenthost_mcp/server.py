"""The server of one request: what its caller may use, as tools and prompts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import mcp_types as types
from attrs import frozen
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from agenthost import ToolOutput

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from mcp.server.context import ServerRequestContext

    from agenthost import McpOffer, OfferedAgent, OfferedTool

__all__ = ["server_of"]

_UNSUITABLE = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST_NAME = 128
_OUTPUT = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "The words of the result"},
        "actions": {"type": "array", "description": "Actions of a phone platform that belong to the result"},
    },
    "required": ["text"],
}
_ASK = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "The message, in the words of a person"},
        "conversation": {"type": "string", "description": "The conversation of an earlier answer, to continue it"},
    },
    "required": ["text"],
}
_ANSWER = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "The answer"},
        "agent": {"type": "string", "description": "The agent that answered"},
        "conversation": {"type": "string", "description": "To continue the conversation"},
    },
    "required": ["text"],
}


@frozen
class _Entry:
    """A tool in the list, and what runs it."""

    tool: types.Tool
    run: Callable[[Any], Awaitable[ToolOutput]]


def server_of(offer: McpOffer) -> Server[Any]:
    """Return the server of an offer.

    Args:
        offer: the agents that the caller may use.
    """
    entries = {entry.tool.name: entry for entry in _entries(offer)}
    prompts = {_name(agent.key): agent for agent in offer.agents if agent.prompt is not None}

    async def list_tools(_: ServerRequestContext[Any], __: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[entry.tool for entry in entries.values()])

    async def call_tool(_: ServerRequestContext[Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        entry = entries.get(params.name)
        if entry is None:
            known = ", ".join(entries)
            return _failed(f"There is no tool called {params.name}. There are: {known}.")
        output = await entry.run(params.arguments or {})
        if output.failed:
            return _failed(output.text)
        return types.CallToolResult(
            content=[types.TextContent(text=output.text)], structured_content={"text": output.text, **output.data}
        )

    async def list_prompts(_: ServerRequestContext[Any], __: object) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[_prompt(name, agent) for name, agent in prompts.items()])

    async def get_prompt(_: ServerRequestContext[Any], params: types.GetPromptRequestParams) -> types.GetPromptResult:
        agent = prompts.get(params.name)
        if agent is None or agent.prompt is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no prompt {params.name!r}")
        content = types.TextContent(text=await agent.prompt())
        return types.GetPromptResult(
            description=agent.description, messages=[types.PromptMessage(role="user", content=content)]
        )

    name, version, title, description = _identity(offer)
    return Server(
        name,
        version=version,
        title=title,
        description=description,
        instructions=_instructions(offer),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
    )


def _identity(offer: McpOffer) -> tuple[str, str, str, str | None]:
    """Return name, version, title and description."""
    if offer.of_host:
        return "agenthost", offer.version, "Agents", None
    (agent,) = offer.agents
    return agent.name, agent.version, _title(agent.name), agent.description or None


def _entries(offer: McpOffer) -> Iterator[_Entry]:
    for agent in offer.agents:
        before = f"{_name(agent.key)}." if offer.of_host else ""
        for tool in agent.tools:
            yield _Entry(_tool(f"{before}{tool.name}", tool), tool.call)
        taken = {tool.name for tool in agent.tools}
        ask = next(name for name in ("ask", "ask_agent", "ask_this_agent") if name not in taken)
        yield _Entry(_ask(f"{before}{ask}", agent), _asking(agent))


def _tool(name: str, tool: OfferedTool) -> types.Tool:
    return types.Tool(
        name=name[:_LONGEST_NAME],
        title=tool.title or _title(tool.name),
        description=tool.description,
        input_schema=dict(tool.parameters),
        output_schema=_OUTPUT,
        annotations=types.ToolAnnotations.model_validate(dict(tool.annotations)),
    )


def _ask(name: str, agent: OfferedAgent) -> types.Tool:
    purpose = f" {agent.description}" if agent.description else ""
    return types.Tool(
        name=name[:_LONGEST_NAME],
        title=f"Ask {_title(agent.name)}",
        description=f"Send the agent {agent.name} a message, and return its answer.{purpose}",
        input_schema=_ASK,
        output_schema=_ANSWER,
    )


def _asking(agent: OfferedAgent) -> Callable[[Any], Awaitable[ToolOutput]]:
    async def ask(arguments: Any) -> ToolOutput:
        text, conversation = arguments.get("text"), arguments.get("conversation")
        if not isinstance(text, str) or not text.strip():
            return _refused("text is missing; it must be the message")
        if conversation is not None and not isinstance(conversation, str):
            return _refused("conversation must be the one of an earlier answer")
        return await agent.ask(text, conversation)

    return ask


def _refused(sentence: str) -> ToolOutput:
    return ToolOutput(sentence, failed=True)


def _failed(sentence: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=sentence)], is_error=True)


def _prompt(name: str, agent: OfferedAgent) -> types.Prompt:
    return types.Prompt(name=name, title=f"Prompt of {_title(agent.name)}", description=agent.description or None)


def _instructions(offer: McpOffer) -> str | None:
    lines = [f"{agent.name}: {agent.description or 'no description'}" for agent in offer.agents]
    if offer.of_host:
        listed = "\n".join(f"- {line}" for line in lines)
        return f"Agents of this host. Each has a tool to ask it, and may have tools of its own.\n{listed}"
    return lines[0]


def _name(key: str) -> str:
    """Return a key in the characters that names of tools may have."""
    return _UNSUITABLE.sub("_", key)


def _title(name: str) -> str:
    """Return a name for people, such as "Find order" for ``find_order``."""
    words = re.sub(r"[_\-.]+", " ", name).strip()
    return words[:1].upper() + words[1:]
