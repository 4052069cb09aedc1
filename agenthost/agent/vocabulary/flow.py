"""Methods for the flow of a call: verbs before, during and after the conversation."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Self

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError
from agenthost.swml.verbs import BEFORE_ANSWER, written_verb

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FlowWords"]

_log = logging.getLogger("agenthost.agent")


class FlowWords(Configurable):
    """The verbs that the platform runs around the conversation."""

    def add_pre_answer_verb(self, verb_name: str, config: Any) -> Self:
        """Run a verb while the call rings.

        Args:
            verb_name: a verb that works before a call is answered. ``play`` and ``connect`` answer it unless their
                configuration has ``"auto_answer": False``.
            config: its configuration.

        Raises:
            DefinitionError: the verb is unknown, does not fit its schema, or cannot run before the call is answered.
        """
        draft = self._draft()
        verb = written_verb(verb_name, config, checked=draft.checked, handlers=draft.verb_handlers)
        if draft.checked and verb_name not in BEFORE_ANSWER:
            raise DefinitionError(
                f"verb {verb_name!r} cannot run before the call is answered. These can: "
                f"{', '.join(sorted(BEFORE_ANSWER))}. fix: use add_post_answer_verb"
            )
        if verb_name in ("play", "connect") and isinstance(config, dict) and config.get("auto_answer") is not False:
            _log.warning(
                "agent %s: %s answers the call. fix: add 'auto_answer': False to its configuration",
                draft.name,
                verb_name,
            )
        draft.before_answer += [verb] if verb else []
        return self

    def add_answer_verb(self, config: Mapping[str, Any] | None = None) -> Self:
        """Set the configuration of ``answer``, such as ``{"max_duration": 3600}`` (seconds).

        An agent with ``auto_answer=False`` still does not answer.

        Raises:
            DefinitionError: the configuration does not fit the verb's schema.
        """
        draft = self._draft()
        written_verb("answer", dict(config or {}), checked=draft.checked, handlers=draft.verb_handlers)
        if draft.answer is not None:
            draft.answer = dict(config or {})
        return self

    def add_post_answer_verb(self, verb_name: str, config: Any) -> Self:
        """Run a verb when the call is answered, before the model speaks.

        Args:
            verb_name: any verb of SWML.
            config: its configuration.

        Raises:
            DefinitionError: the verb is unknown, or does not fit its schema.
        """
        draft = self._draft()
        verb = written_verb(verb_name, config, checked=draft.checked, handlers=draft.verb_handlers)
        draft.after_answer += [verb] if verb else []
        return self

    def add_post_ai_verb(self, verb_name: str, config: Any) -> Self:
        """Run a verb when the conversation has ended.

        Args:
            verb_name: any verb of SWML.
            config: its configuration.

        Raises:
            DefinitionError: the verb is unknown, or does not fit its schema.
        """
        draft = self._draft()
        verb = written_verb(verb_name, config, checked=draft.checked, handlers=draft.verb_handlers)
        draft.after_ai += [verb] if verb else []
        return self

    def add_section(self, section_name: str) -> bool:
        """Add an empty section to the document, besides ``main``.

        Returns:
            Whether it is new.
        """
        sections = self._draft().sections
        new = section_name != "main" and section_name not in sections
        sections.setdefault(section_name, [])
        return new

    def add_verb_to_section(self, section_name: str, verb_name: str, config: Any) -> bool:
        """Add a verb to a section of the document, which is created on demand.

        Verbs in ``main`` replace the whole conversation. An agent that has a prompt, too, is rejected.

        Returns:
            Whether it is written. A configuration that is not an object is left out, with a warning.

        Raises:
            DefinitionError: the verb is unknown, or does not fit its schema.
        """
        draft = self._draft()
        verb = written_verb(verb_name, config, checked=draft.checked, handlers=draft.verb_handlers)
        draft.sections.setdefault(section_name, []).extend([verb] if verb else [])
        return verb is not None

    def add_verb(self, verb_name: str, config: Any) -> bool:
        """Add a verb to a document that has no conversation, see ``add_verb_to_section``.

        For verbs around the conversation, use ``add_post_answer_verb`` and the like.
        """
        return self.add_verb_to_section("main", verb_name, config)

    def reset_document(self) -> None:
        """Remove the sections and verbs of ``add_section``, ``add_verb`` and ``add_verb_to_section``."""
        self._draft().sections = {}

    def register_verb_handler(self, handler: Any) -> None:
        """Accept a verb that SWML does not have.

        Args:
            handler: an object with ``get_verb_name()``, and ``validate_config(config)``, which returns whether the
                configuration fits, and a list of errors.
        """
        self._draft().verb_handlers[handler.get_verb_name()] = handler

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
