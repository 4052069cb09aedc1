"""Programs that several workers serve: each imports the module of an ``AgentServer`` itself.

It does so after the fork, so that connections and processes that the module opens belong to one worker alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING

from agenthost._discovery import AGENTS, Candidate
from agenthost._host.config.load import in_force
from agenthost._host.packages.diagnosis import diagnose
from agenthost._web.front import Front
from agenthost.agent.base import AgentBase
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost._host.config.schema import Config
    from agenthost._host.plan.plan import HostPlan

__all__ = ["first_plan", "front_of"]


def front_of(program: str, config: Config) -> Front:
    """Import a program, and return its front, which serves by a worker's configuration.

    Args:
        program: ``module:name`` of its ``AgentServer``.
        config: the configuration of the worker.

    Raises:
        PlanError: the module cannot be imported, or has no such server.
    """
    module, _, name = program.partition(":")
    with _in_force(config):
        try:
            server = attrgetter(name)(import_module(module))
        except (Exception, SystemExit) as error:  # anything may happen in it
            reason = diagnose(error, Candidate(AGENTS, name, program, "code", "", ""), name).reason
            raise PlanError(f"{program}: {reason}") from error
        front = getattr(server, "app", None)
    if not isinstance(front, Front):
        fix = "name the AgentServer of the module"
        if isinstance(server, AgentBase):
            fix = f"agenthost run {module.replace('.', '/')}.py:{name}"
        msg = f"{program} is not an AgentServer: its type is {type(server).__name__}. fix: {fix}"
        raise PlanError(msg)
    return front


def first_plan(front: Front) -> HostPlan:
    """Let the program of a front mount its agents.

    Raises:
        PlanError: an agent cannot be mounted.
    """
    plan = front.start()
    if plan is None:
        raise PlanError("the program has started its server while it was imported. fix: leave that to agenthost run")
    return plan


@contextmanager
def _in_force(config: Config) -> Iterator[None]:
    token = in_force.set(config)
    try:
        yield
    finally:
        in_force.reset(token)
