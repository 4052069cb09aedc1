"""Rules for requests, derived from the published settings."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._host.access.failed_logins import FailedLogins
from agenthost._host.access.known_logins import KnownLogins
from agenthost._host.access.login_guard import LoginGuard
from agenthost._host.access.principals import OF_HOST, Door, Keys
from agenthost._web.request.allowed_hosts import AllowedHosts
from agenthost._web.request.answers import HSTS, JSON, NO_STORE, SECURITY, SharedHeaders
from agenthost._web.request.cross_origin import AllowedOrigins
from agenthost._web.request.forwarding import TrustedProxies

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.published.settings import Settings

__all__ = ["InForce", "Rules", "login_guard"]


@frozen(eq=False)
class Rules:
    """The rules that follow from one value of the settings."""

    settings: Settings
    access_log: bool
    most: int
    """Bytes that a body may have."""
    door: Door
    """The pairs that open the host."""
    keys: Keys
    proxies: TrustedProxies
    proxied: bool
    hosts: AllowedHosts
    """The names in ``Host`` that are answered."""
    origins: AllowedOrigins
    """The origins whose pages may call ``/v1``."""
    believes_proxies: bool
    webhook_keys: tuple[bytes, ...]
    signed: tuple[str, ...]
    """The kinds of requests that must be signed, if there are keys."""
    shared: list[tuple[bytes, bytes]]
    json: SharedHeaders
    document: SharedHeaders

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """Derive the rules from the settings."""
        host = settings.config.host
        proxies = TrustedProxies(host.trusted_proxies)
        shared = [*SECURITY, HSTS] if (host.public_url or "").startswith("https:") else list(SECURITY)
        return cls(
            settings=settings,
            access_log=host.access_log,
            most=host.max_body,
            door=Door(settings.credentials.pairs, OF_HOST),
            keys=Keys.of(settings.config.keys),
            proxies=proxies,
            proxied=bool(proxies),
            hosts=AllowedHosts(host.allowed_hosts),
            origins=AllowedOrigins(host.allowed_origins),
            believes_proxies=bool(proxies) and not host.public_url,
            webhook_keys=tuple(key.reveal().encode() for key in host.webhook_keys),
            signed=host.signed_requests,
            shared=shared,
            json=SharedHeaders([*shared, JSON]),
            document=SharedHeaders([*shared, JSON, NO_STORE]),
        )


class InForce:
    """The rules in force, derived once for each value of the settings."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._rules = Rules.of(settings())

    def __call__(self) -> Rules:
        """Return them."""
        settings = self._settings()
        if self._rules.settings is not settings:
            self._rules = Rules.of(settings)
        return self._rules


def login_guard(settings: Callable[[], Settings], note: Callable[[], object] = lambda: None) -> LoginGuard:
    """Return a guard before the comparison of credentials.

    ``note`` is called for wrong credentials.
    """
    keys = settings().config.host.token_keys
    key = keys[0].reveal().encode() if keys else secrets.token_bytes(32)
    return LoginGuard(
        FailedLogins(lambda: settings().config.host.failed_logins, key),
        KnownLogins(key),
        lambda: settings().config.host.user,
        note=note,
    )
