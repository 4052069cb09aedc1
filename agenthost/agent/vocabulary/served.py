"""Facts about an agent and its host: address, credentials, log, document."""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these flags by position

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self, cast, overload

from agenthost.agent.document_call import NO_REQUEST, DocumentCall
from agenthost.agent.log import get_logger
from agenthost.agent.vocabulary.calls import CallWords
from agenthost.agent.vocabulary.serving import ServingWords
from agenthost.errors import DefinitionError
from agenthost.sip import SipUri
from agenthost.swml import Addresses
from agenthost.tools.platform_tools import PlatformTool

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost.agent.declared import HostFacts
    from agenthost.prompt import PromptSections

__all__ = ["ServedWords"]


class _Fact:
    """A non-data descriptor, so that an author's attribute of the same name wins."""

    def __init__(self, read: Callable[[ServedWords], Any]) -> None:
        self._read = read

    @overload
    def __get__(self, agent: None, kind: type) -> Self: ...
    @overload
    def __get__(self, agent: ServedWords, kind: type) -> Any: ...
    def __get__(self, agent: ServedWords | None, kind: type) -> Any:
        return self if agent is None else self._read(agent)


class ServedWords(ServingWords, CallWords):
    """Facts about an agent and its host.

    They hold for the host that serves the agent, or else for the one that ``run`` would start.
    """

    host = _Fact(lambda agent: agent._host_facts().address[0])  # noqa: SLF001 - a part of this class, as below
    """The address that the host listens on."""
    port = _Fact(lambda agent: agent._host_facts().address[1])  # noqa: SLF001
    """The port that the host listens on."""
    log = _Fact(lambda agent: get_logger(_module_of(type(agent))))
    """A logger whose methods accept fields: ``self.log.info("order_placed", order=7)``."""
    native_functions = _Fact(lambda agent: list(agent._declared.draft.native_functions))  # noqa: SLF001
    """The platform's own tools that the model may call."""
    signing_key = _Fact(lambda agent: agent._declared.serving.signing_key)  # noqa: SLF001
    """The key of this agent that verifies signatures, or None."""
    pom = _Fact(lambda agent: agent._sections())  # noqa: SLF001
    """The prompt's sections."""

    def get_full_url(self, include_auth: bool = False) -> str:
        """Return the agent's public URL.

        It consists of ``public_url`` of the host, else the address it listens on, and the route.

        Args:
            include_auth: whether it contains user and password, as the URLs of documents do.

        Raises:
            DefinitionError: the agent runs in a process of its own, which does not know them.
        """
        return self._host_facts().url(credentials=include_auth)

    def get_basic_auth_credentials(self, include_source: bool = False) -> tuple[str, ...]:
        """Return the user and password that open the agent.

        Args:
            include_source: whether the origin follows: ``provided`` (by the program), ``environment``,
                ``config file`` or ``generated``.

        Raises:
            DefinitionError: the agent runs in a process of its own, which does not know them.
        """
        user, password, source = self._host_facts().pair
        return (user, password, source) if include_source else (user, password)

    def validate_basic_auth(self, username: str, password: str) -> bool:
        """Return True for the user and password that open the agent.

        The host checks requests itself. An agent that overrides this method is rejected, as it would have no effect.
        """
        return self._host_facts().opens(username, password)

    def validate_tool_token(self, function_name: str, token: str, call_id: str) -> bool:
        """Return True for a token of this agent's tool and a call.

        The host checks requests itself. An agent that overrides this method is rejected, as it would have no effect.
        """
        return self._host_facts().verify(token, function_name, call_id)

    def get_document(self) -> dict[str, Any]:
        """Return the present document, without credentials and tokens.

        They belong to requests and calls. ``agenthost swml`` prints the document of a call.

        Raises:
            DefinitionError: the document is wrong.
        """
        base = self.get_full_url()
        origin = self._host_facts().origin
        addresses = Addresses(base, origin, lambda _: "", lambda name: f"{origin}/{name}")
        document = self.render(DocumentCall(NO_REQUEST, self._declared.draft, addresses))
        return cast("dict[str, Any]", json.loads(json.dumps(document)))

    def render_document(self) -> str:
        """Return the present document as JSON text, see ``get_document``."""
        return json.dumps(self.get_document(), ensure_ascii=False)

    def define_tools(self) -> list[dict[str, Any]]:
        """Return the descriptions of the tools, as in the document, without URLs.

        Tools are added by ``define_tool`` and ``tool``.
        """
        described = []
        for tool in self._declared.draft.tools.values():
            written = tool.describe(str) if isinstance(tool, PlatformTool) else tool.describe(None)
            described.append(dict(written))
        return described

    @staticmethod
    def extract_sip_username(request_body: dict[str, Any]) -> str | None:
        """Return the SIP user that a request is for, or None.

        It is the user part of ``call.to``, by the rules of the host.
        """
        call = request_body.get("call") if isinstance(request_body, dict) else None
        written = call.get("to") if isinstance(call, dict) else None
        address = SipUri.parse(written) if isinstance(written, str) else None
        return address.user if address is not None else None

    def manual_set_proxy_url(self, proxy_url: str) -> Self:
        """Set the public URL of the host that serves this agent alone.

        For a host of several agents, set ``public_url`` in ``agenthost.toml``, or ``SWML_PROXY_URL_BASE``.
        """
        own = self._once("manual_set_proxy_url")
        own.public_url = proxy_url.rstrip("/") or None
        return self

    def enable_debug_routes(self) -> Self:
        """Change nothing.

        The host has no debug routes: ``agenthost swml`` prints a document, and ``agenthost tool`` calls a tool.
        """
        self._once("enable_debug_routes")
        return self

    def _host_facts(self) -> HostFacts:
        own = self._declared
        if own.facts is None and own.key:
            raise DefinitionError(
                f"agent {own.name!r} runs in a process of its own, which knows neither address nor credentials of the "
                "host. fix: pass them in its settings."
            )
        if own.facts is None:
            self._own_host()  # from then on, it provides them
        if own.facts is None:
            raise DefinitionError(f"agent {own.name!r} has no host.")
        return own.facts()

    def _sections(self) -> PromptSections:
        return self._declared.draft.prompt.sections


def _module_of(kind: type) -> str:
    """Return the module of an agent's class, or ``agent`` for ``AgentBase`` itself."""
    return "agent" if kind.__module__.startswith("agenthost.") else kind.__module__
