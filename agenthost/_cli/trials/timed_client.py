"""Durations of the requests of simulated calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.testing.platform import Client, HttpRequest, HttpResponse

__all__ = ["TimedClient", "percentile_ms"]


@define
class TimedClient:
    """A client that measures each request: its path, and its seconds."""

    client: Client
    seen: list[tuple[str, float]] = field(factory=list)

    @property
    def base_url(self) -> str:
        """The host's URL."""
        return self.client.base_url

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that are the host."""
        return self.client.origins

    @property
    def seconds(self) -> tuple[float, ...]:
        """The duration of each request."""
        return tuple(took for _, took in self.seen)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request, and measure it, whether it is answered or not."""
        began = time.perf_counter()
        try:
            return await self.client.send(request)
        finally:
            self.seen.append((urlsplit(request.url).path.rstrip("/"), time.perf_counter() - began))


def percentile_ms(seconds: Sequence[float], percent: int) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000, 3) if ordered else 0.0
