"""``GET /-/metrics.json``: usage and success of each agent in text.

It needs the host's credentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from agenthost._host.telemetry.figures import DAYS, kept_figures
from agenthost._web.request.answers import RETRY
from agenthost._web.request.requests import Refused
from agenthost.errors import StateUnavailable

if TYPE_CHECKING:
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer_for_host"]

_DEFAULT = 7


async def answer_for_host(request: Request) -> Answer:
    """Return the figures of the last days, as JSON.

    Raises:
        Refused: 400 for an invalid number of days, 503 while the store does not answer.
    """
    asked = request.query().get("days", str(_DEFAULT))
    days = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len("1000") else 0
    if not 1 <= days <= DAYS:
        raise Refused(400, f"days must be 1 to {DAYS}")
    runtime = request.site.runtime
    try:
        await runtime.figures.add()
        agents = await kept_figures(runtime.state.stores, days)
    except StateUnavailable as error:
        raise Refused(503, str(error), RETRY) from error
    body = msgspec.json.encode({"days": days, "agents": [each.report() for each in agents]})
    return 200, request.rules.document, body
