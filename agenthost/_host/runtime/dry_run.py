"""A dry run: one call to one agent, without a server."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from agenthost._host.calls.lifespans import lifespan_around
from agenthost._host.calls.tool_caller import Attempt, ToolCaller
from agenthost._host.telemetry.current_call import Owner
from agenthost.agent.base import declared, lifespan_of
from agenthost.agent.per_call import configure, fallback_document, render_per_call, tool_of
from agenthost.tools.swaig import ToolRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.runtime.runtime import Runtime
    from agenthost.results.tool_answer import ToolAnswer
    from agenthost.tools.platform_tools import PlatformTool
    from agenthost.tools.tool import Tool

__all__ = ["DryRun", "query_of"]


class DryRun:
    """One call to one agent."""

    def __init__(self, plan: HostPlan, agent: Mounted, runtime: Runtime, call_id: str) -> None:
        self._plan = plan
        self._agent = agent
        self._runtime = runtime
        self._call_id = call_id
        self._caller = ToolCaller()
        runtime.give_state(plan)

    async def document(self, query: Mapping[str, str], body: Mapping[str, Any]) -> Attempt:
        """Return the agent's document, decoded.

        If the agent's own code fails, it is the fallback document, with an ``error_id``.
        """
        agent = self._agent
        base = self._base(agent)
        mint = self._runtime.tokens_of(agent).minter(agent.route, self._call_id)
        if not agent.dynamic:
            template = agent.template.located(self._plan.route_of)
            return Attempt(json.loads(template.render(base.encode(), mint)))
        body = {"call_id": self._call_id, **body}
        run = partial(
            render_per_call, agent.agent, base, lambda tool: mint(tool).decode(), self.resolve, query, body, {}
        )
        made = await self._caller.attempt(agent, "document", run, seconds=agent.limits.document_timeout)
        if made.error_id is not None:
            return Attempt(json.loads(fallback_document(agent.agent)), made.error_id)
        return Attempt(json.loads(made.result))

    async def tools(self, query: Mapping[str, str], body: Mapping[str, Any]) -> Attempt:
        """Return the agent's tools by name, as a tool call finds them.

        If the agent's own code fails, there are none, and there is an ``error_id``.
        """
        agent = self._agent
        found: dict[str, Tool | PlatformTool] = {**declared(agent.agent).draft.tools, **agent.tools}
        if not agent.dynamic:
            return Attempt(found)
        run = partial(configure, agent.agent, query, body, {})
        made = await self._caller.attempt(agent, "document", run, seconds=agent.limits.document_timeout)
        if made.error_id is not None:
            return Attempt({}, made.error_id)
        described = declared(made.result).draft.tools
        return Attempt({name: tool_of(agent.agent, made.result, name) or tool for name, tool in described.items()})

    async def call(self, tool: Tool, body: dict[str, Any]) -> ToolAnswer:
        """Run a tool, and return its answer.

        Raises:
            MalformedRequest: a field of the body has a wrong type.
            PlanError: the agent's lifespan fails.
        """
        owner, seconds = Owner(self._agent.key, "lifespan"), self._runtime.config.host.build_timeout
        make = lifespan_of(self._agent.agent) or self._agent.agent.lifespan
        async with self._runtime.state.opened(), lifespan_around(owner, make, seconds):
            request = ToolRequest.from_body(body, self._runtime.state.stores)
            return await self._caller.answer(self._agent, tool, request, lambda name: self._plan.sibling(name).key)

    @property
    def used_store(self) -> bool:
        """True once the agent has used its state."""
        return self._runtime.state.used

    def _base(self, agent: Mounted) -> str:
        host = self._runtime.config.host
        return self._runtime.base(agent.route, "http", f"{host.host}:{host.port}")

    def resolve(self, name: str) -> str:
        """Return the public URL of an agent of this host, by key, name or route.

        Raises:
            LookupError: no such agent is served.
        """
        sibling = self._plan.sibling(name)
        return self._base(sibling) + ("/" if sibling.route == "/" else "")


def query_of(url: str) -> dict[str, str]:
    """Return the query parameters of a document's URL, without its token."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return {name: value for name, value in pairs if name != "__token"}
