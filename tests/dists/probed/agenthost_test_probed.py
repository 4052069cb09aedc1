"""Agents and a plugin whose probes fail while a file exists."""

import os
import time
from functools import partial
from pathlib import Path

from agenthost import AgentBase, Probe, ProbeResult, hookimpl, probe

QUICK = {"interval": 0.05, "failures": 1}
HERE = Path.cwd()


def there(name):
    return (HERE / name).exists()


class DentalAgent(AgentBase):
    def __init__(self):
        super().__init__(name="dental", route="/dental")

    @probe(critical=True, **QUICK)
    async def calendar(self):
        if there("calendar-down"):
            raise ConnectionError("caldav://secret@calendar is gone")

    @probe(**QUICK)
    def printer(self):
        return not there("printer-down")


class SteadyAgent(AgentBase):
    def __init__(self):
        super().__init__(name="steady", route="/steady")

    @AgentBase.tool
    async def block(self, seconds: float) -> str:
        """Do on the event loop what belongs in a thread."""
        time.sleep(seconds)  # noqa: ASYNC251 - the mistake that is looked for
        return "blocked"

    @AgentBase.tool
    async def process(self) -> str:
        """Say which process this is."""
        return str(os.getpid())

    @probe(critical=True, **QUICK)
    def voice(self):
        return ProbeResult(not there("voice-down"), "it is hoarse")


@hookimpl
def health_probes():
    yield Probe("exchange", lambda: not there("exchange-down"), critical=True, **QUICK)
    yield Probe("stuck", partial(time.sleep, 3600), timeout=0.1)
    yield Probe("nonsense", lambda: "PONG")
    yield Probe("warm", lambda: not there("cold"), startup=True, **QUICK)
    yield Probe("lost", lambda: None, agent="nobody")
