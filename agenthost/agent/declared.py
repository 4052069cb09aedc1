"""The declaration of an agent, for the host."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field, frozen

from agenthost.agent.document_call import NO_REQUEST, AskedDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost.health import Probe
    from agenthost.state import Stores
    from agenthost.swml import Draft, Template

__all__ = ["NO_OPTIONS", "AgentProcess", "Declared", "HostFacts", "ServingOptions"]

_NO_ROUTING: Mapping[str, Callable[..., Any]] = MappingProxyType({})
_NO_EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class AgentProcess(Protocol):
    """Runs the code of an agent in a process of its own.

    The agent in this process is only a proxy.
    """

    @property
    def template(self) -> Template:
        """Its document."""

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Its probes."""

    def follow(self, observer: Any) -> None:
        """Report changes of its processes to ``observer``.

        See ``agenthost._host.isolation.processes.Observer``.
        """

    async def document(self, query: Mapping[str, str], body: Mapping[str, Any], headers: Mapping[str, str]) -> Template:
        """Render its document for one call.

        See ``agenthost.agent.per_call.configure``.
        """

    async def configured(self, query: Mapping[str, str], body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        """Return its proxy, configured for one call.

        See ``agenthost.agent.per_call.configure``.
        """


class HostFacts(Protocol):
    """Facts about the host that serves an agent."""

    @property
    def address(self) -> tuple[str, int]:
        """The address and port to listen on."""

    @property
    def origin(self) -> str:
        """The public URL of the host."""

    @property
    def pair(self) -> tuple[str, str, str]:
        """User and password that open the agent, and their origin."""

    def url(self, *, credentials: bool) -> str:
        """Return the agent's public URL."""

    def opens(self, user: str, password: str) -> bool:
        """Return True for a user and password that open the agent."""

    def verify(self, token: str, tool: str, call_id: str) -> bool:
        """Return True for an unexpired token of the agent's tool and a call."""


@frozen
class ServingOptions:
    """Options of an agent that is served alone, or has keys of its own.

    Args:
        host: the address to listen on. None for the host's own choice.
        port: the port to listen on. None for the host's own choice.
        basic_auth: user and password of callers.
        token_lifetime: lifetime of its tokens in seconds. None for the host's.
        signing_key: verifies webhook signatures of this agent, besides the host's keys.
        token_secret: signs and verifies this agent's tokens, besides the host's keys.
    """

    host: str | None = None
    port: int | None = None
    basic_auth: tuple[str, str] | None = field(default=None, repr=False)
    token_lifetime: int | None = None
    signing_key: str | None = field(default=None, repr=False)
    token_secret: str | None = field(default=None, repr=False)


NO_OPTIONS = ServingOptions()
"""The options of almost every agent."""


@define(slots=False, eq=False)
class Declared:
    """The declaration of an agent, kept apart from the author's attributes.

    Args:
        name: the agent's name.
        route: the route that it declares, or None.
        sip: user parts of SIP addresses that reach it.
        fallback: sentence for the caller when one of its tools, or its document, fails.
        draft: the draft of its document.
        on_failure: next step after its document failed: ``hangup``, or the destination of the call.
        alone: options for being served alone, and keys of its own.
        per_call: callbacks that configure the agent for one call, in order: ``(query, body, headers, agent)``.
        routing: routing callbacks by the last part of their path: ``(body, headers)`` to a route or None.
        debug_handler: function for debug events, ``(event_type, data)``, sync or async.
        mcp_server: whether its tools are offered to clients of the Model Context Protocol.
        sealed: whether the host serves it.
        of_call: whether this is the copy of one call.
        own_host: the host that serves it alone, created on first use.
        shared_state: names of the stores that it shares with others.
        busy: sentence for the caller when it is at its limit. None for the host's.
        description: its purpose in a sentence, or empty.
        examples: example messages, by language code, or ``""`` for an unknown language.
        key: its key on the host.
        stores: the host's stores. None while no host serves it.
        findings: sentences about the agent for ``agenthost check``, of the plugin that has adapted it.
        asked: the request that a copy is for, if the agent writes its whole document.
        facts: returns facts about the host that serves it. None while it has no host, and in a process of its own.
        public_url: the public URL of the host that serves it alone, or None for the configured one.
        own_process: the process of its own that runs its code, if any.
    """

    name: str
    route: str | None
    sip: tuple[str, ...]
    fallback: str
    draft: Draft
    on_failure: str = "hangup"
    serving: ServingOptions = NO_OPTIONS
    per_call: tuple[Callable[..., Any], ...] = ()
    routing: Mapping[str, Callable[..., Any]] = _NO_ROUTING
    debug_handler: Callable[..., Any] | None = None
    mcp_server: bool = False
    sealed: bool = False
    of_call: bool = False
    own_host: object | None = field(default=None, repr=False)
    shared_state: tuple[str, ...] = ()
    busy: str | None = None
    description: str = ""
    examples: Mapping[str, tuple[str, ...]] = _NO_EXAMPLES
    key: str = ""
    stores: Stores | None = field(default=None, repr=False)
    findings: tuple[str, ...] = ()
    asked: AskedDocument = NO_REQUEST
    facts: Callable[[], HostFacts] | None = field(default=None, repr=False)
    public_url: str | None = None
    own_process: AgentProcess | None = field(default=None, repr=False)

    def for_call(self) -> Declared:
        """Return the declaration of the agent's copy for one call."""
        made = Declared.__new__(Declared)
        made.__dict__.update(self.__dict__, draft=self.draft.copy(), sealed=False, of_call=True)
        return made
