"""``[workflows.<name>]``: workflows over installed agents, declared in agenthost.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from agenthost._host.config.author_settings import build_settings
from agenthost.errors import ConfigurationError, DefinitionError
from agenthost.workflows.escalation import Escalation
from agenthost.workflows.parallel import Parallel
from agenthost.workflows.router import Router
from agenthost.workflows.sequential import Sequential
from agenthost.workflows.vote import Vote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.place import Place
    from agenthost._host.config.schema import WorkflowConfig
    from agenthost.workflows.workflow import Workflow

__all__ = ["KINDS", "built_workflow"]


@frozen(kw_only=True)
class _Common:
    """The settings of every kind."""

    description: str | None = None
    examples: tuple[str, ...] = ()
    fallback: str | None = None
    sip: tuple[str, ...] = ()


@frozen(kw_only=True)
class RouterSettings(_Common):
    """The settings of a router."""

    fallback_agent: str | None = None
    escalate_to: str | None = None
    classifier: str | None = None
    threshold: float | None = None
    margin: float | None = None
    sticky: bool | None = None
    clarify: bool | None = None
    question: str | None = None
    detectors: tuple[str, ...] | None = None
    seconds: float | None = None


@frozen(kw_only=True)
class SequentialSettings(_Common):
    """The settings of a sequential workflow."""

    seconds: float | None = None
    strict: bool | None = None


@frozen(kw_only=True)
class ParallelSettings(_Common):
    """The settings of a parallel workflow."""

    seconds: float | None = None
    minimum: int | None = None
    enough: int | None = None
    synthesis: str | None = None


@frozen(kw_only=True)
class VoteSettings(_Common):
    """The settings of a vote."""

    seconds: float | None = None
    minimum: int | None = None
    method: str | None = None


@frozen(kw_only=True)
class EscalationSettings(_Common):
    """The settings of an escalation."""

    detectors: tuple[str, ...] | None = None
    seconds: float | None = None


KINDS: Mapping[str, tuple[type[Workflow], type[_Common]]] = {
    "router": (Router, RouterSettings),
    "sequential": (Sequential, SequentialSettings),
    "parallel": (Parallel, ParallelSettings),
    "vote": (Vote, VoteSettings),
    "escalation": (Escalation, EscalationSettings),
}


def built_workflow(name: str, table: WorkflowConfig, place: Place) -> Workflow:
    """Build the workflow of a table.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    kind, takes = KINDS[table.kind]
    settings = build_settings(takes, table.settings, place, reserved=table.own_keys)
    options: dict[str, Any] = {
        option: value
        for option, value in attrs.asdict(settings, recurse=False).items()
        if value is not None and value != ()
    }
    _check_positive(options, place)
    try:
        return kind(name, table.agents, **options)
    except DefinitionError as error:
        raise ConfigurationError(f"{place}: {error}") from error


def _check_positive(options: Mapping[str, Any], place: Place) -> None:
    seconds = options.get("seconds", 1.0)
    if not 0 < seconds <= 86400:  # noqa: PLR2004 - a day
        raise ConfigurationError(f"{place.at('seconds')}: {seconds} is not a time. fix: write seconds = 20.0.")
    for name in ("threshold", "margin"):
        if not 0 <= options.get(name, 0) <= 1:
            raise ConfigurationError(f"{place.at(name)}: {options[name]} is not 0 to 1. fix: write {name} = 0.5.")
