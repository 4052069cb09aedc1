"""Adapter: an agent of the host that an agent of the SDK stands behind."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from types import MethodType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from signalwire.core.agent_base import AgentBase as _SdkAgent

from agenthost import AgentBase, DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Adapter"]

_ORIGIN = "https://adapted.invalid"
"""The public URL that the SDK writes, and the adapter replaces."""
_HOOKS = ("startup_hook", "hangup_hook")
_TOKENS = frozenset({"__token", "token"})


class Adapter(AgentBase):
    """An agent of the SDK, as an agent of the host.

    Its documents are those that the SDK renders, with the host's URLs and tokens. Its tools run behind the host's
    validation, deadlines and limits.

    Args:
        inner: the agent of the SDK. It must not be served by the SDK, too.
        name: its name here. Defaults to its name there.
    """

    def __init__(self, inner: Any, name: str | None = None) -> None:
        route = inner.route if inner.route not in ("", "/", None) else None
        super().__init__(
            name or inner.get_name(), route, schema_validation=False, description=_description(type(inner))
        )
        self.inner = inner
        self._rendering = threading.Lock()
        inner.manual_set_proxy_url(_ORIGIN)
        self._add_tools(inner)
        self._add_prompt(inner)
        self.add_per_call_config(_configured)
        for user in sorted(getattr(inner, "_sip_usernames", None) or ()):
            self.register_sip_username(user)
        for path, callback in (getattr(inner, "_routing_callbacks", None) or {}).items():
            self.register_routing_callback(callback, path)
        if getattr(inner, "_debug_events_enabled", False):
            self.enable_debug_events(inner._debug_events_level)  # noqa: SLF001 - the SDK has no other way
        if (handler := getattr(inner, "_debug_event_handler", None)) is not None:
            self.on_debug_event(handler)

    def render(self, call: Any) -> dict[str, Any]:
        """Return the SDK's document, with the URLs and tokens of the host."""
        changes = self._changes(call)
        with self._rendering:  # the SDK builds the document in an attribute of the agent
            document = json.loads(self.inner._render_swml("call", changes))  # noqa: SLF001 - the SDK has no other way
        located: dict[str, Any] = self._located(document, call)
        return located

    def on_summary(self, summary: Any, raw_data: dict[str, Any] | None = None) -> Any:
        """Pass the summary on."""
        return _finished(self.inner.on_summary(summary, raw_data))

    def _changes(self, call: Any) -> dict[str, Any] | None:
        """Return the changes of the document that the agent's class makes for a request.

        Callbacks have configured the agent's copy already.
        """
        request = SimpleNamespace(query_params=dict(call.query), headers=dict(call.headers), method="POST")
        changes = _finished(self.inner.on_swml_request(dict(call.body) or None, None, request))
        return None if not isinstance(changes, dict) or changes.get("__use_ephemeral_agent") else changes

    def _add_tools(self, inner: Any) -> None:
        """Add the tools that the host does not have yet."""
        known = self._declared.draft.tools
        for name, tool in inner._tool_registry._swaig_functions.items():  # noqa: SLF001
            if name in known:
                continue
            if isinstance(tool, dict):
                self.register_swaig_function({"function": name, **tool})
            elif tool.webhook_url:
                self.define_tool(name, tool.description, {}, secure=False, webhook_url=tool.webhook_url)
            else:
                parameters = {} if name in _HOOKS else _schema(tool)
                run = MethodType(_runner(name), self)
                self.define_tool(name, tool.description, parameters, run, secure=bool(tool.secure))

    def _add_prompt(self, inner: Any) -> None:
        """Add the prompt, for conversations in text."""
        prompt = inner.get_prompt()
        try:
            if isinstance(prompt, str) and prompt:
                self.set_prompt_text(prompt)
            elif prompt:
                self.set_prompt_pom(prompt)
        except DefinitionError:
            self.set_prompt_text(json.dumps(prompt))
        if inner.get_post_prompt():
            self.set_post_prompt(inner.get_post_prompt())

    def _located(self, value: Any, call: Any, tool: str = "") -> Any:
        """Replace the SDK's own URLs in a part of a document."""
        if isinstance(value, str):
            return self._url(value, call, tool) if "://" in value and "adapted.invalid" in value else value
        if isinstance(value, list):
            return [self._located(each, call, tool) for each in value]
        if isinstance(value, dict):
            name = value.get("function")
            named = name if isinstance(name, str) else tool
            return {key: self._located(each, call, named) for key, each in value.items()}
        return value

    def _url(self, written: str, call: Any, tool: str) -> str:
        parts = urlsplit(written)
        if parts.hostname != "adapted.invalid":
            return written
        path = parts.path.rstrip("/").rpartition("/")[2]
        if path == "swaig":
            url = call.tool_url(tool) if tool in self._declared.draft.tools and "token" in parts.query else ""
            url = url or call.agent_url().rstrip("/") + "/swaig/"
        elif path == "post_prompt":
            url = call.summary_url()
        else:
            url = call.agent_url().rstrip("/") + f"/{path}/"
        query = [pair for pair in parse_qsl(parts.query) if pair[0] not in _TOKENS]
        return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}" if query else url


def _configured(query: Mapping[str, Any], body: Any, headers: Mapping[str, Any], agent: Adapter) -> None:
    """Configure the agent of one call as the SDK does."""
    callback = agent.inner._dynamic_config_callback  # noqa: SLF001 - the SDK has no other way
    if callback is None and type(agent.inner).on_swml_request is _SdkAgent.on_swml_request:
        return
    agent.inner = agent.inner._create_ephemeral_copy()  # noqa: SLF001
    if callback is not None:
        _finished(callback(dict(query), dict(body), dict(headers), agent.inner))
        agent._add_tools(agent.inner)  # noqa: SLF001 - the callback may have added some


def _runner(name: str) -> Callable[..., Any]:
    """Return a method that runs a tool of the SDK's agent."""

    def run(agent: Adapter, args: dict[str, Any], raw_data: dict[str, Any]) -> Any:
        inner = agent.inner
        if type(inner).on_function_call is not _SdkAgent.on_function_call:
            return _finished(inner.on_function_call(name, args, raw_data))
        # The SDK's own method would turn an exception into words for the model.
        return _finished(inner._tool_registry._swaig_functions[name].handler(args, raw_data))  # noqa: SLF001

    return run


def _finished(answer: Any) -> Any:
    """Wait for a coroutine of the author's, on the thread of this call."""
    if not inspect.isawaitable(answer):
        return answer

    async def waited() -> Any:
        return await answer

    return asyncio.run(waited())


def _schema(tool: Any) -> dict[str, Any]:
    """Return the parameters of a tool as JSON Schema."""
    given = tool.parameters or {}
    if given.get("type") == "object":
        return dict(given)
    schema: dict[str, Any] = {"type": "object", "properties": dict(given)}
    return {**schema, "required": list(tool.required)} if tool.required else schema


def _description(kind: type) -> str:
    """Return the first line of the author's docstring."""
    own = kind.__module__.partition(".")[0] != "signalwire"
    return (kind.__doc__ or "").strip().partition("\n")[0].strip() if own else ""
