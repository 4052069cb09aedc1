"""Routes of one agent in an application of FastAPI, which the program has imported."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import frozen

from agenthost._host.runtime.background_thread import in_background_thread
from agenthost._web.doors import AGENT_ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from litestar.types import HTTPScope, Receive, Send

    from agenthost._web.front import Front

__all__ = ["add_routes", "serving"]

_PLAIN = "/-._~!$&'()*+,;=:@"


@frozen
class _Endpoint:
    """Passes requests on to the front.

    The agent is at its own route below the place of the router. ``below`` is the path in the router, and ``tail`` the
    part of it below the route.
    """

    front: Front
    route: str
    below: str
    tail: str

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path", "").rstrip("/")
        place = scope["path"].removesuffix(self.below)
        place = place if place.startswith(root) else root + place  # servers differ in whether the path has it
        if self.below == self.tail:
            place = place.removesuffix(self.route)
        path = place + self.route + self.tail
        raw = quote(path, safe=_PLAIN).encode()
        await self.front({**scope, "root_path": place, "path": path, "raw_path": raw}, receive, send)


def add_routes(router: Any, front: Front, route: str, callbacks: Iterable[str]) -> None:
    """Add the endpoints of an agent to a router of FastAPI or Starlette.

    Args:
        router: the router.
        front: the host of the agent.
        route: the agent's route. Paths of the router may begin with it, or leave it out.
        callbacks: paths of its routing callbacks, below its route.
    """
    own = route.rstrip("/")
    ends = [end for name in AGENT_ENDPOINTS if name for end in (f"/{name}", f"/{name}/")]
    tails = ["/", *ends, *(f"/{path.strip('/')}" for path in callbacks)]
    for tail in dict.fromkeys(tails):
        for below in dict.fromkeys((tail, own + tail)):
            router.add_route(below, _Endpoint(front, own, below, tail), include_in_schema=False)
    if own:
        router.add_route(own, _Endpoint(front, own, own, ""), include_in_schema=False)


@asynccontextmanager
async def serving(front: Front) -> AsyncIterator[None]:
    """Serve within the lifespan of another application."""
    await in_background_thread(front.prepare)
    await in_background_thread(front.start)
    async with front.running():
        yield
