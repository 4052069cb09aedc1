"""Waiting for what happens to the processes of a host: messages, and their ends."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from agenthost._host.generations.channel import Channel
    from agenthost._web.supervisor.worker_slots import Worker

__all__ = ["happened_within"]

_LOOK = 0.1
"""Seconds between two looks at processes whose end no descriptor shows."""


def happened_within(
    others: Iterable[socket.socket | Channel], workers: Iterable[Worker], seconds: float | None
) -> frozenset[int]:
    """Wait for an event, and return the descriptors that have one."""
    poll = select.poll()
    for each in others:
        poll.register(each, select.POLLIN)
    for worker in workers:
        if not worker.gone:
            poll.register(worker.messages, select.POLLIN)
        if worker.process.handle is not None:
            poll.register(worker.process.handle, select.POLLIN)
        elif worker.gone:
            seconds = _LOOK if seconds is None else min(seconds, _LOOK)
    return frozenset(descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000))
