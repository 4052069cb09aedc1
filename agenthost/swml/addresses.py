"""The URLs in a document."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from attrs import define, frozen

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["GENERATION", "POST_PROMPT", "Addresses", "WebhookUrls", "generation_parameter"]

GENERATION = "__generation"
"""The parameter of URLs without a token that names the generation of the host's processes."""
POST_PROMPT = "/post_prompt"
"""Name in the token of ``post_prompt_url``. No tool can have this name, so the tokens are not interchangeable."""


@frozen
class Addresses:
    """The addresses of a document's agent, its host and its siblings.

    Args:
        base: scheme, credentials and public host of the agent, and its route: ``https://u:p@host/sales``.
        origin: scheme and public host, without credentials: ``https://host``.
        token: returns the token for a tool's name, or for ``POST_PROMPT``.
        sibling: returns the URL of another agent of this host, by name.
        generation: returns the parameter that names the generation of the host's processes, behind ``?`` or ``&``; an
            empty text if there is only one.
    """

    base: str
    origin: str
    token: Callable[[str], str]
    sibling: Callable[[str], str]
    generation: Callable[[str], str] = lambda _: ""


@define
class WebhookUrls:
    """The author's decisions about the URLs that the platform calls.

    Args:
        tools: URL for tool calls, instead of this agent's ``/swaig/``.
        post_prompt: URL for summaries, instead of this agent's ``/post_prompt/``.
        query: parameters of every URL of this agent.
    """

    tools: str | None = None
    post_prompt: str | None = None
    query: dict[str, str] | None = None

    def of(self, addresses: Addresses, endpoint: str, token: str | None = None) -> str:
        """Return this agent's URL of an endpoint.

        Args:
            addresses: the addresses of the document.
            endpoint: its last segment, such as ``swaig``.
            token: name in the token, if one is needed.
        """
        url = f"{addresses.base}/{endpoint}/"
        if self.query and (query := encoded(self.query)):
            url = f"{url}?{query}"
        return url if token is None else with_token(url, addresses.token(token))

    def of_tools(self, addresses: Addresses, token: str | None = None) -> str:
        """Return the URL for tool calls, optionally with a tool's token."""
        if self.tools is None:
            return self.of(addresses, "swaig", token)
        return self.tools if token is None else with_token(self.tools, addresses.token(token))

    def of_summaries(self, addresses: Addresses) -> str:
        """Return the URL for the summary of a conversation."""
        return self.post_prompt or self.of(addresses, "post_prompt", POST_PROMPT)

    def of_debug_events(self, addresses: Addresses) -> str:
        """Return the URL for the platform's debug events, which needs no token."""
        url = self.of(addresses, "debug_events")
        return url + addresses.generation("&" if "?" in url else "?")

    def copy(self) -> WebhookUrls:
        """Return an independent copy."""
        return WebhookUrls(self.tools, self.post_prompt, dict(self.query) if self.query else None)


def encoded(query: Mapping[str, str]) -> str:
    """Encode query parameters, without those that have no value.

    Raises:
        DefinitionError: a value is not text, a number or a boolean.
    """
    kept = {name: value for name, value in query.items() if value not in ("", None)}
    for name, value in kept.items():
        if not isinstance(value, (str, int, float)):
            raise DefinitionError(f"query parameter {name!r} must be text, not {type(value).__name__}.")
    return urlencode(kept)


def generation_parameter(separator: str, generation: str) -> str:
    """Return the parameter that names a generation, or an empty text for none."""
    return f"{separator}{GENERATION}={generation}" if generation else ""


def with_token(url: str, token: str) -> str:
    """Add a token to the query of a URL."""
    return f"{url}{'&' if '?' in url else '?'}__token={token}"
