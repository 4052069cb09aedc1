"""``GET /metrics`` for Prometheus, and ``GET /-/status.json``, with the scope ``observe``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agenthost._host.telemetry.prometheus.text import CONTENT_TYPE

if TYPE_CHECKING:
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer_for_host", "answer_status"]


async def answer_for_host(request: Request) -> Answer:
    """Return the metrics as text."""
    site = request.site
    site.runtime.sample()
    text = await asyncio.to_thread(site.runtime.metrics.text)  # many agents mean a long text, or many files
    return 200, [*request.rules.shared, (b"content-type", CONTENT_TYPE.encode())], text


async def answer_status(request: Request) -> Answer:
    """Return the status of the host with all its workers, as JSON."""
    import msgspec  # noqa: PLC0415 - a scrape does without

    status = await request.site.latest_status.now()
    return 200, [*request.rules.document], msgspec.json.encode(status)
