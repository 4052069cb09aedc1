"""The plugin: the engine of durable turns, and the recovery of turns of dead processes."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import sqlalchemy.dialects.postgresql
import sqlalchemy.dialects.sqlite
from attrs import frozen
from dbos import DBOS, DBOSConfig

from agenthost import DurableTurns, Secret, hookimpl
from agenthost_dbos.executors import Executors
from agenthost_dbos.turns import WORKFLOW, carrier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from agenthost import Host

__all__ = ["Durable"]

_TRIES = 20
"""Attempts to open a new database, which several processes may do at once."""
_log = logging.getLogger("agenthost.dbos")


class Durable:
    """Turns that outlive their process, once a database is configured.

    Args:
        settings: ``[plugins.dbos]``.
    """

    @frozen
    class Settings:
        """The section ``[plugins.dbos]``.

        Args:
            url: the database of turns, ``sqlite:////var/lib/agenthost/turns.db`` or ``postgresql://``. Without it,
                turns end with their process.
            lease: seconds after its last sign of life at which a process is dead.
        """

        url: Secret | None = None
        lease: float = 10.0

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @hookimpl
    def durable_turns(self) -> list[DurableTurns]:
        """Offer the engine, if a database is configured."""
        if self._settings.url is None:
            return []

        return [DurableTurns("dbos", carrier.run)]

    @hookimpl
    def lifespan(self, host: Host) -> AbstractAsyncContextManager[None]:
        """Open the database, and take over turns of dead processes while the host serves."""
        return self._opened(host)

    @asynccontextmanager
    async def _opened(self, host: Host) -> AsyncIterator[None]:
        url = self._settings.url
        if url is None:
            yield
            return

        executors = await _open(url.reveal(), self._settings.lease)
        carrier.host = host
        recovering = asyncio.create_task(_recover(executors))
        try:
            yield
        finally:
            carrier.host = None
            recovering.cancel()
            with suppress(asyncio.CancelledError):
                await recovering
            await asyncio.to_thread(executors.close)
            await asyncio.to_thread(DBOS.destroy)


async def _open(url: str, lease: float) -> Executors:
    """Open DBOS and the leases in one database."""
    own = f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}"
    config = DBOSConfig(
        name="agenthost",
        system_database_url=url,
        executor_id=own,
        application_version="agenthost",
        log_level="WARNING",
        sys_db_idle_transaction_timeout_sec=lease,  # the locks of a process that stands still
    )
    for left in range(_TRIES, 0, -1):
        try:
            DBOS(config=config)
            DBOS.launch()  # on this event loop, so that workflows run on it
            break
        except Exception as error:
            _log.warning("the database of turns is not open yet: %s", error)
            DBOS.destroy()
            if left == 1:
                raise
            await asyncio.sleep(0.1 + 0.1 * secrets.randbelow(10))
    address = sqlalchemy.make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    executors = Executors(sqlalchemy.create_engine(address), own, lease)
    await asyncio.to_thread(executors.open)
    return executors


async def _recover(executors: Executors) -> None:
    """Show signs of life, and take over turns of executors whose lease is over."""
    while True:
        try:
            await asyncio.to_thread(_look, executors)
        except Exception as error:  # noqa: BLE001 - whatever the database raises
            _log.warning("turns of dead processes are not taken over, as the database does not answer: %s", error)
        await asyncio.sleep(executors.lease / 4)


def _look(executors: Executors) -> None:

    executors.beat()
    pending = DBOS.list_workflows(name=WORKFLOW, status="PENDING", load_input=False, load_output=False)
    dead = executors.dead(each.executor_id for each in pending if each.executor_id)
    if dead:
        DBOS._recover_pending_workflows(dead)  # noqa: SLF001 - the name by which DBOS itself recovers
