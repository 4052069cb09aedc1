"""The pages of agents in text: their conversations, and routing explained."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from agenthost._host.access.principals import OPERATE
from agenthost._web.console.calls.host_lines import shows
from agenthost._web.console.texts import gettext
from agenthost._web.endpoints.chat.access import principal_with
from agenthost._web.request.requests import Refused
from agenthost.errors import AgentHostError, StateUnavailable
from agenthost.workflows.router import Router

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.text.transcripts import Transcripts
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["conversation_page", "text_page"]

_LEAST = 10
"""Conversations of each client on the page, if there are many clients."""
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
    conversation, wanted = asked.query("id") or "", asked.query("client")
    clients = {client: each for client, each in _clients(asked).items() if wanted in (None, client)}
    found = [(client, await _lines(each, conversation)) for client, each in clients.items() if conversation]
    shown = [(client, lines) for client, lines in found if lines and _shown(asked, lines)]
    if not shown:
        raise Refused(404)
    told = {"id": conversation, "client": shown[0][0], "lines": shown[0][1]}
    return asked.json(told) if asked.as_json else await asked.page("conversation", **told)


async def _conversations(asked: PageRequest) -> tuple[list[dict[str, Any]], str]:
    """Return the host's conversations, the latest first, or the reason for none."""
    found: list[dict[str, Any]] = []
    clients = _clients(asked)
    try:
        for client, transcripts in clients.items():
            ids = [each async for each in transcripts.conversations()]
            for each in islice(ids, max(_MOST // len(clients), _LEAST)):
                lines = [line.to_json() for line in await transcripts.read(each)]
                if lines and _shown(asked, lines):
                    found.append(_row(each, client, lines))
    except StateUnavailable as error:
        return [], gettext("The conversations cannot be read: {error}").format(error=error)
    return sorted(found, key=lambda row: float(row["last"]), reverse=True)[:_MOST], ""


async def _lines(transcripts: Transcripts, conversation: str) -> list[dict[str, Any]]:
    try:
        return [line.to_json() for line in await transcripts.read(conversation)]
    except AgentHostError:
        return []


def _row(conversation: str, client: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": conversation,
        "client": client,
        "last": max(line["at"] for line in lines),
        "turns": len({line["turn"] for line in lines}),
        "agents": list(dict.fromkeys(line["agent"] for line in lines if line.get("agent"))),
        "failures": sum(line["role"] == "failure" for line in lines),
        "text": next((line["text"] for line in reversed(lines) if line["role"] == "user"), "")[:120],
    }


def _shown(asked: PageRequest, lines: list[dict[str, Any]]) -> bool:
    return all(shows(asked.request, line.get("agent")) for line in lines)


def _clients(asked: PageRequest) -> dict[str, Transcripts]:
    """Return the transcripts of each client, by its name for people."""
    request = asked.request
    plan, reach = request.published.plan, request.published.reach
    groups = dict.fromkeys(("", *(reach.principal(agent) for agent in plan.agents)))
    keys = ("", *request.rules.settings.config.keys)
    named = {_client(group, key): principal_with(group, key) for group in groups for key in keys}
    transcripts = request.site.turns.conversations.transcripts
    return {client: transcripts(plan, principal) for client, principal in named.items()}


def _client(group: str, key: str) -> str:
    return " of ".join(filter(None, (f"key {key}" if key else "", group))) or "host"


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
        return None, gettext("There is no such router.")
    if not asked.request.may(OPERATE, router):
        return None, gettext(
            "Explaining asks classifiers, and needs credentials with the scope operate for this router."
        )
    teams = asked.request.site.turns.conversations.teams
    try:
        found = await explained(teams, asked.request.published.plan, router, new_conversation(), wanted["text"])
    except (AgentHostError, TimeoutError) as error:
        return None, gettext("The router cannot decide: {error}").format(error=error)
    return {**explanation_as_json(found, wanted["text"]), "because": because(found.explanation)}, ""
