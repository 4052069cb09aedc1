"""Methods to serve an agent alone, by a host of one agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from agenthost.agent.vocabulary.configurable import Configurable

if TYPE_CHECKING:
    from agenthost.server_of_one import Front, HostOfOne

__all__ = ["ServingWords"]


class ServingWords(Configurable):
    """Serving an agent without others, by the same rules as ``agenthost run``."""

    def get_app(self) -> Front:
        """Return the agent as an ASGI application.

        Its ``get`` and ``post`` add handlers. ``/health`` and the other endpoints of a host exist.

        Raises:
            ConfigurationError: agenthost.toml, the environment or an argument of the agent is wrong.
        """
        return self._own_host().app

    def serve(self, host: str | None = None, port: int | None = None) -> None:
        """Serve the agent alone, as ``run`` does.

        Args:
            host: address to listen on. Defaults to the agent's, else the configuration's.
            port: port to listen on. Defaults to the agent's, else the configuration's.
        """
        self._own_host().run(host=host, port=port)

    def run(self, event: Any = None, context: Any = None, host: str | None = None, port: int | None = None) -> Any:
        """Serve the agent alone, in the way that the environment requires.

        This is one event of AWS Lambda, one request of a CGI process, or a port until SIGTERM or SIGINT.

        Args:
            event: Lambda's event.
            context: Lambda's context.
            host: address to listen on. Defaults to the agent's, else the configuration's.
            port: port to listen on. Defaults to the agent's, else the configuration's.

        Returns:
            The response for Lambda, otherwise None.

        Raises:
            AgentSealed: another host serves the agent.
            PlanError: the agent cannot be mounted.
            AddressError: the port cannot be opened.
        """
        return self._own_host().run(event, context, host, port)

    def _own_host(self) -> HostOfOne:
        """Return the host that serves this agent alone.

        The host is cached, as an agent is mounted once.

        Raises:
            AgentSealed: another host serves it.
        """
        from agenthost.server_of_one import HostOfOne  # noqa: PLC0415 - the one reach up, where it is to be served

        own = self._declared
        if own.own_host is None or own.of_call:
            self._once("run")
            own.own_host = HostOfOne(cast("Any", self))
        return cast("HostOfOne", own.own_host)
