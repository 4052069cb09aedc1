"""Configuration for one call, on a copy of the agent.

Nothing of a call reaches the next one. The copy is cheap: ordinary attributes are shared, as they hold the author's
clients and locks, and of the document only the parts that a callback touches are copied.
"""

from __future__ import annotations

import inspect
from functools import lru_cache, partial
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from agenthost.agent.base import AgentBase, declared, document_of, runnable
from agenthost.swml import Addresses, encode_document, generation_parameter
from agenthost.tools.tool import Tool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

__all__ = [
    "configure",
    "copy_for_call",
    "fallback_content",
    "fallback_document",
    "render",
    "render_per_call",
    "tool_of",
]

A = TypeVar("A", bound=AgentBase)


def copy_for_call(agent: A) -> A:
    """Copy an agent, to configure it for one call.

    Ordinary attributes are shared. Assigning an attribute of the copy leaves the agent unchanged; mutating the object
    behind one does not.
    """
    copy: A = object.__new__(type(agent))
    copy.__dict__.update(agent.__dict__)
    kind: type = type(agent)
    for slot in _slots_of(kind):
        if hasattr(agent, slot):
            object.__setattr__(copy, slot, getattr(agent, slot))
    copy._declared = declared(agent).for_call()  # noqa: SLF001
    return copy


@lru_cache(1024)
def _slots_of(cls: type) -> tuple[str, ...]:
    """Return the names of the attributes of a class that are not in ``__dict__``."""
    slots = (slot for each in cls.__mro__ for slot in vars(each).get("__slots__", ()))
    return tuple(slot for slot in slots if slot not in ("__dict__", "__weakref__"))


def configure(
    agent: A, query: Mapping[str, str], body: Mapping[str, Any], headers: Mapping[str, str]
) -> A | Awaitable[A]:
    """Run an agent's callbacks on a copy of it, in order.

    A tool call and a summary are configured as the document was, each by its own request: a tool that a callback adds
    only for some callers is there for them alone. Parameters of ``add_swaig_query_params`` come back in ``query``.

    Args:
        agent: the agent, sealed.
        query: parameters of the request; without the token.
        body: its JSON body, or ``{}``.
        headers: its headers, names in lower case.

    Returns:
        The copy, or an awaitable of it if a callback is a coroutine function.

    Raises:
        BaseException: a callback raised it. The caller then gets ``fallback_document``.
    """
    if (own_process := declared(agent).own_process) is not None:
        return own_process.configured(query, body, headers)
    copy = copy_for_call(agent)
    callbacks = iter(declared(agent).per_call)
    for callback in callbacks:
        answer = callback(query, body, headers, copy)
        if inspect.isawaitable(answer):

            async def rest(pending: Awaitable[Any]) -> A:
                await pending
                for later in callbacks:
                    answered = later(query, body, headers, copy)
                    if inspect.isawaitable(answered):
                        await answered
                return copy

            return rest(answer)
    return copy


def render(
    copy: AgentBase,
    base: str,
    token: Callable[[str], str],
    sibling: Callable[[str], str],
    generation: str = "",
) -> bytes:
    """Seal a configured copy, and render its document.

    Args:
        copy: the result of ``configure``.
        base: the agent's public address with credentials: ``https://user:password@host/route``.
        token: mints the token for a tool's name, or for ``agenthost.swml.POST_PROMPT``.
        sibling: returns the public URL of another agent by name. On a LookupError, the call stays with this agent.
        generation: the generation of the host's processes, or empty.

    Raises:
        DefinitionError: the document is wrong, or has a value that is not JSON.
    """
    own = declared(copy)
    scheme, _, rest = base.partition("://")
    origin = f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}"

    def located(name: str) -> str:
        try:
            return sibling(name)
        except LookupError:
            return base

    own.sealed = True
    named = partial(generation_parameter, generation=generation)
    return encode_document(document_of(copy, Addresses(base, origin, token, located, named)))


def render_per_call(
    agent: AgentBase,
    base: str,
    token: Callable[[str], str],
    sibling: Callable[[str], str],
    query: Mapping[str, str],
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    generation: str = "",
) -> bytes | Awaitable[bytes]:
    """Configure an agent for one call, and render its document.

    ``generation`` is that of the host's processes, or empty.
    """
    if (own_process := declared(agent).own_process) is not None:

        async def rendered() -> bytes:
            template = await own_process.document(query, body, headers)
            return template.of_generation(generation).filled(base.encode(), lambda tool: token(tool).encode(), sibling)

        return rendered()
    configured = configure(agent, query, body, headers)
    if isinstance(configured, AgentBase):
        return render(configured, base, token, sibling, generation)

    async def awaited() -> bytes:
        return render(await configured, base, token, sibling, generation)

    return awaited()


def tool_of(agent: AgentBase, copy: AgentBase, name: str) -> Tool | None:
    """Return the tool of a configured copy, or None for one that runs elsewhere.

    A tool that is a method of the agent runs on the copy, where the callbacks have stored their results.

    Args:
        agent: the agent.
        copy: the result of ``configure`` for this tool call.
        name: the tool's name.
    """
    tool = declared(copy).draft.tools.get(name)
    if not isinstance(tool, Tool):
        return None
    handler = tool.handler
    if isinstance(handler, MethodType) and handler.__self__ is agent:
        tool = attrs.evolve(tool, handler=MethodType(handler.__func__, copy))
    return runnable(copy, tool)


def fallback_document(agent: AgentBase) -> bytes:
    """Return the document for a caller when the agent's own document fails.

    It speaks the agent's fallback, and then hangs up, transfers to the URL of a document, or connects to a number or
    address, as ``on_failure`` of the agent says.
    """
    return encode_document(fallback_content(agent))


def fallback_content(agent: AgentBase) -> dict[str, Any]:
    """Return the content of ``fallback_document``."""
    own = declared(agent)
    onward: dict[str, Any]
    if own.on_failure == "hangup":
        onward = {"hangup": {}}
    elif own.on_failure.startswith(("https://", "http://")):
        onward = {"transfer": {"dest": own.on_failure}}
    else:
        onward = {"connect": {"to": own.on_failure}}
    main = [{"answer": {}}, {"play": {"url": f"say:{own.fallback}"}}, onward]
    return {"version": "1.0.0", "sections": {"main": main}}
