"""Slow work on a thread next to the event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["in_background_thread"]

T = TypeVar("T")


async def in_background_thread(function: Callable[[], T]) -> T:
    """Run ``function`` on a daemon thread, which never keeps the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, problem: BaseException | None) -> None:
        if done.cancelled():
            return
        if problem is not None:
            done.set_exception(problem)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        outcome: tuple[T | None, BaseException | None]
        try:
            outcome = (function(), None)
        except BaseException as problem:  # noqa: BLE001 - raised again in the waiting task
            outcome = (None, problem)
        try:
            loop.call_soon_threadsafe(settle, *outcome)
        except RuntimeError:
            logging.getLogger("agenthost").debug("the host ended while it was loading")

    threading.Thread(target=work, name="agenthost-plan", daemon=True).start()
    return await done
