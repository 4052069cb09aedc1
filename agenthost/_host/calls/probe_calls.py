"""Checks: what probes ask, ready to be run."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost.health import HostVitals

__all__ = ["prepared"]


def prepared(check: Callable[..., Any], vitals: HostVitals) -> tuple[Callable[[], Any], bool]:
    """A probe's check as a function without arguments, and whether it runs on the event loop.

    Args:
        check: takes nothing, or what its host tells.
        vitals: what that is.
    """
    call = getattr(check, "__call__", None)  # noqa: B004 - an object with an async __call__ is a coroutine function too
    on_loop = inspect.iscoroutinefunction(inspect.unwrap(check)) or inspect.iscoroutinefunction(call)
    return (partial(check, vitals) if _takes_one(check) else check), on_loop


def _takes_one(check: Callable[..., Any]) -> bool:
    """Whether a check wants to be told of its host."""
    try:
        parameters = inspect.signature(check).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(
        each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) and each.default is each.empty
        for each in parameters
    )
