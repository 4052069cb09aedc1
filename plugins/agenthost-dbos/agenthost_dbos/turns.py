"""The workflow of DBOS that carries a turn, and the steps in it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import sqlalchemy
from dbos import DBOS, SetWorkflowID
from dbos._context import current_owner_xid
from dbos._dbos import _get_dbos_instance
from dbos._error import DBOSUnexpectedStepError, DBOSWorkflowConflictIDError

from agenthost import TurnTakenOver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agenthost import Host, TurnSteps

__all__ = ["WORKFLOW", "Carrier", "carrier"]

WORKFLOW = "agenthost.turn"
"""The name of the workflow."""
_log = logging.getLogger("agenthost.dbos")


class Carrier:
    """Carries the turns of the host in this process, once it is open."""

    def __init__(self) -> None:
        self.host: Host | None = None
        self._begun: dict[str, Callable[[TurnSteps], Awaitable[None]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self, name: str, turn: object, work: Callable[[TurnSteps], Awaitable[None]]) -> None:
        """Run a turn as a workflow, see ``agenthost.DurableTurns``.

        Without the database, the turn runs all the same, but ends with its process.
        """
        if self.host is None:
            await work(_plain)
            return
        self._begun[name] = work
        try:
            with SetWorkflowID(name):
                handle = await DBOS.start_workflow_async(_turn, name, turn)
        except Exception as error:
            if self._begun.pop(name, None) is None:
                raise
            _log.warning("a turn ends with its process, as the database of turns does not answer: %s", error)
            await work(_plain)
            return
        try:
            await handle.get_result()
        except asyncio.CancelledError:
            task = self._tasks.get(name)
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
            raise

    async def carry(self, name: str, turn: object) -> None:
        """Run a turn that has begun here, or go on with that of another process.

        Raises:
            RuntimeError: the host does not serve, so that a later attempt is needed.
        """
        work = self._begun.pop(name, None)
        if work is not None:
            task = self._tasks[name] = asyncio.ensure_future(_awaited(work))
            try:
                await asyncio.wait([task])
            finally:
                del self._tasks[name]
            return
        host = self.host
        if host is None or host.resume is None:
            raise RuntimeError("the host does not serve")
        attempt = await asyncio.to_thread(_attempt, name)
        _log.warning("a turn goes on whose process has died: %s", name)
        await host.resume(turn, _step, attempt)


carrier = Carrier()
"""The carrier of this process: DBOS itself is one for each process."""


@DBOS.workflow(name=WORKFLOW, max_recovery_attempts=1000)
async def _turn(name: str, turn: object) -> None:
    await carrier.carry(name, turn)


async def _awaited(work: Callable[[TurnSteps], Awaitable[None]]) -> None:
    await work(_step)


async def _step(name: str, work: Callable[[], Awaitable[Any]]) -> Any:
    """Run a step, or return its stored result.

    A turn that takes another way than before its process died goes on without stored results.
    """
    begun = False

    async def once() -> Any:
        nonlocal begun
        begun = True
        return await work()

    try:
        return await DBOS.run_step_async({"name": name}, once)
    except DBOSUnexpectedStepError as error:
        if begun:
            raise
        _log.warning("the stored step does not fit, and %s runs again: %s", name, error)
        return await work()
    except DBOSWorkflowConflictIDError as error:
        raise TurnTakenOver from error


def _attempt(name: str) -> int:
    """Return the number of times that a workflow of this process has begun.

    Raises:
        TurnTakenOver: another process has taken it over.
    """
    database = _get_dbos_instance()._sys_db  # noqa: SLF001 - the only place of the owner
    table = database.tables.workflow_status
    own = table.c.workflow_uuid == name, table.c.owner_xid == current_owner_xid(name)
    with database.engine.connect() as connection:
        found = connection.execute(sqlalchemy.select(table.c.recovery_attempts).where(*own)).scalar()
    if found is None:
        raise TurnTakenOver
    return int(found)


async def _plain(_: str, work: Callable[[], Awaitable[Any]]) -> Any:
    return await work()
