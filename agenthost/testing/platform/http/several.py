"""Client of several hosts, for calls that pass from one to another."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from agenthost.testing.platform.http.client import UnreachableError, origin_of

if TYPE_CHECKING:
    from types import TracebackType

    from agenthost.testing.platform.http.client import Client, HttpRequest, HttpResponse

__all__ = ["SeveralHosts"]


class SeveralHosts:
    """A client of several hosts. A call begins at the first.

    As an asynchronous context manager, it opens and closes their clients.

    Args:
        first: the client of the host that is called.
        others: the clients of hosts to which its documents transfer calls.
    """

    def __init__(self, first: Client, *others: Client) -> None:
        self._clients = (first, *others)
        self._open = AsyncExitStack()

    @property
    def base_url(self) -> str:
        """The first host's URL."""
        return self._clients[0].base_url

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of all hosts."""
        return tuple(dict.fromkeys(origin for client in self._clients for origin in client.origins))

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            for client in self._clients:
                block: Any = client
                if hasattr(block, "__aenter__"):
                    await opening.enter_async_context(block)
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request to the host of its URL.

        Raises:
            UnreachableError: there is no such host, or no answer.
        """
        origin = origin_of(request.url)
        client = next((client for client in self._clients if origin in client.origins), None)
        if client is None:
            msg = f"{origin or request.url!r} is not one of the hosts"
            raise UnreachableError(msg)
        return await client.send(request)
