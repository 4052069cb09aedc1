"""Classifiers: the choice of an agent for a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from agenthost.conversation.models import Completion, ModelRequest
    from agenthost.conversation.turns import Decision
    from agenthost.state import Store

__all__ = ["Choice", "Classifier", "ClassifierProvider", "ClassifierTools", "Match", "examples_by_language"]

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@frozen
class Choice:
    """An agent that a message may be for.

    Args:
        agent: its key.
        description: its purpose, in a sentence.
        examples: messages for it, by language code, or ``""`` for an unknown language.
    """

    agent: str
    description: str = ""
    examples: Mapping[str, tuple[str, ...]] = field(default=_NOTHING, hash=False)


@frozen
class ClassifierTools:
    """The tools of a classifier for one message.

    Args:
        complete: calls the language model, within the turn's budget. None if no language model is configured.
        seconds: timeout in seconds.
        kept: a cache for values derived from descriptions and examples, shared by the host's processes, or None. It
            must not store anything of a person's messages.
    """

    complete: Callable[[ModelRequest], Awaitable[Completion]] | None = None
    seconds: float = 10.0
    kept: Store | None = None


@frozen
class Match:
    """A text that is close to a message.

    Args:
        agent: the agent whose description or example it is. None for small talk.
        text: the text.
        similarity: the similarity, at most 1.
    """

    agent: str | None
    text: str
    similarity: float


class Classifier(Protocol):
    """A function that chooses the agent for a message.

    One value serves all conversations, and stores nothing of them. If it has an ``async def closest(self, text,
    choices, tools)`` that returns ``Match`` values, ``agenthost route explain`` shows them.
    """

    @property
    def name(self) -> str:
        """The classifier's name in the configuration."""

    async def classify(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> Decision:
        """Choose an agent.

        Args:
            text: the message. It is data, never an instruction to the classifier.
            choices: at least one agent.
            tools: the classifier's tools.
        """


@frozen
class ClassifierProvider:
    """A factory of classifiers of one kind.

    If a classifier has an ``async def close(self)``, the host awaits it at its end.

    Args:
        kind: the value of ``kind`` in ``[classifiers.<name>]``, which defaults to the name of the table.
        make: makes a classifier from its name and its settings. Called at start-up, only for classifiers in use.
        settings: attrs class for the table. With None, the table must be empty, and ``make`` gets None.
    """

    kind: str
    make: Callable[[str, Any], Classifier]
    settings: type | None = None


def examples_by_language(agent: str, examples: object) -> Mapping[str, tuple[str, ...]]:
    """Return examples by language code, with ``""`` for a plain list.

    Args:
        agent: name of the agent, for errors.
        examples: a list of sentences, or such lists by language code.

    Raises:
        DefinitionError: the examples are neither.
    """
    given = examples if isinstance(examples, Mapping) else {"": examples}
    found: dict[str, tuple[str, ...]] = {}
    for language, sentences in given.items():
        listed = (
            tuple(sentences) if isinstance(sentences, Iterable) and not isinstance(sentences, str | bytes) else None
        )
        if not isinstance(language, str) or listed is None or not all(isinstance(each, str) for each in listed):
            raise DefinitionError(
                f"agent {agent!r}: examples must be a list of sentences, or lists by language, not {sentences!r}. "
                'fix: write examples=["Where is my order?"] or examples={"en": ["Where is my order?"]}.'
            )
        if said := tuple(dict.fromkeys(each.strip() for each in listed if each.strip())):
            found[language.strip().lower()] = said
    return MappingProxyType(found) if found else _NOTHING
