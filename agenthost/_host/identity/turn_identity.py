"""The identity of turns: which request repeats which turn, across workers.

A client that sends an idempotency key names its turn. Other requests have a fingerprint, which several customers may
share. So an unmarked request repeats a turn only if the turn's own client has left without its answer, or got an error,
a short time ago, and if nobody else has taken the turn up since.
"""

from __future__ import annotations

import secrets
import time
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from agenthost._host.identity.batches import Batches
from agenthost.errors import ConversationRefused, StateRefused, TurnTakenOver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agenthost.state import Store

__all__ = ["Claim", "Identity", "Kind", "TurnIdentities"]

Entry = dict[str, Any]
"""A turn: ``id``, ``conversation``, ``state``, ``left``, ``client``, ``turns`` and ``until``, its deadline or end.

``number`` is the number of its latest attempt, if the turn is durable.
"""

UNMARKED = 60.0
"""Seconds in which an unmarked request can repeat a turn that has ended."""
MARKED = 600.0
"""Seconds in which a request that its client marks as a retry can repeat a turn."""
KEYED = 86400.0
"""Seconds in which an idempotency key names its turn."""
_MOST = 16
"""The most turns with one fingerprint."""
_GRACE = 5.0
"""Seconds after its timeout in which a turn can still end."""


class Kind(Enum):
    """The relation of a request to earlier ones."""

    NEW = "new"
    JOINS = "joins"
    """The turn runs already."""
    STORED = "stored"
    """The turn has ended, with an answer."""
    CONTINUES = "continues"
    """The turn has ended without an answer after a tool had begun."""


@frozen
class Identity:
    """The identity of a request for a turn."""

    fingerprint: str
    """A hash of the sender, the agent and everything that a repeat has in common with the first request."""
    key: str | None = None
    """The client's idempotency key, with its sender and the agent."""
    retry: bool = False
    """The client marks the request as a retry."""
    client: str = ""
    """The address of the client."""

    @property
    def name(self) -> str:
        """The key of its turns in the store."""
        return sha256(self.key.encode()).hexdigest() if self.key is not None else self.fingerprint


@frozen
class Claim:
    """The turn of a request, new or repeated."""

    kind: Kind
    identity: Identity
    id: str
    """The ID of the turn's entry."""
    conversation: str
    turns: tuple[int, ...] = ()
    """The numbers of earlier attempts in the conversation's transcript."""
    outcome: Mapping[str, Any] = field(factory=dict)
    """The stored outcome of a turn that has ended."""
    run: str = ""
    """The ID of the run that a request began, in one or more attempts."""
    attempt: str = ""
    """The ID of the attempt."""


class TurnIdentities:
    """The latest turns of a host by their identities.

    ``longest`` is the number of seconds that a turn may take.
    """

    def __init__(self, store: Store, longest: float) -> None:
        self._longest = longest + _GRACE
        self._batches = Batches(store)

    async def claim(self, identity: Identity, conversation: str) -> Claim:
        """Register a new turn, or find the one that a request repeats.

        ``conversation`` is the conversation of a new turn.

        Raises:
            ConversationRefused: the idempotency key was sent with another request.
            StateUnavailable: the store does not answer.
        """
        now, kept = time.time(), self._kept(identity)
        new = {"id": secrets.token_hex(8), "conversation": conversation, "turns": [], "print": identity.fingerprint}
        claim = Claim(Kind.NEW, identity, new["id"], conversation)  # type: ignore[arg-type]

        def choose(entries: list[Entry]) -> list[Entry]:
            nonlocal claim
            entries = [entry for entry in entries if not _forgotten(entry, now, kept)]
            found = _keyed(entries, identity) if identity.key is not None else _repeated(entries, identity, now)
            kind = Kind.NEW if found is None else _kind(found, now)
            entry: Entry = {**(found or new), "left": False, "client": identity.client}
            claim = Claim(kind, identity, entry["id"], entry["conversation"], tuple(entry["turns"]), _outcome(entry))
            if kind in (Kind.NEW, Kind.CONTINUES):
                run = secrets.token_hex(4)
                claim = evolve(claim, run=run, attempt=run)
                entry |= {"state": "running", "until": now + self._longest, "outcome": {}, "run": run, "attempt": run}
                entry["number"] = 0
            if found is None:
                return [*(each for each in entries if not _delivered(each)), entry][-_MOST:]
            return [entry if each is found else each for each in entries]

        await self._write(identity, choose, absent=True)
        return claim

    async def look(self, claim: Claim) -> Claim | None:
        """Return the current state of a turn, or None if it is unknown now."""
        entries = await self._batches.get(claim.identity.name)
        found = next((entry for entry in entries if entry["id"] == claim.id), None)
        if found is None or (found["state"] == "running" and found["until"] <= time.time()):
            return None
        kind = _kind(found, time.time())
        return Claim(kind, claim.identity, claim.id, found["conversation"], tuple(found["turns"]), _outcome(found))

    async def resume(self, claim: Claim, number: int) -> Claim | None:
        """Register another attempt at a turn whose process has died, with its number.

        Return None if the turn has ended, or another request has continued it.

        Raises:
            TurnTakenOver: an attempt with a higher number exists.
            StateUnavailable: the store does not answer.
        """
        taken: Claim | None = None

        def take(entry: Entry) -> Entry:
            nonlocal taken
            taken = None
            if entry["state"] != "running" or entry.get("run") != claim.run:
                return entry
            if entry.get("number", 0) > number:
                raise TurnTakenOver
            taken = evolve(claim, kind=Kind.CONTINUES, turns=tuple(entry["turns"]), attempt=secrets.token_hex(4))
            return {**entry, "until": time.time() + self._longest, "attempt": taken.attempt, "number": number}

        await self._change(claim, take)
        return taken

    async def move(self, claim: Claim, conversation: str) -> Claim:
        """Give a new turn another conversation."""

        def apply(entries: list[Entry]) -> list[Entry]:
            return [{**each, "conversation": conversation} if each["id"] == claim.id else each for each in entries]

        await self._write(claim.identity, apply)
        return evolve(claim, conversation=conversation)

    async def tool_begins(self, claim: Claim, turn: int) -> None:
        """Store the number of an attempt that may have effects from now on.

        Raises:
            TurnTakenOver: another attempt has replaced it.
        """

        def add(entry: Entry) -> Entry:
            if entry.get("attempt") != claim.attempt:
                raise TurnTakenOver
            return {**entry, "turns": [*dict.fromkeys((*entry["turns"], turn))]}

        await self._change(claim, add)

    async def left(self, claim: Claim, *, left: bool = True) -> None:
        """Store that no client waits for the answer, or that one has received it."""
        await self._change(claim, lambda entry: {**entry, "left": left})

    async def ended(self, claim: Claim, outcome: Mapping[str, Any], *, answered: bool, left: bool) -> None:
        """Store the outcome of a turn.

        A turn that failed before any tool began is forgotten, so that a repeat is a new turn. An outcome that is too
        large is not stored, and so repeated from the tools that ran. An attempt that another one has replaced stores
        nothing.
        """
        ended = {"state": "answered" if answered else "failed", "until": time.time(), "left": left}

        def end(entry: Entry) -> Entry | None:
            if entry.get("attempt") != claim.attempt:
                return entry
            return {**entry, **ended, "outcome": dict(outcome)} if answered or entry["turns"] else None

        try:
            await self._change(claim, end)
        except StateRefused:
            await self._change(claim, lambda entry: {**entry, **ended, "state": "failed", "outcome": {}})
        self._batches.forget(claim.identity.name)

    async def _change(self, claim: Claim, change: Callable[[Entry], Entry | None]) -> None:
        def apply(entries: list[Entry]) -> list[Entry]:
            changed = [change(entry) if entry["id"] == claim.id else entry for entry in entries]
            return [entry for entry in changed if entry is not None]

        await self._write(claim.identity, apply)

    async def _write(
        self, identity: Identity, change: Callable[[list[Entry]], list[Entry]], *, absent: bool = False
    ) -> None:
        ttl = self._kept(identity) + self._longest
        await self._batches.update(identity.name, change, ttl=ttl, absent=absent)

    def _kept(self, identity: Identity) -> float:
        """Return the seconds after which a turn is not repeated any more."""
        return MARKED if identity.key is None else KEYED


def _keyed(entries: Sequence[Entry], identity: Identity) -> Entry | None:
    found = entries[0] if entries else None
    if found is not None and found["print"] != identity.fingerprint:
        raise ConversationRefused("the idempotency key was sent with another request: each request needs its own.")
    return found


def _repeated(entries: Sequence[Entry], identity: Identity, now: float) -> Entry | None:
    """Return the turn that a request without a key repeats.

    A request of another customer is never a repeat. So among several turns that fit, only one that its client has given
    up counts.
    """
    given_up = [entry for entry in entries if _given_up(entry, now)]
    own = [entry for entry in given_up if entry["client"] == identity.client]
    if identity.retry:
        fitting = own or given_up or (entries if len(entries) == 1 else [])
    else:
        fitting = [entry for entry in own if entry["state"] == "running" or now - entry["until"] <= UNMARKED]
    return fitting[0] if fitting else None


def _given_up(entry: Entry, now: float) -> bool:
    """Return True if the turn's own client left without an answer, or got an error."""
    return bool(entry["left"] or entry["state"] == "failed" or _died(entry, now))


def _died(entry: Entry, now: float) -> bool:
    """Return True if the process of a turn has died."""
    return bool(entry["state"] == "running" and entry["until"] <= now)


def _delivered(entry: Entry) -> bool:
    return entry["state"] == "answered" and not entry["left"]


def _forgotten(entry: Entry, now: float, kept: float) -> bool:
    """Return True for an old turn, and for one without effects whose process has died."""
    return bool(entry["until"] + kept <= now or (_died(entry, now) and not entry["turns"]))


def _kind(entry: Entry, now: float) -> Kind:
    if entry["state"] == "running" and not _died(entry, now):
        return Kind.JOINS
    return Kind.STORED if entry["state"] == "answered" else Kind.CONTINUES


def _outcome(entry: Entry) -> Mapping[str, Any]:
    outcome: Mapping[str, Any] = entry.get("outcome", {})
    return outcome
