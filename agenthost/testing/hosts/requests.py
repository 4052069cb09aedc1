"""Requests to a host in this process."""

from __future__ import annotations

import json as _json
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agenthost.testing.platform import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform import Client

__all__ = ["Response", "exchange"]

_SECONDS = 120.0


@frozen
class Response:
    """The response of a host.

    Args:
        status: its status.
        headers: its headers, with names in lower case.
        body: its body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """Return the decoded body.

        Raises:
            ValueError: it is not JSON.
        """
        return _json.loads(self.body)


async def exchange(client: Client, method: str, url: str, json: Any, headers: Mapping[str, str]) -> Response:
    """Send a request to a host, and return its response.

    Args:
        client: the way to the host.
        method: the method.
        url: the URL, with a query if it has one.
        json: the body, unless it is None.
        headers: further headers.
    """
    body = b"" if json is None else _json.dumps(json).encode()
    given = {} if json is None else {"content-type": "application/json", "content-length": str(len(body))}
    given |= {name.lower(): value for name, value in headers.items()}
    response = await client.send(HttpRequest(method, url, tuple(given.items()), body, _SECONDS))
    return Response(response.status, dict(response.headers), response.body)
