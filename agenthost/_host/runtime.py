"""The running host: what a request needs to know, ready to be read.

Everything that can be computed before a request comes is computed when a plan is published; publishing replaces one
reference, so requests in flight finish on the plan they began with.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import quote

from attrs import field, frozen

from agenthost._host.metrics import Metrics
from agenthost._host.routes import RouteTable
from agenthost._host.state import HostState
from agenthost._host.tokens import Tokens
from agenthost.agent import serve_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config import Config
    from agenthost._host.plan import HostPlan, Mounted
    from agenthost.swml import Template

__all__ = ["Credentials", "Phase", "Published", "Runtime", "host_allowed"]

_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Phase(Enum):
    """What the host is doing."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"


@frozen
class Credentials:
    """The pair that callers present by HTTP Basic.

    Args:
        user: without ``:``.
        password: any text.
    """

    user: str
    password: str = field(repr=False)

    @property
    def pair(self) -> bytes:
        """``user:password`` in UTF-8, as it stands in a header before base64."""
        return f"{self.user}:{self.password}".encode()

    @property
    def userinfo(self) -> str:
        """The pair as it stands in a URL."""
        return f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"


@frozen(eq=False)
class Published:
    """A plan, with everything a request needs beside it.

    Args:
        plan: the plan.
        table: its agents by route.
        templates: each route's document; without gaps for the address where the public URL is configured.
        tokens: each route's tokens.
    """

    plan: HostPlan
    table: RouteTable
    templates: Mapping[str, Template]
    tokens: Mapping[str, Tokens]


class Runtime:
    """One host in one process.

    Args:
        config: the configuration.
        credentials: what callers present.
        tokens: mints and verifies tool tokens.
    """

    def __init__(self, config: Config, credentials: Credentials, tokens: Tokens) -> None:
        self.config = config
        self.credentials = credentials
        self.tokens = tokens
        self.metrics = Metrics()
        self.state = HostState(config)
        self._userinfo = credentials.userinfo
        self.phase = Phase.STARTING
        self.published: Published | None = None
        self._origin: tuple[str, str] | None = None
        if config.host.public_url:
            scheme, _, rest = config.host.public_url.partition("://")
            self._origin = (scheme, rest)

    def publish(self, plan: HostPlan) -> None:
        """Serve ``plan`` from now on."""
        self.give_state(plan)
        templates = {agent.route: agent.template.located(plan.route_of) for agent in plan.agents}
        if self._origin is not None:
            templates = {
                route: template.with_base(self.base(route, "", "").encode()) for route, template in templates.items()
            }
        tokens = {agent.route: self.tokens_of(agent) for agent in plan.agents}
        self.published = Published(plan, RouteTable.of(plan.agents), templates, tokens)
        if self.phase is Phase.STARTING:
            self.phase = Phase.SERVING

    def give_state(self, plan: HostPlan) -> None:
        """Let the agents of a plan reach their state."""
        self.state.use(plan.state)
        for agent in plan.agents:
            serve_state(agent.agent, agent.key, self.state.stores)

    def tokens_of(self, agent: Mounted) -> Tokens:
        """The host's tokens, or those of an agent that has a secret or a lifetime of its own."""
        alone = agent.alone
        if alone.token_secret is None and alone.token_lifetime is None:
            return self.tokens
        own = [alone.token_secret.encode()] if alone.token_secret is not None else []
        return Tokens([*own, *self.tokens.keys], alone.token_lifetime or self.tokens.lifetime)

    def base(self, route: str, scheme: str, authority: str) -> str:
        """The address of ``route`` with credentials, as documents carry it.

        It is built from the configured public URL; where there is none, from the address that this very request was
        sent to, which ``host_allowed`` has checked. Nothing of a request is kept.

        Args:
            route: an agent's route.
            scheme: the request's.
            authority: the request's ``Host``, and the path before its routes where there is one.
        """
        scheme, authority = self._origin or (scheme, authority)
        return f"{scheme}://{self._userinfo}@{authority}{'' if route == '/' else route}"

    def origin(self, scheme: str, authority: str) -> str:
        """The host's own address, without credentials; see ``base``."""
        scheme, authority = self._origin or (scheme, authority)
        return f"{scheme}://{authority}"


def host_allowed(host: bytes) -> bool:
    """Whether a ``Host`` header is a host name or address with an optional port."""
    return _HOST.fullmatch(host) is not None
