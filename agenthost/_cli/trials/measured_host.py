"""The host that ``agenthost capacity`` measures: this configuration with one worker, on a free port."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import evolve, frozen

from agenthost.errors import AddressError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenthost._host.config.schema import Config

__all__ = ["MeasuredHost", "measured_host", "trial_config"]

_SECONDS = 10.0
"""Timeout of the host's answer about itself."""
_READY = b"."
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@frozen
class MeasuredHost:
    """A running host with one worker.

    Args:
        url: its URL, with credentials.
        process: its first process.
        agents: the status of each agent that it serves.
        worker: its worker's process.
    """

    url: str
    process: int
    agents: tuple[Mapping[str, Any], ...]
    worker: int

    def cpu_seconds(self) -> float:
        """Return the CPU time of all its processes so far."""
        return sum(map(_cpu_of, _family(self.process)))

    def worker_memory(self) -> int:
        """Return the memory of the worker and of its agents' own processes, in bytes."""
        return sum(map(_memory_of, _family(self.worker)))

    def memory(self) -> int:
        """Return the memory of all its processes in bytes, shared pages once."""
        return sum(map(_memory_of, _family(self.process)))


def trial_config(config: Config) -> Config:
    """Return a configuration for one worker on this machine, to which every call is admitted."""
    host = evolve(
        config.host,
        host="127.0.0.1",
        port=0,
        workers=1,
        public_url=None,
        webhook_keys=(),
        debuggable=True,
        drain_grace=0,
        log_level="warning" if config.host.log_level == "info" else config.host.log_level,
        log_format="text" if config.host.log_format == "auto" else config.host.log_format,
    )
    agents = {
        name: evolve(each, user=None, password=None, passwords=(), reachable_from=())
        for name, each in config.agents.items()
    }
    return evolve(config, host=host, health=evolve(config.health, port=None), agents=agents)


@contextmanager
def measured_host(config: Config) -> Iterator[MeasuredHost]:
    """Serve a configuration in processes of its own during the block.

    Raises:
        SystemExit: the host did not start, and has printed the reason.
        AddressError: no port can be opened, or the host does not answer.
    """
    from agenthost._host.operations.control_socket import ask_host, socket_path
    from agenthost._web.process.ports import address, listen

    with listen(config.host.host, config.host.port) as opened:
        port, url = opened.getsockname()[1], address(opened)
        reading, writing = os.pipe()
        alive, kept = os.pipe()
        process = os.fork()
        if not process:
            os.close(reading)
            os.close(kept)
            _serve(opened, config, writing, alive)
            sys.exit()
        os.close(writing)
        os.close(alive)
    try:
        if os.read(reading, 1) != _READY:
            raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) or 1)
        status = ask_host(socket_path(config, port), {"command": "status"}, _SECONDS)
        worker = next((each["process"] for each in status["workers"] if each["ready"]), None)
        if worker is None:
            raise AddressError("the host serves, but is not ready. fix: agenthost doctor")
        served = tuple(agent for agent in status["agents"] if agent["state"] == "ready")
        pair = f"{quote(config.host.user, safe='')}:{quote(config.host.accepted_passwords[0].reveal(), safe='')}"
        yield MeasuredHost(url.replace("http://", f"http://{pair}@"), process, served, worker)
    finally:
        os.close(reading)
        os.close(kept)  # ends the host
        with suppress(ChildProcessError):
            os.waitpid(process, 0)


def _serve(opened: Any, config: Config, writing: int, alive: int) -> None:
    """Serve until the other end of ``alive`` is closed."""
    import signal
    import threading

    from agenthost._web.supervisor.serving import serve_with_workers

    def end() -> None:
        os.read(alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def tell(_: object) -> None:
        os.write(writing, _READY)

    threading.Thread(target=end, name="agenthost-capacity", daemon=True).start()
    serve_with_workers(opened, config, tell)


def _family(process: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [process]
    for each in found:
        with suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text("ascii").split())
    return found


def _cpu_of(process: int) -> float:
    with suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0


def _memory_of(process: int) -> int:
    """Return the memory of a process in bytes, its part of shared pages included."""
    with suppress(OSError, ValueError, IndexError):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text("ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    from agenthost._host.isolation.starving import memory_of

    return memory_of(process)
