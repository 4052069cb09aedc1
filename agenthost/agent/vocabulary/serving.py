"""Methods to serve an agent alone, by a host of one agent."""

from __future__ import annotations

import gc
import signal
import sys
from typing import TYPE_CHECKING, Any, cast

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from agenthost.server_of_one import Front, HostOfOne

__all__ = ["ServingWords"]


class ServingWords(Configurable):
    """Serving an agent without others, by the same rules as ``agenthost run``."""

    _app: Any = None
    """The application of a subclass whose own ``get_app`` keeps one, as in SignalWire's SDK."""

    def get_app(self) -> Front:
        """Return the agent as an ASGI application.

        Its ``get`` and ``post`` add handlers. ``/health`` and the other endpoints of a host exist.

        Raises:
            ConfigurationError: agenthost.toml, the environment or an argument of the agent is wrong.
        """
        return self._own_host().app

    def as_router(self) -> Any:
        """Return the agent for another application, which mounts or includes it.

        In a program that has imported FastAPI, it is an ``APIRouter`` with the agent's endpoints:
        ``app.include_router(agent.as_router(), prefix=agent.route)``. Elsewhere it is the ASGI application of
        ``get_app``: ``app.mount("/agents", agent.as_router())``.

        Raises:
            ConfigurationError: agenthost.toml, the environment or an argument of the agent is wrong.
        """
        if (fastapi := sys.modules.get("fastapi")) is None:
            return self.get_app()
        router = fastapi.APIRouter(redirect_slashes=False, lifespan=self._own_host().lifespan)
        self._register_routes(router)
        return router

    def _register_routes(self, router: Any) -> None:
        """Add the agent's endpoints to the router that ``as_router`` returns."""
        self._own_host().add_routes(router)

    def setup_graceful_shutdown(self) -> None:
        """Change nothing.

        The host always shuts down gracefully on SIGTERM and SIGINT.
        """

    def stop(self) -> None:
        """Stop the host that ``run`` or ``serve`` of this agent has started.

        It shuts down gracefully, as on SIGTERM. The method may be called from any thread.

        Raises:
            DefinitionError: another host serves the agent.
        """
        own = self._declared
        if own.own_host is None:
            raise DefinitionError(
                f"agent {own.name!r}: stop ends the host that run() of the agent has started, and another host serves "
                "it. fix: send SIGTERM to the host."
            )
        signal.raise_signal(signal.SIGTERM)

    def serve(self, host: str | None = None, port: int | None = None) -> None:
        """Serve the agent alone, as ``run`` does.

        Args:
            host: address to listen on. Defaults to the agent's, else the configuration's.
            port: port to listen on. Defaults to the agent's, else the configuration's.
        """
        self._own_host().run(host=host, port=port)

    def run(
        self,
        event: Any = None,
        context: Any = None,
        force_mode: str | None = None,
        host: str | None = None,
        port: int | None = None,
    ) -> Any:
        """Serve the agent alone, in the way that the environment requires.

        This is one event of AWS Lambda, one request of a CGI process, or a port until SIGTERM or SIGINT.

        Args:
            event: Lambda's event.
            context: Lambda's context.
            force_mode: ``lambda``, ``cgi`` or ``server``, whatever the environment requires. Defaults to ``auto``.
            host: address to listen on. Defaults to the agent's, else the configuration's.
            port: port to listen on. Defaults to the agent's, else the configuration's.

        Returns:
            The response for Lambda, otherwise None.

        Raises:
            AgentSealed: another host serves the agent.
            DefinitionError: the host has no such mode.
            PlanError: the agent cannot be mounted.
            AddressError: the port cannot be opened.
        """
        return self._own_host().run_as(force_mode or "auto", event, context, host, port)

    def _own_host(self) -> HostOfOne:
        """Return the host that serves this agent alone.

        The host is cached, as an agent is mounted once.

        Raises:
            AgentSealed: another host serves it.
        """
        collecting = gc.isenabled()
        gc.disable()  # what an import makes is permanent, and collections would cost a tenth of a cold start
        try:
            from agenthost.server_of_one import HostOfOne  # noqa: PLC0415 - the one reach up, where it is to be served
        finally:
            if collecting:
                gc.enable()
        own = self._declared
        if own.own_host is None or own.of_call:
            self._once("run")
            own.own_host = HostOfOne(cast("Any", self))
        return cast("HostOfOne", own.own_host)
