"""Reports of a replica: its metrics, and its lines in Ray's log."""

from __future__ import annotations

import asyncio
import copy
import logging
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import ray
from ray import serve
from ray.exceptions import RayError

from agenthost_ray.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Reports", "log_with_replica", "replica_name", "totals"]

_EVERY = 2.0
"""Seconds between two reports."""


@cache
def totals() -> Any:
    """Return the actor that adds up the metrics of all replicas."""
    made = ray.remote(Totals).options(
        name="agenthost_totals",
        namespace="serve",
        lifetime="detached",
        get_if_exists=True,
        num_cpus=0,
        max_restarts=-1,
        max_task_retries=-1,
    )
    return made.remote()


def replica_name() -> str:
    """Return the name of this replica: its application, its deployment and its ID."""
    context = serve.get_replica_context()
    return f"{context.app_name}#{context.deployment}#{context.replica_tag}"


class Reports:
    """Reports the metrics of this replica every few seconds, and at the end.

    Args:
        metrics: returns them as text.
    """

    def __init__(self, metrics: Callable[[], str]) -> None:
        self._metrics = metrics
        self._over = asyncio.Event()
        self._reporting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, if it has not begun."""
        if self._reporting is None:
            self._reporting = asyncio.create_task(self._report())

    async def _report(self) -> None:
        replica, actor = replica_name(), totals()
        while not self._over.is_set():
            with suppress(RayError):
                await actor.push.remote(replica, self._metrics())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _EVERY)
        with suppress(RayError):
            await actor.end.remote(replica, self._metrics())

    async def close(self) -> None:
        """Report a last time."""
        self._over.set()
        if self._reporting is not None:
            await self._reporting


class _ReplicaLog(logging.Handler):
    """Writes records and their fields to the log of the replica, which has its name."""

    def emit(self, record: logging.LogRecord) -> None:
        fields = getattr(record, "fields", None) or {}
        shown = copy.copy(record)
        shown.msg = " ".join([record.getMessage(), *(f"{name}={value}" for name, value in fields.items())])
        shown.args = ()
        for handler in logging.getLogger("ray.serve").handlers:
            handler.handle(shown)


def log_with_replica() -> None:
    """Send the log of the host to that of this replica."""
    ours = logging.getLogger("agenthost")
    if not ours.handlers:
        ours.addHandler(_ReplicaLog())
        ours.setLevel(logging.INFO)
        ours.propagate = False
