"""Skills of SignalWire's SDK, for agents of agenthost.

The entry points name classes of this module, which are made when an agent adds the skill.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
from signalwire.core.skill_base import SkillBase
from signalwire.skills.registry import skill_registry

from agenthost import Skill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

__all__ = ["SdkSkill", "bridged"]

_OF_EVERY_SKILL = frozenset({"prefix", "skip_prompt", "swaig_fields"})
"""Parameters that ``add_skill`` handles itself."""
_DISTRIBUTIONS = {"bs4": "beautifulsoup4", "yaml": "PyYAML"}
"""Distributions that are not called like the module that a skill requires."""


def __getattr__(name: str) -> type[SdkSkill]:
    if name.startswith("_"):
        raise AttributeError(name)
    return bridged(name)


class SdkSkill(Skill):
    """A skill of the SDK, with its tools, sections, hints and data.

    Its tools run on threads of the host, by the host's deadlines and limits.
    """

    Kind: ClassVar[Any] = SkillBase
    """The class of the skill in the SDK."""

    def __init__(self, settings: Any = None, *, prefix: str = "") -> None:
        super().__init__(settings, prefix=prefix)
        given = {} if settings is None else attrs.asdict(settings, recurse=False)
        params = {name: value for name, value in given.items() if value is not None}
        names_itself = "prefix" in self.Kind.get_parameter_schema()
        if prefix and names_itself:
            params["prefix"] = prefix
        self._facade = _Facade(None if names_itself else self)
        self.inner = self.Kind(self._facade, params)

    def setup(self) -> None:
        """Check the environment variables and packages that the skill requires, and set it up."""
        kind = self.Kind
        if missing := [name for name in kind.REQUIRED_ENV_VARS if not os.environ.get(name)]:
            raise ValueError(f"the environment lacks {', '.join(missing)}")
        lacking = [name for name in kind.REQUIRED_PACKAGES if importlib.util.find_spec(name) is None]
        if lacking:
            install = " ".join(_DISTRIBUTIONS.get(name, name) for name in lacking)
            raise ValueError(f"it requires {', '.join(lacking)}. fix: pip install {install}")
        with _Reasons(kind.SKILL_NAME) as reasons:
            if not self.inner.setup():
                raise ValueError("; ".join(reasons.found) or "setup() of the SDK's skill returns False")

    def hints(self) -> list[str]:
        """Return the hints of the SDK's skill."""
        return list(self.inner.get_hints())

    def prompt_sections(self) -> list[dict[str, Any]]:
        """Return the sections of the SDK's skill."""
        return list(self.inner.get_prompt_sections())

    def global_data(self) -> dict[str, Any]:
        """Return the data of the SDK's skill."""
        return dict(self.inner.get_global_data())

    def tools(self, fields: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Keep the fields for the tools, which ``describe`` adds."""
        self.inner.swaig_fields = dict(fields or {})
        return iter(())

    def describe(self, agent: Any) -> None:
        """Add the tools."""
        self._facade.agent = agent
        self.inner.register_tools()


class _Closing(SdkSkill):
    """A skill that closes what it has opened."""

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Clean the skill up at the end."""
        try:
            yield
        finally:
            self.inner.cleanup()


@cache
def bridged(name: str) -> type[SdkSkill]:
    """Return a skill of the SDK as one of agenthost.

    Args:
        name: the skill's name in the SDK.

    Raises:
        AttributeError: the installed SDK does not have it.
    """
    kind: Any = skill_registry.get_skill_class(name)
    if kind is None:
        raise AttributeError(f"the installed signalwire-sdk has no skill {name!r}")
    base = SdkSkill if kind.cleanup is SkillBase.cleanup else _Closing
    return type(kind.__name__, (base,), {"__doc__": kind.SKILL_DESCRIPTION, "Kind": kind, "Settings": _settings(kind)})


def _settings(kind: Any) -> type:
    """Return an attrs class of the parameters of a skill, without printing hidden ones."""
    schema = kind.get_parameter_schema()
    fields = {
        name: attrs.field(default=None, repr=not described.get("hidden", False))
        for name, described in schema.items()
        if name not in _OF_EVERY_SKILL
    }
    made: type = attrs.make_class(f"{kind.__name__}Settings", fields, frozen=True)
    return made


class _Facade:
    """The agent as a skill sees it, where tools get the prefix of the skill."""

    def __init__(self, names: SdkSkill | None) -> None:
        self.agent: Any = None
        self._names = names

    def __getattr__(self, name: str) -> Any:
        return getattr(self.agent, name)

    def define_tool(self, name: str, *args: Any, **options: Any) -> Any:
        return self.agent.define_tool(self._named(name), *args, **options)

    def register_swaig_function(self, described: Mapping[str, Any]) -> Any:
        return self.agent.register_swaig_function({**described, "function": self._named(described["function"])})

    def _named(self, name: str) -> str:
        return self._names.tool_name(name) if self._names is not None else name


class _Reasons(logging.Handler):
    """Collects what a skill logs while it is set up, as it only returns False."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []
        self._logger = logging.getLogger(f"signalwire.skills.{name}")

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())

    def __enter__(self) -> Self:
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
