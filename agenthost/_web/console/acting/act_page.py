"""The pages of acts: a list, and one for each, which confirms it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost._host.access.disabled_agents import disabled_agents
from agenthost._host.access.principals import ADMINISTER
from agenthost._host.recording.forgotten import SHOWN_DIGITS, names_of_caller
from agenthost._web.console.acting.acts import ACTS, carry_out
from agenthost._web.console.texts import gettext
from agenthost._web.request.requests import Refused

if TYPE_CHECKING:
    from agenthost._web.console.acting.acts import Act
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer, Request

__all__ = ["act_page", "acts_page"]

_MOST = 4096
"""The longest form, in bytes."""
_LONGEST = 200
"""Characters of an ID of a call."""
_CONFLICT, _FORBIDDEN = 409, 403


async def acts_page(asked: PageRequest) -> Answer:
    """Return the page with everything that can be changed."""
    status, config = await asked.status(), asked.request.rules.settings.config
    disabled = disabled_agents(config)
    keys = [agent["agent"] for agent in status["agents"]]
    told = {
        "allowed": asked.request.may(ADMINISTER),
        "disabled": [{"agent": key, **each} for key, each in disabled.items()],
        "broken": [agent["agent"] for agent in status["agents"] if agent.get("breakers")],
        "agents": [key for key in keys if key not in disabled],
    }
    return asked.json(told) if asked.as_json else await asked.page("acts", **told)


async def act_page(asked: PageRequest) -> Answer:
    """Return the page of an act, which confirms it.

    For its form, it is carried out.

    Raises:
        Refused: there is no such act or agent; 403 for those who may not carry it out.
    """
    act, subject = ACTS.get(asked.names[0]), _subject(asked)
    if act is None or (act.of_agent and not await _is_known(asked, subject)):
        raise Refused(404)
    done = ""
    if asked.posted:
        if not _may(asked.request, act, subject):
            raise asked.request.forbidden(ADMINISTER)
        form = await asked.form(_MOST)
        subject = form.get("caller", "").strip()[:_LONGEST] if act.of_caller else subject
        if act.of_caller and len(subject) < SHOWN_DIGITS:
            short = gettext("the caller has fewer than {number} characters")
            raise Refused(400, short.format(number=SHOWN_DIGITS))
        done = await carry_out(asked.request, act, subject)
    told: dict[str, Any] = {
        "act": act.name,
        "subject": subject,
        "allowed": _may(asked.request, act, subject),
        "found": await _found(asked.request, act, subject),
        "done": done,
    }
    if asked.as_json:
        return asked.json(told)
    shown = {"title": act.title, "words": act.words, "of_caller": act.of_caller, "token": asked.token()}
    return await asked.page("act", **told, **shown)


def _subject(asked: PageRequest) -> str:
    if len(asked.names) > 1:
        return asked.names[1]
    return (asked.query("caller") or "").strip()[:_LONGEST]


async def _is_known(asked: PageRequest, key: str) -> bool:
    if any(agent["agent"] == key for agent in (await asked.status())["agents"]):
        return True
    return key in disabled_agents(asked.request.rules.settings.config)


async def _found(request: Request, act: Act, subject: str) -> int | None:
    """Return the number of records that an act would remove, or None."""
    if not act.of_caller or len(subject) < SHOWN_DIGITS or not request.may(ADMINISTER):
        return None
    return len(await names_of_caller(request.site.runtime.state.stores, subject))


def _may(request: Request, act: Act, subject: str) -> bool:
    """Return True if the principal may do this to the agent, or to the host."""
    agent = request.published.plan.find(subject) if act.of_agent else None
    return request.may(ADMINISTER, agent)
