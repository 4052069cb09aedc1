"""The built-in probes of a host: its store, event loop and disk."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from agenthost import ConfigurationError, HostVitals, Probe, ProbeResult, hookimpl
from agenthost.builtin.state_sqlite import file_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["disk_has_room", "health_probes", "loop_keeps_up", "state_answers"]

MOST_LAG = 1.0
"""Seconds of lag allowed on the event loop."""
LEAST_ROOM = 64 * 2**20
"""Bytes that should be free on the disk of the state file."""


@hookimpl
def health_probes() -> list[Probe]:
    """Offer the host's own probes.

    ``state.required`` decides if agents that use shared state are ready without the store.
    """
    return [
        Probe("state", state_answers),
        Probe("event loop", loop_keeps_up, failures=3),
        Probe("disk", disk_has_room, interval=30.0),
    ]


async def state_answers(vitals: HostVitals) -> None:
    """Check that the store answers, or has not been used yet."""
    await vitals.ping_state()


async def loop_keeps_up(vitals: HostVitals) -> ProbeResult:
    """Check that the event loop does not lag."""
    lag = vitals.loop_lag()
    return ProbeResult(lag <= MOST_LAG, f"the event loop lagged by {lag:.2f} s")


def disk_has_room(vitals: HostVitals) -> ProbeResult:
    """Check for room on the disk of the state file, if there is one."""
    url = vitals.state_url.reveal()
    if not url.startswith("sqlite:"):
        return ProbeResult()
    try:
        place = _existing(file_of(url, vitals.state_dir))
    except ConfigurationError:  # reported where the store is opened
        return ProbeResult()
    free = shutil.disk_usage(place).free
    return ProbeResult(free >= LEAST_ROOM, f"{free // 2**20} MiB are free on the disk of the state file")


def _existing(path: Path) -> Path:
    """Return the file, or its nearest directory that exists."""
    return next(each for each in (path, *path.parents) if each.exists())
