"""The SWAIG wire values of tool calls (wire.md, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from attrs import field, frozen

from agenthost.state import NO_STORES, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.state import Stores

__all__ = [
    "UNREADABLE",
    "Call",
    "Given",
    "MalformedRequest",
    "ToolRequest",
    "Unreadable",
    "check_depth",
    "conversation_id",
    "decode_object",
    "decode_value",
    "read_arguments",
]

MAX_DEPTH = 64
"""The deepest nesting of a request body."""

_NO_STATE = NO_STORES.call("unserved")
_MOST_ARGUMENTS = 64 * 1024
"""Characters of JSON that a model writes as arguments, at most."""
_WRAPPERS = frozenset({"parsed", "raw", "substituted"})
"""Keys that the platform puts around arguments."""
_decode = msgspec.json.Decoder().decode


class MalformedRequest(ValueError):  # noqa: N818 - it is an answer, not an error
    """A request body that breaks the contract.

    The message names the field, and repeats nothing of the body.
    """


@frozen
class Unreadable:
    """Arguments that are not a JSON object.

    They may be cut off, in single quotes, a list, or prose.
    """


UNREADABLE = Unreadable()
Given: TypeAlias = "Mapping[str, Any] | Unreadable"
"""The arguments of a call as they were sent."""


@frozen(slots=True)
class Call:
    """The call that a tool call belongs to, as the platform describes it.

    Args:
        id: the platform's ``call_id``, empty if it sent none.
        caller_name: ``caller_id_name``.
        caller_number: ``caller_id_num``, usually E.164 or a SIP URI.
        global_data: the data stored by the call's agents so far.
        meta_data: the data stored by this tool's results so far.
        raw_data: the whole request body.
        state: the store of this call, with entries that live for 24 hours after their last write.
    """

    id: str
    caller_name: str | None
    caller_number: str | None
    global_data: Mapping[str, Any] = field(repr=False)
    meta_data: Mapping[str, Any] = field(repr=False)
    raw_data: dict[str, Any] = field(repr=False)
    state: Store = field(default=_NO_STATE, repr=False, eq=False)

    @classmethod
    def from_body(cls, body: dict[str, Any], stores: Stores = NO_STORES) -> Call:
        """Return the call of a decoded request body.

        Fields that decide about access are read strictly. All others are read leniently: a number becomes text, and a
        field that cannot be read counts as unknown.

        Args:
            body: the body.
            stores: the host's stores.

        Raises:
            MalformedRequest: ``call`` or ``call_id`` has a wrong type.
        """
        get = body.get
        call = get("call_id")
        if type(call) is not str or not call or get("call") is not None:
            call = call_id(body) or ""
        name, number, known, own = get("caller_id_name"), get("caller_id_num"), get("global_data"), get("meta_data")
        return cls(
            call,
            name if name is None or type(name) is str else _read_text(name),
            number if number is None or type(number) is str else _read_text(number),
            known if type(known) is dict else _read_data(known),
            own if type(own) is dict else _read_data(own),
            body,
            stores.call(call),
        )


@frozen(slots=True)
class ToolRequest:
    """A tool call of a valid form.

    Args:
        function: the tool's name, as the model wrote it: there may be no such tool.
        arguments: what the model passed.
        call: the call it belongs to.
    """

    function: str
    arguments: Given
    call: Call

    @classmethod
    def from_body(cls, body: dict[str, Any], stores: Stores = NO_STORES) -> ToolRequest:
        """Read a decoded request body.

        Args:
            body: the body.
            stores: the host's stores, for the state of the call.

        Raises:
            MalformedRequest: ``function`` is missing, or a field has a wrong type.
        """
        function = body.get("function")
        if function is None:
            msg = "function is missing"
            raise MalformedRequest(msg)
        if not isinstance(function, str):
            msg = "function must be a string"
            raise MalformedRequest(msg)
        return cls(function, _arguments(body), Call.from_body(body, stores))


def decode_object(body: bytes) -> dict[str, Any]:
    """Decode a request body: a JSON object of at most ``MAX_DEPTH`` levels.

    An empty body gives ``{}``.

    Raises:
        MalformedRequest: the body is something else.
    """
    if not body:
        return {}
    decoded = decode_value(body)
    if not isinstance(decoded, dict):
        msg = "the body must be a JSON object"
        raise MalformedRequest(msg)
    return decoded


def decode_value(body: bytes) -> Any:
    """Decode JSON of any type in UTF-8, at most ``MAX_DEPTH`` levels deep.

    Raises:
        MalformedRequest: it is something else.
    """
    try:
        decoded = _decode(body)
    except (ValueError, RecursionError):
        msg = "the body is not valid JSON"
        raise MalformedRequest(msg) from None
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _deeper_than(decoded, MAX_DEPTH):
        msg = f"the body is nested deeper than {MAX_DEPTH} levels"
        raise MalformedRequest(msg)
    return decoded


def check_depth(body: bytes) -> None:
    """Reject JSON deeper than ``MAX_DEPTH`` levels, before another decoder reads it.

    Anything else passes.

    Raises:
        MalformedRequest: the body is deeper.
    """
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return
    try:
        deep = _deeper_than(_decode(body), MAX_DEPTH)
    except RecursionError:
        deep = True
    except ValueError:
        return
    if deep:
        msg = f"the body is nested deeper than {MAX_DEPTH} levels"
        raise MalformedRequest(msg)


def call_id(body: Mapping[str, Any]) -> str | None:
    """Return the ``call_id`` of a body, else its ``call.call_id``.

    Raises:
        MalformedRequest: either has a wrong type.
    """
    found = _typed(body, "call_id", str, None)
    call = _typed(body, "call", dict, None)
    if not found and call:
        found = _typed(call, "call_id", str, "call")
    return found or None


def conversation_id(body: Mapping[str, Any]) -> str | None:
    """Return the ``conversation_id`` of a body, or None."""
    found = body.get("conversation_id")
    return found if isinstance(found, str) and found else None


def read_arguments(written: Any) -> Given:
    """Return a model's arguments: an object, or JSON text of one.

    Empty text or no value is ``{}``.

    Args:
        written: what was sent.
    """
    for _ in range(2):  # text of an object that was encoded twice
        if not isinstance(written, str):
            break
        if not written.strip():
            return {}
        if len(written) > _MOST_ARGUMENTS:
            return UNREADABLE
        try:
            written = decode_value(written.strip().encode())
        except (MalformedRequest, UnicodeEncodeError):
            return UNREADABLE
    if written is None:
        return {}
    return written if isinstance(written, dict) else UNREADABLE


def _arguments(body: Mapping[str, Any]) -> Given:
    """Return the arguments of a body.

    They are the first of ``argument.parsed[0]``, ``argument.raw``, ``argument`` and ``arguments`` that has any. Without
    any, they are ``{}``, unless one of them cannot be read.
    """
    argument = body.get("argument")
    places = [argument, body.get("arguments")]
    if type(argument) is dict:
        parsed = argument.get("parsed")
        if type(parsed) is list:
            parsed = parsed[0] if parsed else None
            if type(parsed) is dict and parsed:
                return parsed
        if not _WRAPPERS.isdisjoint(argument):
            places[:1] = parsed, argument.get("raw")
    none: Given = {}
    for written in places:
        found = read_arguments(written)
        if isinstance(found, Unreadable):
            none = found
        elif found:
            return found
    return none


def _read_text(value: Any) -> str | None:
    return str(value) if type(value) in (int, float) else None


def _read_data(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    found = read_arguments(value)
    return {} if isinstance(found, Unreadable) else found


def _typed(body: Mapping[str, Any], key: str, kind: type, above: str | None) -> Any:
    value = body.get(key)
    if value is not None and not isinstance(value, kind):
        path = f"{above}.{key}" if above else key
        msg = f"{path} must be {'an object' if kind is dict else 'a string'}"
        raise MalformedRequest(msg)
    return value


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True
