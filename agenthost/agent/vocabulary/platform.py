"""Methods for tools that run elsewhere: the platform's, other servers', MCP servers'."""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these flags by position

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError
from agenthost.tools.platform_tools import FILLED_FUNCTIONS, NATIVE_FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = ["PlatformWords"]


class PlatformWords(Configurable):
    """The tools of the platform and of other servers."""

    SUPPORTED_INTERNAL_FILLER_NAMES = FILLED_FUNCTIONS
    """Tools of the platform that ``add_internal_filler`` accepts."""

    def set_native_functions(self, function_names: Sequence[str]) -> Self:
        """Replace the platform's own tools that the model may call.

        An empty list changes nothing.

        Args:
            function_names: any of ``adjust_response_latency``, ``check_time``, ``wait_for_user``, ``wait_seconds``.
                Items that are not text are ignored.

        Raises:
            DefinitionError: the platform has no such tool.
        """
        draft = self._draft()
        names = [name for name in function_names or () if isinstance(name, str)]
        if draft.checked:
            _known("native function", names, NATIVE_FUNCTIONS)
        draft.native_functions = names or draft.native_functions
        return self

    def add_function_include(
        self, url: str, functions: Sequence[str], meta_data: Mapping[str, Any] | None = None
    ) -> Self:
        """Add tools that another server describes and runs.

        Without a URL or names, nothing is added.

        Args:
            url: the URL.
            functions: names of its tools.
            meta_data: data for calls of them.
        """
        includes = self._draft().includes
        if url and functions:
            include: dict[str, Any] = {"url": url, "functions": list(functions)}
            includes.append(include | ({"meta_data": dict(meta_data)} if meta_data else {}))
        return self

    def set_function_includes(self, includes: Iterable[Mapping[str, Any]]) -> Self:
        """Replace the tools of other servers.

        Entries without ``url`` and a list of ``functions`` are ignored.
        """
        draft = self._draft()
        written = list(includes or ())
        if written:
            draft.includes = [
                dict(include)
                for include in written
                if isinstance(include, dict) and "url" in include and isinstance(include.get("functions"), list)
            ]
        return self

    def set_internal_fillers(self, internal_fillers: Mapping[str, Mapping[str, Sequence[str]]]) -> Self:
        """Set the phrases spoken during the platform's own tools, and keep the others.

        Args:
            internal_fillers: the tool's name to language code to phrases.

        Raises:
            DefinitionError: the platform has no fillers for this tool.
        """
        draft = self._draft()
        if draft.checked:
            _known("internal function", internal_fillers, FILLED_FUNCTIONS)
        for function, phrases in (internal_fillers or {}).items():
            draft.internal_fillers[function] = {code: list(said) for code, said in phrases.items()}
        return self

    def add_internal_filler(self, function_name: str, language_code: str, fillers: Sequence[str]) -> Self:
        """Set the phrases of one language during one of the platform's tools.

        Without phrases, nothing changes.

        Args:
            function_name: one of ``SUPPORTED_INTERNAL_FILLER_NAMES``.
            language_code: such as ``en-US``, or ``default``.
            fillers: phrases, of which one is spoken.

        Raises:
            DefinitionError: the platform has no fillers for this tool.
        """
        draft = self._draft()
        if function_name and language_code and fillers:
            if draft.checked:
                _known("internal function", [function_name], FILLED_FUNCTIONS)
            draft.internal_fillers.setdefault(function_name, {})[language_code] = list(fillers)
        return self

    def add_mcp_server(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        resources: bool = False,
        resource_vars: Mapping[str, str] | None = None,
    ) -> Self:
        """Let the model call the tools of a server of the Model Context Protocol.

        Args:
            url: the server's address.
            headers: headers to send.
            resources: whether its resources are added to the call's data.
            resource_vars: values for the templates of their addresses.
        """
        server: dict[str, Any] = {"url": url}
        if headers:
            server["headers"] = dict(headers)
        if resources:
            server["resources"] = True
        if resource_vars:
            server["resource_vars"] = dict(resource_vars)
        self._draft().mcp_servers.append(server)
        return self

    def enable_mcp_server(self) -> Self:
        """Offer this agent's tools to clients of the Model Context Protocol.

        The endpoint is ``mcp`` below the agent's route. The plugin agenthost-mcp serves it.
        """
        self._once("enable_mcp_server").mcp_server = True
        return self


def _known(kind: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names or ():
        if name not in known:
            raise DefinitionError(
                f"the platform has no {kind} {name!r}. It has {', '.join(sorted(known))}. "
                "fix: AgentBase(..., schema_validation=False) accepts any"
            )
