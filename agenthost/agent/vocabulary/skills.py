"""Methods for skills: tools, prompt sections and hints as one unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.agent.skills import give_skill, load_skill
from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError
from agenthost.prompt import PromptSections

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SkillWords"]


class SkillWords(Configurable):
    """The skills of an agent."""

    def add_skill(self, skill_name: str, params: Mapping[str, Any] | None = None) -> Self:
        """Add a skill of an installed distribution (entry-point group ``agenthost.skills``).

        Args:
            skill_name: its name, or ``distribution:name`` if several use the name.
            params: its settings. Three apply to every skill: ``prefix``, the prefix of its tools' names (an agent may
                have a skill several times, with different ones), ``skip_prompt``, which leaves its sections out of
                the prompt, and ``swaig_fields``, further fields of its tools.

        Raises:
            DefinitionError: there is no such skill, its setup fails, the agent has it already, or has a tool of the
                same name.
        """
        draft = self._draft()
        own = dict(params or {})
        prefix = str(own.pop("prefix", ""))
        skip_prompt = bool(own.pop("skip_prompt", False))
        fields = own.pop("swaig_fields", {})
        key = f"{skill_name}_{prefix}" if prefix else skill_name
        if key in draft.skills:
            raise DefinitionError(
                f"agent {draft.name!r} already has the skill {key!r}. "
                f'Give this one a prefix of its own: add_skill("{skill_name}", {{"prefix": "…"}})'
            )
        skill = load_skill(skill_name, own, prefix)
        give_skill(self, key, skill, fields, skip_prompt=skip_prompt)
        return self

    def remove_skill(self, skill_name: str) -> Self:
        """Remove a skill and all that it added.

        A skill that the agent does not have is ignored.

        Args:
            skill_name: its key, as in ``list_skills``.
        """
        draft = self._draft()
        added = draft.skills.pop(skill_name, None)
        if added is None:
            return self
        for name in added.tools:
            draft.tools.pop(name, None)
        for hint in added.hints:
            draft.hints.remove(hint)
        for name, value in added.global_data.items():
            if draft.global_data.get(name) == value:
                del draft.global_data[name]
        for section in PromptSections.from_json(list(added.sections)).sections:
            if section in draft.prompt.sections.sections:
                draft.prompt.sections.sections.remove(section)
        return self

    def list_skills(self) -> list[str]:
        """Return the keys of the agent's skills: the name, with ``_`` and any prefix."""
        return list(self._declared.draft.skills)

    def has_skill(self, skill_name: str) -> bool:
        """Return True if the agent has a skill with this key."""
        return skill_name in self._declared.draft.skills
