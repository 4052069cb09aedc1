"""Skills: tools, prompt sections and hints as one unit, from any installed distribution.

A distribution offers a skill in the entry-point group ``agenthost.skills``. An agent adds it by name, with
``AgentBase.add_skill``.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import asynccontextmanager
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from agenthost._error_words import did_you_mean, message_of, summary_of
from agenthost.errors import DefinitionError
from agenthost.prompt import PromptSections
from agenthost.swml.draft import AddedSkill
from agenthost.tools.tool import Tool, declarations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from agenthost._discovery import Candidate

__all__ = ["Skill", "give_skill", "load_skill", "opens"]


class Skill:
    """Tools, prompt sections and hints that an agent adds as one.

    Its tools are methods marked with ``@AgentBase.tool``, plain or typed. A skill keeps no state of a call: one
    instance serves every call of its agent.

    Args:
        settings: an instance of ``Settings``, or None if the skill has none.
        prefix: prefix of its tools' names, for an agent that has the skill several times.
    """

    Settings: ClassVar[type | None] = None
    """An attrs class of the skill's parameters, with defaults and validators."""

    def __init__(self, settings: Any = None, *, prefix: str = "") -> None:
        self.settings = settings
        self.prefix = prefix

    def setup(self) -> None:
        """Check requirements, such as a key in the settings, and raise if one is missing."""

    def hints(self) -> Sequence[str]:
        """Return words that callers are likely to say because of the skill."""
        return ()

    def prompt_sections(self) -> Sequence[Mapping[str, Any]]:
        """Return prompt sections: objects with ``title`` and ``body``, ``bullets`` or ``subsections``."""
        return ()

    def global_data(self) -> Mapping[str, Any]:
        """Return data that every call of the agent starts with."""
        return {}

    def describe(self, agent: Any) -> None:
        """Add what the other methods cannot express, by the methods of the agent.

        Called once, after them, when an agent adds the skill. Data maps, tools that are named by the settings, and
        parameters of the model are examples. ``remove_skill`` removes the tools, hints, sections and global data that
        this adds.

        Args:
            agent: the agent that adds the skill, an ``AgentBase``.
        """

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Open resources for the time that the agent is served, such as clients.

        Override it in a subclass. It is entered before the agent's own ``lifespan``, by the same rules.
        """
        yield

    def tool_name(self, name: str) -> str:
        """Return the model's name for one of the skill's tools."""
        return f"{self.prefix}_{name}" if self.prefix else name

    def tools(self, fields: Mapping[str, Any] | None = None) -> Iterator[Tool]:
        """Yield the skill's tools.

        Args:
            fields: further fields of their descriptions, such as ``fillers``.
        """
        for attribute, declaration in declarations(type(self)).items():
            name = self.tool_name(declaration.name or attribute)
            yield Tool.define(name, getattr(self, attribute), **{**(fields or {}), **declaration.options})


def opens(skill: Skill) -> bool:
    """Return True if a skill has a lifespan of its own."""
    return type(skill).lifespan is not Skill.lifespan


def give_skill(
    agent: Any, key: str, skill: Skill, fields: Mapping[str, Any] | None = None, *, skip_prompt: bool = False
) -> None:
    """Add a skill to an agent.

    Args:
        agent: the agent.
        key: the skill's key for ``remove_skill``.
        skill: the skill.
        fields: further fields of its tools.
        skip_prompt: whether its sections are left out.

    Raises:
        DefinitionError: the agent has a tool of the same name, or is the copy of one call and the skill has a lifespan.
    """
    own = agent._declared  # noqa: SLF001 - a part of AgentBase
    draft = own.draft
    if own.of_call and opens(skill):
        raise DefinitionError(
            f"the skill {key!r} has a lifespan, which begins before calls do. fix: add it in __init__, not for a call"
        )
    tools = list(skill.tools(fields))
    for tool in tools:
        if tool.name in draft.tools:
            owner = next((other for other, added in draft.skills.items() if tool.name in added.tools), None)
            raise DefinitionError(
                f"skill {key!r} brings a tool {tool.name!r}, and agent {draft.name!r} has one "
                f"{f'from the skill {owner!r}' if owner else 'of its own'}. "
                "fix: give the skill a prefix, or rename the agent's tool"
            )
    sections = () if skip_prompt else tuple(dict(section) for section in skill.prompt_sections())
    read = PromptSections.from_json(list(sections))
    known, before = set(draft.tools), list(draft.prompt.sections.sections)
    hints, data = len(draft.hints), dict(draft.global_data)
    draft.tools.update((tool.name, tool) for tool in tools)
    draft.hints.extend(skill.hints())
    draft.global_data.update(skill.global_data())
    draft.prompt.sections.sections.extend(read.sections)
    _guarded(f"skill {key!r}", lambda: skill.describe(agent), "describe itself")
    new = [section for section in draft.prompt.sections.sections if not any(section is each for each in before)]
    draft.skills[key] = AddedSkill(
        tuple(name for name in draft.tools if name not in known),
        tuple(draft.hints[hints:]),
        tuple(section.to_dict() for section in new),
        {name: value for name, value in draft.global_data.items() if data.get(name, skill) != value},
        skill,
    )


def load_skill(name: str, params: Mapping[str, Any], prefix: str) -> Skill:
    """Import a skill and create it.

    Args:
        name: its entry point, or ``distribution:name`` if several distributions use the name.
        params: its settings.
        prefix: see ``Skill``.

    Raises:
        DefinitionError: no distribution or several offer it, it cannot be imported, or its settings are wrong.
    """
    offer = _offer(name)
    whose = f"skill {name!r} of {offer.distribution} {offer.version}"
    try:
        module, _, attribute = offer.value.partition(":")
        offered = attrgetter(attribute.partition("[")[0].strip())(importlib.import_module(module.strip()))
    except Exception as error:
        raise DefinitionError(f"{whose} cannot be imported: {summary_of(error)}.") from error
    if not (isinstance(offered, type) and issubclass(offered, Skill)):
        raise DefinitionError(f"{whose}: {offer.value} is not a subclass of agenthost.Skill.")
    skill = offered(_settings(whose, offered.Settings, params), prefix=prefix)
    _guarded(whose, skill.setup)
    return skill


def _guarded(whose: str, setup: Callable[[], None], what: str = "be set up") -> None:
    try:
        setup()
    except Exception as error:
        raise DefinitionError(f"{whose} cannot {what}: {message_of(error)}") from error


def _settings(whose: str, kind: type | None, params: Mapping[str, Any]) -> Any:
    known = [field.alias for field in attrs.fields(kind) if field.init] if kind is not None else []
    if unknown := [name for name in params if name not in known]:
        takes = f"Its parameters are {', '.join(known)}" if known else "It has none of its own"
        raise DefinitionError(f"{whose} has no parameter {unknown[0]!r}. {did_you_mean(unknown[0], known)}{takes}.")
    if kind is None:
        return None
    try:
        return kind(**params)
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"{whose}: {message_of(error)}") from error


def _offer(name: str) -> Candidate:
    distribution, _, plain = name.rpartition(":")
    offers = [
        offer for offer in _offers(tuple(sys.path)) if offer.name == plain and distribution in ("", offer.distribution)
    ]
    if not offers:
        known = sorted({offer.name for offer in _offers(tuple(sys.path))})
        raise DefinitionError(
            f"no installed distribution offers the skill {name!r}. {did_you_mean(plain, known)}"
            f"Installed: {', '.join(known) or 'none'}."
        )
    if len(offers) > 1:
        choices = " or ".join(f"'{offer.distribution}:{plain}'" for offer in offers)
        raise DefinitionError(f"several distributions offer the skill {name!r}. fix: write {choices}.")
    return offers[0]


@cache
def _offers(path: tuple[str, ...]) -> tuple[Candidate, ...]:
    """Return every installed skill, cached because per-call callbacks may add skills."""
    from agenthost._discovery import SKILLS, discover  # noqa: PLC0415 - needed only by agents with skills

    return discover((SKILLS,), path)
