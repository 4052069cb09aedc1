"""Names in an author's code: constants in its calls of ``hand_over`` and the like."""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["constants_given"]

_BETWEEN = frozenset({"CACHE", "EXTENDED_ARG", "NOP", "PRECALL", "PUSH_NULL"})
_MOST_DEPTH = 8


def constants_given(function: Callable[..., Any], method: str) -> tuple[str, ...]:
    """Return the texts that a function passes to a method as the first argument.

    Only constants are found, in the function and the functions inside it.

    Args:
        function: any callable. Those not written in Python have none.
        method: the method's name.
    """
    inner = getattr(function, "__func__", function)
    inner = getattr(inner, "__wrapped__", inner)
    return _given(inner.__code__).get(method, ()) if isinstance(inner, FunctionType) else ()


@lru_cache(4096)
def _given(code: CodeType) -> dict[str, tuple[str, ...]]:
    """Return the constants by method, read once from the code of a function."""
    found: dict[str, list[str]] = {}
    for method, text in _calls(code, 0):
        found.setdefault(method, []).append(text)
    return {method: tuple(dict.fromkeys(texts)) for method, texts in found.items()}


def _calls(code: CodeType, depth: int) -> Iterator[tuple[str, str]]:
    method = None
    for step in dis.get_instructions(code):
        if step.opname in _BETWEEN:
            continue
        if method is not None and step.opname == "LOAD_CONST" and isinstance(step.argval, str):
            yield method, step.argval
        method = step.argval if step.opname in ("LOAD_ATTR", "LOAD_METHOD") else None
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and depth < _MOST_DEPTH:
            yield from _calls(constant, depth + 1)
