"""A host for asynchronous tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar

from agenthost.state import Store
from agenthost.testing.hosts.calls import AsyncHostCall
from agenthost.testing.hosts.conversations import AsyncConversation
from agenthost.testing.hosts.core import HostCore

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from types import TracebackType

    from agenthost.conversation.models import ChatModel
    from agenthost.health import ProbeResult
    from agenthost.testing.hosts.requests import Response
    from agenthost.testing.platform import Caller, ModelTurn, PlatformOptions

__all__ = ["AsyncHermeticHost"]

T = TypeVar("T")


class AsyncHermeticHost(HostCore):
    """A ``HermeticHost`` for asynchronous tests.

    It runs on an event loop of its own, so that it serves tests on any asyncio loop.

    Args:
        clock: as of ``HermeticHost``.

    Raises:
        DefinitionError: as ``HermeticHost`` does.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> Self:
        """Start to serve, if it does not serve yet.

        Returns:
            The host itself.

        Raises:
            ConfigurationError: the configuration is wrong.
            PlanError: an agent or a plugin fails.
        """
        await self._wait(self._start())
        return self

    async def aclose(self) -> None:
        """Leave the lifespans, and stop."""
        await asyncio.to_thread(self.close)

    async def routes(self) -> Mapping[str, str]:
        """Return the routes of the agents, by their keys."""
        return await self._wait(self._routes())

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        credentials: bool = True,
    ) -> Response:
        """Send a request to the host, see ``HermeticHost.request``."""
        return await self._wait(self._request(method, path, json, headers, credentials=credentials))

    async def state(self, agent: str) -> Store:
        """Return the store of an agent.

        Args:
            agent: its key, name or route.

        Raises:
            LookupError: the host has no such agent.
        """
        store = await self._wait(self._state(agent))
        return Store(self._across(), store.scope)

    async def probe(self, name: str, agent: str | None = None) -> ProbeResult:
        """Run a probe now, see ``HermeticHost.probe``."""
        return await self._wait(self._probe(name, agent))

    async def call(
        self,
        agent: str,
        *,
        caller: str | Caller = "+15550100",
        dialled: str = "+15550199",
        turns: tuple[ModelTurn, ...] | None = None,
        options: PlatformOptions | None = None,
        model: ChatModel | None = None,
    ) -> AsyncHostCall:
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
        call, names = await self._wait(begun)
        return AsyncHostCall(call, self._own_loop(), names)

    async def sip(
        self,
        address: str,
        *,
        caller: str = "sip:caller@caller.example",
        turns: tuple[ModelTurn, ...] | None = None,
        options: PlatformOptions | None = None,
        model: ChatModel | None = None,
    ) -> AsyncHostCall:
        """Call a SIP address of the host, which decides on the agent.

        Args:
            address: the address, such as ``sip:sales@host.example``.
            caller: the caller's address.
            turns: as of ``call``.
            options: as of ``call``.
            model: as of ``call``.
        """
        begun = self._begin("sip", address, options, model, caller=caller, turns=turns)
        call, names = await self._wait(begun)
        return AsyncHostCall(call, self._own_loop(), names)

    async def chat(
        self,
        agent: str,
        *,
        user: Mapping[str, Any] | None = None,
        options: PlatformOptions | None = None,
        model: ChatModel | None = None,
    ) -> AsyncHostCall:
        """Open a session of the platform's AI Chat with an agent.

        Args:
            agent: its route, key or name.
            user: metadata of the user.
            options: as of ``call``.
            model: as of ``call``.

        Raises:
            LookupError: the host has no such agent.
        """
        call, names = await self._wait(self._begin("chat", agent, options, model, user=user))
        return AsyncHostCall(call, self._own_loop(), names)

    def talk(self, agent: str, *, context: Mapping[str, Any] | None = None) -> AsyncConversation:
        """Open a conversation in text with an agent or a workflow, as ``/v1`` serves it.

        Args:
            agent: its key, name or route.
            context: JSON values besides the messages, such as a customer's profile.
        """

        async def post(body: Any) -> Response:
            return await self._request("POST", "/v1/chat/completions", body, None, credentials=True)

        return AsyncConversation(agent, self._next_conversation(), context or {}, post, self._own_loop())

    async def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return await self._own_loop().wait(coroutine)
