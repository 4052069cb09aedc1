"""The configured classifiers and escalation detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._host.packages.providers import closing, make_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from agenthost._host.config.schema import Config
    from agenthost.conversation.classifiers import Classifier, ClassifierProvider

__all__ = ["Classifiers", "choose_classifiers"]

ALWAYS = ("lexical", "llm")
"""Classifiers that need no configuration."""


@frozen(eq=False)
class Classifiers:
    """The classifiers of a host."""

    made: Mapping[str, Classifier] = field(factory=dict)
    default: str = "lexical"
    problems: Mapping[str, str] = field(factory=dict)

    def find(self, name: str | None = None) -> Classifier | None:
        """Return the classifier with a name, or the default one, or None."""
        return self.made.get(name or self.default)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The reasons that configured classifiers could not be made."""
        return tuple(self.problems.values())

    def opened(self) -> AbstractAsyncContextManager[None]:
        """Close the classifiers after the block."""
        return closing("classifier", self.made)


def choose_classifiers(config: Config, providers: Sequence[tuple[str, ClassifierProvider]]) -> Classifiers:
    """Make the configured and the built-in classifiers.

    One that cannot be made is a problem, and does not affect the others.
    """
    if not providers:  # plugins were not called for classifiers
        return Classifiers(default=config.classifiers.default)
    names = sorted({*ALWAYS, config.classifiers.default, *config.classifiers.settings})
    made, problems = make_all(config, "classifier", config.classifiers, providers, names)
    return Classifiers(made, config.classifiers.default, problems)
