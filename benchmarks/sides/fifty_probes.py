"""A program with fifty probes, of which ten hang."""

from __future__ import annotations

import sys
import time

from agenthost import AgentBase, AgentServer, Probe

PROBES = 50
HANGING = 10


def hangs() -> None:
    """Never return."""
    while True:
        time.sleep(3600)


async def answers() -> None:
    """Pass."""


if __name__ == "__main__":
    server = AgentServer(port=int(sys.argv[1]))
    server.register(AgentBase("desk", "/desk"))
    for number in range(PROBES):
        late = number < HANGING
        server.add_probe(Probe(f"probe {number}", hangs if late else answers, interval=1.0, critical=not late))
    server.run()
