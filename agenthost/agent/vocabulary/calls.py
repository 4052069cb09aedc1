"""Methods for single calls: configuration per call, and summaries."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Self

from attrs import frozen

from agenthost.agent.document_call import AskedDocument
from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agenthost.agent.document_call import DocumentCall

__all__ = ["CallWords", "DocumentRequest", "ask_the_agent", "request_hooks"]


class CallWords(Configurable):
    """Configuration of an agent for one call.

    A callback takes ``(query, body, headers, agent)``: the request's query parameters and headers (names in lower case)
    as dictionaries of text, its JSON body, and a copy of the agent. Changes of the copy apply to this request only. The
    callback runs for the document, and again for each tool call and summary, with their own requests, so that the tools
    it adds can be called. With ``add_swaig_query_params`` it gets the same query again. If it fails, the caller gets
    the agent's fallback document, or the tool's fallback sentence.
    """

    def set_dynamic_config_callback(self, callback: Callable[..., Any] | None) -> Self:
        """Configure each call by ``callback(query, body, headers, agent)``.

        This replaces all earlier callbacks. None removes them.
        """
        own = self._once("set_dynamic_config_callback")
        kept = tuple(each for each in own.per_call if each in (ask_the_agent, _note_request))
        own.per_call = kept if callback is None else (*kept, _function(callback))
        return self

    def add_per_call_config(self, callback: Callable[..., Any]) -> Self:
        """Configure each call also by ``callback(query, body, headers, agent)``.

        It runs after the earlier callbacks.
        """
        own = self._once("add_per_call_config")
        own.per_call = (*own.per_call, _function(callback))
        return self

    def on_summary(self, summary: Any, raw_data: dict[str, Any] | None = None) -> Any:
        """Receive the summary of an ended conversation.

        Override it, sync or async.

        Args:
            summary: the summary by the post prompt: JSON values if the model returned some, else text, or None.
            raw_data: the whole request body.
        """

    def on_swml_request(
        self,
        request_data: dict[str, Any] | None = None,
        callback_path: str | None = None,
        request: DocumentRequest | None = None,
    ) -> dict[str, Any] | None:
        """Change the document of one call.

        Override it to configure ``self``, which is a copy of the agent, and to return fields of ``ai`` that are
        replaced (``global_data`` is merged). It runs as a callback of ``add_per_call_config`` does, before those, and
        may be async.

        Args:
            request_data: the JSON body of the request, or None.
            callback_path: None. The host answers callbacks of paths itself.
            request: query parameters and headers of the request.
        """

    def render(self, call: DocumentCall) -> dict[str, Any]:
        """Return the whole document of a call.

        Override it to write the document by hand, with several sections or another verb in place of ``ai``. ``call``
        fills in what comes from the host. It runs on a copy of the agent, after the callbacks of
        ``add_per_call_config``.

        Args:
            call: the request, and the parts of the agent's document with their URLs and tokens.
        """
        return call.document()

    def on_request(self, request_data: dict[str, Any] | None = None, callback_path: str | None = None) -> Any:
        """Change the document of one call.

        Override it, or ``on_swml_request``, which this method calls and which describes the result.
        """
        return self.on_swml_request(request_data, callback_path, None)


@frozen
class DocumentRequest:
    """The request for a document, as ``on_swml_request`` receives it.

    Args:
        query_params: its query parameters.
        headers: its headers, names in lower case.
    """

    query_params: Mapping[str, str]
    headers: Mapping[str, str]


def ask_the_agent(query: Mapping[str, str], body: Mapping[str, Any], headers: Mapping[str, str], agent: Any) -> Any:
    """Configure the copy of an agent by its ``on_request`` or ``on_swml_request``."""
    data = dict(body) or None
    if type(agent).on_request is not CallWords.on_request:
        answer = agent.on_request(data, None)
    else:
        answer = agent.on_swml_request(data, None, DocumentRequest(query, headers))
    if inspect.isawaitable(answer):
        return _change_later(agent, answer)
    _change(agent, answer)
    return None


def request_hooks(kind: type[CallWords], base: type[CallWords]) -> tuple[Callable[..., Any], ...]:
    """Return the callbacks for a class that overrides ``on_request``, ``on_swml_request`` or ``render``.

    Raises:
        DefinitionError: it overrides a method that the host never calls, and that would protect it elsewhere.
    """
    for name in ("validate_basic_auth", "validate_tool_token"):
        if _changed(kind, base, name):
            raise DefinitionError(
                f"{kind.__name__} overrides {name}, which the host does not call: it checks requests itself. "
                "fix: configure credentials in agenthost.toml, and remove the method."
            )
    hooks = [ask_the_agent] if any(_changed(kind, base, name) for name in ("on_request", "on_swml_request")) else []
    return (*hooks, _note_request) if _changed(kind, base, "render") else tuple(hooks)


def _changed(kind: type[CallWords], base: type[CallWords], name: str) -> bool:
    return getattr(kind, name) is not getattr(base, name)


def _note_request(query: Mapping[str, str], body: Mapping[str, Any], headers: Mapping[str, str], agent: Any) -> None:
    agent._declared.asked = AskedDocument(query, body, headers)  # noqa: SLF001 - a part of that class


async def _change_later(agent: Any, answer: Awaitable[Any]) -> None:
    _change(agent, await answer)


def _change(agent: Any, fields: Any) -> None:
    if not fields:
        return
    if not isinstance(fields, dict):
        raise DefinitionError(f"on_swml_request must return a dictionary or None, not {type(fields).__name__}.")
    draft = agent._draft()  # noqa: SLF001 - a part of that class
    draft.global_data.update(fields.get("global_data") or {})
    draft.ai_fields.update((name, value) for name, value in fields.items() if name != "global_data")


def _function(callback: Callable[..., Any]) -> Callable[..., Any]:
    if not callable(callback):
        raise DefinitionError(
            f"a callback for calls must be a function of (query, body, headers, agent), not {type(callback).__name__}."
        )
    return callback
