"""The configured classifiers and escalation detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._host.packages.providers import Made, closing, made_later, make_all, unchanged

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

    made: Made[Classifier] = field(factory=Made)
    default: str = "lexical"
    problems: Mapping[str, str] = field(factory=dict)
    tables: Mapping[str, object] = field(factory=dict, repr=False)
    """The tables that they were made by."""

    def find(self, name: str | None = None) -> Classifier | None:
        """Return the classifier with a name, or the default one, or None."""
        return self.made.get(name or self.default)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The reasons that configured classifiers could not be made."""
        return tuple(self.problems.values())

    def opened(self, before: Classifiers | None = None) -> AbstractAsyncContextManager[None]:
        """Close the classifiers after the block, but for those of an earlier plan."""
        earlier = before.made.so_far if before is not None else {}
        own = {name: made for name, made in self.made.so_far.items() if earlier.get(name) is not made}
        return closing("classifier", own)


def choose_classifiers(
    config: Config, providers: Sequence[tuple[str, ClassifierProvider]], before: Classifiers | None = None
) -> Classifiers:
    """Make the configured and the built-in classifiers.

    One that cannot be made is a problem, and does not affect the others. Those of an earlier plan stay unless their
    tables have changed.
    """
    table = config.classifiers
    if not providers:  # plugins were not called for classifiers
        return Classifiers(default=table.default)
    names = sorted({*ALWAYS, table.default, *table.settings})
    kept = unchanged(table, before.made, before.tables, names) if before is not None else {}
    later = made_later(table, providers, [name for name in ALWAYS if name not in kept])
    made, problems = make_all(
        config, "classifier", table, providers, [name for name in names if name not in {**kept, **later}]
    )
    return Classifiers(Made({**made, **kept}, later), table.default, problems, table.settings)
