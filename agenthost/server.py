"""AgentServer: a host for agents that a program registers.

``agenthost run`` and such programs share everything here: one configuration, one plan, one front.
"""

from __future__ import annotations

import logging
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from agenthost._escaping import escaped
from agenthost._host.access.host_facts import ConfiguredFacts
from agenthost._host.config.load import in_force, load_config
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.operations.terminal import banner, on_terminal
from agenthost._host.packages.guarded_run import loads_author_code, without_collections
from agenthost._host.packages.stages import Built
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import HostPlan, make_plan
from agenthost._host.plan.routes import normalise, route_problem
from agenthost._host.runtime.start import make_runtime, report_generated, start_logging, with_secrets
from agenthost.agent.base import AgentBase, declared, release
from agenthost.agent.log import get_logger
from agenthost.errors import ConfigurationError, DefinitionError, PlanError
from agenthost.health import Probe
from agenthost.sip import SipAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._web.front import Front
    from agenthost._web.serverless import WSGIApplication
    from agenthost.agent.log import FieldsLogger

__all__ = ["AgentServer"]

_log = logging.getLogger("agenthost")


class _UnavailableError(ConfigurationError, AttributeError):
    """A property that the configuration or a missing package rules out.

    ``hasattr`` returns False for it.
    """


class AgentServer:
    """A host for agents that a program makes itself.

    Agents can be registered and removed while it serves, from any thread. Requests in flight finish with the agents
    they started with. A served agent keeps its route and its SIP users against a newcomer.

    Args:
        host: address to listen on. Defaults to the configuration's (``127.0.0.1``).
        port: port to listen on. Defaults to the configuration's (3000).
        log_level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``.
    """

    def __init__(self, host: str | None = None, port: int | None = None, log_level: str | None = None) -> None:
        self._options: dict[str, object] = {"host": host, "port": port, "log_level": log_level}
        self._registered: dict[str, Built] = {}
        self._config = Config()
        self._plan: HostPlan | None = None
        self._front: Front | None = None
        self._changing = threading.RLock()
        self._usernames: dict[str, str] = {}
        self._sip_path: str | None = None
        self._auto_map = False
        self._callbacks: dict[str, Callable[..., Any]] = {}
        self._probes: list[tuple[str, Probe]] = []

    def register(
        self,
        agent: AgentBase | Callable[[], AgentBase],
        route: str | None = None,
        *,
        isolation: Literal["thread", "process"] = "thread",
    ) -> None:
        """Add an agent.

        While the host serves, the agent is mounted at once.

        Args:
            agent: the agent. With ``isolation="process"``, its class, a function that makes it, or an agent whose class
                makes another like it without arguments. The class or function is in a module of its own.
            route: its route. Defaults to the route that it declares, else ``/``.
            isolation: ``process`` runs its code in processes of its own, with the limits of ``[agents.<name>]``.

        Raises:
            DefinitionError: the object is not an agent, cannot be mounted there, or cannot be isolated.
        """
        if isolation not in ("thread", "process"):
            raise DefinitionError(f"register: isolation must be 'thread' or 'process', not {isolation!r}.")
        if isolation == "process":
            agent = self._isolated(agent)
        if not isinstance(agent, AgentBase):
            agent = agent() if callable(agent) else agent
        own = declared(agent)
        route = _absolute(route if route is not None else own.route or "/")
        if problem := route_problem(route, program=True):
            raise DefinitionError(problem)
        with self._changing:
            self._refuse_double(agent, route)
            keys = {item.key for item in self._registered.values()}
            key = own.name if own.name not in keys else f"{own.name}:{route}"
            for path, callback in self._callbacks.items():
                agent.register_routing_callback(callback, path)
            item = Built.in_code(key, agent, AgentConfig(route=route))
            plan = self._plan.with_agent(item) if self._plan is not None else None
            self._registered[route] = item
            own.facts = partial(self._facts_of, route)
            agent.route = route
            if plan is not None:
                self._publish(plan)

    def _isolated(self, agent: AgentBase | Callable[[], AgentBase]) -> AgentBase:
        """Return the proxy of an agent that another process builds again."""
        from agenthost._host.isolation.stand_in import isolated_of_program  # noqa: PLC0415 - if one is isolated

        made: Callable[[], AgentBase] = type(agent) if isinstance(agent, AgentBase) else agent
        name = declared(agent).name if isinstance(agent, AgentBase) else made.__name__
        return isolated_of_program(made, self._known(), name)

    def unregister(self, route: str) -> bool:
        """Remove the agent at ``route``.

        While the host serves, the agent is gone at once, everywhere.

        Returns:
            Whether there was one.
        """
        route = _absolute(route)
        with self._changing:
            item = self._registered.pop(route, None)
            if item is None:
                return False
            if self._plan is not None:
                self._publish(self._plan.without(route))
                release(item.agent)
        return True

    def get_agents(self) -> list[tuple[str, AgentBase]]:
        """Return route and agent of each, in order of registration."""
        return [(route, item.agent) for route, item in list(self._registered.items())]

    def get_agent(self, route: str) -> AgentBase | None:
        """Return the agent at ``route``, or None."""
        item = self._registered.get(_absolute(route))
        return item.agent if item is not None else None

    @property
    def agents(self) -> dict[str, AgentBase]:
        """The registered agents by route, in order of registration."""
        return dict(self.get_agents())

    @property
    def host(self) -> str:
        """The address to listen on.

        Raises:
            ConfigurationError: agenthost.toml, the environment or an argument is wrong (also an AttributeError).
        """
        return self._known().host.host

    @property
    def port(self) -> int:
        """The port to listen on.

        It raises as ``host`` does.
        """
        return self._known().host.port

    @property
    def log_level(self) -> str:
        """The level of the log.

        It raises as ``host`` does.
        """
        return self._known().host.log_level

    @property
    def logger(self) -> FieldsLogger:
        """A logger for the program's own lines."""
        return get_logger("agenthost.program")

    def add_probe(self, probe: Probe) -> None:
        """Add a probe, which runs from now on while the host serves.

        Args:
            probe: a probe of the host, or of an agent that it names, which may be registered later.

        Raises:
            DefinitionError: the object is not a probe.
        """
        if not isinstance(probe, Probe):
            raise DefinitionError(f"add_probe takes an agenthost.Probe, not {type(probe).__name__}.")
        with self._changing:
            self._probes.append(("code", probe))
            if self._plan is not None:
                self._publish(self._plan.with_probes([("code", probe)]))

    def setup_sip_routing(self, route: str = "/sip", auto_map: bool = True) -> None:  # noqa: FBT001, FBT002 - the signature in the field
        """Answer calls to SIP addresses.

        Args:
            route: the route for the platform's requests.
            auto_map: whether the name of an agent and the last segment of its route are its SIP users.

        Raises:
            DefinitionError: an agent is registered at this route.
        """
        route = _absolute(route)
        with self._changing:
            if route in self._registered:
                msg = f"SIP routing at {route!r}: agent {self._registered[route].key!r} is there. fix: choose another."
                raise DefinitionError(msg)
            self._sip_path, self._auto_map = route, auto_map
            if self._front is not None:
                self._front.answer_sip_at(route)
            if self._plan is not None:
                self._publish(self._plan, keeping=False)

    def register_sip_username(self, username: str, route: str) -> None:
        """Let the SIP user ``username`` reach the agent at ``route``.

        This includes an agent that is registered there later.

        Raises:
            DefinitionError: the user already reaches another agent.
        """
        route = _absolute(route)
        with self._changing:
            if not isinstance(username, str) or not username:
                raise DefinitionError(f"a SIP user is text such as 'sales', not {username!r}.")
            other = self._usernames.get(username.casefold(), route)
            if other != route and other in self._registered:
                raise DefinitionError(f"SIP user {username!r} already reaches the agent at {other!r}.")
            self._usernames[username.casefold()] = route
            if self._plan is not None:
                self._publish(self._plan)

    def register_global_routing_callback(self, callback_fn: Callable[..., Any], path: str) -> None:
        """Register a routing callback with every agent, present and future."""
        with self._changing:
            for item in self._registered.values():
                item.agent.register_routing_callback(callback_fn, path)
            self._callbacks[path] = callback_fn

    def serve_static_files(self, directory: str, route: str = "/") -> None:
        """Serve the files below ``directory`` at ``route``, without credentials.

        Agents and health endpoints have precedence.

        Raises:
            DefinitionError: there is no such directory.
        """
        if not os.path.isdir(directory):  # noqa: PTH112 - one look, without pathlib
            msg = f"static files: there is no directory {directory!r}."
            raise DefinitionError(msg)
        self.app.serve_files(_absolute(route), directory)

    @property
    def app(self) -> Front:
        """The host as an ASGI application, for any ASGI server.

        ``get`` and ``post`` add handlers to it. The agents are mounted at the first request.

        Raises:
            ConfigurationError: agenthost.toml, the environment or an argument is wrong (also an AttributeError).
        """
        try:
            with self._changing:
                if self._front is None:
                    with without_collections():
                        self._open(self._configured())
        except ConfigurationError as error:
            raise _UnavailableError(str(error)) from error.__cause__
        return self._front  # type: ignore[return-value]

    @property
    def wsgi(self) -> WSGIApplication:
        """The host as a WSGI application, for platforms such as Google Cloud Functions.

        Raises:
            ConfigurationError: a2wsgi is not installed, or the configuration is wrong (also an AttributeError).
        """
        from agenthost._web.serverless import as_wsgi  # noqa: PLC0415 - only if it is used

        try:
            return as_wsgi(self.app)
        except ConfigurationError as error:
            raise _UnavailableError(str(error)) from error.__cause__

    def run(self, event: Any = None, context: Any = None, host: str | None = None, port: int | None = None) -> Any:
        """Serve, in the way that the environment requires.

        This is one event of AWS Lambda, one request of a CGI process, or a port until SIGTERM or SIGINT.

        Args:
            event: Lambda's event.
            context: Lambda's context.
            host: address to listen on, in place of the constructor's.
            port: port to listen on, in place of the constructor's.

        Returns:
            The response for Lambda, otherwise None.

        Raises:
            PlanError: an agent cannot be mounted.
            AddressError: the port cannot be opened.
        """
        if event is not None:
            return self._answer_lambda(event, context)
        if "GATEWAY_INTERFACE" in os.environ:
            return self._answer_cgi()
        return self._serve(host, port)

    def _answer_lambda(self, event: Any, context: Any) -> Any:
        from agenthost._web.serverless import answer_lambda  # noqa: PLC0415 - only if it is used

        return answer_lambda(self.app, event, context)

    def _answer_cgi(self) -> None:
        from agenthost._web.serverless import answer_cgi  # noqa: PLC0415 - only if it is used

        answer_cgi(self.app)

    def _serve(self, host: str | None, port: int | None) -> None:
        from agenthost._host.walls.kernel import set_debuggable  # noqa: PLC0415 - only where it is served, as below
        from agenthost._web.process.ports import address, listen  # noqa: PLC0415 - as below
        from agenthost._web.process.serving import serve_front  # noqa: PLC0415 - Litestar, only where it is served

        if in_force.get() is not None or loads_author_code():
            raise DefinitionError(
                'run() is called while the module is imported. fix: write it below if __name__ == "__main__":'
            )
        config = self._configured(host=host, port=port)
        with self._changing:
            if self._front is None:
                self._open(config)
        set_debuggable(config.host.debuggable)
        start_logging(with_secrets(config))
        if config.host.workers > 1:
            _log.warning(
                "host.workers has no effect: a program that calls run() serves in one process. "
                "fix: agenthost run MODULE:SERVER --workers %d",
                config.host.workers,
            )
        with listen(config.host.host, config.host.port) as opened:
            url = address(opened)

            def ready(_: HostPlan) -> None:
                with self._changing:
                    plan = self._first_plan()
                    self.app.publish(plan)  # includes agents registered since the front was opened
                    shown_plan = self.app.runtime.published
                    plan = shown_plan.plan if shown_plan is not None else plan
                shown = with_secrets(config)
                made = not config.host.accepted_passwords
                text = banner(shown, url, plan.report(), made=made, terminal=on_terminal())
                print(escaped(text, keep="\n"), flush=True)  # noqa: T201 - a program's own terminal

            self.app.start()
            serve_front(opened, self.app, self._first_plan, ready)

    def _facts_of(self, route: str) -> ConfiguredFacts:
        """Return facts about this host for the agent at ``route``."""
        item = self._registered[route]
        own = declared(item.agent).serving
        config = self._known()
        return ConfiguredFacts(config, route, config.agents.get(item.key), own.token_secret, with_secrets)

    def _known(self) -> Config:
        """Return the configuration as it is, or as it would be at the start."""
        try:
            return self._config if self._front is not None else self._configured()
        except ConfigurationError as error:
            raise _UnavailableError(str(error)) from error.__cause__

    def _configured(self, **options: object) -> Config:
        if (config := in_force.get()) is not None:
            return config
        said = {**self._options, **{name: value for name, value in options.items() if value is not None}}
        return load_config(None, os.environ, said)

    def _open(self, config: Config) -> None:
        from agenthost._web.front import Front  # noqa: PLC0415 - Litestar, only where it is served

        self._config = config
        if in_force.get() is None:  # else, the supervisor has reported them
            report_generated(config)
        self._front = Front(make_runtime(with_secrets(config)), self._first_plan, self._sip_path)

    def _first_plan(self) -> HostPlan:
        """Make and publish the first plan, once.

        From then on, ``register`` and ``unregister`` change it.

        Raises:
            PlanError: an agent cannot be mounted. The others are not sealed then.
        """
        with self._changing:
            if self._plan is None:
                with without_collections():
                    plan = make_plan(self._config, load_for_program(self._config, tuple(self._registered.values())))
                plan = plan.with_probes(self._probes)
                self._warn_of_open_sip(plan)
                for user, route in self._usernames.items():
                    if route not in self._registered:
                        _log.warning("SIP user %r: no agent is registered at %r yet", user, route)
                if plan.failed:
                    for agent in plan.agents:
                        release(agent.agent)
                    reasons = [f"{item.key}: {item.diagnosis.reason}" for item in plan.failed if item.diagnosis]
                    raise PlanError("; ".join(reasons))
                self._publish(plan, keeping=False)
            return self._plan  # type: ignore[return-value]

    def _warn_of_open_sip(self, plan: HostPlan) -> None:
        """Log an agent at ``/`` whose own ``/sip`` answers for the whole host."""
        root = next((agent for agent in plan.agents if agent.route == "/"), None)
        if root is not None and len(plan.agents) > 1 and self._sip_path is None:
            _log.warning(
                "POST /sip reaches agent %s for every SIP user that no other agent has, as it is at '/'. fix: "
                "call setup_sip_routing(), which answers 404 for unknown users",
                root.key,
            )

    def _publish(self, plan: HostPlan, *, keeping: bool = True) -> None:
        """Serve ``plan`` with its SIP aliases decided.

        Unreachable agents and aliases in conflict are logged.
        """
        reached = [
            SipAlias(user, self._registered[route].key)
            for user, route in self._usernames.items()
            if route in self._registered
        ]
        before, told = (self._plan.agents, self._plan.warnings) if self._plan is not None else (plan.agents, ())
        self._plan = plan.with_aliases(reached, automatic=self._auto_map, keeping=keeping)
        if self._front is not None:
            self._front.publish(self._plan)
        for warning in self._plan.warnings:
            if warning not in told:
                _log.warning("%s", warning)
        for agent in (agent for agent in plan.agents if agent not in before):
            for user in agent.sip:
                key = self._plan.aliases.find(user)
                if key not in (agent.key, None):
                    _log.warning("SIP alias %r stays with agent %s; agent %s declares it too", user, key, agent.key)

    def _refuse_double(self, agent: AgentBase, route: str) -> None:
        """Reject a route that is taken, or an agent that is already registered.

        Raises:
            DefinitionError: one of these is the case.
        """
        if route == self._sip_path:
            raise DefinitionError(f"route {route!r} is used for SIP. fix: choose another.")
        for taken, item in self._registered.items():
            if taken == route:
                raise DefinitionError(f"route {route!r} is already taken by agent {item.key!r}. fix: choose another.")
            if item.agent is agent:
                msg = f"agent {item.key!r} is already registered at {taken!r}. fix: create another for {route!r}."
                raise DefinitionError(msg)


def _absolute(route: str) -> str:
    """Normalise a route: with its first slash, without its last."""
    return normalise(route if route.startswith("/") else f"/{route}")
