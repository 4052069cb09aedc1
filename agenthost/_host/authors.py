"""Whose code runs, and what becomes of what it starts by itself: tasks, callbacks and threads.

``SystemExit`` and ``KeyboardInterrupt`` that leave a task end the event loop, even where somebody awaits the task. So
each task that an author's code starts is guarded; what fails in one that nobody awaits, or in a thread, goes to the log
under the name of its agent.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

__all__ = ["Author", "TaskExitedError", "calling", "guarded", "running"]

_log = logging.getLogger("agenthost.tools")


@frozen(slots=True)
class Author:
    """Whose code it is.

    Args:
        agent: the agent's key.
        what: the part of it, such as ``tool book_visit``.
    """

    agent: str
    what: str


running: ContextVar[Author | None] = ContextVar("agenthost_running", default=None)
"""Whose code runs in this context; tasks that it starts inherit it."""
calling: ContextVar[str] = ContextVar("agenthost_calling", default="")
"""The call that it runs for, by its id; empty where there is none."""


class TaskExitedError(RuntimeError):
    """A task that an author's code started wanted to end the process."""


async def _kept(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as error:
        author = running.get()
        name = f"{author.what} of agent {author.agent}" if author is not None else "an agent"
        _log.warning("a task that %s started wanted to end the process: %s", name, type(error).__name__)
        raise TaskExitedError(f"a task wanted to end the process: {type(error).__name__}") from error


def _factory(
    before: Callable[..., asyncio.Future[Any]] | None,
) -> Callable[..., asyncio.Future[Any]]:
    def start(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Future[Any]:
        author = running.get()
        if author is not None:
            options.setdefault("name", f"{author.what} of agent {author.agent}")
            work = _kept(work) if asyncio.iscoroutine(work) else work
        return asyncio.Task(work, loop=loop, **options) if before is None else before(loop, work, **options)

    return start


@contextmanager
def guarded(
    whose: Callable[[threading.ExceptHookArgs], str], counted: Callable[[str], object] = lambda _: None
) -> Iterator[None]:
    """Guard what authors' code starts by itself, on the running loop and in threads, while the block runs.

    Args:
        whose: names whose code failed in a thread.
        counted: told of each failure: the part of an agent, such as ``tool book_visit of agent dental``.
    """
    loop = asyncio.get_running_loop()
    factory, handler, hook = loop.get_task_factory(), loop.get_exception_handler(), threading.excepthook

    def failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        task, error = context.get("task") or context.get("future"), context.get("exception")
        name = task.get_name() if isinstance(task, asyncio.Task) else ""
        if error is not None and " of agent " in name:
            _log.error("a task that %s started failed, and nobody awaited it", name, exc_info=error)
            counted(name)
        elif handler is not None:
            handler(loop, context)
        else:
            loop.default_exception_handler(context)

    def thread_failed(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is SystemExit:
            return
        name = args.thread.name if args.thread is not None else "?"
        error = args.exc_value or args.exc_type()
        owner = whose(args)
        _log.error("thread %s of %s failed", name, owner, exc_info=error)
        counted(owner)

    loop.set_task_factory(_factory(factory))
    loop.set_exception_handler(failed)
    threading.excepthook = thread_failed
    try:
        yield
    finally:
        loop.set_task_factory(factory)
        loop.set_exception_handler(handler)
        threading.excepthook = hook
