"""The place of a request: its conversation, and the history that its turn has there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from agenthost._host.identity.resent_histories import history_key
from agenthost._host.identity.turn_identity import Kind
from agenthost.conversation.models import Message

if TYPE_CHECKING:
    from agenthost._host.identity.asking import Asking
    from agenthost._host.identity.resent_histories import ResentHistories
    from agenthost._host.identity.turn_identity import Claim, TurnIdentities
    from agenthost.conversation.turns import Reply

__all__ = ["Place"]


@frozen
class Place:
    """The conversation of a request, whose client may only send its history."""

    asking: Asking
    histories: ResentHistories
    before: str | None = None
    """The key of the resent history."""
    follows: bool = False
    """True if the conversation has exactly the resent history."""

    @classmethod
    async def of(cls, asking: Asking, histories: ResentHistories) -> Place:
        """Find the conversation that a request continues.

        Raises:
            StateUnavailable: the store does not answer.
        """
        before = history_key(asking.agent, asking.resent) if asking.resent else None
        if before is None:
            return cls(asking, histories)
        if asking.found:
            return cls(asking, histories, before, await histories.follows(before, asking.conversation))
        found = await histories.find(before)
        if found is not None and asking.paused is None:
            asking = evolve(asking, conversation=found)
        return cls(asking, histories, before, found == asking.conversation)

    async def entered(self, claim: Claim, identities: TurnIdentities, new: str) -> tuple[Place, Claim]:
        """Enter the conversation with a turn that begins.

        If another request has been faster, the turn begins a conversation with the ID ``new`` instead.

        Raises:
            StateUnavailable: the store does not answer.
        """
        asking, follows = self.asking, self.follows and claim.conversation == self.asking.conversation
        if follows and self._is_free and not await self.histories.take(self.before or "", claim.conversation):
            follows = claim.kind is not Kind.NEW
            claim = await identities.move(claim, new) if claim.kind is Kind.NEW else claim
        kept_here = follows or (asking.found and not asking.resent)
        asking = evolve(asking, conversation=claim.conversation, history=None if kept_here else asking.history)
        return evolve(self, asking=asking, follows=follows), claim

    @property
    def begins(self) -> bool:
        """True if the conversation has an ID that was made for this request."""
        return self._is_free and not self.follows

    @property
    def _is_free(self) -> bool:
        """True if only the history shows the conversation.

        Then one request at a time may continue it.
        """
        return not self.asking.found and self.asking.paused is None

    async def left(self, reply: Reply | None, streamed: str = "") -> None:
        """Note the end of the turn, with its reply if there is one.

        ``streamed`` is the whole text of a stream, which has the words of agents before the last, too.

        Raises:
            StateUnavailable: the store does not answer.
        """
        asking = self.asking
        if asking.resent is None:
            return
        if reply is None or reply.client_calls is not None:
            if self.follows and self._is_free:
                await self.histories.release(self.before or "", asking.conversation)
            return
        await asyncio.sleep(0)  # hashing a long history is a step of its own
        said = [*asking.resent, Message("user", asking.text), *asking.sent]
        texts = dict.fromkeys((reply.text, streamed if streamed.endswith(reply.text) else reply.text))
        after = [history_key(asking.agent, [*said, Message("assistant", text)]) for text in texts]
        keys = [key for key in after if key is not None]
        if asking.found:
            await self.histories.note(keys, asking.conversation)
        else:
            await self.histories.move(self.before, keys, asking.conversation)
