"""The request for a document, for agents that write the whole document themselves."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.swml import Addresses, Draft

__all__ = ["NO_REQUEST", "AskedDocument", "DocumentCall"]


@frozen
class AskedDocument:
    """The request for a document.

    Args:
        query: its query parameters.
        body: its JSON body, empty without one.
        headers: its headers, names in lower case.
    """

    query: Mapping[str, str]
    body: Mapping[str, Any]
    headers: Mapping[str, str]


NO_REQUEST = AskedDocument(MappingProxyType({}), MappingProxyType({}), MappingProxyType({}))


@frozen(eq=False)
class DocumentCall:
    """The call that a document is for.

    ``AgentBase.render`` receives it, with the request and the parts that the host fills in. Every
    value is new, so that it can be changed.
    """

    asked: AskedDocument
    _draft: Draft = field(repr=False)
    _addresses: Addresses = field(repr=False)

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters of the request."""
        return self.asked.query

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON body of the request, empty without one."""
        return self.asked.body

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the request, names in lower case."""
        return self.asked.headers

    def document(self) -> dict[str, Any]:
        """Return the document that the agent has without ``render``.

        Raises:
            DefinitionError: the prompt or the contexts are wrong.
        """
        return self._draft.build(self._addresses)

    def ai(self) -> dict[str, Any]:
        """Return the configuration of the verb ``ai``: prompt, tools, summary and all else.

        Raises:
            DefinitionError: the prompt or the contexts are wrong.
        """
        return self._draft.ai(self._addresses)

    def swaig(self) -> dict[str, Any]:
        """Return ``SWAIG``: the tools, with their URLs and tokens. It is empty without tools."""
        return self._draft.swaig(self._addresses)

    def tool_url(self, tool: str) -> str:
        """Return the URL for calls of a tool, with its token.

        Raises:
            DefinitionError: the agent has no such tool.
        """
        if tool not in self._draft.tools:
            raise DefinitionError(f"agent {self._draft.name!r} has no tool {tool!r}.")
        return self._draft.urls.of_tools(self._addresses, tool)

    def summary_url(self) -> str:
        """Return the URL for the summary of the conversation, with its token."""
        return self._draft.urls.of_summaries(self._addresses)

    def agent_url(self, agent: str | None = None) -> str:
        """Return the URL of this agent's document, or of another agent of the host."""
        return self._addresses.base if agent is None else self._addresses.sibling(agent)
