"""``[workflows.<name>]``: workflows over installed agents, declared in agenthost.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from agenthost._host.config.author_settings import build_settings
from agenthost.errors import ConfigurationError, DefinitionError
from agenthost.workflows import Escalation, Parallel, Router, Sequential, Vote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.place import Place
    from agenthost._host.config.schema import WorkflowConfig
    from agenthost.workflows import Workflow

__all__ = ["KINDS", "built_workflow"]


@frozen(kw_only=True)
class _Common:
    """What every kind takes."""

    description: str | None = None
    examples: tuple[str, ...] = ()
    fallback: str | None = None
    sip: tuple[str, ...] = ()


@frozen(kw_only=True)
class RouterSettings(_Common):
    """What a router takes."""

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
    """What a chain takes."""

    seconds: float | None = None
    strict: bool | None = None


@frozen(kw_only=True)
class ParallelSettings(_Common):
    """What agents at once take."""

    seconds: float | None = None
    minimum: int | None = None
    enough: int | None = None
    synthesis: str | None = None


@frozen(kw_only=True)
class VoteSettings(_Common):
    """What a vote takes."""

    seconds: float | None = None
    minimum: int | None = None
    method: str | None = None


@frozen(kw_only=True)
class EscalationSettings(_Common):
    """What an escalation takes."""

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
    """The workflow that a table declares.

    Args:
        name: the workflow's name.
        table: the table.
        place: where it is configured.

    Raises:
        ConfigurationError: something in it cannot be.
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
        raise ConfigurationError(f"{place.at('seconds')}: {seconds} is no time. Write seconds = 20.0.")
    for name in ("threshold", "margin"):
        if not 0 <= options.get(name, 0) <= 1:
            raise ConfigurationError(f"{place.at(name)}: {options[name]} is not 0 to 1. Write {name} = 0.5.")
