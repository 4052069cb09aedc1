"""Schema of scenario files: every table and key, declared once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["NEEDED", "RULES", "SCHEMA", "Kind", "fault_of"]

RULES = ("spells_codes", "changes_mind", "late", "silent", "injects")
"""The rules of a persona."""
FAULTS = ("status", "unreachable", "lost", "slow")
MODELS = ("script", "offline", "openai")


@frozen
class Kind:
    """A kind of values.

    Args:
        name: its name in errors.
        fits: whether a value is of this kind.
    """

    name: str
    fits: Callable[[Any], bool]


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(type(item) is int and item >= 0 for item in value.values())


def _is_calls(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, str)
        or (
            isinstance(item, dict)
            and item.keys() <= {"call", "with"}
            and isinstance(item.get("call"), str)
            and isinstance(item.get("with", {}), dict)
        )
        for item in value
    )


def _is_turns(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and _is_turn(item) for item in value)


def _is_turn(item: Mapping[str, Any]) -> bool:
    with_calls = "calls" not in item or (_is_calls(item["calls"]) and "call" not in item)
    return (
        item.keys() <= {"say", "call", "with", "calls"}
        and bool(item)
        and isinstance(item.get("say", ""), str)
        and isinstance(item.get("call", ""), str)
        and isinstance(item.get("with", {}), (dict, str))
        and ("with" not in item or "call" in item)
        and with_calls
    )


def _choice(*names: str) -> Kind:
    return Kind(f"one of {', '.join(names)}", lambda value: value in names)


TEXT = Kind("text", lambda value: isinstance(value, str))
TEXTS = Kind("a list of texts", _is_texts)
WHOLE = Kind("a whole number from 0", lambda value: type(value) is int and value >= 0)
COUNT = Kind("a whole number from 1", lambda value: type(value) is int and value > 0)
YES = Kind("true or false", lambda value: isinstance(value, bool))
TABLE = Kind("a table", lambda value: isinstance(value, dict))
TABLES = Kind(
    "an array of tables", lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value)
)
ANY = Kind("a value", lambda _: True)
COUNTS = Kind("a table of whole numbers", _is_counts)
CALLS = Kind('a list such as [{ call = "book", with = { day = "mon" } }]', _is_calls)
TURNS = Kind('a list such as [{ say = "Hello." }, { call = "book", with = { day = "mon" } }]', _is_turns)
NAMED_TEXTS = Kind(
    "a table of texts", lambda value: isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
)
OUTCOMES = Kind("a table of lists", lambda value: isinstance(value, dict) and all(map(_is_texts, value.values())))
RULE_LIST = Kind(f"a list of {', '.join(RULES)}", lambda value: _is_texts(value) and set(value) <= set(RULES))

_EXPECT: Mapping[str, Kind] = {
    "tools": CALLS,
    "calls": COUNTS,
    "responses": TEXTS,
    "said": TEXTS,
    "agent": TEXT,
    "hops": TEXTS,
    "step": TEXT,
    "offered": TEXTS,
    "not_offered": TEXTS,
    "actions": TEXTS,
    "ended": TEXT,
    "global_data": TABLE,
    "summary": ANY,
    "findings": TEXTS,
}
SCHEMA: Mapping[str, Mapping[str, Kind]] = {
    "": {
        "title": TEXT,
        "agent": TEXT,
        "seed": WHOLE,
        "runs": COUNT,
        "passes": COUNT,
        "chat": YES,
        "summary": ANY,
        "host": TABLE,
        "caller": TABLE,
        "model": TABLE,
        "platform": TABLE,
        "persona": TABLE,
        "turn": TABLES,
        "expect": TABLE,
        "veto": TABLE,
        "stub": TABLES,
        "fault": TABLES,
    },
    "host": {
        "files": TEXTS,
        "installed": TEXTS,
        "config": TEXT,
        "url": TEXT,
        "public_urls": TEXTS,
        "other_urls": TEXTS,
    },
    "caller": {
        "number": TEXT,
        "name": TEXT,
        "dialled": TEXT,
        "kind": _choice("phone", "sip", "webrtc"),
        "headers": NAMED_TEXTS,
        "user": TABLE,
    },
    "model": {"kind": _choice(*MODELS), "url": TEXT, "model": TEXT, "key": TEXT},
    "platform": {
        "outcomes": OUTCOMES,
        "gates": TABLE,
        "envs": TABLE,
        "sip_domains": TEXTS,
        "signing_key": TEXT,
        "lenient": YES,
        "back_to_back": YES,
        "toggle_any": YES,
        "summary_per_session": YES,
        "retries": WHOLE,
    },
    "persona": {"goal": TEXT, "facts": NAMED_TEXTS, "rules": RULE_LIST, "instead": NAMED_TEXTS, "turns": COUNT},
    "turn": {
        "user": TEXT,
        "digits": TEXT,
        "silence_ms": WHOLE,
        "hangup": YES,
        "unhold": YES,
        "barge_after": WHOLE,
        "confidence": Kind("a number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)),
        "lang": TEXT,
        "model": TURNS,
        "expect": TABLE,
    },
    "turn.expect": _EXPECT,
    "expect": _EXPECT,
    "veto": {
        "tools": CALLS,
        "calls": COUNTS,
        "said": TEXTS,
        "agents": TEXTS,
        "global_data": TEXTS,
        "actions": TEXTS,
    },
    "stub": {"url": TEXT, "body": ANY, "status": COUNT, "method": TEXT},
    "fault": {"kind": _choice(*FAULTS), "function": TEXT, "times": COUNT, "status": COUNT},
}
"""Every table of a scenario file, with its keys. The empty name is the top of the file."""
NEEDED: Mapping[str, tuple[str, ...]] = {"": ("agent",), "persona": ("goal",), "stub": ("url",), "fault": ("kind",)}
"""Keys that a table must have."""


def fault_of(table: str, key: str, value: Any) -> str:
    """Return the mistake of a key, or empty text."""
    kind = SCHEMA[table].get(key)
    if kind is None:
        from agenthost._error_words import did_you_mean  # noqa: PLC0415 - only for a mistake

        known = ", ".join(SCHEMA[table])
        return f"unknown key {key!r}. {did_you_mean(key, SCHEMA[table])}Known: {known}"
    return "" if kind.fits(value) else f"{key} must be {kind.name}"
