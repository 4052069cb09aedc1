"""Methods for the flow of a call: verbs before, during and after the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError
from agenthost.swml.verbs import BEFORE_ANSWER, written_verb

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FlowWords"]


class FlowWords(Configurable):
    """The verbs that the platform runs around the conversation."""

    def add_pre_answer_verb(self, verb_name: str, config: Any) -> Self:
        """Run a verb while the call rings.

        Args:
            verb_name: a verb that works before a call is answered. ``play`` and ``connect`` answer it unless their
                configuration has ``"auto_answer": False``.
            config: its configuration.

        Raises:
            DefinitionError: the verb is unknown, or cannot run before the call is answered.
        """
        draft = self._draft()
        verb = written_verb(verb_name, config, checked=draft.checked)
        if draft.checked and verb_name not in BEFORE_ANSWER:
            raise DefinitionError(
                f"verb {verb_name!r} cannot run before the call is answered. These can: "
                f"{', '.join(sorted(BEFORE_ANSWER))}. fix: use add_post_answer_verb"
            )
        draft.before_answer += [verb] if verb else []
        return self

    def add_answer_verb(self, config: Mapping[str, Any] | None = None) -> Self:
        """Set the configuration of ``answer``, such as ``{"max_duration": 3600}`` (seconds).

        An agent with ``auto_answer=False`` still does not answer.
        """
        draft = self._draft()
        if draft.answer is not None:
            draft.answer = dict(config or {})
        return self

    def add_post_answer_verb(self, verb_name: str, config: Any) -> Self:
        """Run a verb when the call is answered, before the model speaks.

        Args:
            verb_name: any verb of SWML.
            config: its configuration.

        Raises:
            DefinitionError: the verb is unknown.
        """
        draft = self._draft()
        verb = written_verb(verb_name, config, checked=draft.checked)
        draft.after_answer += [verb] if verb else []
        return self

    def add_post_ai_verb(self, verb_name: str, config: Any) -> Self:
        """Run a verb when the conversation has ended.

        Args:
            verb_name: any verb of SWML.
            config: its configuration.

        Raises:
            DefinitionError: the verb is unknown.
        """
        draft = self._draft()
        verb = written_verb(verb_name, config, checked=draft.checked)
        draft.after_ai += [verb] if verb else []
        return self

    def clear_pre_answer_verbs(self) -> Self:
        """Remove the verbs that run while the call rings."""
        self._draft().before_answer = []
        return self

    def clear_post_answer_verbs(self) -> Self:
        """Remove the verbs that run when the call is answered, except recording."""
        self._draft().after_answer = []
        return self

    def clear_post_ai_verbs(self) -> Self:
        """Remove the verbs that run when the conversation has ended."""
        self._draft().after_ai = []
        return self
