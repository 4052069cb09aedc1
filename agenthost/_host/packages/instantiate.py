"""Import and instantiation of the objects that entry points offer."""

from __future__ import annotations

import importlib
import inspect
from operator import attrgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from attrs import frozen

from agenthost._host.packages.diagnosis import AgentOfSdk
from agenthost.agent.adapted import AdaptedAgent
from agenthost.agent.base import AgentBase, declared
from agenthost.errors import ConfigurationError, DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.place import Place

__all__ = [
    "Adapters",
    "Section",
    "agent_of",
    "is_agent",
    "is_of_sdk",
    "kind_of",
    "make_instance",
    "make_offered",
    "resolve",
]

_SDK = ("signalwire", "signalwire_agents")
Adapters: TypeAlias = "tuple[tuple[str, Callable[..., object]], ...]"


@frozen
class Section:
    """The configuration of one offered object."""

    noun: str
    """The kind of the object for errors: ``agent``, ``plugin``."""
    values: Mapping[str, object]
    place: Place
    reserved: tuple[str, ...] = ()

    def settings(self, cls: type[attrs.AttrsInstance]) -> Any:
        """Build the author's settings class from the section.

        Raises:
            ConfigurationError: the section does not fit.
            DefinitionError: the class cannot be built from any section.
        """
        from agenthost._host.config.author_settings import build_settings  # noqa: PLC0415 - for those who declare any

        return build_settings(cls, self.values, self.place, reserved=self.reserved)

    def refuse(self) -> None:
        """Reject any settings, for an object that has none.

        Raises:
            ConfigurationError: the section is not empty.
        """
        if self.values:
            raise ConfigurationError(
                f"{self.place}: this {self.noun} has no settings, but it sets {', '.join(self.values)}. "
                "fix: remove them."
            )


def resolve(value: str) -> Any:
    """Import the object of an entry point: ``module`` or ``module:attribute``."""
    module, _, attribute = value.partition(":")
    resolved = importlib.import_module(module.strip())
    attribute = attribute.partition("[")[0].strip()
    return attrgetter(attribute)(resolved) if attribute else resolved


def make_instance(cls: type, section: Section) -> Any:
    """Create an object of a class, with its ``Settings`` if it declares them.

    Raises:
        ConfigurationError: the section does not fit.
    """
    declares = getattr(cls, "Settings", None)
    if isinstance(declares, type) and attrs.has(declares):
        if not _takes_one(cls):
            raise DefinitionError(
                f"{cls.__name__} has Settings, and its constructor takes none. "
                f"fix: write def __init__(self, settings: {declares.__name__})"
            )
        return cls(section.settings(declares))
    if not isinstance(declares, type) and attrs.has(type(declares)):
        kind = type(declares).__name__
        raise DefinitionError(f"{cls.__name__}.Settings is an object of {kind}. fix: write Settings = {kind}")
    section.refuse()
    try:
        return cls()
    except TypeError as error:
        if needed := _needed(cls):
            raise DefinitionError(_cannot_create(cls, needed, declares)) from error
        raise


def _takes_one(cls: type) -> bool:
    """Return False if the signature of a class refuses one argument."""
    try:
        inspect.signature(cls).bind(None)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _needed(cls: type) -> list[str]:
    """Return the arguments without which a class cannot be called."""
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return []
    named = (each for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD))
    return [each.name for each in named if each.default is each.empty]


def _cannot_create(cls: type, needed: list[str], declares: object) -> str:
    if isinstance(declares, type):
        return (
            f"{cls.__name__}.Settings is {declares.__name__}, which is not an attrs class. "
            f"fix: write @attrs.frozen above class {declares.__name__}"
        )
    return (
        f"{cls.__name__}() needs {', '.join(needed)}, and the host creates it without arguments. "
        "fix: declare an attrs class as Settings, or write defaults"
    )


def make_offered(value: str, section: Section) -> object:
    """Import the offered agent, and create it if it is a class or a factory.

    Raises:
        BaseException: the package raised it.
    """
    offered = resolve(value)
    if isinstance(offered, type) and issubclass(offered, AgentBase):
        return make_instance(offered, section)
    section.refuse()
    return offered() if callable(offered) and not isinstance(offered, AgentBase) else offered


def agent_of(value: str, thing: object, adapters: Adapters = ()) -> AgentBase:
    """Check that the result of an entry point is an agent, and return it.

    Args:
        value: the entry point's value, for errors.
        thing: the result.
        adapters: functions of the hook ``adapt_agent``, each with its plugin's key.

    Raises:
        DefinitionError: the object is not an agent, or its class does not call ``AgentBase.__init__``.
    """
    if inspect.iscoroutine(thing):
        thing.close()
    if isinstance(thing, ModuleType):
        names = [
            name
            for name, each in vars(thing).items()
            if isinstance(each, type) and each.__module__ == thing.__name__ and issubclass(each, AgentBase)
        ]
        fix = f"write {value}:{names[0]}" if names else "name an agent in it, as module:Agent"
        raise DefinitionError(f"{value} is a module, and not an agent. fix: {fix}")
    if not isinstance(thing, AgentBase) and (adapted := _adapted(thing, adapters)) is not None:
        return adapted
    if is_of_sdk(type(thing)):
        raise AgentOfSdk(f"{value} returns an agent of signalwire-sdk, not of agenthost. fix: {AgentOfSdk.remedy}")
    if not isinstance(thing, AgentBase):
        raise DefinitionError(f"{value} returns {kind_of(thing)}, not an agent (a subclass of agenthost.AgentBase)")
    declared(thing)
    return thing


def _adapted(thing: object, adapters: Adapters) -> AgentBase | None:
    for key, function in adapters:
        made = function(offered=thing)
        if made is None:
            continue
        if not isinstance(made, AdaptedAgent):
            raise DefinitionError(f"adapt_agent of plugin {key} returned {kind_of(made)}, not an AdaptedAgent or None")
        declared(made.agent).findings = tuple(made.findings)
        return made.agent
    return None


def is_agent(offered: object) -> bool:
    """Return True for an agent, or a class of agents."""
    return isinstance(offered, AgentBase) or (isinstance(offered, type) and issubclass(offered, AgentBase))


def is_of_sdk(kind: type) -> bool:
    """Return True for a class of SignalWire's SDK, by the names of its bases."""
    return any(
        each.__name__ in ("AgentBase", "SWMLService") and each.__module__.partition(".")[0] in _SDK
        for each in kind.__mro__
    )


def kind_of(thing: object) -> str:
    """Describe a wrong value in an error."""
    return "nothing" if thing is None else f"{type(thing).__name__} object"
