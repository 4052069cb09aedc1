"""``GET /metrics``: metrics for Prometheus, with the host's credentials."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agenthost._host.telemetry.prometheus.text import CONTENT_TYPE

if TYPE_CHECKING:
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer_for_host"]


async def answer_for_host(request: Request) -> Answer:
    """Return the metrics as text."""
    site = request.site
    site.runtime.sample()
    text = await asyncio.to_thread(site.runtime.metrics.text)  # many agents mean a long text, or many files
    return 200, [*request.rules.shared, (b"content-type", CONTENT_TYPE.encode())], text
