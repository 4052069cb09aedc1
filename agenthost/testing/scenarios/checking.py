"""Checks of a call against expectations and vetoes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agenthost.testing.platform.session import Call
    from agenthost.testing.platform.trace import TraceEvent
    from agenthost.testing.scenarios.scenario import Expectation, ExpectedCall, Veto

__all__ = ["Problem", "check", "check_findings", "check_veto"]

_DEEPEST = 20


@frozen
class Problem:
    """One difference between a scenario and its call.

    Args:
        kind: ``expect``, ``veto``, ``finding`` or ``error``.
        message: the difference in one sentence.
        expected: the expected lines.
        actual: the lines of the call.
        line: the line of the turn in the file, or 0 for the whole call.
    """

    kind: str
    message: str
    expected: tuple[str, ...] = ()
    actual: tuple[str, ...] = ()
    line: int = 0


def check(expect: Expectation, call: Call, events: Sequence[TraceEvent], line: int = 0) -> Iterator[Problem]:
    """Yield the expectations that a turn or a call does not meet."""
    tools = [event for event in events if event.kind == "tool" and not event.data.get("error")]
    if not _calls_in_order(expect.tools, tools):
        wanted, made = tuple(_written(each) for each in expect.tools), tuple(_line_of(event) for event in tools)
        yield Problem("expect", "the function calls are not as expected", wanted, made, line)
    for function, number in expect.calls.items():
        made = tuple(_line_of(event) for event in tools if event.data["function"] == function)
        if len(made) != number:
            yield Problem("expect", f"{function} is called {len(made)} times, not {number}", (), made, line)
    answers = tuple(str(event.data["response"]) for event in events if event.kind == "tool")
    if not _words_in_order(expect.responses, answers):
        yield Problem("expect", "the functions' answers are not as expected", expect.responses, answers, line)
    said = tuple(str(event.data["text"]) for event in events if event.kind == "spoken")
    if not _words_in_order(expect.said, said):
        yield Problem("expect", "the words are not as expected", expect.said, said, line)
    actions = tuple(str(event.data["action"]) for event in events if event.kind == "action")
    if not _in_order(expect.actions, actions):
        yield Problem("expect", "the actions are not as expected", expect.actions, actions, line)
    yield from _states(expect, call, line)
    if expect.summary is not None:
        yield from _summary(expect.summary, events, line)


def check_findings(expect: Expectation, events: Sequence[TraceEvent]) -> Iterator[Problem]:
    """Yield findings that are not expected, and expected ones that are missing."""
    found = [event for event in events if event.kind in {"finding", "script_error"}]
    for event in found:
        if event.data["code"] not in expect.findings:
            yield Problem("finding", f"{event.data['code']}: {event.data['message']}")
    missing = [code for code in expect.findings if code not in {event.data["code"] for event in found}]
    for code in missing:
        yield Problem("expect", f"the finding {code!r} does not occur")


def check_veto(veto: Veto, call: Call, events: Sequence[TraceEvent]) -> Iterator[Problem]:
    """Yield everything that must not happen and does."""
    yield from _vetoed_calls(veto, [event for event in events if event.kind == "tool"])
    heard = [str(event.data["text"]) for event in events if event.kind == "spoken"]
    for words in veto.said:
        for text in heard:
            if _plain(words) in _plain(text):
                yield Problem("veto", f"{words!r} is said", (), (text,))
    for agent in veto.agents:
        if agent in call.hops:
            yield Problem("veto", f"{agent} has the call", (), call.hops)
    for name in veto.global_data:
        if _has(call.global_data, name):
            yield Problem("veto", f"{name!r} is in the global data", (), (_json(call.global_data),))
    applied = {event.data["action"] for event in events if event.kind == "action"}
    for action in veto.actions:
        if action in applied:
            yield Problem("veto", f"the action {action} is applied")


def _vetoed_calls(veto: Veto, tools: Sequence[TraceEvent]) -> Iterator[Problem]:
    for forbidden in veto.tools:
        for event in tools:
            if _fits(forbidden, event):
                yield Problem("veto", f"{_written(forbidden)} is called", (), (_line_of(event),))
    for function, most in veto.calls.items():
        done = [event for event in tools if event.data["function"] == function and not event.data.get("error")]
        if len(done) > most:
            message = f"{function} is called {len(done)} times, at most {most} are allowed"
            yield Problem("veto", message, (), tuple(map(_line_of, done)))


def _states(expect: Expectation, call: Call, line: int) -> Iterator[Problem]:
    pairs: list[tuple[str, Any, Any]] = [
        ("agent", expect.agent, call.agent),
        ("hops", expect.hops, call.hops),
        ("step", expect.step, call.step),
        ("ended", expect.ended, call.cause),
    ]
    for name, wanted, actual in pairs:
        if wanted is not None and wanted != actual:
            yield Problem("expect", f"{name} is not as expected", (_json(wanted),), (_json(actual),), line)
    missing = [name for name in expect.offered if name not in call.tools]
    if missing:
        yield Problem("expect", f"{', '.join(missing)} is not offered", expect.offered, call.tools, line)
    extra = [name for name in expect.not_offered if name in call.tools]
    if extra:
        yield Problem("expect", f"{', '.join(extra)} is offered", (), call.tools, line)
    if not _among(expect.global_data, call.global_data):
        wanted_data, data = (_json(expect.global_data),), (_json(call.global_data),)
        yield Problem("expect", "the global data is not as expected", wanted_data, data, line)


def _summary(wanted: Any, events: Sequence[TraceEvent], line: int) -> Iterator[Problem]:
    found = [event.data["data"] for event in events if event.kind == "summary"]
    for data in found:
        parsed = data.get("parsed", [])
        if isinstance(wanted, str) and _plain(wanted) in _plain(str(data.get("raw", ""))):
            return
        if isinstance(wanted, dict) and any(_among(wanted, item) for item in parsed):
            return
    yield Problem(
        "expect",
        "the summary is not as expected",
        (_json(wanted),),
        tuple(str(data.get("raw")) for data in found),
        line,
    )


def _calls_in_order(wanted: Sequence[ExpectedCall], made: Sequence[TraceEvent]) -> bool:
    left = iter(made)
    return all(any(_fits(each, event) for event in left) for each in wanted)


def _fits(wanted: ExpectedCall, event: TraceEvent) -> bool:
    return bool(event.data["function"] == wanted.function and _among(wanted.arguments, event.data["arguments"]))


def _words_in_order(wanted: Sequence[str], said: Sequence[str]) -> bool:
    """Return True if all words occur in order, in any case and spacing."""
    whole, at = _plain("\n".join(said)), 0
    for words in wanted:
        found = whole.find(_plain(words), at)
        if found < 0:
            return False
        at = found + len(_plain(words))
    return True


def _in_order(wanted: Sequence[str], made: Sequence[str]) -> bool:
    left = iter(made)
    return all(any(name == other for other in left) for name in wanted)


def _among(wanted: Any, actual: Any) -> bool:
    """Return True if everything wanted is in the actual value."""
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(
            name in actual and _among(value, actual[name]) for name, value in wanted.items()
        )
    return bool(wanted == actual)


def _has(data: Any, name: str, depth: int = 0) -> bool:
    if depth > _DEEPEST:
        return False
    if isinstance(data, dict):
        return name in data or any(_has(value, name, depth + 1) for value in data.values())
    return isinstance(data, list) and any(_has(value, name, depth + 1) for value in data)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _written(call: ExpectedCall) -> str:
    return _call(call.function, call.arguments)


def _line_of(event: TraceEvent) -> str:
    return _call(str(event.data["function"]), event.data["arguments"])


def _call(function: str, arguments: Any) -> str:
    given = arguments if isinstance(arguments, dict) else {"": arguments}
    return f"{function}({', '.join(f'{name}={_json(value)}' for name, value in given.items())})"


def _json(value: Mapping[str, Any] | Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
