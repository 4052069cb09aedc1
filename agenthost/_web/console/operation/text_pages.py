"""The pages of agents in text: their conversations, and routing explained."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from agenthost._host.access.principals import OPERATE
from agenthost._web.console.calls.host_lines import shows
from agenthost._web.request.requests import Refused
from agenthost.errors import AgentHostError, StateUnavailable
from agenthost.workflows.router import Router

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.text.transcripts import Transcripts
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["conversation_page", "text_page"]

_MOST = 100
"""Conversations on the page. Others are found by their ID."""
_MOST_LETTERS = 2000


async def text_page(asked: PageRequest) -> Answer:
    """Return the page of conversations, with the explanation of a message if there is one."""
    routers = [each for each in asked.request.published.plan.agents if isinstance(each.agent, Router)]
    wanted = {name: (asked.query(name) or "")[:_MOST_LETTERS] for name in ("router", "text")}
    explanation, error = (None, "") if asked.live or not wanted["text"] else await _explained(asked, routers, wanted)
    conversations, problem = await _conversations(asked)
    told = {
        "routers": [each.key for each in routers],
        "explanation": explanation,
        "error": error,
        "conversations": conversations,
        "problem": problem,
    }
    return asked.json(told) if asked.as_json else await asked.page("text", **told, wanted=wanted, most=_MOST)


async def conversation_page(asked: PageRequest) -> Answer:
    """Return the page of the conversation that the query names.

    Raises:
        Refused: there is none, or the principal may not see it.
    """
    conversation = asked.query("id") or ""
    try:
        lines = [line.to_json() for line in await _transcripts(asked).read(conversation)] if conversation else []
    except AgentHostError:
        lines = []
    if not lines or not _shown(asked, lines):
        raise Refused(404)
    told = {"id": conversation, "lines": lines}
    return asked.json(told) if asked.as_json else await asked.page("conversation", **told)


async def _conversations(asked: PageRequest) -> tuple[list[dict[str, Any]], str]:
    """Return the host's conversations, the latest first, or the reason for none."""
    transcripts, found = _transcripts(asked), []
    try:
        ids = [each async for each in transcripts.conversations()]
        for each in islice(ids, _MOST):
            lines = [line.to_json() for line in await transcripts.read(each)]
            if lines and _shown(asked, lines):
                found.append(_row(each, lines))
    except StateUnavailable as error:
        return [], f"The conversations cannot be read: {error}"
    return sorted(found, key=lambda row: float(row["last"]), reverse=True), ""


def _row(conversation: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": conversation,
        "last": max(line["at"] for line in lines),
        "turns": len({line["turn"] for line in lines}),
        "agents": list(dict.fromkeys(line["agent"] for line in lines if line.get("agent"))),
        "failures": sum(line["role"] == "failure" for line in lines),
        "text": next((line["text"] for line in reversed(lines) if line["role"] == "user"), "")[:120],
    }


def _shown(asked: PageRequest, lines: list[dict[str, Any]]) -> bool:
    return all(shows(asked.request, line.get("agent")) for line in lines)


def _transcripts(asked: PageRequest) -> Transcripts:
    request = asked.request
    return request.site.turns.conversations.transcripts(request.published.plan)


async def _explained(
    asked: PageRequest, routers: list[Mounted], wanted: dict[str, str]
) -> tuple[dict[str, Any] | None, str]:
    """Return where a router sends a message and why, or the reason for nothing."""
    from agenthost._host.routing.explanations import (  # noqa: PLC0415 - only where somebody asks
        because,
        explanation_as_json,
    )
    from agenthost._host.routing.routers import explained  # noqa: PLC0415 - the same
    from agenthost._host.text.conversations import new_conversation  # noqa: PLC0415 - the same

    router = next((each for each in routers if wanted["router"] in ("", each.key)), None)
    if router is None:
        return None, "There is no such router."
    if not asked.request.may(OPERATE, router):
        return None, "Explaining asks classifiers, and needs credentials with the scope operate for this router."
    teams = asked.request.site.turns.conversations.teams
    try:
        found = await explained(teams, asked.request.published.plan, router, new_conversation(), wanted["text"])
    except (AgentHostError, TimeoutError) as error:
        return None, f"The router cannot decide: {error}"
    return {**explanation_as_json(found, wanted["text"]), "because": because(found.explanation)}, ""
