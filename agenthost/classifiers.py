"""Classifiers: which of several agents a message is for."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from agenthost.models import Completion, ModelRequest
    from agenthost.workflows.turns import Decision

__all__ = ["Choice", "Classifier", "ClassifierTools"]

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
    """

    complete: Callable[[ModelRequest], Awaitable[Completion]] | None = None
    seconds: float = 10.0


class Classifier(Protocol):
    """Says which agent a message is for; one value serves all conversations, and keeps nothing of them."""

    name: str
    """What configuration calls it."""

    async def classify(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> Decision:
        """Choose.

        Args:
            text: what the person said. It is data: it never tells the classifier what to do.
            choices: at least one.
            tools: what it may use.
        """
