"""What an agent has said of itself, for the host to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from attrs import Factory, define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost.health import Probe
    from agenthost.state import Stores
    from agenthost.swml import Draft, Template

__all__ = ["Alone", "Declared", "Elsewhere"]


class Elsewhere(Protocol):
    """Runs the code of an agent that lives in a process of its own; the agent itself only stands in for it."""

    @property
    def template(self) -> Template:
        """Its document."""

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Its probes."""

    def follow(self, observer: Any) -> None:
        """Tell ``observer`` what becomes of its processes; see ``agenthost._host.isolation.processes.Observer``."""

    async def document(self, query: Mapping[str, str], body: Mapping[str, Any], headers: Mapping[str, str]) -> Template:
        """Its document for one call; see ``agenthost.agent.per_call.configure``."""

    async def configured(self, query: Mapping[str, str], body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        """What stands in for it, configured for one call; see ``agenthost.agent.per_call.configure``."""


@frozen
class Alone:
    """What an agent wants where it is served alone, or has keys of its own.

    Args:
        host: the address to listen on; None for the host's own choice.
        port: the port; the same.
        basic_auth: user and password that callers present.
        token_lifetime: seconds that its tokens are good for; None for the host's own choice.
        signing_key: verifies webhook signatures of this agent, beside the host's keys.
        token_secret: signs and verifies this agent's tokens, beside the host's keys.
    """

    host: str | None = None
    port: int | None = None
    basic_auth: tuple[str, str] | None = field(default=None, repr=False)
    token_lifetime: int | None = None
    signing_key: str | None = field(default=None, repr=False)
    token_secret: str | None = field(default=None, repr=False)


@define(slots=False, eq=False)
class Declared:
    """What an agent has said of itself, kept apart from the attributes that belong to its author.

    Args:
        name: the agent's name.
        route: the route it asks for, or None.
        sip: user parts of SIP addresses that should reach it.
        fallback: what the caller hears when one of its tools, or its document, fails.
        draft: the document it describes.
        on_failure: what follows the fallback when its document fails: ``hangup``, or where the call goes.
        alone: what it wants where it is served alone, or has keys of its own.
        per_call: callbacks that configure the agent for one call, in order: ``(query, body, headers, agent)``.
        routing: routing callbacks by the last part of their path: ``(body, headers)`` to a route or None.
        debug_handler: what is called with each debug event: ``(event_type, data)``; may be async.
        mcp_server: whether its tools are offered to clients of the Model Context Protocol.
        sealed: whether the host serves it.
        of_call: whether this is the copy of one call.
        own_host: the host that serves it alone, once it has been asked for.
        shared_state: names of the stores that it shares with others.
        busy: what a caller hears when it can take no more; None for the host's sentence.
        description: what it is for, in a sentence; empty when it does not say.
        examples: what people say to it, by language code; ``""`` where the language is not told.
        key: what the host calls it.
        stores: the host's stores; None while none serves it.
        elsewhere: what runs its code, where it lives in a process of its own.
    """

    name: str
    route: str | None
    sip: tuple[str, ...]
    fallback: str
    draft: Draft
    on_failure: str = "hangup"
    alone: Alone = Alone()
    per_call: tuple[Callable[..., Any], ...] = ()
    routing: Mapping[str, Callable[..., Any]] = Factory(dict)
    debug_handler: Callable[..., Any] | None = None
    mcp_server: bool = False
    sealed: bool = False
    of_call: bool = False
    own_host: object | None = field(default=None, repr=False)
    shared_state: tuple[str, ...] = ()
    busy: str | None = None
    description: str = ""
    examples: Mapping[str, tuple[str, ...]] = Factory(dict)
    key: str = ""
    stores: Stores | None = field(default=None, repr=False)
    elsewhere: Elsewhere | None = field(default=None, repr=False)
