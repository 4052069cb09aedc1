"""The configured language models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._host.packages.providers import Made, closing, made_later, make_all, unchanged
from agenthost.errors import ModelRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from agenthost._host.config.schema import Config
    from agenthost.conversation.models import ChatModel, ModelProvider

__all__ = ["OFFLINE", "Models", "choose_models"]

OFFLINE = "offline"
"""The model that needs no configuration."""


@frozen(eq=False)
class Models:
    """The language models of a host."""

    made: Made[ChatModel] = field(factory=Made)
    default: str = OFFLINE
    problems: Mapping[str, str] = field(factory=dict)
    tables: Mapping[str, object] = field(factory=dict, repr=False)
    """The tables that they were made by."""

    def find(self, name: str | None = None) -> ChatModel:
        """Return the model with a name, or the default one.

        Raises:
            ModelRefused: there is no such model, or it could not be made.
        """
        name = name or self.default
        model = self.made.get(name)
        if model is None:
            raise ModelRefused(
                self.problems.get(name, f"there is no language model {name!r}: [models.{name}] is missing.")
            )
        return model

    def is_real(self, name: str | None = None) -> bool:
        """Return True if the model, by default the default one, is a language model."""
        model = self.made.get(name or self.default)
        return model is not None and not getattr(model, "offline", False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The reasons that models in use could not be made."""
        return tuple(self.problems.values())

    def opened(self, before: Models | None = None) -> AbstractAsyncContextManager[None]:
        """Close the models after the block, but for those of an earlier plan."""
        earlier = before.made.so_far if before is not None else {}
        own = {name: made for name, made in self.made.so_far.items() if earlier.get(name) is not made}
        return closing("model", own)


def choose_models(
    config: Config,
    providers: Sequence[tuple[str, ModelProvider]],
    wanted: Iterable[str] = (),
    before: Models | None = None,
) -> Models:
    """Make the models in use.

    One that cannot be made is a problem, and does not affect the others. Those of an earlier plan stay unless their
    tables have changed.
    """
    names = sorted({OFFLINE, config.models.default, *wanted})
    kept = unchanged(config.models, before.made, before.tables, names) if before is not None else {}
    later = made_later(config.models, providers, [name for name in (OFFLINE,) if name not in kept])
    made, problems = make_all(
        config, "model", config.models, providers, [name for name in names if name not in {**kept, **later}]
    )
    if not providers:  # plugins were not called for models
        problems.pop(OFFLINE, None)
    return Models(Made({**made, **kept}, later), config.models.default, problems, config.models.settings)
