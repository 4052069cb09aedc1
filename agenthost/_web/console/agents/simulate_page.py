"""The page where somebody calls an agent, with the platform's part simulated.

The call is played from its beginning for each line, in a process of its own, with a store in memory. The same lines
give the same call, so that nothing is kept between them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenthost._host.access.principals import OPERATE
from agenthost._web.console.agents.described import without_secrets
from agenthost._web.console.agents.shown_agent import shown_agent
from agenthost._web.console.audit import audit
from agenthost._web.console.child_command import run_command
from agenthost._web.console.texts import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer, Request

__all__ = ["simulate_page"]

_MOST = 65536
"""The longest form, in bytes."""
_MOST_LINES, _LONGEST = 50, 500


async def simulate_page(asked: PageRequest) -> Answer:
    """Return the page of a simulated call, with the call so far.

    Raises:
        Refused: the host has no such agent, or it cannot be called here.
    """
    request, [key] = asked.request, asked.names
    shown_agent(request, await asked.status(), key)
    agent = request.published.plan.find(key)
    reason, lines = _why_not(request, agent), list[str]()
    turns: list[dict[str, Any]] = []
    if asked.posted:
        if agent is None or not request.may(OPERATE, agent):
            raise request.forbidden(OPERATE)
        form = await asked.form(_MOST)
        lines = _lines(form)
        audit(request, "simulate", agent=key, words=f"simulates a call of {key}")
        turns = await _played(request, key, lines)
    told = {"agent": key, "reason": reason, "turns": turns}
    if asked.as_json:
        return asked.json(told)
    return await asked.page(
        "simulate",
        **told,
        said="\n".join(lines),
        full=len(lines) == _MOST_LINES,
        token="" if reason else asked.token(),
    )


def _why_not(request: Request, agent: Mounted | None) -> str:
    if agent is None:
        return gettext("The agent is not served.")
    if request.may(OPERATE, agent):
        return ""
    return gettext("Calling the agent needs credentials with the scope operate for this agent.")


def _lines(form: Mapping[str, str]) -> list[str]:
    """Return what the caller has said, the new line included, without commands."""
    lines = [*form.get("said", "").splitlines(), form.get("line", "")]
    cut = [" ".join(line.split())[:_LONGEST].lstrip("/") for line in lines]
    return [line for line in cut if line][:_MOST_LINES]


async def _played(request: Request, key: str, lines: Iterable[str]) -> list[dict[str, Any]]:
    """Play a call, and return what was said and done."""
    config = request.rules.settings.config
    file = [] if config.source is None else ["--config", config.source]
    typed = "".join(f"{line}\n" for line in lines)
    done = await run_command("simulate", key, "--json", *file, written=typed)
    turns = [turn for event in _events(done.output) for turn in _turn(event)]
    if not turns:
        reason = done.errors.strip().splitlines()[-1:] or [gettext("the call did not begin")]
        return [{"who": "", "kind": "error", "text": without_secrets(reason[0])}]
    return turns


def _events(output: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield without_secrets(event)


def _turn(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an event of the call as the page shows it, if it does."""
    agent = str(event.get("agent", ""))
    match event.get("kind"):
        case "heard":
            yield {"who": "", "kind": "caller", "text": str(event.get("text", event.get("digits", "")))}
        case "spoken":
            yield {"who": agent, "kind": "agent", "text": str(event["text"])}
        case "tool":
            arguments = json.dumps(event["arguments"], ensure_ascii=False, default=str)
            yield {"who": agent, "kind": "tool", "text": f"{event['function']} {arguments} → {event['response']}"}
        case "document":
            yield {"who": str(event["agent_path"]), "kind": "document", "text": ""}
        case "step":
            yield {"who": agent, "kind": "step", "text": f"{event['context']}/{event['step']}"}
        case "finding" | "script_error":
            yield {"who": agent, "kind": "error", "text": f"{event['code']}: {event['message']}"}
