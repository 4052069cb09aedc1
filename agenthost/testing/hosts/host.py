"""A host for tests that are not asynchronous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from agenthost.testing.hosts.calls import HostCall
from agenthost.testing.hosts.conversations import Conversation
from agenthost.testing.hosts.core import HostCore

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from types import TracebackType

    from agenthost.conversation.models import ChatModel
    from agenthost.health import ProbeResult
    from agenthost.state import SyncStore
    from agenthost.testing.hosts.requests import Response
    from agenthost.testing.platform import Caller, ModelTurn, PlatformOptions

__all__ = ["HermeticHost"]

T = TypeVar("T")


class HermeticHost(HostCore):
    """A complete host in this process, which ignores its surroundings.

    It has a memory store and keys of its own, reads no ``agenthost.toml`` and no environment variables, and opens no
    port. It starts with its first request, enters the lifespans of agents and plugins, and runs until ``close`` or the
    end of its ``with`` block. It fails where ``agenthost run`` would set an agent or a plugin aside.

    Args:
        clock: the clock for the expiry of stored values and tokens, and for the hours of SIP rules. Defaults to one
            that stands still on Monday, 5 January 2026, at 9:00 UTC.

    Raises:
        DefinitionError: the clock is something else, such as an agent.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Self:
        """Start to serve, if it does not serve yet.

        Returns:
            The host itself.

        Raises:
            ConfigurationError: the configuration is wrong.
            PlanError: an agent or a plugin fails.
        """
        self._run(self._start())
        return self

    @property
    def routes(self) -> Mapping[str, str]:
        """The routes of the agents, by their keys."""
        return self._run(self._routes())

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        credentials: bool = True,
    ) -> Response:
        """Send a request to the host.

        Args:
            method: the method, such as ``POST``.
            path: the path, with a query if it needs one, or a URL from one of the host's documents.
            json: the body, unless it is None.
            headers: further headers.
            credentials: whether the request has credentials: those in the URL, else the host's.
        """
        return self._run(self._request(method, path, json, headers, credentials=credentials))

    def state(self, agent: str) -> SyncStore:
        """Return the store of an agent.

        Args:
            agent: its key, name or route.

        Raises:
            LookupError: the host has no such agent.
        """
        return self._run(self._state(agent)).sync

    def probe(self, name: str, agent: str | None = None) -> ProbeResult:
        """Run a probe now.

        Args:
            name: its name.
            agent: key, name or route of its agent. None for a probe of the host.

        Raises:
            LookupError: there is no such probe.
        """
        return self._run(self._probe(name, agent))

    def call(
        self,
        agent: str,
        *,
        caller: str | Caller = "+15550100",
        dialled: str = "+15550199",
        turns: tuple[ModelTurn, ...] | None = None,
        options: PlatformOptions | None = None,
        model: ChatModel | None = None,
    ) -> HostCall:
        """Call an agent by telephone, on a simulated platform.

        Args:
            agent: its route, key or name.
            caller: the caller's number, or a whole ``Caller``.
            dialled: the called number.
            turns: the model's turns before the caller's first words.
            options: options of the platform, such as faults and answers of other systems. ``start`` and ``sip_path``
                are those of the host.
            model: answers for the agents if a step of the call has no scripted turns. Defaults to the agent's own
                model in the configuration, which is the offline one by default.

        Returns:
            The call, once the agent listens or the call has ended.

        Raises:
            LookupError: the host has no such agent.
        """
        begun = self._begin("call", agent, options, model, caller=caller, dialled=dialled, turns=turns)
        call, names = self._run(begun)
        return HostCall(call, self._own_loop(), names)

    def sip(
        self,
        address: str,
        *,
        caller: str = "sip:caller@caller.example",
        turns: tuple[ModelTurn, ...] | None = None,
        options: PlatformOptions | None = None,
        model: ChatModel | None = None,
    ) -> HostCall:
        """Call a SIP address of the host, which decides on the agent.

        Args:
            address: the address, such as ``sip:sales@host.example``.
            caller: the caller's address.
            turns: as of ``call``.
            options: as of ``call``.
            model: as of ``call``.
        """
        begun = self._begin("sip", address, options, model, caller=caller, turns=turns)
        call, names = self._run(begun)
        return HostCall(call, self._own_loop(), names)

    def chat(
        self,
        agent: str,
        *,
        user: Mapping[str, Any] | None = None,
        options: PlatformOptions | None = None,
        model: ChatModel | None = None,
    ) -> HostCall:
        """Open a session of the platform's AI Chat with an agent.

        Args:
            agent: its route, key or name.
            user: metadata of the user.
            options: as of ``call``.
            model: as of ``call``.

        Raises:
            LookupError: the host has no such agent.
        """
        call, names = self._run(self._begin("chat", agent, options, model, user=user))
        return HostCall(call, self._own_loop(), names)

    def talk(self, agent: str, *, context: Mapping[str, Any] | None = None) -> Conversation:
        """Open a conversation in text with an agent or a workflow, as ``/v1`` serves it.

        Args:
            agent: its key, name or route.
            context: JSON values besides the messages, such as a customer's profile.
        """

        async def post(body: Any) -> Response:
            return await self._request("POST", "/v1/chat/completions", body, None, credentials=True)

        return Conversation(agent, self._next_conversation(), context or {}, post, self._own_loop())

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._own_loop().run(coroutine)
