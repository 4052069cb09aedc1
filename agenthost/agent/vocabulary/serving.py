"""Words about serving an agent alone: each is a thin face of a host of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from agenthost.agent.vocabulary.configurable import Configurable

if TYPE_CHECKING:
    from agenthost.server_of_one import Front, HostOfOne

__all__ = ["ServingWords"]


class ServingWords(Configurable):
    """How an agent is served without others, by the same rules as ``agenthost run`` has."""

    def get_app(self) -> Front:
        """The agent as an ASGI application; its ``get`` and ``post`` add handlers, ``/health`` and the like are there.

        Raises:
            ConfigurationError: agenthost.toml, the environment or an argument of the agent is wrong.
        """
        return self._own_host().app

    def serve(self, host: str | None = None, port: int | None = None) -> None:
        """Serve the agent alone, as ``run`` does.

        Args:
            host: address to listen on; left out, the agent's, else configuration's.
            port: the same.
        """
        self._own_host().run(host=host, port=port)

    def run(self, event: Any = None, context: Any = None, host: str | None = None, port: int | None = None) -> Any:
        """Serve the agent alone: an event of AWS Lambda, a CGI request, else a port until SIGTERM or SIGINT.

        Args:
            event: Lambda's event.
            context: Lambda's context.
            host: address to listen on; left out, the agent's, else configuration's.
            port: the same.

        Returns:
            Lambda's response; otherwise None.

        Raises:
            AgentSealed: another host serves the agent.
            PlanError: it cannot be mounted.
            AddressError: the port cannot be opened.
        """
        return self._own_host().run(event, context, host, port)

    def _own_host(self) -> HostOfOne:
        """The host that serves this agent alone; always the same one, for an agent is mounted once.

        Raises:
            AgentSealed: another host serves it.
        """
        from agenthost.server_of_one import HostOfOne  # noqa: PLC0415 - the one reach up, where it is to be served

        own = self._declared
        if own.own_host is None or own.of_call:
            self._once("run")
            own.own_host = HostOfOne(cast("Any", self))
        return cast("HostOfOne", own.own_host)
