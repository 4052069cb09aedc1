"""The checks of probes, prepared to run."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost.health import HostVitals

__all__ = ["check_call"]


def check_call(check: Callable[..., Any], vitals: HostVitals) -> tuple[Callable[[], Any], bool]:
    """Return a check without arguments, and True if it runs on the event loop."""
    call = getattr(check, "__call__", None)  # noqa: B004 - an object with an async __call__ is a coroutine function too
    on_loop = inspect.iscoroutinefunction(inspect.unwrap(check)) or inspect.iscoroutinefunction(call)
    return (partial(check, vitals) if _takes_one(check) else check), on_loop


def _takes_one(check: Callable[..., Any]) -> bool:
    """Return True if a check takes an argument: what its host reports."""
    try:
        parameters = inspect.signature(check).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(
        each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) and each.default is each.empty
        for each in parameters
    )
