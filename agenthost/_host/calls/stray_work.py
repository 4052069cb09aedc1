"""Whose code runs, and what becomes of what it starts by itself: tasks, callbacks and threads.

``SystemExit`` and ``KeyboardInterrupt`` that leave a task or a callback end the event loop's run, even where somebody
awaits the task. So each task that an author's code starts is guarded, and the loop is run on; what fails in a task that
nobody awaits, in a callback or in a thread goes to the log under the name of its agent.
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

    from agenthost._host.telemetry.current_call import Author
    from agenthost._host.telemetry.failures import Failures

__all__ = ["TaskExitedError", "guarded", "run_on"]

T = TypeVar("T")

_log = logging.getLogger("agenthost.tools")
_OF = " of agent "
_TOOL = "tool "
_SETTLED = 0.001
"""Seconds after which a loop has done what it was about to do."""


class TaskExitedError(RuntimeError):
    """A task that an author's code started wanted to end the process."""


async def _kept(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as error:
        author = running.get()
        name = f"{author.what}{_OF}{author.agent}" if author is not None else "an agent"
        _log.warning("a task that %s started wanted to end the process: %s", name, type(error).__name__)
        raise TaskExitedError(f"a task wanted to end the process: {type(error).__name__}") from error


def _factory(
    before: Callable[..., asyncio.Future[Any]] | None,
) -> Callable[..., asyncio.Future[Any]]:
    def start(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Future[Any]:
        author = running.get()
        if author is not None:
            options.setdefault("name", f"{author.what}{_OF}{author.agent}")
            work = _kept(work) if asyncio.iscoroutine(work) else work
        return asyncio.Task(work, loop=loop, **options) if before is None else before(loop, work, **options)

    return start


@contextmanager
def guarded(
    whose: Callable[[threading.ExceptHookArgs], str],
    failures: Failures,
    counted: Callable[[str], object] = lambda _: None,
) -> Iterator[None]:
    """Guard what authors' code starts by itself, on the running loop and in threads, while the block runs.

    Args:
        whose: names whose code failed in a thread.
        failures: logs what fails.
        counted: told of each failure: the part of an agent, such as ``tool book_visit of agent dental``.
    """
    loop = asyncio.get_running_loop()
    factory, handler, hook = loop.get_task_factory(), loop.get_exception_handler(), threading.excepthook

    def tell(words: str, name: str, error: BaseException) -> None:
        failures.failed(words, error, new_error_id(), _fields(name))
        counted(name)

    def failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        task, error = context.get("task") or context.get("future"), context.get("exception")
        name = task.get_name() if isinstance(task, asyncio.Task) else ""
        if error is not None and _OF in name:
            tell(f"a task that {name} started failed, and nobody awaited it", name, error)
        elif error is not None and (author := _author_of(context.get("handle"))) is not None:
            name = f"{author.what}{_OF}{author.agent}"
            tell(f"a callback that {name} left on the event loop failed", name, error)
        elif handler is not None:
            handler(loop, context)
        else:
            loop.default_exception_handler(context)

    def thread_failed(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is SystemExit:
            return
        name = args.thread.name if args.thread is not None else "?"
        owner = whose(args)
        tell(f"thread {name} of {owner} failed", owner, args.exc_value or args.exc_type())

    loop.set_task_factory(_factory(factory))
    loop.set_exception_handler(failed)
    threading.excepthook = thread_failed
    try:
        yield
    finally:
        loop.set_task_factory(factory)
        loop.set_exception_handler(handler)
        threading.excepthook = hook


def _fields(name: str) -> dict[str, object]:
    """What the log says for programs of a part of an agent."""
    what, _, agent = name.rpartition(_OF)
    fields: dict[str, object] = {"agent": agent} if what else {}
    if what.startswith(_TOOL):
        fields["tool"] = what.removeprefix(_TOOL)
    return fields


def _author_of(handle: Any) -> Author | None:
    """Whose code left a callback; None where there is none, or it is the host's own."""
    if handle is None:
        return None
    context = getattr(handle, "_context", None)  # asyncio's own; uvloop tells of a failure within the context
    author: Author | None = running.get() if context is None else context.get(running)
    return author


def run_on(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], exited: Callable[[BaseException], object]
) -> T:
    """Run ``work`` on a loop to its end, whatever callbacks of the loop do.

    ``SystemExit`` and ``KeyboardInterrupt`` that leave a callback end a loop's run, and so does ``loop.stop()``. All
    that waits in the loop is still there then, so it is run on. Signals are for their handlers: with Python's own
    handler of SIGINT, nobody hears Ctrl-C.

    Args:
        loop: a loop that is not running.
        work: what to run.
        exited: told of each such exception, with its traceback; of ``RuntimeError`` where somebody stopped the loop.

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
