"""Agents that an API key opens."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from agenthost._host.access.credentials import authorised
from agenthost._web.request.requests import BASIC, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Request

__all__ = ["opened"]


def opened(request: Request) -> Callable[[Mounted], bool]:
    """Return which agents the caller's credentials open.

    They are HTTP Basic with a pair, or Bearer with the password of one.

    Raises:
        Refused: 401 if they open nothing, or 429 after too many failures.
    """
    rules = request.rules
    own, host = request.published.pairs, rules.pairs
    good: set[tuple[bytes, ...]] = set()

    def compared(header: bytes, *doors: tuple[bytes, ...]) -> bool:
        good.update([pairs for pairs in doors if _opens(header, pairs)])
        return bool(good)

    header = request.head.authorization
    if header is None or not request.site.log_in(request.scope, header, {host, *own.values()}, rules, compared):
        raise Refused(401, "the API key is wrong: it is the password of the host, or the agent's own.", BASIC)
    return lambda agent: own.get(agent.route, host) in good


def _opens(header: bytes, pairs: tuple[bytes, ...]) -> bool:
    scheme, _, key = header.partition(b" ")
    if scheme.lower() == b"bearer":
        return any([hmac.compare_digest(key.strip(), pair.partition(b":")[2]) for pair in pairs])  # noqa: C419 - all
    return authorised(header, *pairs)
