"""AgentServer: agents in, a served host out.

``agenthost run`` and programs that register agents by hand share everything here: one configuration, one plan, one
front.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agenthost._host.config import AgentConfig, Config, load_config
from agenthost._host.discovery import AGENTS, PLUGINS, discover
from agenthost._host.kept import kept_secret, new_password, new_signing_key
from agenthost._host.loader import Built, Loaded, load
from agenthost._host.plan import HostPlan, make_plan
from agenthost._host.report import banner
from agenthost._host.routes import normalise, route_problem
from agenthost._host.runtime import Credentials, Runtime
from agenthost._host.tokens import Tokens
from agenthost.agent import AgentBase, declared, release
from agenthost.errors import DefinitionError, PlanError
from agenthost.sip import SipAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._web.front import Front

__all__ = ["AgentServer", "accepted", "installed_plan", "make_runtime", "start_logging", "with_secrets"]

_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


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


def start_logging(config: Config) -> None:
    """Write the log to standard error, unless the program has set up its own."""
    logging.basicConfig(level=config.host.log_level.upper(), format=_LOG_FORMAT)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def make_runtime(config: Config) -> Runtime:
    """The runtime of a configuration that has its secrets."""
    host = config.host
    password = host.password.reveal() if host.password else ""
    tokens = Tokens([key.reveal().encode() for key in host.signing_keys])
    return Runtime(config, Credentials(host.user, password), tokens)


def installed_plan(config: Config) -> HostPlan:
    """Discover, load and plan what is installed."""
    return make_plan(config, load(config, discover((AGENTS, PLUGINS))))


def accepted(config: Config, plan: HostPlan) -> HostPlan:
    """The plan, unless the configuration is strict and something failed.

    Raises:
        PlanError: it is, and something did.
    """
    if config.host.strict and plan.problems:
        reasons = [f"{item.key}: {item.diagnosis.reason}" for item in plan.failed if item.diagnosis]
        reasons += [f"{p.name}: {p.diagnosis.reason}" for p in plan.plugins if p.diagnosis]
        msg = "strict, and not everything can be served: " + "; ".join([*reasons, *plan.warnings])
        raise PlanError(msg)
    return plan


class AgentServer:
    """A host for agents that a program makes itself.

    Agents can be registered and removed while it serves: requests in flight finish on what they began with.

    Args:
        host: address to listen on; left out, configuration's (``127.0.0.1``).
        port: port to listen on; left out, configuration's (3000).
        log_level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``.
    """

    def __init__(self, host: str | None = None, port: int | None = None, log_level: str | None = None) -> None:
        self._options: dict[str, object] = {"host": host, "port": port, "log_level": log_level}
        self._registered: dict[str, Built] = {}
        self._config = Config()
        self._plan: HostPlan | None = None
        self._front: Front | None = None
        self._aliases: list[SipAlias] = []
        self._sip_path: str | None = None
        self._auto_map = False
        self._callbacks: dict[str, Callable[..., Any]] = {}

    def register(self, agent: AgentBase, route: str | None = None) -> None:
        """Add an agent; while the host serves, it is mounted at once.

        Args:
            agent: the agent.
            route: where it is mounted; left out, where it asks to be, else ``/``.

        Raises:
            DefinitionError: it is no agent, or cannot be mounted there.
        """
        own = declared(agent)
        route = _absolute(route if route is not None else own.route or "/")
        if problem := route_problem(route):
            raise DefinitionError(problem)
        if route in self._registered:
            msg = f"route {route!r} is already taken by agent {self._registered[route].key!r}; choose another."
            raise DefinitionError(msg)
        keys = {item.key for item in self._registered.values()}
        key = own.name if own.name not in keys else f"{own.name}:{route}"
        for path, callback in self._callbacks.items():
            agent.register_routing_callback(callback, path)
        item = Built(key, "code", "", agent, AgentConfig(route=route))
        if self._plan is not None:
            self._publish(self._plan.with_agent(item))
        self._registered[route] = item

    def unregister(self, route: str) -> bool:
        """Remove the agent at ``route``; while the host serves, it is gone at once, everywhere.

        Returns:
            Whether there was one.
        """
        item = self._registered.pop(_absolute(route), None)
        if item is None:
            return False
        if self._plan is not None:
            self._publish(self._plan.without(_absolute(route)))
        release(item.agent)
        return True

    def get_agents(self) -> list[tuple[str, AgentBase]]:
        """Route and agent of each, in order of registration."""
        return [(route, item.agent) for route, item in self._registered.items()]

    def get_agent(self, route: str) -> AgentBase | None:
        """The agent at ``route``, or None."""
        item = self._registered.get(_absolute(route))
        return item.agent if item is not None else None

    def setup_sip_routing(self, route: str = "/sip", auto_map: bool = True) -> None:  # noqa: FBT001, FBT002 - as the field knows it
        """Answer for SIP addresses.

        Args:
            route: where the platform asks.
            auto_map: whether each agent is reached by its name and the last segment of its route.
        """
        self._sip_path, self._auto_map = _absolute(route), auto_map
        if self._front is not None:
            self._front.sip_path = self._sip_path
        self._map_again()

    def register_sip_username(self, username: str, route: str) -> None:
        """Let the SIP user ``username`` reach the agent at ``route``.

        Raises:
            DefinitionError: no agent is registered there.
        """
        item = self._registered.get(_absolute(route))
        if item is None:
            msg = f"SIP user {username!r}: no agent is registered at {route!r}; register it first."
            raise DefinitionError(msg)
        self._aliases.append(SipAlias(username, item.key))
        self._map_again()

    def register_global_routing_callback(self, callback_fn: Callable[..., Any], path: str) -> None:
        """Register a routing callback with every agent, present and future; see ``AgentBase``."""
        self._callbacks[path] = callback_fn
        for item in self._registered.values():
            item.agent.register_routing_callback(callback_fn, path)

    def serve_static_files(self, directory: str, route: str = "/") -> None:
        """Serve the files below ``directory`` at ``route``, without credentials; agents and health come first.

        Raises:
            DefinitionError: there is no such directory.
        """
        if not os.path.isdir(directory):  # noqa: PTH112 - one look, without pathlib
            msg = f"static files: there is no directory {directory!r}."
            raise DefinitionError(msg)
        self.app.serve_files(_absolute(route), directory)

    @property
    def app(self) -> Front:
        """The host as an ASGI application, for any ASGI server; ``get`` and ``post`` add handlers to it.

        The agents are mounted when it is first asked for something.

        Raises:
            ConfigurationError: agenthost.toml, the environment or an argument is wrong.
        """
        if self._front is None:
            self._open(self._configured())
        return self._front  # type: ignore[return-value]

    def run(self, event: Any = None, context: Any = None, host: str | None = None, port: int | None = None) -> Any:
        """Serve: an event of AWS Lambda, the request of a CGI process, else a port until SIGTERM or SIGINT.

        Args:
            event: Lambda's event.
            context: Lambda's context.
            host: address to listen on, before the constructor's.
            port: port to listen on, before the constructor's.

        Returns:
            Lambda's response; otherwise None.

        Raises:
            PlanError: an agent cannot be mounted.
            AddressError: the port cannot be opened.
        """
        if event is not None:
            from agenthost._web.serverless import answer_lambda  # noqa: PLC0415 - only where it is asked for

            return answer_lambda(self.app, event, context)
        if "GATEWAY_INTERFACE" in os.environ:
            from agenthost._web.serverless import answer_cgi  # noqa: PLC0415 - only where it is asked for

            return answer_cgi(self.app)
        from agenthost._web.serving import address, listen, serve_front  # noqa: PLC0415 - Litestar, only where it is served

        config = self._configured(host=host, port=port)
        if self._front is None:
            self._open(config)
        start_logging(config)
        with listen(config.host.host, config.host.port) as opened:
            url = address(opened)

            def ready(plan: HostPlan) -> None:
                shown = with_secrets(config)
                print(banner(shown, url, plan.report(), made=config.host.password is None), flush=True)  # noqa: T201

            self.app.start()
            serve_front(opened, self.app, self._served, ready)
        return None

    def _configured(self, **options: object) -> Config:
        said = {**self._options, **{name: value for name, value in options.items() if value is not None}}
        return load_config(None, os.environ, said)

    def _open(self, config: Config) -> None:
        from agenthost._web.front import Front  # noqa: PLC0415 - Litestar, only where it is served

        self._config = config
        self._front = Front(make_runtime(with_secrets(config)), self._first_plan, self._sip_path)

    def _served(self) -> HostPlan:
        return self._plan or self._first_plan()

    def _first_plan(self) -> HostPlan:
        """Decide what is served, once; from then on the plan changes with ``register`` and ``unregister``."""
        plan = make_plan(self._config, Loaded(tuple(self._registered.values()), (), (), (), (), ()))
        if plan.failed:
            raise PlanError("; ".join(f"{item.key}: {item.diagnosis.reason}" for item in plan.failed if item.diagnosis))
        self._plan = plan.with_aliases(self._aliases, automatic=self._auto_map)
        return self._plan

    def _publish(self, plan: HostPlan) -> None:
        self._plan = plan.with_aliases(self._aliases, automatic=self._auto_map)
        if self._front is not None:
            self._front.publish(self._plan)

    def _map_again(self) -> None:
        if self._plan is not None:
            self._publish(self._plan)


def _absolute(route: str) -> str:
    """A route as the table knows it: with its first slash, without its last."""
    return normalise(route if route.startswith("/") else f"/{route}")
