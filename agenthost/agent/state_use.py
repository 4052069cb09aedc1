"""Agents that use shared state, found in their code without running it."""

from __future__ import annotations

import sys
from functools import partial
from inspect import unwrap
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from agenthost.agent.base import declared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost.agent.base import AgentBase

__all__ = ["may_use_state"]

_STATE = frozenset({"state", "shared_state"})
"""Names by which an author's code reaches a store."""
_MOST = 5000
"""The most functions that are looked at. An agent with more counts as one that uses state."""


def may_use_state(agent: AgentBase) -> bool:
    """Return False if no code of an agent that can be found uses shared state.

    Followed are the methods of its class, its tools and callbacks, and the functions that these name. The code of an
    agent in a process of its own is not here, so that it may use state.
    """
    own = declared(agent)
    if own.own_process is not None or own.shared_state:
        return True
    handlers = (getattr(each, "handler", None) for each in own.draft.tools.values())
    waiting: list[Any] = [agent, *handlers, *own.per_call, *own.routing.values(), own.debug_handler]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        code = each.__code__ if isinstance(each, FunctionType) else None
        if len(seen) > _MOST or (code is not None and not _STATE.isdisjoint(_names(code))):
            return True
        waiting += _behind(each)
    return False


def _behind(found: Any) -> Iterator[Any]:
    """Yield the functions and classes to which something leads."""
    if isinstance(found, MethodType):
        yield from (found.__func__, type(found.__self__))
    elif isinstance(found, partial):
        yield from (found.func, *filter(callable, found.args))
    elif isinstance(found, type):
        members = [each for cls in found.__mro__ if _is_authors(cls.__module__) for each in vars(cls).values()]
        yield from (getattr(each, "fget", None) or getattr(each, "__func__", each) for each in members)
    elif isinstance(found, FunctionType):
        yield unwrap(found)
        yield from (cell.cell_contents for cell in found.__closure__ or () if _is_set(cell))
        yield from _named(found)
    elif not isinstance(found, ModuleType) and _is_authors(type(found).__module__):
        yield type(found)


def _named(function: FunctionType) -> Iterator[Any]:
    """Yield what a function names in its module, and in modules that it names."""
    names = _names(function.__code__)
    for name in names:
        found = function.__globals__.get(name)
        if isinstance(found, ModuleType) and _is_authors(found.__name__):
            yield from (vars(found).get(each) for each in names)
        elif _is_authors(getattr(found, "__module__", None)):
            yield found


def _names(code: CodeType) -> set[str]:
    """Return the names that a code uses, and the codes in it."""
    return {*code.co_names}.union(*(_names(each) for each in code.co_consts if isinstance(each, CodeType)))


def _is_authors(module: object) -> bool:
    if not isinstance(module, str):
        return False
    top = module.partition(".")[0]
    return top != "agenthost" and top not in sys.stdlib_module_names


def _is_set(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False
