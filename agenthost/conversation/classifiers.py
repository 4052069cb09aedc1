"""Classifiers: which of several agents a message is for."""

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

__all__ = ["Choice", "Classifier", "ClassifierProvider", "ClassifierTools", "examples_by_language"]

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@frozen
class Choice:
    """An agent that a message may be for.

    Args:
        agent: its key.
        description: what it is for, in a sentence.
        examples: what people say to it, by language code; ``""`` where the language is not told.
    """

    agent: str
    description: str = ""
    examples: Mapping[str, tuple[str, ...]] = field(default=_NOTHING, hash=False)


@frozen
class ClassifierTools:
    """What a classifier may use for one message.

    Args:
        complete: asks the language model, within the turn's budget; None where no real model is configured.
        seconds: how long it may take.
        kept: a store for what it has worked out about descriptions and examples, shared by the host's processes; None
            where there is none. Nothing that a person said belongs there.
    """

    complete: Callable[[ModelRequest], Awaitable[Completion]] | None = None
    seconds: float = 10.0
    kept: Store | None = None


class Classifier(Protocol):
    """Says which agent a message is for; one value serves all conversations, and keeps nothing of them."""

    @property
    def name(self) -> str:
        """What configuration calls it."""

    async def classify(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> Decision:
        """Choose.

        Args:
            text: what the person said. It is data: it never tells the classifier what to do.
            choices: at least one.
            tools: what it may use.
        """


@frozen
class ClassifierProvider:
    """Who makes classifiers of one kind, from what ``agenthost.toml`` says of them.

    A classifier may have an ``async def close(self)``: it is awaited when the host ends.

    Args:
        kind: what ``kind`` in ``[classifiers.<name>]`` names; left out there, the table's own name counts.
        make: makes a classifier of its name and its settings; called at start-up, and only for those that are used.
        settings: attrs class that the table is read into; None takes an empty table, and ``make`` gets None.
    """

    kind: str
    make: Callable[[str, Any], Classifier]
    settings: type | None = None


def examples_by_language(agent: str, examples: object) -> Mapping[str, tuple[str, ...]]:
    """Examples as an agent may give them, by language code; ``""`` for a plain list.

    Args:
        agent: whose they are, for errors.
        examples: a list of sentences, or such lists by language code.

    Raises:
        DefinitionError: they are neither.
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
                'Write examples=["Where is my order?"] or examples={"en": ["Where is my order?"]}.'
            )
        if said := tuple(dict.fromkeys(each.strip() for each in listed if each.strip())):
            found[language.strip().lower()] = said
    return MappingProxyType(found)
