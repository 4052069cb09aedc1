"""The status of the host, read at most once a second."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any

from agenthost._host.status.of_host import host_status
from agenthost._host.status.of_process import status_of
from agenthost.errors import AgentHostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.runtime.runtime import Runtime

__all__ = ["LatestStatus"]

_STATUS = {"command": "status"}
_WITHIN = 5.0
"""Timeout of the host's answer, in seconds."""
_KEPT = 1.0
"""Seconds for which a status is shown to all who ask."""
_ALONE = {
    "problem": "only the worker that answered is shown, as the host's control socket does not answer",
    "fix": "the log of agenthost.control has the reason; state_dir must belong to the host's user alone",
}


class LatestStatus:
    """The status of the host with all its workers.

    ``send`` sends a command to the host. It is None if this process is the whole host, which serves ``since`` then.
    """

    def __init__(
        self, runtime: Runtime, since: float, send: Callable[[Mapping[str, Any], float], Mapping[str, Any]] | None
    ) -> None:
        self._runtime = runtime
        self._since = since
        self._send = send
        self._one_at_a_time = asyncio.Lock()
        self._latest: Mapping[str, Any] = {}
        self._until = 0.0

    async def now(self) -> Mapping[str, Any]:
        """Return it as ``agenthost status --json`` has it."""
        async with self._one_at_a_time:
            if time.monotonic() >= self._until:
                self._latest = await asyncio.to_thread(self._read)
                self._until = time.monotonic() + _KEPT
            return self._latest

    def _read(self) -> Mapping[str, Any]:
        if self._send is None:
            return self._of_this_process()
        try:
            return self._send(_STATUS, _WITHIN)
        except AgentHostError:
            told = self._of_this_process()
            status = "degraded" if told["status"] == "ok" else told["status"]
            return {**told, "status": status, "problems": [_ALONE, *told["problems"]]}

    def _of_this_process(self) -> dict[str, Any]:
        runtime, since = self._runtime, self._since
        host = runtime.config.host
        worker = {"process": os.getpid(), "generation": runtime.generation, "since": since, "restarts": 0}
        known = {
            "url": f"http://{host.host}:{host.port}",
            "since": since,
            "started": True,
            "generation": runtime.generation,
            "wanted_workers": 1,
            "workers": [worker],
            "held": [],
        }
        return host_status(known, [status_of(runtime)])
