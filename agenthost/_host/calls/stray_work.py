"""Guards around the tasks, callbacks and threads that authors' code starts by itself.

``SystemExit`` and ``KeyboardInterrupt`` that leave a task or a callback end the event loop's run, even if the task is
awaited. So each task that an author's code starts is guarded, and the loop is run on. A failure in a callback, in a
thread or in a task that is never awaited goes to the log under the name of its agent.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from agenthost._host.telemetry.current_call import running
from agenthost._host.telemetry.failures import new_error_id

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from agenthost._host.telemetry.current_call import Owner
    from agenthost._host.telemetry.failures import Failures

__all__ = ["TaskExitedError", "guarded", "run_on"]

T = TypeVar("T")

_log = logging.getLogger("agenthost.tools")
_OWNER = "agenthost_owner"
"""The attribute of a task that names the code which started it: a context may be of the author's own making."""
_SETTLED = 0.001
"""Seconds after which a loop has done what it was about to do."""


class TaskExitedError(RuntimeError):
    """A task that an author's code started tried to end the process."""


async def _guarded(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as error:
        owner = running.get() or "an agent"
        _log.warning("a task that %s started tried to end the process: %s", owner, type(error).__name__)
        raise TaskExitedError(f"a task tried to end the process: {type(error).__name__}") from error


def _factory(
    before: Callable[..., asyncio.Future[Any]] | None,
) -> Callable[..., asyncio.Future[Any]]:
    def start(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Future[Any]:
        owner = running.get()
        if owner is not None:
            options.setdefault("name", str(owner))
            work = _guarded(work) if asyncio.iscoroutine(work) else work
        task = asyncio.Task(work, loop=loop, **options) if before is None else before(loop, work, **options)
        if owner is not None:
            setattr(task, _OWNER, owner)
        return task

    return start


@contextmanager
def guarded(
    owner_of: Callable[[threading.ExceptHookArgs], Owner],
    failures: Failures,
    counted: Callable[[Owner], object] = lambda _: None,
) -> Iterator[None]:
    """Guard what authors' code starts by itself, while the block runs."""
    loop = asyncio.get_running_loop()
    factory, handler, hook = loop.get_task_factory(), loop.get_exception_handler(), threading.excepthook

    def log(owner: Owner, error: BaseException, words: str) -> None:
        failures.failed(owner, error, new_error_id(), words=words)
        counted(owner)

    def failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        task, error = context.get("task") or context.get("future"), context.get("exception")
        owner: Owner | None = getattr(task, _OWNER, None)
        if error is not None and owner is not None:
            log(owner, error, "a task that {} started failed and was never awaited")
        elif error is not None and (owner := _left_by(context.get("handle"))) is not None:
            log(owner, error, "a callback that {} left on the event loop failed")
        elif handler is not None:
            handler(loop, context)
        else:
            loop.default_exception_handler(context)

    def logged(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is SystemExit:
            return
        name = args.thread.name if args.thread is not None else "?"
        log(owner_of(args), args.exc_value or args.exc_type(), f"thread {name} of {{}} failed")

    in_force = [logged]  # each thread keeps the hook of its start, which must not keep the host

    def thread_failed(args: threading.ExceptHookArgs) -> None:
        if in_force:
            in_force[0](args)
        else:
            hook(args)

    loop.set_task_factory(_factory(factory))
    loop.set_exception_handler(failed)
    threading.excepthook = thread_failed
    try:
        yield
    finally:
        loop.set_task_factory(factory)
        loop.set_exception_handler(handler)
        threading.excepthook = hook
        in_force.clear()


def _left_by(handle: Any) -> Owner | None:
    """Return the owner of a callback, or None if the host scheduled it."""
    if handle is None:
        return None
    context = getattr(handle, "_context", None)  # asyncio's own; uvloop reports a failure within the context
    owner: Owner | None = running.get() if context is None else context.get(running)
    return owner


def run_on(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], exited: Callable[[BaseException], object]
) -> T:
    """Run ``work`` on a loop to its end, whatever callbacks of the loop do.

    ``SystemExit`` and ``KeyboardInterrupt`` that leave a callback end a loop's run, and so does ``loop.stop()``. The
    loop still holds all waiting work then, so it is run on. Signals need handlers of their own: with Python's handler
    of SIGINT, Ctrl-C would have no effect.

    ``exited`` is called with each such exception and its traceback, and with ``RuntimeError`` if the loop was stopped.

    Raises:
        BaseException: whatever ``work`` raises.
    """
    task, disturbed = loop.create_task(work), False
    while not task.done():
        try:
            loop.run_until_complete(task)
        except BaseException as error:
            if loop.is_running() or loop.is_closed():
                raise
            if not task.done() or not (task.cancelled() or task.exception() is error):
                disturbed = True
                exited(error)
    if disturbed:  # what was to stop the loop at the task's end may be left over, and would stop its next run
        settled = loop.create_task(asyncio.sleep(_SETTLED))
        while not settled.done():
            with suppress(SystemExit, KeyboardInterrupt, RuntimeError):
                loop.run_until_complete(settled)
    return task.result()
