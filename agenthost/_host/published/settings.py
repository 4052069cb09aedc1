"""Settings: the published configuration, with what follows from it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.access.credentials import Credentials
    from agenthost._host.access.tokens import Tokens
    from agenthost._host.config.schema import Config

__all__ = ["Settings"]


@frozen(eq=False)
class Settings:
    """The settings that a host serves by, published as one value.

    Nothing keeps a copy of a part.
    """

    config: Config
    credentials: Credentials
    tokens: Tokens
    clock: Callable[[], float] = time.time
    """Returns the time in seconds since 1970, for SIP rules."""
    userinfo: str = field(init=False)
    origin: tuple[str, str] | None = field(init=False)
    """Scheme and authority of the configured public URL."""

    @userinfo.default
    def _quoted(self) -> str:
        return self.credentials.userinfo

    @origin.default
    def _parts(self) -> tuple[str, str] | None:
        scheme, separator, rest = (self.config.host.public_url or "").partition("://")
        return (scheme, rest) if separator else None

    def base(self, scheme: str, authority: str, route: str, userinfo: str | None = None) -> str:
        """Return the URL of a route with credentials: those given, or the host's."""
        return f"{scheme}://{userinfo or self.userinfo}@{authority}{'' if route == '/' else route}"
