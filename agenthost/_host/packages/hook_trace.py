"""A trace of hook calls on stderr, for authors of plugins: ``AGENTHOST_TRACE_HOOKS=1``."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from agenthost._error_words import one_line, summary_of
from agenthost._escaping import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["VARIABLE", "show", "traced", "tracing"]

P = ParamSpec("P")
T = TypeVar("T")

VARIABLE = "AGENTHOST_TRACE_HOOKS"
_NO = ("", "0", "no", "off", "false")
_MOST_CHARACTERS = 160


def tracing() -> bool:
    """Return True if hook calls are traced."""
    return os.environ.get(VARIABLE, "").lower() not in _NO


def show(hook: str, plugin: str, seconds: float, outcome: object) -> None:
    """Print one call."""
    failed = False
    try:
        if isinstance(outcome, BaseException):
            failed, shown = True, summary_of(outcome, _MOST_CHARACTERS)
        else:
            shown = one_line(repr(outcome), _MOST_CHARACTERS)
    except BaseException as error:  # noqa: BLE001 - an author's repr() may itself fail
        shown = f"{type(outcome).__name__}, which cannot be shown: {type(error).__name__}"
    line = escaped(f"hook {hook} of {plugin}: {seconds * 1000:.1f} ms, {'failed: ' * failed}{shown}")
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def traced(hook: str, plugin: str, function: Callable[P, T]) -> Callable[P, T]:
    """Trace each call of a function.

    A coroutine function is traced once it has been awaited.
    """

    @contextmanager
    def shown() -> Iterator[list[object]]:
        began, results = time.perf_counter(), []  # type: ignore[var-annotated]
        try:
            yield results
        except BaseException as error:
            show(hook, plugin, time.perf_counter() - began, error)
            raise
        show(hook, plugin, time.perf_counter() - began, *results)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: P.args, **named: P.kwargs) -> object:
            with shown() as results:
                results.append(await function(*args, **named))
            return results[0]

        return awaited  # type: ignore[return-value]

    @functools.wraps(function)
    def called(*args: P.args, **named: P.kwargs) -> T:
        with shown() as results:
            results.append(result := function(*args, **named))
        return result

    return called
