"""Turns that outlive their process, by an engine that a plugin offers."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from agenthost._host.identity.asking import Asking
    from agenthost._host.identity.turn_identity import Claim
    from agenthost._host.plan.plan import HostPlan
    from agenthost.hosting import DurableTurns

__all__ = ["StoredTurn", "engine_of", "new_part"]


@frozen
class StoredTurn:
    """A turn as an engine stores it.

    Args:
        asking: its request.
        claim: its identity, and the attempt that has begun.
        before: the key of the history that the client sent, see ``Place``.
        follows: whether the conversation has that history.
        at: the time of its message, in seconds since 1970.
    """

    asking: Asking
    claim: Claim
    before: str | None
    follows: bool
    at: float


def engine_of(plan: HostPlan, asking: Asking) -> DurableTurns | None:
    """Return the engine for a turn, or None.

    A turn that continues with results of a client's tools is the client's to repeat.
    """
    engines = plan.extensions.durable_turns
    return engines[0][1] if engines and not asking.sent and asking.paused is None else None


def new_part() -> str:
    """Return an ID for one attempt at a turn."""
    return secrets.token_hex(3)
