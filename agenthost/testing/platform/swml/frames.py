"""Frames: a section that runs, with its parameters and variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, field, frozen

from agenthost.testing.platform.http.client import json_depth
from agenthost.testing.platform.swml.expressions import (
    ScriptError,
    expand,
    expand_all,
    find_path,
    json_size,
    resolve_in,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform.leg import Leaving, Leg, Script

_DEEPEST = 100

__all__ = ["Done", "Frame", "Jump", "Returned", "ScriptError", "VerbError"]


@frozen
class Jump:
    """Go on at a label of the same section."""

    label: str


@frozen
class Returned:
    """Leave the section with a value."""

    value: Any = None


Done: TypeAlias = "Leaving | Jump | Returned | None"
"""The end of a verb. None goes on with the next."""


class VerbError(Exception):
    """A verb that the platform cannot perform: a script error."""


@define(eq=False)
class Frame:
    """A section that runs.

    Args:
        leg: the leg.
        script: the document.
        section: the section's name.
        params: its parameters.
        depth: the number of sections around it.
    """

    leg: Leg
    script: Script
    section: str
    params: Mapping[str, Any]
    depth: int = 0
    jumps: dict[int, int] = field(factory=dict)

    def root(self, name: str) -> Any:
        """Return the value of a scope or of a bare variable."""
        leg = self.leg
        envs = leg.room.options.envs
        match name:
            case "call":
                return leg.described()
            case "params":
                return dict(self.params)
            case "vars":
                return leg.vars
            case "envs":
                return dict(envs)
        for scope in (leg.vars, envs):
            if name in scope:
                return scope[name]
        return leg.described().get(name)

    def value(self, expression: str) -> Any:
        """Evaluate an expression.

        Raises:
            VerbError: JavaScript refuses it.
        """
        try:
            return resolve_in(self.root)(expression)
        except ScriptError as error:
            msg = f"{expression!r}: {error}"
            raise VerbError(msg) from error

    def named(self, name: str) -> Any:
        """Return a variable by its plain path."""
        plain, value = find_path(name, self.root)
        return value if plain else self.value(name)

    def text(self, text: str) -> Any:
        """Expand the variables of a text."""
        return expand(text, self.value, most=self.leg.room.options.limits.text)

    def expanded(self, value: Any) -> Any:
        """Expand the variables in all texts of a value, and bound its size.

        Raises:
            VerbError: JavaScript refuses an expression, or the result is too large.
        """
        most = self.leg.room.options.limits.text
        made = expand_all(value, self.value, most=most)
        if json_size(made, most) > most or json_depth(made, _DEEPEST) > _DEEPEST:
            msg = f"a value is larger than {most} characters, or nested too deep"
            raise VerbError(msg)
        return made

    def set(self, name: str, value: Any) -> None:
        """Set a variable of the call."""
        self.leg.vars[name] = value
        self.leg.trace("set", variable=name, value=value)
