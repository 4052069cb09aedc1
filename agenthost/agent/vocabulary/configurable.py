"""What every word of the vocabulary stands on: a draft that can be changed until the agent is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from agenthost.errors import AgentSealed, DefinitionError

if TYPE_CHECKING:
    from agenthost.agent.declared import Declared
    from agenthost.swml import Draft

__all__ = ["Configurable"]


class _Undeclared:
    """Stands where ``AgentBase.__init__`` puts what an agent declares, until it has."""

    def __get__(self, agent: object, kind: type) -> Self:
        if agent is None:
            return self
        msg = f"{kind.__name__}.__init__ must call super().__init__(name=…) first; add that line."
        raise DefinitionError(msg)


class Configurable:
    """An agent that can be configured until it is served."""

    if TYPE_CHECKING:
        _declared: Declared
    else:
        _declared = _Undeclared()

    def _draft(self) -> Draft:
        """The document while it can be changed."""
        self._unsealed()
        return self._declared.draft

    def _once(self, method: str) -> Declared:
        """The facts that hold for the agent and not for a call.

        Raises:
            DefinitionError: this is the copy of one call.
        """
        self._unsealed()
        if self._declared.of_call:
            raise DefinitionError(
                f"agent {self._declared.name!r}: {method} holds for the agent, not for one call. Call it in __init__."
            )
        return self._declared

    def _unsealed(self) -> None:
        if self._declared.sealed:
            msg = (
                f"agent {self._declared.name!r} is being served: what one caller says must not change what the next "
                "one hears. Configure it in __init__, or for one call in a callback of add_per_call_config."
            )
            raise AgentSealed(msg)
