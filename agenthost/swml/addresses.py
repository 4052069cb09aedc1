"""The URLs that a document carries."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from attrs import define, frozen

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["POST_PROMPT", "Addresses", "WebhookUrls"]

POST_PROMPT = "/post_prompt"
"""What the token of ``post_prompt_url`` is minted for. No tool can have this name, so neither opens the other."""


@frozen
class Addresses:
    """Where one document's agent, its host and its siblings are.

    Args:
        base: scheme, credentials and public host of the agent, and its route: ``https://u:p@host/sales``.
        origin: scheme and public host, without credentials: ``https://host``.
        token: gives the token for a tool's name, or for ``POST_PROMPT``.
        sibling: gives the URL of another agent of this host, by name.
    """

    base: str
    origin: str
    token: Callable[[str], str]
    sibling: Callable[[str], str]


@define
class WebhookUrls:
    """What an author decides about the URLs that the platform calls.

    Args:
        tools: where tools are called, instead of this agent's ``/swaig/``.
        post_prompt: where summaries go, instead of this agent's ``/post_prompt/``.
        query: parameters that every URL of this agent carries.
    """

    tools: str | None = None
    post_prompt: str | None = None
    query: dict[str, str] | None = None

    def of(self, addresses: Addresses, endpoint: str, token: str | None = None) -> str:
        """This agent's URL of an endpoint.

        Args:
            addresses: where the agent is.
            endpoint: its last segment, such as ``swaig``.
            token: what a token is minted for, where one is needed.
        """
        url = f"{addresses.base}/{endpoint}/"
        if self.query and (query := encoded(self.query)):
            url = f"{url}?{query}"
        return url if token is None else with_token(url, addresses.token(token))

    def of_tools(self, addresses: Addresses, token: str | None = None) -> str:
        """Where tools are called; with ``token``, the address that opens the tool of this name."""
        if self.tools is None:
            return self.of(addresses, "swaig", token)
        return self.tools if token is None else with_token(self.tools, addresses.token(token))

    def of_summaries(self, addresses: Addresses) -> str:
        """Where the conversation's summary is sent."""
        return self.post_prompt or self.of(addresses, "post_prompt", POST_PROMPT)

    def copy(self) -> WebhookUrls:
        """The same decisions, to be changed by themselves."""
        return WebhookUrls(self.tools, self.post_prompt, dict(self.query) if self.query else None)


def encoded(query: Mapping[str, str]) -> str:
    """Query parameters as text; those without a value are left out.

    Raises:
        DefinitionError: a value is no text, number or truth value.
    """
    kept = {name: value for name, value in query.items() if value not in ("", None)}
    for name, value in kept.items():
        if not isinstance(value, (str, int, float)):
            raise DefinitionError(f"query parameter {name!r} must be text, not {type(value).__name__}.")
    return urlencode(kept)


def with_token(url: str, token: str) -> str:
    """A URL that carries a token beside the query it has."""
    return f"{url}{'&' if '?' in url else '?'}__token={token}"
