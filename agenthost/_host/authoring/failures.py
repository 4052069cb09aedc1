"""Failures of packages, with their tracebacks.

A new process loads the packages as they are on disk, since one that serves has imported an earlier version of them.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._discovery import COMMANDS, SKILLS
from agenthost._host.generations.channel import Channel, channel_pair
from agenthost._host.generations.children import start_python
from agenthost._host.packages.diagnosis import Diagnosis, diagnose
from agenthost._host.packages.guarded_run import Failed, run_guarded
from agenthost._host.packages.instantiate import resolve
from agenthost._host.runtime.start import installed_plan
from agenthost._host.walls.kernel import set_debuggable
from agenthost.agent.skills import Skill
from agenthost.errors import DefinitionError, PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenthost._discovery import Candidate
    from agenthost._host.config.schema import Config
    from agenthost._host.plan.plan import HostPlan

__all__ = ["Part", "accepted_parts", "failures_now", "main", "parts_of", "tracebacks"]

_PROGRAM = "from agenthost._host.authoring.failures import main; main()"
_KINDS = {SKILLS: "skill", COMMANDS: "command"}


@frozen
class Part:
    """A skill or a command of a package, which a host loads late.

    Args:
        offer: its entry point.
        diagnosis: the reason that it cannot be loaded, or None.
    """

    offer: Candidate
    diagnosis: Diagnosis | None

    def __str__(self) -> str:
        return f"{_KINDS[self.offer.group]} {self.offer.name} ({self.offer.distribution} {self.offer.version})"

    def report(self) -> dict[str, Any]:
        """Return it as JSON."""
        known = {"kind": _KINDS[self.offer.group], "name": self.offer.name}
        known |= {"package": self.offer.distribution, "version": self.offer.version}
        return known | ({"state": "ready"} if self.diagnosis is None else {"state": "failed"} | self.diagnosis.report())


def parts_of(offers: Iterable[Candidate], timeout: float) -> list[Part]:
    """Load the skills and commands of packages, each within ``timeout`` seconds."""
    wanted = [each for each in offers if each.group in _KINDS and each.distribution != "agenthost"]
    outcomes = run_guarded([partial(_load, each) for each in wanted], timeout)
    return [
        Part(offer, diagnose(outcome.error, offer, offer.name) if isinstance(outcome, Failed) else None)
        for offer, outcome in zip(wanted, outcomes, strict=True)
    ]


def _load(offer: Candidate) -> object:
    offered: object = resolve(offer.value)
    if offer.group == SKILLS and not (isinstance(offered, type) and issubclass(offered, Skill)):
        raise DefinitionError(f"{offer.value} is not a subclass of agenthost.Skill.")
    if offer.group == COMMANDS and not hasattr(offered, "make_context"):
        raise DefinitionError(f"{offer.value} is of type {type(offered).__name__}, not a click command.")
    return offered


def accepted_parts(config: Config, parts: list[Part]) -> list[Part]:
    """Return the parts, or reject them if the configuration is strict and one failed.

    Raises:
        PlanError: they are rejected.
    """
    failed = [f"{each}: {each.diagnosis.reason}" for each in parts if each.diagnosis is not None]
    if config.host.strict and failed:
        raise PlanError(f"host.strict: not everything can be loaded: {'; '.join(failed)}")
    return parts


def tracebacks(plan: HostPlan, parts: Iterable[Part] = ()) -> dict[str, str]:
    """Return the traceback of everything that failed, by its name in messages."""
    failed = [(item.key, item.diagnosis) for item in plan.failed]
    failed += [(f"plugin {plugin.called}", plugin.diagnosis) for plugin in plan.plugins]
    failed += [(str(each), each.diagnosis) for each in parts]
    return {name: found.traceback for name, found in failed if found is not None and found.traceback}


def failures_now(config: Config) -> dict[str, str]:
    """Load the packages in a new process, and return the traceback of each failure."""
    ours, theirs = channel_pair()
    child = start_python(_PROGRAM, theirs.fileno())
    theirs.close()
    try:
        ours.send(config)
        found, _ = ours.receive()
    except (EOFError, OSError):
        found = {}
    finally:
        ours.close()
        child.join()
        child.close()
    result: dict[str, str] = found
    return result


def main() -> None:
    """Load the packages, and report, as the new process."""
    set_debuggable(False)
    channel = Channel.of(int(sys.argv[1]))
    config, _ = channel.receive()
    channel.send(tracebacks(installed_plan(config)))
