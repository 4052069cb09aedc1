"""Cross-origin requests of browsers (CORS), which are refused unless their origin is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["AllowedOrigins"]

_REQUESTED = (
    *("authorization", "content-type", "accept", "agenthost-conversation", "idempotency-key", "x-conversation-id"),
    *("openai-organization", "openai-project", "openai-beta", "user-agent", "x-stainless-arch", "x-stainless-async"),
    *("x-stainless-helper-method", "x-stainless-lang", "x-stainless-os", "x-stainless-package-version"),
    *("x-stainless-poll-helper", "x-stainless-retry-count", "x-stainless-runtime", "x-stainless-runtime-version"),
    "x-stainless-timeout",
)
"""Headers that a page may send, with those of OpenAI's clients."""
_EXPOSED = b"agenthost-conversation, retry-after, x-request-id, x-should-retry"
_DAY = b"86400"


class AllowedOrigins:
    """The origins whose pages may call ``/v1``.

    ``origins`` may contain ``*`` for any; none means that no page of another origin may.
    """

    def __init__(self, origins: Collection[str]) -> None:
        self._any = "*" in origins
        self._origins = {origin.encode(): origin.encode() for origin in origins}

    def headers(self, sent: Iterable[tuple[bytes, bytes]], methods: bytes | None = None) -> list[tuple[bytes, bytes]]:
        """Return the headers of an answer to a request with some headers.

        The origin in them is the configured one, not that of the request. ``methods`` is for a preflight request.
        """
        if not self._origins:
            return []
        origin = next((value for name, value in sent if name == b"origin"), None)
        allowed = b"*" if self._any else self._origins.get(origin or b"")
        vary = [] if self._any else [(b"vary", b"origin")]
        if origin is None or allowed is None:
            return vary
        told = [(b"access-control-allow-origin", allowed), (b"access-control-expose-headers", _EXPOSED), *vary]
        if methods is not None:
            told += [
                (b"access-control-allow-methods", methods),
                (b"access-control-allow-headers", ", ".join(_REQUESTED).encode()),
                (b"access-control-max-age", _DAY),
            ]
        return told
