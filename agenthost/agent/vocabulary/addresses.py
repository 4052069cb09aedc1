"""Methods for addresses: URLs of tools and summaries, and SIP addresses."""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these flags by position

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError
from agenthost.swml.addresses import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["AddressWords"]


class AddressWords(Configurable):
    """The addresses that reach an agent, and those that it has called elsewhere."""

    def set_web_hook_url(self, url: str) -> Self:
        """Send tool calls to ``url`` instead of this host.

        An empty URL undoes it. Tools with a URL of their own keep it. A secure tool's token is sent along as
        ``__token``, so that the other server can forward the call to this host.
        """
        self._draft().urls.tools = url or None
        return self

    def set_post_prompt_url(self, url: str) -> Self:
        """Send summaries to ``url`` instead of ``on_summary``.

        The URL is used unchanged. An empty URL undoes it.
        """
        self._draft().urls.post_prompt = url or None
        return self

    def add_swaig_query_params(self, params: Mapping[str, str]) -> Self:
        """Add parameters to every URL that the platform calls.

        They come back with each tool call and summary, so that a callback of ``add_per_call_config`` can recognise its
        call.

        Raises:
            DefinitionError: a value is not text, a number or a boolean, or a name is the token's.
        """
        draft = self._draft()
        if taken := {"__token", "token"} & set(params or ()):
            raise DefinitionError(f"query parameter {taken.pop()!r} carries the token. fix: choose another name.")
        encoded(params or {})
        draft.urls.query = {**(draft.urls.query or {}), **(params or {})} or None
        return self

    def clear_swaig_query_params(self) -> Self:
        """Remove the parameters from the URLs."""
        self._draft().urls.query = None
        return self

    def register_routing_callback(self, callback_fn: Callable[..., Any], path: str = "/sip") -> Self:
        """Let a callback choose the agent that answers requests at a path.

        ``callback_fn(body, headers)`` runs for each POST to ``path`` below the agent's route.

        Args:
            callback_fn: returns a route of this host, or None for this agent. It may be sync or async.
            path: one segment, such as ``/sip``.

        Raises:
            DefinitionError: the callback is not callable, or the path has several segments or none.
        """
        own = self._once("register_routing_callback")
        segment = path.strip("/")
        if not callable(callback_fn) or not segment or "/" in segment:
            raise DefinitionError(
                f"agent {own.name!r}: register_routing_callback takes a function and a path of one segment, "
                f"such as '/sip', not {path!r}."
            )
        own.routing = {**own.routing, segment: callback_fn}
        return self

    def register_sip_username(self, sip_username: str) -> Self:
        """Add a user part of SIP addresses that reaches this agent, as ``sip=`` does."""
        own = self._once("register_sip_username")
        if not isinstance(sip_username, str) or not sip_username:
            raise DefinitionError(f"agent {own.name!r}: a SIP user must be text such as 'sales', not {sip_username!r}.")
        if sip_username not in own.sip:
            own.sip = (*own.sip, sip_username)
        return self

    def auto_map_sip_usernames(self) -> Self:
        """Change nothing.

        The host maps names and routes to SIP users itself.
        """
        self._once("auto_map_sip_usernames")
        return self

    def enable_sip_routing(
        self,
        auto_map: bool = True,  # noqa: ARG002 - the field's
        path: str = "/sip",
    ) -> Self:
        """Check the path, and change nothing.

        SIP routing is always on, at ``/sip`` of the host and of every agent.

        Raises:
            DefinitionError: the path is not ``/sip``. Only the host's configuration can set another (``sip.path``).
        """
        own = self._once("enable_sip_routing")
        if path.strip("/") != "sip":
            raise DefinitionError(
                f"agent {own.name!r}: SIP is answered at '/sip' below each agent, not at {path!r}. "
                "fix: [sip] path in agenthost.toml sets the host's path, register_routing_callback adds others."
            )
        return self
