"""A plugin that adds the host to another Litestar application."""

from __future__ import annotations

import logging
import os
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from litestar.enums import ScopeType
from litestar.plugins import InitPlugin

from agenthost._host.config.load import load_config
from agenthost._host.config.place import key_path
from agenthost._host.operations.terminal import failures
from agenthost._host.plan.routes import normalise
from agenthost._host.runtime.background_thread import in_background_thread
from agenthost._host.runtime.start import accepted, installed_plan, make_runtime, with_secrets
from agenthost._web.front import Front
from agenthost._web.request.requests import Refused, path_below

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from litestar import Litestar
    from litestar.config.app import AppConfig
    from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send


__all__ = ["AgentHostPlugin"]

_HEALTH = frozenset(("live", "ready", "startup", "health"))

_log = logging.getLogger("agenthost.web")


class HasApp(Protocol):
    """A host of a program: an ``AgentServer``."""

    @property
    def app(self) -> Front:
        """The host as an ASGI application."""


class AgentHostPlugin(InitPlugin):
    """Adds the host to a Litestar application, whose routes then include the agents.

    The host takes its requests before the application routes them, by its own rules. The application's own routes
    without parameters have precedence, and so have all paths that are not the host's.

    Args:
        server: a host with agents that a program registered. By default, every installed agent and plugin is served, as
            by ``agenthost run``.
        health: whether ``/live``, ``/ready``, ``/startup`` and ``/health`` are the host's.
        config: the configuration file, for installed agents. Defaults to ``AGENTHOST_CONFIG``, else ``agenthost.toml``
            if it exists.

    Raises:
        ConfigurationError: the configuration is wrong.
    """

    __slots__ = ("_config", "_front", "_health", "_installed")

    def __init__(self, server: HasApp | None = None, *, health: bool = True, config: str | None = None) -> None:
        self._installed = server is None
        self._health = health
        if server is not None:
            self._front = server.app
        else:
            read = with_secrets(load_config(config, os.environ, {}))
            self._front = Front(make_runtime(read), sip_path=read.sip.path)
        self._config = self._front.runtime.config

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the host to the lifespan of the application."""
        app_config.lifespan.append(self._serving)
        return app_config

    def report(self) -> dict[str, Any]:
        """Return what is served, as ``agenthost check --json`` prints it.

        It is empty before the application has started.
        """
        published = self._front.runtime.published
        return published.plan.report() if published is not None else {}

    def metrics(self) -> bytes:
        """Return the metrics of the host, in the form for Prometheus.

        Call it from the event loop that serves.
        """
        runtime = self._front.runtime
        runtime.sample()
        return runtime.metrics.text()

    @asynccontextmanager
    async def _serving(self, app: Litestar) -> AsyncIterator[None]:
        """Intercept the application's requests while it runs.

        Raises:
            PlanError: the configuration is strict and something failed, or an agent of a program cannot be mounted.
        """
        async with AsyncExitStack() as running:
            await self._open(running)
            behind = app.asgi_handler
            app.asgi_handler = _Dispatcher(self._front, behind, self._of_application(app), health=self._health)
            try:
                yield
            finally:
                app.asgi_handler = behind

    async def _open(self, running: AsyncExitStack) -> None:
        front, runtime = self._front, self._front.runtime
        await in_background_thread(front.prepare)
        if not self._installed:
            await in_background_thread(front.start)
            await running.enter_async_context(runtime.open())
            await runtime.lifespans.open()
            return
        accept = partial(accepted, self._config)
        made = await in_background_thread(lambda: accept(front.assemble(installed_plan(self._config, serving=True))))
        plan = await running.enter_async_context(front.opened(made, accept))
        for failure in failures(plan.report()):
            _log.warning("%s", failure)

    def _of_application(self, app: Litestar) -> frozenset[str]:
        """Return the paths that the application keeps.

        Agents at these paths are logged.
        """
        own = frozenset(normalise(route.path) for route in app.routes if not route.path_parameters)
        published = self._front.runtime.published
        for agent in published.plan.agents if published is not None else ():
            if agent.route in own:
                _log.error(
                    "agent %s is not reachable at %s, where the application has its own route. fix: choose another for "
                    "one of them, such as %s route = ... in agenthost.toml",
                    *(agent.key, agent.route, f"[{key_path('agents', agent.key)}]"),
                )
        return own


class _Dispatcher:
    """Passes each request to the host or to the application behind it.

    ``own`` has the paths that are the application's, whatever the host has there.
    """

    def __init__(self, front: Front, behind: ASGIApp, own: frozenset[str], *, health: bool) -> None:
        self._front = front
        self._behind = behind
        self._own = own
        self._without = frozenset[str]() if health else _HEALTH

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hosts = scope["type"] == ScopeType.HTTP and self._is_hosts(scope)
        await (self._front if hosts else self._behind)(scope, receive, send)

    def _is_hosts(self, scope: HTTPScope) -> bool:
        try:
            path = path_below(scope) or "/"
        except Refused:  # an invalid path is never an agent's
            return False
        kept = normalise(path) in self._own or path.split("/", 2)[1] in self._without
        return not kept and self._front.has(path)
