"""Arguments of tools for property-based tests, by Hypothesis."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, TypeAlias

from hypothesis import strategies as st

from agenthost.agent.base import AgentBase, declared
from agenthost.conversation.models import ToolSpec
from agenthost.errors import DefinitionError
from agenthost.tools.tool import Tool, declarations

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["arguments_for"]

_ToolLike: TypeAlias = "Callable[..., Any] | ToolSpec | Mapping[str, Any]"
_DEEPEST = 3


def arguments_for(tool: _ToolLike, *, fitting: bool = True) -> SearchStrategy[dict[str, Any]]:
    """Return a strategy for the arguments that a model may pass to a tool.

    It needs Hypothesis.

    Args:
        tool: a decorated method of an agent, such as ``agent.book``; one of the ``tool_specs`` of a call; a function's
            description in a document; or a JSON Schema of an object.
        fitting: whether the arguments fit the schema. Otherwise, anything may be missing, added, or of another type.

    Raises:
        DefinitionError: the object is not a tool.
    """
    schema = _schema_of(tool)
    strategies = _Strategies(schema)
    fits = strategies.object(schema, 0)
    return fits if fitting else strategies.unfitting(schema)


def _schema_of(tool: _ToolLike) -> Mapping[str, Any]:
    if isinstance(tool, Mapping):
        return tool["parameters"] if isinstance(tool.get("parameters"), Mapping) else tool
    if isinstance(tool, ToolSpec):
        return tool.parameters
    agent = getattr(tool, "__self__", None)
    if isinstance(agent, AgentBase):
        name = getattr(tool, "__name__", "")
        mark = declarations(type(agent)).get(name)
        found = declared(agent).draft.tools.get((mark.name if mark is not None else None) or name)
        if isinstance(found, Tool):
            return found.parameters
    msg = f"arguments_for takes a tool of an agent, such as agent.book, or a JSON Schema, not {tool!r}."
    raise DefinitionError(msg)


class _Strategies:
    """Strategies for the parts of one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._parts: dict[str, SearchStrategy[Any]] = {}
        self._characters = st.characters(exclude_categories=["Cs"])

    def unfitting(self, schema: Mapping[str, Any]) -> SearchStrategy[dict[str, Any]]:
        """Return a strategy for arguments that may be wrong in any way."""
        anything = self._anything()
        known = {name: st.one_of(self.value(each, 0), anything) for name, each in schema.get("properties", {}).items()}
        more = st.dictionaries(st.text(self._characters, max_size=8), anything, max_size=2)
        return st.tuples(more, st.fixed_dictionaries({}, optional=known)).map(lambda both: both[0] | both[1])

    def value(self, schema: Any, depth: int) -> SearchStrategy[Any]:
        """Return a strategy for values of a schema."""
        if not isinstance(schema, Mapping) or not schema:
            return self._anything()
        if "$ref" in schema:
            return self._referenced(schema["$ref"])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(list(schema["enum"]))
        if options := schema.get("anyOf") or schema.get("oneOf"):
            rest = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
            return st.one_of(*(self.value({**rest, **option}, depth) for option in options))
        kind = schema.get("type")
        kinds = kind if isinstance(kind, list) else [kind or ("object" if "properties" in schema else None)]
        return st.one_of(*(self._of_kind(each, schema, depth) for each in kinds))

    def object(self, schema: Mapping[str, Any], depth: int) -> SearchStrategy[dict[str, Any]]:
        """Return a strategy for objects of a schema."""
        properties, required = schema.get("properties", {}), set(schema.get("required", ()))
        more = schema.get("additionalProperties")
        if not properties and isinstance(more, Mapping):
            return st.dictionaries(st.text(self._characters, max_size=8), self.value(more, depth + 1), max_size=2)
        values = {name: self.value(each, depth + 1) for name, each in properties.items()}
        return st.fixed_dictionaries(
            {name: each for name, each in values.items() if name in required},
            optional={name: each for name, each in values.items() if name not in required},
        )

    def _of_kind(self, kind: str | None, schema: Mapping[str, Any], depth: int) -> SearchStrategy[Any]:
        if kind == "string":
            return self._text(schema)
        if kind == "boolean":
            return st.booleans()
        if kind == "null":
            return st.none()
        if kind in ("integer", "number"):
            return self._number(schema, whole=kind == "integer")
        if kind == "array":
            return self._list(schema, depth)
        return self.object(schema, depth) if kind == "object" else self._anything()

    def _list(self, schema: Mapping[str, Any], depth: int) -> SearchStrategy[Any]:
        least = schema.get("minItems", 0)
        most = min(schema.get("maxItems", least + 3), least + 3)
        items = self.value(schema.get("items"), depth + 1)
        unique = str if schema.get("uniqueItems") else None
        return st.lists(items, min_size=least, max_size=least if depth >= _DEEPEST else most, unique_by=unique)

    def _text(self, schema: Mapping[str, Any]) -> SearchStrategy[str]:
        if (made := self._formatted(schema.get("format"))) is not None:
            return made
        if schema.get("contentEncoding") == "base64":
            return st.binary(max_size=12).map(lambda raw: b64encode(raw).decode())
        if pattern := schema.get("pattern"):
            return st.from_regex(pattern, alphabet=self._characters)
        least = schema.get("minLength", 0)
        return st.text(self._characters, min_size=least, max_size=schema.get("maxLength", least + 40))

    def _formatted(self, form: Any) -> SearchStrategy[str] | None:
        moments = st.datetimes(timezones=st.just(UTC))
        made: Mapping[Any, SearchStrategy[str]] = {
            "date": st.dates().map(str),
            "date-time": moments.map(lambda moment: moment.isoformat()),
            "time": moments.map(lambda moment: moment.timetz().isoformat()),
            "uuid": st.uuids().map(str),
            "decimal": st.decimals(-(10**6), 10**6, places=2).map(str),
            "duration": st.integers(0, 10**6).map(lambda seconds: f"PT{seconds}S"),
        }
        return made.get(form)

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> SearchStrategy[Any]:
        low, high = schema.get("minimum"), schema.get("maximum")
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        if not whole:
            return st.floats(
                above if above is not None else low,
                below if below is not None else high,
                exclude_min=above is not None,
                exclude_max=below is not None,
                allow_nan=False,
                allow_infinity=False,
            )
        step = schema.get("multipleOf", 1)
        low = above + 1 if above is not None else low if low is not None else -(2**53)
        high = below - 1 if below is not None else high if high is not None else 2**53
        return st.integers(-(-low // step), high // step).map(lambda number: number * step)

    def _anything(self) -> SearchStrategy[Any]:
        names = st.text(self._characters, max_size=6)
        simple = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(self._characters, max_size=12)
        return st.recursive(
            simple, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2), max_leaves=4
        )

    def _referenced(self, reference: str) -> SearchStrategy[Any]:
        """Return a strategy for a part of the schema, which may contain itself."""
        if reference not in self._parts:
            found: Any = self._root
            for step in reference.removeprefix("#").strip("/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            self._parts[reference] = st.deferred(lambda: self.value(found, 0))
        return self._parts[reference]
