"""Names in an author's code: constants in its calls of ``hand_over`` and the like."""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["constants_given"]

_BETWEEN = frozenset({"CACHE", "EXTENDED_ARG", "NOP", "PRECALL", "PUSH_NULL"})
_MOST_DEPTH = 8


def constants_given(function: Callable[..., Any], method: str) -> tuple[str, ...]:
    """Return the texts that a function passes to a method as the first argument.

    Constants are found in the function and the functions inside it, and the values of the function's closure.

    Args:
        function: any callable. Those not written in Python have none.
        method: the method's name.
    """
    inner = getattr(function, "__func__", function)
    inner = getattr(inner, "__wrapped__", inner)
    if not isinstance(inner, FunctionType) or not _mentions(inner.__code__, method):
        return ()
    given = _given(inner.__code__).get(method, ())
    return tuple(text for each in given if (text := _text(each, inner)) is not None)


@frozen
class _Outer:
    """A variable of the function around."""

    name: str


def _text(given: str | _Outer, function: FunctionType) -> str | None:
    """Return a constant, or the text in a variable of the closure."""
    if isinstance(given, str):
        return given
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    try:
        value = cells[given.name].cell_contents
    except (KeyError, ValueError):  # of a function inside it, or not yet set
        return None
    return value if isinstance(value, str) else None


def _mentions(code: CodeType, name: str, depth: int = 0) -> bool:
    """Return True if code reads an attribute of this name."""
    if name in code.co_names:
        return True
    inner = (each for each in code.co_consts if isinstance(each, CodeType)) if depth < _MOST_DEPTH else ()
    return any(_mentions(each, name, depth + 1) for each in inner)


@lru_cache(4096)
def _given(code: CodeType) -> dict[str, tuple[str | _Outer, ...]]:
    """Return the constants by method, read once from the code of a function."""
    found: dict[str, list[str | _Outer]] = {}
    for method, given in _calls(code, 0):
        found.setdefault(method, []).append(given)
    return {method: tuple(dict.fromkeys(each)) for method, each in found.items()}


def _calls(code: CodeType, depth: int) -> Iterator[tuple[str, str | _Outer]]:
    method = None
    for step in dis.get_instructions(code):
        if step.opname in _BETWEEN:
            continue
        if method is not None and step.opname == "LOAD_CONST" and isinstance(step.argval, str):
            yield method, step.argval
        elif method is not None and step.opname == "LOAD_DEREF":
            yield method, _Outer(step.argval)
        method = step.argval if step.opname in ("LOAD_ATTR", "LOAD_METHOD") else None
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and depth < _MOST_DEPTH:
            yield from _calls(constant, depth + 1)
