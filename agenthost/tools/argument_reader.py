"""A lenient reader of a model's arguments, by the tool's JSON Schema.

The rules apply at every depth (wire.md, section 3). Text that is JSON of the declared type is read. A number becomes
text if text is declared. Null for an optional argument means that it was not given. Choices match in any case. Unknown
names are dropped. A value that fits as it was sent stays as it was. So does a value that no rule fits: the following
check refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import msgspec

from agenthost.tools.argument_values import SCALARS, Alternatives, Choices, InTurn, Later, ListOf, ObjectOf, OrNull
from agenthost.tools.call_sentences import referenced

if TYPE_CHECKING:
    from agenthost.tools.argument_values import Read

__all__ = ["FORMATS", "ArgumentReader", "allows_null"]

_ANNOTATIONS = frozenset({"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"})
_SHAPES = ("properties", "additionalProperties", "items", "prefixItems")
_encode = msgspec.json.Encoder(order="sorted").encode


class ArgumentReader:
    """Reads arguments by a schema.

    Args:
        schema: an object's; it has ``properties``, and what it does not declare is dropped. Objects below it keep that,
            unless they say that they have no more properties.
    """

    __slots__ = ("_known", "_root", "read")

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = schema
        self._known: dict[str, Read | None] = {}
        self.read: Callable[[Mapping[str, Any]], dict[str, Any]]
        """Returns the declared arguments in the declared types."""
        self.read = self._properties({**schema, "additionalProperties": False}).of

    def canonical(self, arguments: Mapping[str, Any]) -> Any:
        """Return the same value for all arguments with the same meaning.

        Arguments that equal their default are left out, and a whole number is an integer.

        Args:
            arguments: what was sent.
        """
        return self._canonical(self.read(arguments), self._root)

    def _canonical(self, value: Any, schema: Any) -> Any:
        if type(value) is float:
            return int(value) if value.is_integer() else value
        node = _shaped(referenced(schema, self._root))
        if isinstance(value, list):
            return [self._canonical(item, node.get("items")) for item in value]
        if not isinstance(value, dict):
            return value
        properties: Mapping[str, Any] = node.get("properties", {})
        same: dict[str, Any] = {}
        for name, item in value.items():
            declared = referenced(properties.get(name), self._root)
            meant = self._canonical(item, declared)
            if isinstance(declared, Mapping) and "default" in declared:
                default = self._canonical(declared["default"], declared)
                if _encode(default) == _encode(meant):
                    continue
            same[name] = meant
        return same

    def _reader(self, schema: Any, above: tuple[str, ...] = ()) -> Read | None:
        """Return a reader of a value, or None if the value stays as it is.

        ``above`` has the references that have led here, to the same value: another one of them leads nowhere.
        """
        if not isinstance(schema, Mapping):
            return None
        readers = [reader for reader in self._readers(schema, above) if reader is not None]
        if len(readers) <= 1:
            return readers[0] if readers else None
        return InTurn(tuple(readers))

    def _readers(self, schema: Mapping[str, Any], above: tuple[str, ...]) -> list[Read | None]:
        found: list[Read | None] = []
        if "$ref" in schema:
            found.append(self._referenced(schema["$ref"], above))
        if isinstance(choices := schema.get("enum", [schema["const"]] if "const" in schema else None), list):
            found.append(Choices(choices))
        elif isinstance(kinds := schema.get("type"), list):
            found.append(self._alternatives([{**schema, "type": kind} for kind in kinds], above))
        elif isinstance(kinds, str) or any(shape in schema for shape in _SHAPES):
            found.append(self._typed(kinds, schema))
        several = (schema.get("anyOf"), schema.get("oneOf"))
        found += [self._alternatives(options, above) for options in several if isinstance(options, list)]
        found += [self._reader(every, above) for every in schema.get("allOf", ())]
        return found

    def _referenced(self, reference: Any, above: tuple[str, ...]) -> Read | None:
        target = referenced({"$ref": reference}, self._root)
        if reference in above or (isinstance(target, Mapping) and "$ref" in target):
            return None
        if reference not in self._known:
            later = Later()
            self._known[reference] = later  # a schema that contains itself
            later.read = self._reader(target, (*above, reference))
            self._known[reference] = later if later.used else later.read
        elif isinstance(known := self._known[reference], Later):
            known.used = True
        return self._known[reference]

    def _typed(self, kind: str | None, schema: Mapping[str, Any]) -> Read | None:
        if kind in SCALARS:
            return SCALARS[kind]
        if kind == "array" or (kind is None and ("items" in schema or "prefixItems" in schema)):
            leading = tuple(self._reader(item) for item in schema.get("prefixItems", ()))
            return ListOf(leading, self._reader(schema.get("items")), from_text=kind is not None)
        return self._properties(schema)

    def _properties(self, schema: Mapping[str, Any]) -> ObjectOf:
        properties, required = schema.get("properties", {}), schema.get("required", ())
        rules: dict[str, tuple[Read | None, bool]] = dict.fromkeys(required, (None, False))
        for name, declared in properties.items():
            optional = name not in required and not allows_null(declared, self._root)
            rules[name] = (self._reader(declared), optional)
        more = schema.get("additionalProperties")
        drops = more is False and "patternProperties" not in schema
        return ObjectOf(rules, self._reader(more), drops=drops, from_text=schema.get("type") == "object")

    def _alternatives(self, options: list[Any], above: tuple[str, ...]) -> Read | None:
        readers = [self._reader(option, above) for option in options]
        if not any(readers):
            return None
        others = [place for place, option in enumerate(options) if not _is_null(option)]
        if len(others) == 1 and len(options) > 1:
            [place] = others
            return OrNull(readers[place], text=_takes_text(options[place]))
        definitions = {key: self._root[key] for key in ("$defs", "definitions") if key in self._root}
        return Alternatives(
            tuple((_Fits(option, definitions), reader) for option, reader in zip(options, readers, strict=True))
        )


def allows_null(schema: Any, root: Mapping[str, Any]) -> bool:
    """Return True if null fits a schema.

    Args:
        schema: what is said of a value.
        root: the document that its references lead into.
    """
    if not isinstance(schema, Mapping):
        return schema is not False
    if isinstance(kind := schema.get("type"), str) and kind != "null":
        return False
    if not schema.keys() - _ANNOTATIONS:
        return True
    return _Fits(schema, {key: root[key] for key in ("$defs", "definitions") if key in root})(None)


class _Fits:
    """A check of a value against one alternative of a schema.

    It is compiled on first use.
    """

    __slots__ = ("_definitions", "_schema", "_valid")

    def __init__(self, schema: Any, definitions: Mapping[str, Any]) -> None:
        self._schema = schema
        self._definitions = definitions
        self._valid: Callable[[Any], bool] | None = None

    def __call__(self, value: Any) -> bool:
        if self._valid is None:
            self._valid = self._compiled()
        return self._valid(value)

    def _compiled(self) -> Callable[[Any], bool]:
        if not isinstance(self._schema, Mapping):
            return lambda _: self._schema is not False
        try:
            whole = {**self._definitions, **self._schema}
            return jsonschema_rs.validator_for(whole, validate_formats=True, formats=FORMATS).is_valid
        except (ValueError, jsonschema_rs.ReferencingError):  # it refers to what lies outside of it
            return lambda _: False


def _shaped(node: Any) -> Mapping[str, Any]:
    """Return the part of a schema that describes the items of a list or object.

    It is empty if there are several such parts.
    """
    if not isinstance(node, Mapping):
        return {}
    parts = [
        option
        for option in (node.get("anyOf") or node.get("oneOf") or ())
        if isinstance(option, Mapping) and any(shape in option for shape in _SHAPES)
    ]
    return parts[0] if len(parts) == 1 else node


def _is_null(option: Any) -> bool:
    return isinstance(option, Mapping) and (option.get("type") == "null" or option.get("enum") == [None])


def _takes_text(option: Any) -> bool:
    return not isinstance(option, Mapping) or option.get("type", "string") == "string"


def _is(read: Callable[[str], object]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return fits


def _anything(_: str) -> bool:
    return True


FORMATS: dict[str, Callable[..., bool]] = {
    "date-time": _is(datetime.fromisoformat),  # JSON Schema requires a time zone, which callers do not say
    "time": _is(time.fromisoformat),
    "duration": _anything,  # other formats are checked by the author
    "email": _anything,
    "hostname": _anything,
    "idn-email": _anything,
    "idn-hostname": _anything,
    "ipv4": _anything,
    "ipv6": _anything,
    "iri": _anything,
    "iri-reference": _anything,
    "json-pointer": _anything,
    "regex": _anything,
    "relative-json-pointer": _anything,
    "uri": _anything,
    "uri-reference": _anything,
    "uri-template": _anything,
    "uuid": _anything,
}
"""Formats with a check that differs from JSON Schema's."""
