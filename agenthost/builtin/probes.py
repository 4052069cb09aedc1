"""What every host is asked: whether its store answers, its event loop keeps up, and its disk has room."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from agenthost import ConfigurationError, HostVitals, Probe, ProbeResult, hookimpl
from agenthost.builtin.state_sqlite import file_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["disk_has_room", "health_probes", "loop_keeps_up", "state_answers"]

MOST_LAG = 1.0
"""Seconds that the event loop may leave something waiting."""
LEAST_ROOM = 64 * 2**20
"""Bytes that should be free where the state file is."""


@hookimpl
def health_probes() -> list[Probe]:
    """The host's own probes; whether it is ready without its store is ``state.required``'s to say."""
    return [
        Probe("state", state_answers),
        Probe("event loop", loop_keeps_up, failures=3),
        Probe("disk", disk_has_room, interval=30.0),
    ]


async def state_answers(vitals: HostVitals) -> None:
    """The store of shared state answers, or nobody has used it yet."""
    await vitals.ping_state()


async def loop_keeps_up(vitals: HostVitals) -> ProbeResult:
    """The event loop leaves nothing waiting for long."""
    lag = vitals.loop_lag()
    return ProbeResult(lag <= MOST_LAG, f"the event loop left something waiting for {lag:.2f} s")


def disk_has_room(vitals: HostVitals) -> ProbeResult:
    """There is room where the state file is, or will be; well where state is not kept in a file."""
    url = vitals.state_url.reveal()
    if not url.startswith("sqlite:"):
        return ProbeResult()
    try:
        place = _existing(file_of(url, vitals.state_dir))
    except ConfigurationError:  # told where the store is opened
        return ProbeResult()
    free = shutil.disk_usage(place).free
    return ProbeResult(free >= LEAST_ROOM, f"{free // 2**20} MiB are free where the state is kept")


def _existing(path: Path) -> Path:
    """The file, or the nearest directory above it that is there."""
    return next(each for each in (path, *path.parents) if each.exists())
