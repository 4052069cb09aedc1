"""AgentServer: agents in, a served host out.

``agenthost run`` and programs that register agents by hand share everything here: one configuration, one plan, one
front.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from attrs import evolve

from agenthost._host.config import AgentConfig, Config, load_config
from agenthost._host.discovery import AGENTS, PLUGINS, discover
from agenthost._host.kept import kept_secret, new_password, new_signing_key
from agenthost._host.loader import Built, Loaded, load
from agenthost._host.plan import HostPlan, make_plan
from agenthost._host.runtime import Credentials, Runtime
from agenthost._host.tokens import Tokens
from agenthost.agent import declared
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.front import Front
    from agenthost.agent import AgentBase

__all__ = ["AgentServer", "installed_plan", "make_runtime", "with_secrets"]


def with_secrets(config: Config) -> Config:
    """The configuration with a password and a signing key: configured ones, else those kept in the state directory.

    Raises:
        ConfigurationError: they can neither be read nor kept.
    """
    host = config.host
    if host.password is None:
        host = evolve(host, password=kept_secret(host.state_dir, "password", new_password))
    if not host.signing_keys:
        host = evolve(host, signing_keys=(kept_secret(host.state_dir, "signing_key", new_signing_key),))
    return evolve(config, host=host)


def make_runtime(config: Config) -> Runtime:
    """The runtime of a configuration that has its secrets."""
    host = config.host
    password = host.password.reveal() if host.password else ""
    tokens = Tokens([key.reveal().encode() for key in host.signing_keys])
    return Runtime(config, Credentials(host.user, password), tokens)


def installed_plan(config: Config) -> HostPlan:
    """Discover, load and plan what is installed.

    Raises:
        PlanError: the configuration says ``strict``, and something failed.
    """
    plan = make_plan(config, load(config, discover((AGENTS, PLUGINS))))
    if config.host.strict and plan.problems:
        reasons = [f"{item.key}: {item.diagnosis.reason}" for item in plan.failed if item.diagnosis]
        reasons += [f"{p.name}: {p.diagnosis.reason}" for p in plan.plugins if p.diagnosis]
        msg = "strict, and not everything can be served: " + "; ".join([*reasons, *plan.warnings])
        raise PlanError(msg)
    return plan


class AgentServer:
    """A host for agents that a program makes itself.

    Args:
        host: address to listen on; left out, configuration's (``127.0.0.1``).
        port: port to listen on; left out, configuration's (3000).
        log_level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``.

    Raises:
        ConfigurationError: agenthost.toml, the environment or an argument is wrong.
    """

    def __init__(self, host: str | None = None, port: int | None = None, log_level: str | None = None) -> None:
        self._options: Mapping[str, object] = {"host": host, "port": port, "log_level": log_level}
        self._agents: list[tuple[AgentBase, str | None]] = []
        self._app: Front | None = None

    def register(self, agent: AgentBase, route: str | None = None) -> None:
        """Add an agent.

        Args:
            agent: the agent.
            route: where it is mounted; left out, where it asks to be.

        Raises:
            DefinitionError: ``agent`` is no agent.
        """
        declared(agent)
        self._agents.append((agent, route))

    @property
    def app(self) -> Front:
        """The host as an ASGI application, for any ASGI server.

        Raises:
            PlanError: an agent cannot be mounted.
        """
        if self._app is None:
            from agenthost._web.front import Front  # noqa: PLC0415 - Litestar, only where it is served

            config = with_secrets(self._configured())
            self._app = Front(make_runtime(config))
            self._app.publish(self._plan(config))
        return self._app

    def run(self, host: str | None = None, port: int | None = None) -> None:
        """Serve until SIGTERM or SIGINT, finishing what is in flight.

        Args:
            host: address to listen on, before the constructor's.
            port: port to listen on, before the constructor's.
        """
        from agenthost._web.serving import serve  # noqa: PLC0415 - Litestar, only where it is served

        config = with_secrets(self._configured(host=host, port=port))
        serve(config, partial(self._plan, config), _nothing)

    def _configured(self, **options: object) -> Config:
        import os  # noqa: PLC0415

        said = {**self._options, **{name: value for name, value in options.items() if value is not None}}
        return load_config(None, os.environ, said)

    def _plan(self, config: Config) -> HostPlan:
        built = [
            Built(declared(agent).name, "code", "", agent, AgentConfig(route=route)) for agent, route in self._agents
        ]
        plan = make_plan(config, Loaded(tuple(built), (), (), (), (), ()))
        if plan.failed:
            raise PlanError("; ".join(f"{item.key}: {item.diagnosis.reason}" for item in plan.failed if item.diagnosis))
        return plan


def _nothing(_: HostPlan) -> None:
    """What a program that runs its own server is told when it serves."""
