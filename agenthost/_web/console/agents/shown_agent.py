"""One agent, as its page shows it: its state, what failed last, and its document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenthost._host.access.principals import OBSERVE
from agenthost._host.telemetry.secrets.redactor import SecretRedactor
from agenthost._web.console.agents.described import without_secrets
from agenthost._web.console.texts import gettext
from agenthost._web.request.requests import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Request

__all__ = ["shown_agent"]

_BASE = "https://host.example"
"""The address in documents, as no credentials belong to it."""
_TOKEN = b"TOKEN"


def shown_agent(request: Request, status: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return an agent as data.

    ``document`` is None for an agent that is not served or not built yet, and for those whose own credentials the
    caller's do not include. No code of the agent runs.

    Raises:
        Refused: 404 if the host has no such agent.
    """
    row = next((each for each in status["agents"] if each["agent"] == key), None)
    if row is None:
        raise Refused(404)
    plan = request.published.plan
    agent = next((each for each in plan.agents if each.key == key), None)
    if agent is None:
        return {"agent": row, "document": None, "note": ""}
    if not request.may(OBSERVE, agent):
        note = gettext("The agent has credentials of its own, which its document needs.")
        return {"agent": row, "document": None, "note": note}
    if not agent.built_yet:
        return {"agent": row, "document": None, "note": gettext("The agent is built when it is first called.")}
    note = gettext("Callbacks configure the agent for each call. This is the document before that.")
    return {"agent": row, "document": _document(request, agent), "note": note if agent.dynamic else ""}


def _document(request: Request, agent: Mounted) -> Any:
    template = agent.template.located(request.published.plan.route_of)
    base = _BASE + ("" if agent.route == "/" else agent.route)
    written = template.render(base.encode(), lambda _: _TOKEN).decode()
    hidden = SecretRedactor(request.rules.settings.config)
    return without_secrets(json.loads(hidden.redacted(written)))
