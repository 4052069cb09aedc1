"""Language models: which are configured, and who makes them."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._host.guard import Failed, run_guarded
from agenthost._host.key_paths import key_path
from agenthost._host.settings import build_settings
from agenthost.errors import AgentHostError, ConfigurationError, ModelRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from agenthost._host.tables import Config
    from agenthost.models import ChatModel, ModelProvider

__all__ = ["OFFLINE", "Models", "choose_models", "kind_of_model"]

OFFLINE = "offline"
"""The model that is there without being configured."""

_log = logging.getLogger("agenthost.models")


@frozen(eq=False)
class Models:
    """The language models of a host.

    Args:
        made: those that are used, by name.
        default: which one agents use that name none.
        problems: why others could not be made, by name.
    """

    made: Mapping[str, ChatModel] = field(factory=dict)
    default: str = OFFLINE
    problems: Mapping[str, str] = field(factory=dict)

    def find(self, name: str | None = None) -> ChatModel:
        """The model of this name; without one, the default.

        Raises:
            ModelRefused: there is none, or it could not be made.
        """
        name = name or self.default
        model = self.made.get(name)
        if model is None:
            raise ModelRefused(
                self.problems.get(name, f"there is no language model {name!r}: [models.{name}] is missing.")
            )
        return model

    def is_real(self, name: str | None = None) -> bool:
        """Whether the model of this name, else the default, is there and a language model."""
        model = self.made.get(name or self.default)
        return model is not None and not getattr(model, "offline", False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why models that agents use could not be made."""
        return tuple(self.problems.values())

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Close the models after the block."""
        try:
            yield
        finally:
            for name, model in self.made.items():
                close = getattr(model, "close", None)
                if close is not None:
                    try:
                        await close()
                    except Exception:  # noqa: BLE001 - it is gone either way
                        _log.debug("closing model %s failed", name, exc_info=True)


def kind_of_model(config: Config, name: str) -> str:
    """Of which kind a model is."""
    return str(config.models.settings.get(name, {}).get("kind", name))


def choose_models(config: Config, providers: Sequence[tuple[str, ModelProvider]], wanted: Iterable[str] = ()) -> Models:
    """Make the models that are used; one that cannot be made is a problem, and no other suffers.

    Args:
        config: the configuration.
        providers: all that there are, each with its plugin's key.
        wanted: names of models that agents use beside the default.
    """
    names = sorted({OFFLINE, config.models.default, *wanted})
    jobs = [partial(_make, config, providers, name) for name in names]
    made: dict[str, ChatModel] = {}
    problems: dict[str, str] = {}
    for name, outcome in zip(names, run_guarded(jobs, config.host.build_timeout), strict=True):
        if not isinstance(outcome, Failed):
            made[name] = outcome
        elif name == OFFLINE and not providers:  # nobody was asked for models
            continue
        else:
            problems[name] = _said(config, name, outcome.error)
    return Models(made, config.models.default, problems)


def _said(config: Config, name: str, error: BaseException) -> str:
    if isinstance(error, AgentHostError):
        return str(error)
    return f"{config.where}: {key_path('models', name)}: {type(error).__name__}: {error}"


def _make(config: Config, providers: Sequence[tuple[str, ModelProvider]], name: str) -> ChatModel:
    """Make one model.

    Raises:
        ConfigurationError: nobody makes such models, or its settings are wrong.
    """
    where, key = config.where, key_path("models", name)
    kind = kind_of_model(config, name)
    fitting = [(plugin, provider) for plugin, provider in providers if provider.kind == kind]
    if not fitting:
        known = ", ".join(sorted({provider.kind for _, provider in providers})) or "none"
        raise ConfigurationError(
            f"{where}: {key}: no plugin makes models of the kind {kind!r}. Write kind = with one of these: {known}."
        )
    if len(fitting) > 1:
        plugins = " and ".join(plugin for plugin, _ in fitting)
        disable = fitting[-1][0].rpartition(":")[2]
        raise ConfigurationError(
            f"{where}: {key}: {plugins} both make models of the kind {kind!r}. "
            f'Choose one: [plugins] disable = ["{disable}"]'
        )
    provider = fitting[0][1]
    section = {each: value for each, value in config.models.settings.get(name, {}).items() if each != "kind"}
    if provider.settings is None:
        if section:
            raise ConfigurationError(
                f"{where}: {key}: this model takes no settings, but has {', '.join(section)}. Remove them."
            )
        return provider.make(name, None)
    return provider.make(name, build_settings(provider.settings, section, where, key, reserved=("kind",)))
