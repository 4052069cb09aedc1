"""Facts about the host, for an agent that it serves: address and credentials."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from attrs import field, frozen

from agenthost._host.access.credentials import Credentials
from agenthost._host.access.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.config.schema import AgentConfig, Config

__all__ = ["ConfiguredFacts"]

_PASSWORD = "SWML_BASIC_AUTH_PASSWORD"  # noqa: S105 - the variable's name


@frozen(eq=False)
class ConfiguredFacts:
    """The facts that follow from the configuration.

    Args:
        config: the configuration, with or without generated secrets.
        route: the agent's route.
        section: the agent's section, if it has one.
        own_secret: the agent's own key for tokens, or None.
        with_secrets: adds generated secrets to a configuration.
    """

    config: Config = field(repr=False)
    route: str
    section: AgentConfig | None = field(repr=False)
    own_secret: str | None = field(repr=False)
    with_secrets: Callable[[Config], Config]

    @property
    def address(self) -> tuple[str, int]:
        """The address and port to listen on."""
        return self.config.host.host, self.config.host.port

    @property
    def origin(self) -> str:
        """The public URL of the host, else that of the address it listens on."""
        host, port = self.address
        return (self.config.host.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}").rstrip("/")

    @property
    def pair(self) -> tuple[str, str, str]:
        """User, password, and their origin."""
        section = self.section
        if section is not None and section.accepted_passwords:
            return section.user or self.config.host.user, section.accepted_passwords[0].reveal(), "config file"
        host = self.with_secrets(self.config).host
        return host.user, host.accepted_passwords[0].reveal(), self._source()

    def url(self, *, credentials: bool) -> str:
        """Return the agent's public URL."""
        scheme, _, rest = self.origin.partition("://")
        user, password, _ = self.pair if credentials else ("", "", "")
        userinfo = f"{quote(user, safe='')}:{quote(password, safe='')}@" if credentials else ""
        return f"{scheme}://{userinfo}{rest}{'' if self.route == '/' else self.route}"

    def opens(self, user: str, password: str) -> bool:
        """Return True for a user and password that open the agent."""
        section, host = self.section, self.config.host
        if section is not None and section.accepted_passwords:
            accepted, owner = section.accepted_passwords, section.user or host.user
        else:
            accepted, owner = self.with_secrets(self.config).host.accepted_passwords, host.user
        first, *others = (each.reveal() for each in accepted)
        return Credentials(owner, first, tuple(others)).opened_by(user, password)

    def verify(self, token: str, tool: str, call_id: str) -> bool:
        """Return True for an unexpired token of the agent's tool and a call."""
        keys = [key.reveal().encode() for key in self.with_secrets(self.config).host.token_keys]
        own = [self.own_secret.encode()] if self.own_secret is not None else []
        return Tokens([*own, *keys]).verify(token, self.route, tool, call_id)

    def _source(self) -> str:
        host = self.config.host
        if "password" in self.config.asked[1]:
            return "provided"
        if not host.password and not host.passwords:
            return "generated"
        return "environment" if os.environ.get(_PASSWORD) else "config file"
