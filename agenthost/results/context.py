"""Actions on the call's data, its contexts and steps, and its prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.errors import DefinitionError
from agenthost.prompt import PromptSections
from agenthost.results.actions import Actions
from agenthost.results.arguments import given, instance

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ContextActions"]


class ContextActions(Actions):
    """Actions on the state of the call."""

    __slots__ = ()

    def update_global_data(self, data: dict[str, Any]) -> Self:
        """Merge values into the data that every tool and prompt of the call can see.

        Args:
            data: Keys and values that JSON can carry.
        """
        instance("data", data, dict, "an object")
        return self.add_action("set_global_data", data)

    def remove_global_data(self, keys: str | Sequence[str]) -> Self:
        """Remove values from the data of the call.

        Args:
            keys: One key or several.
        """
        instance("keys", keys, (str, list, tuple), "a string or a list of strings")
        return self.add_action("unset_global_data", keys)

    def set_semantic_state(self, state: dict[str, Any]) -> Self:
        """Replace the state that semantic gates use.

        Args:
            state: Keys and values, stored as ``semantic_state`` in the data of the call.
        """
        instance("state", state, dict, "an object")
        return self.update_global_data({"semantic_state": state})

    def set_metadata(self, data: dict[str, Any]) -> Self:
        """Merge values into the data that only tools with this one's ``meta_data_token`` can see.

        Args:
            data: Keys and values that JSON can carry.
        """
        instance("data", data, dict, "an object")
        return self.add_action("set_meta_data", data)

    def remove_metadata(self, keys: str | Sequence[str]) -> Self:
        """Remove values from the data of this tool.

        Args:
            keys: One key or several.
        """
        instance("keys", keys, (str, list, tuple), "a string or a list of strings")
        return self.add_action("unset_meta_data", keys)

    def swml_change_step(self, step_name: str) -> Self:
        """Continue at another step of this context.

        Args:
            step_name: Name of the step, or ``next``.
        """
        instance("step_name", step_name, str, "a string")
        return self.add_action("change_step", step_name)

    def swml_change_context(self, context_name: str) -> Self:
        """Continue in another context of this agent.

        Args:
            context_name: Name of the context.
        """
        instance("context_name", context_name, str, "a string")
        return self.add_action("change_context", context_name)

    def switch_context(
        self,
        system_prompt: str | None = None,
        user_prompt: str | None = None,
        consolidate: bool = False,  # noqa: FBT001, FBT002 - positional in the field
        full_reset: bool = False,  # noqa: FBT001, FBT002
        *,
        system_pom: PromptSections | list[dict[str, Any]] | None = None,
        user_pom: PromptSections | list[dict[str, Any]] | None = None,
    ) -> Self:
        """Restart the conversation with another prompt.

        Args:
            system_prompt: The new system prompt.
            user_prompt: The caller's supposed first words.
            consolidate: Whether the conversation so far is summarised for the model.
            full_reset: Whether the conversation so far is forgotten.
            system_pom: ``system_prompt`` as prompt sections.
            user_pom: ``user_prompt`` as prompt sections.

        Raises:
            DefinitionError: A prompt is passed both as text and as sections, or its sections are not valid.
        """
        if (system_prompt and system_pom) or (user_prompt and user_pom):
            raise DefinitionError("switch_context takes a prompt as text or as sections, not as both")
        switch = given(
            system_prompt=system_prompt,
            user_prompt=user_prompt,
            system_pom=_sections(system_pom),
            user_pom=_sections(user_pom),
            consolidate=consolidate or None,
            full_reset=full_reset or None,
        )
        only_system_prompt = switch.keys() == {"system_prompt"}
        return self.add_action("context_switch", system_prompt if only_system_prompt else switch)


def _sections(pom: PromptSections | list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    if pom is None:
        return []
    sections = pom if isinstance(pom, PromptSections) else PromptSections.from_json(pom)
    return sections.to_dict()
