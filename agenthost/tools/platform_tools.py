"""Tools of the platform or of other servers, described by an agent, never run here."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost.errors import DefinitionError
from agenthost.tools.datamap import DataMap
from agenthost.tools.gates import checked_gates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FILLED_FUNCTIONS", "NATIVE_FUNCTIONS", "PlatformTool"]

NATIVE_FUNCTIONS = frozenset({"adjust_response_latency", "check_time", "wait_for_user", "wait_seconds"})
"""Tools of the platform that an agent can switch on."""

FILLED_FUNCTIONS = NATIVE_FUNCTIONS | {
    "change_context",
    "get_ideal_strategy",
    "get_visual_input",
    "hangup",
    "next_step",
}
"""Tools of the platform that can have fillers."""


@frozen(eq=False)
class PlatformTool:
    """A tool that is described here and runs elsewhere.

    Args:
        name: its name for the model.
        definition: its description, as on the wire, or a data map.
    """

    name: str
    definition: Mapping[str, Any] | DataMap

    @classmethod
    def define(cls, definition: Mapping[str, Any] | DataMap) -> PlatformTool:
        """Make a tool from its description, which is copied.

        Raises:
            DefinitionError: the tool has no name, or does nothing.
        """
        if isinstance(definition, DataMap):
            tool = cls(definition.function_name, copy.deepcopy(definition))
            tool.describe(str)
            return tool
        name = definition.get("function") if isinstance(definition, dict) else None
        if not isinstance(name, str) or not name:
            raise DefinitionError(
                "register_swaig_function takes a DataMap, or a function's description with its name as 'function'."
            )
        if "data_map" in definition and not definition["data_map"]:
            raise DefinitionError(
                f"tool {name!r}: its data_map does nothing. fix: add an expression, a webhook or an output."
            )
        written = copy.deepcopy(dict(definition))
        if "gates" in written:
            written["gates"] = checked_gates(name, written["gates"])
        return cls(name, written)

    def describe(self, sibling: Callable[[str], str]) -> Mapping[str, Any]:
        """Return the function's entry in ``SWAIG.functions`` of a document.

        Args:
            sibling: returns the URL of another agent of this host, for answers that hand the call over.
        """
        if isinstance(self.definition, DataMap):
            return self.definition.to_swaig_function(sibling)
        return self.definition
