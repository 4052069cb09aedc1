"""Agents that an API key opens."""

from __future__ import annotations

import hmac
from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._host.access.principals import NO_KEYS, TEXT, Principal
from agenthost._web.request.access_log import note_key
from agenthost._web.request.requests import BASIC, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.access.principals import Door, Keys
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Request

__all__ = ["WithBearer", "opened", "principal_of", "principal_with"]


def opened(request: Request) -> Callable[[Mounted], bool]:
    """Return which agents the caller's credentials open.

    They are a key, a pair as HTTP Basic, or the password of one as Bearer, which may open several agents.

    Raises:
        Refused: 401 if they open nothing, 429 after too many failures, 403 for a key without this scope.
    """
    header = request.head.authorization
    doors = _Doors((request.rules.door, *request.published.doors.values()))
    found = request.site.log_in(request.scope, header, doors, request.rules) if header is not None else None
    if found is None:
        raise Refused(401, "the API key is wrong: it is a key, the password of the host, or the agent's own.", BASIC)
    request.principal = found
    note_key(request.scope, found)
    if TEXT not in found.scopes:
        raise request.forbidden(TEXT)
    return partial(request.may, TEXT)


@frozen(eq=False)
class _Doors:
    """All doors, which are compared with a pair, or with a password alone."""

    doors: tuple[Door, ...]

    def principal_of(self, header: bytes, keys: Keys) -> Principal | None:
        opened = [door for door in self.doors if _opens(header, door)]
        if not opened:
            return self.doors[0].principal_of(header, keys)
        return Principal("pairs", frozenset((TEXT,)), frozenset().union(*(door.holder.holds for door in opened)))


@frozen
class WithBearer:
    """A door that also accepts its password as Bearer."""

    door: Door

    def principal_of(self, header: bytes, keys: Keys) -> Principal | None:
        """Return the principal of an ``Authorization`` header."""
        return self.door.holder if _opens(header, self.door) else self.door.principal_of(header, keys)


def _opens(header: bytes, door: Door) -> bool:
    scheme, _, key = header.partition(b" ")
    if scheme.lower() == b"bearer":
        return any([hmac.compare_digest(key.strip(), pair.partition(b":")[2]) for pair in door.pairs])  # noqa: C419 - all
    return door.principal_of(header, NO_KEYS) is not None


def principal_of(request: Request, agent: Mounted) -> str:
    """Return the name of the one who asks an agent, in scopes of the store."""
    return principal_with(request.published.reach.principal(agent), request.principal.key)


def principal_with(principal: str, key: str) -> str:
    """Return the name for a key, which may be empty, at agents of a principal."""
    return f"{principal}.key-{key}" if key else principal
