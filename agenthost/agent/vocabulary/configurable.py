"""Configurable: a draft that can be changed until the agent is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from agenthost.errors import AgentSealed, DefinitionError

if TYPE_CHECKING:
    from agenthost.agent.declared import Declared
    from agenthost.swml import Draft

__all__ = ["Configurable"]


class _Undeclared:
    """A placeholder for the declaration, until ``AgentBase.__init__`` has run."""

    def __get__(self, agent: object, kind: type) -> Self:
        if agent is None:
            return self
        msg = f"{kind.__name__}.__init__ has not called super().__init__. fix: call super().__init__(name=…) first."
        raise DefinitionError(msg)


class Configurable:
    """An agent that can be configured until it is served."""

    if TYPE_CHECKING:
        _declared: Declared
    else:
        _declared = _Undeclared()

    def _draft(self) -> Draft:
        """Return the draft, if it can still be changed."""
        self._unsealed()
        return self._declared.draft

    def _once(self, method: str) -> Declared:
        """Return the declaration of the agent, for settings that do not vary by call.

        Raises:
            DefinitionError: this is the copy of one call.
        """
        self._unsealed()
        if self._declared.of_call:
            raise DefinitionError(
                f"agent {self._declared.name!r}: {method} applies to the agent, not to a call. fix: use __init__."
            )
        return self._declared

    def _unsealed(self) -> None:
        if self._declared.sealed:
            msg = (
                f"agent {self._declared.name!r} is being served, so a change would reach the next caller. "
                "fix: configure it in __init__, or for one call in a callback of add_per_call_config."
            )
            raise AgentSealed(msg)
