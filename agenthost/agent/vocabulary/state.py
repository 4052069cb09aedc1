"""State: an agent's own store, and the stores it shares by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, overload

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError
from agenthost.state import NO_STORES

if TYPE_CHECKING:
    from agenthost.agent.declared import Declared
    from agenthost.state import Store

__all__ = ["SharedState", "StateWords"]


class SharedState:
    """The stores that an agent shares with others, by name.

    Args:
        own: the declaration of the agent.
    """

    def __init__(self, own: Declared) -> None:
        self._own = own

    def __getitem__(self, name: str) -> Store:
        """Return the store of a name that the agent has declared.

        Raises:
            DefinitionError: the agent has not declared the name.
        """
        own = self._own
        if name not in own.shared_state:
            raise DefinitionError(
                f"agent {own.name!r} declares no shared state {name!r}. fix: write in its __init__: "
                f'super().__init__(…, shared_state=("{name}",))'
            )
        return (own.stores or NO_STORES).shared(name)


class _OwnState:
    """A non-data descriptor, so that an author's attribute of the same name wins."""

    @overload
    def __get__(self, agent: None, kind: type) -> Self: ...
    @overload
    def __get__(self, agent: StateWords, kind: type) -> Store: ...
    def __get__(self, agent: StateWords | None, kind: type) -> Self | Store:
        if agent is None:
            return self
        own = agent._declared  # noqa: SLF001 - a part of that class
        return (own.stores or NO_STORES).agent(own.key)


class _Shared:
    """The same for shared stores."""

    @overload
    def __get__(self, agent: None, kind: type) -> Self: ...
    @overload
    def __get__(self, agent: StateWords, kind: type) -> SharedState: ...
    def __get__(self, agent: StateWords | None, kind: type) -> Self | SharedState:
        return self if agent is None else SharedState(agent._declared)  # noqa: SLF001 - as above


class StateWords(Configurable):
    """State that outlives a call, the process and, but for ``memory://``, the host."""

    state = _OwnState()
    """The agent's own store."""
    shared_state = _Shared()
    """Stores by name, shared with every agent of the host that declares the same name."""
