"""Descriptions of isolated agents, as values that a host can read without their code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from attrs import field, fields, frozen

from agenthost.agent.base import declared
from agenthost.agent.declared import ServingOptions  # noqa: TC001 - read at run time, as the next
from agenthost.swml import Template  # noqa: TC001
from agenthost.swml.instructions import instructions
from agenthost.tools.tool import Tool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenthost.agent.base import AgentBase
    from agenthost.health import Probe
    from agenthost.swml import Draft

__all__ = ["AgentDescription", "DescribedDraft", "DescribedProbe", "DescribedTool", "describe", "describe_draft"]


@frozen
class DescribedTool:
    """A tool of an agent.

    See ``agenthost.tools.tool.Tool``.
    """

    name: str
    described: dict[str, Any] | None = None
    """Its entry in a document, if something other than this host runs it; None for the agent's own."""
    description: str = ""
    parameters: dict[str, Any] = field(factory=dict)
    secure: bool = True
    webhook_url: str | None = None
    fallback: str | None = None
    timeout: float | None = None
    """Seconds that a call may take."""
    idempotent: bool = False
    undeclared: bool = False
    accepted: dict[str, Any] | None = None
    """Its parameters as they are read; None where it takes no arguments."""
    title: str | None = None
    annotations: dict[str, bool] = field(factory=dict)


@frozen
class DescribedProbe:
    """A probe of an agent.

    See ``agenthost.health.Probe``.
    """

    name: str
    timeout: float
    interval: float
    critical: bool
    failures: int
    successes: int
    startup: bool


@frozen
class DescribedDraft:
    """The parts of a document that text conversations and tool calls need."""

    instructions: str
    answer: dict[str, Any] | None
    """The configuration of ``answer``; None where the call is not answered."""
    global_data: dict[str, Any]
    """``ai.global_data``."""
    tools: tuple[DescribedTool, ...]


@frozen
class AgentDescription:
    """An agent.

    See ``agenthost.agent.declared.Declared``.
    """

    name: str
    route: str | None
    sip: tuple[str, ...]
    fallback: str
    on_failure: str
    serving: ServingOptions = field(repr=False)
    shared_state: tuple[str, ...]
    busy: str | None
    description: str
    examples: dict[str, tuple[str, ...]]
    mcp_server: bool
    """True if it offers its tools to clients of the Model Context Protocol."""
    dynamic: bool
    routing: tuple[str, ...]
    debugged: bool
    probes: tuple[DescribedProbe, ...]
    template: Template = field(repr=False)
    draft: DescribedDraft = field(repr=False)


def describe(agent: AgentBase, template: Template, probes: Iterable[Probe]) -> dict[str, Any]:
    """Return an agent as values that MessagePack carries."""
    own = declared(agent)
    said = AgentDescription(
        own.name,
        own.route,
        own.sip,
        own.fallback,
        own.on_failure,
        own.serving,
        own.shared_state,
        own.busy,
        own.description,
        {language: tuple(said) for language, said in own.examples.items()},
        own.mcp_server,
        bool(own.per_call),
        tuple(own.routing),
        own.debug_handler is not None,
        tuple(
            DescribedProbe(**{known.name: getattr(each, known.name) for known in fields(DescribedProbe)})
            for each in probes
        ),
        template,
        _draft(own.draft),
    )
    built: dict[str, Any] = msgspec.to_builtins(said, builtin_types=(bytes,))
    return built


def describe_draft(draft: Draft) -> dict[str, Any]:
    """Return a document's draft as values that MessagePack carries."""
    built: dict[str, Any] = msgspec.to_builtins(_draft(draft), builtin_types=(bytes,))
    return built


def _draft(draft: Draft) -> DescribedDraft:
    tools = []
    for name, tool in draft.tools.items():
        if isinstance(tool, Tool):
            tools.append(
                DescribedTool(
                    name,
                    None,
                    tool.description,
                    dict(tool.parameters),
                    tool.secure,
                    tool.webhook_url,
                    tool.fallback,
                    tool.timeout,
                    tool.idempotent,
                    tool.undeclared,
                    None if tool.arguments.accepted is None else dict(tool.arguments.accepted),
                    tool.title,
                    dict(tool.annotations),
                )
            )
        else:
            tools.append(DescribedTool(name, dict(tool.describe(str))))
    return DescribedDraft(instructions(draft), draft.answer, dict(draft.global_data), tuple(tools))
