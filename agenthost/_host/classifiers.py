"""Classifiers and escalation detectors: which there are, which are configured, and who makes them."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._host.guard import Failed, run_guarded
from agenthost._host.key_paths import key_path
from agenthost._host.settings import build_settings
from agenthost.errors import AgentHostError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from agenthost._host.tables import Config
    from agenthost.classifiers import Classifier, ClassifierProvider

__all__ = ["Classifiers", "choose_classifiers", "kind_of_classifier"]

ALWAYS = ("lexical", "llm")
"""Classifiers that are there without being configured."""

_log = logging.getLogger("agenthost.classifiers")


@frozen(eq=False)
class Classifiers:
    """The classifiers of a host.

    Args:
        made: those that can be used, by name.
        default: which one routers use that name none.
        problems: why others could not be made, by name.
    """

    made: Mapping[str, Classifier] = field(factory=dict)
    default: str = "lexical"
    problems: Mapping[str, str] = field(factory=dict)

    def find(self, name: str | None = None) -> Classifier | None:
        """The classifier of this name, without one the default; None where there is none."""
        return self.made.get(name or self.default)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why classifiers that are configured could not be made."""
        return tuple(self.problems.values())

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Close the classifiers after the block."""
        try:
            yield
        finally:
            for name, classifier in self.made.items():
                close = getattr(classifier, "close", None)
                if close is not None:
                    try:
                        await close()
                    except Exception:  # noqa: BLE001 - it is gone either way
                        _log.debug("closing classifier %s failed", name, exc_info=True)


def kind_of_classifier(config: Config, name: str) -> str:
    """Of which kind a classifier is."""
    return str(config.classifiers.settings.get(name, {}).get("kind", name))


def choose_classifiers(config: Config, providers: Sequence[tuple[str, ClassifierProvider]]) -> Classifiers:
    """Make the classifiers that are configured or always there; one that cannot be made is a problem of its own.

    Args:
        config: the configuration.
        providers: all that there are, each with its plugin's key.
    """
    if not providers:  # nobody was asked for classifiers
        return Classifiers(default=config.classifiers.default)
    names = sorted({*ALWAYS, config.classifiers.default, *config.classifiers.settings})
    jobs = [partial(_make, config, providers, name) for name in names]
    made: dict[str, Classifier] = {}
    problems: dict[str, str] = {}
    for name, outcome in zip(names, run_guarded(jobs, config.host.build_timeout), strict=True):
        if isinstance(outcome, Failed):
            problems[name] = _said(config, name, outcome.error)
        else:
            made[name] = outcome
    return Classifiers(made, config.classifiers.default, problems)


def _said(config: Config, name: str, error: BaseException) -> str:
    if isinstance(error, AgentHostError):
        return str(error)
    return f"{config.where}: {key_path('classifiers', name)}: {type(error).__name__}: {error}"


def _make(config: Config, providers: Sequence[tuple[str, ClassifierProvider]], name: str) -> Classifier:
    """Make one classifier.

    Raises:
        ConfigurationError: nobody makes such classifiers, or its settings are wrong.
    """
    where, key = config.where, key_path("classifiers", name)
    kind = kind_of_classifier(config, name)
    fitting = [(plugin, provider) for plugin, provider in providers if provider.kind == kind]
    if not fitting:
        known = ", ".join(sorted({provider.kind for _, provider in providers}))
        raise ConfigurationError(
            f"{where}: {key}: no plugin makes classifiers of the kind {kind!r}. "
            f"Write kind = with one of these: {known}."
        )
    if len(fitting) > 1:
        plugins = " and ".join(plugin for plugin, _ in fitting)
        disable = fitting[-1][0].rpartition(":")[2]
        raise ConfigurationError(
            f"{where}: {key}: {plugins} both make classifiers of the kind {kind!r}. "
            f'Choose one: [plugins] disable = ["{disable}"]'
        )
    provider = fitting[0][1]
    section = {each: value for each, value in config.classifiers.settings.get(name, {}).items() if each != "kind"}
    if provider.settings is None:
        if section:
            raise ConfigurationError(
                f"{where}: {key}: this classifier takes no settings, but has {', '.join(section)}. Remove them."
            )
        return provider.make(name, None)
    return provider.make(name, build_settings(provider.settings, section, where, key, reserved=("kind",)))
