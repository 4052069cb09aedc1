"""A host for one agent, behind ``run``, ``serve`` and ``get_app`` of an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from agenthost.agent.base import declared
from agenthost.errors import DefinitionError
from agenthost.secret import Secret
from agenthost.server import AgentServer

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from agenthost._host.config.schema import Config
    from agenthost._web.front import Front as Front  # noqa: PLC0414 - the type of get_app, through the same door
    from agenthost.agent.base import AgentBase

__all__ = ["HostOfOne"]


class HostOfOne(AgentServer):
    """A host whose only agent brings its own address, credentials and keys.

    For an agent at ``/``, every SIP user reaches it. At another route, ``/sip`` answers for its names only.

    Args:
        agent: the agent.

    Raises:
        DefinitionError: the agent cannot be mounted at its route, or its ``basic_auth`` is not a pair.
    """

    def __init__(self, agent: AgentBase) -> None:
        own = declared(agent)
        serving = own.serving
        super().__init__(serving.host, serving.port)
        if serving.basic_auth is not None:
            match serving.basic_auth:
                case (str() as user, str() as password):
                    pass
                case _:
                    raise DefinitionError(f"agent {own.name!r}: basic_auth must be a user and a password, both text.")
            self._options |= {"user": user, "password": Secret(password)}
        self._own = own
        self._token_secret = serving.token_secret
        self.register(agent)
        self._auto_map = True
        if own.route not in (None, "/"):
            self.setup_sip_routing()

    def run_as(self, mode: str, event: Any, context: Any, host: str | None, port: int | None) -> Any:
        """Serve in a mode: ``auto`` as ``run`` does, ``lambda``, ``cgi`` or ``server``.

        Raises:
            DefinitionError: there is no such mode.
        """
        if mode == "auto":
            return self.run(event, context, host, port)
        if mode == "lambda":
            return self._answer_lambda({} if event is None else event, context)
        if mode == "cgi":
            return self._answer_cgi()
        if mode == "server":
            return self._serve(host, port)
        raise DefinitionError(
            f"run(force_mode={mode!r}): the modes are auto, server, lambda and cgi. "
            "fix: for Google Cloud Functions, use AgentServer.wsgi; elsewhere, get_app()."
        )

    def add_routes(self, router: Any) -> None:
        """Add the agent's endpoints to a router of FastAPI."""
        from agenthost._web.fastapi_router import add_routes  # noqa: PLC0415 - only if it is used

        add_routes(router, self.app, self._own.route or "/", self._own.routing)

    def lifespan(self, _app: object) -> AbstractAsyncContextManager[None]:
        """Serve the agent within the lifespan of another application."""
        from agenthost._web.fastapi_router import serving  # noqa: PLC0415 - only if it is used

        return serving(self.app)

    def _configured(self, **options: object) -> Config:
        """Return the configuration, with the agent's own secret as the default signing key.

        With it, no key is generated.
        """
        if self._own.public_url is not None:
            options = {"public_url": self._own.public_url, **options}
        config = super()._configured(**options)
        if self._token_secret is None or config.host.signing_keys:
            return config
        return evolve(config, host=evolve(config.host, signing_keys=(Secret(self._token_secret),)))
