"""Scenarios from records of calls, and the differences of a replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from agenthost.testing.platform.http.client import HttpResponse
from agenthost.testing.platform.leg import Caller
from agenthost.testing.platform.options import PlatformOptions
from agenthost.testing.platform.script import FunctionCall, ModelTurn, Says
from agenthost.testing.scenarios.scenario import Expectation, HostSpec, ModelSpec, Scenario, ScenarioTurn, Veto

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agenthost.testing.platform.http.client import Client, HttpRequest
    from agenthost.testing.platform.trace import Trace

__all__ = ["AnsweringClient", "as_toml", "recorded_lines", "replayed_lines", "scenario_of"]

_CALLS = frozenset({"function_call", "function_error"})


@frozen
class _Step:
    """Words of the caller, and the model's turns after them. None is the beginning."""

    user: str | None
    turns: tuple[ModelTurn, ...]


def scenario_of(records: Sequence[Mapping[str, Any]]) -> Scenario:
    """Return the scenario of a call, whose caller and model follow its records."""
    steps = list(_steps(records))
    turns = tuple(
        ScenarioTurn(None if step.user is None else Says(step.user, step.turns), step.turns, Expectation(), number)
        for number, step in enumerate(steps)
    )
    first = records[0]
    package = str(first.get("package") or "")
    return Scenario(
        file=Path("recorded.call.toml"),
        title=f"Call {first.get('id')}",
        agent=str(first.get("route") or "/"),
        host=HostSpec(installed=(package,) if package else ()),
        caller=Caller(),
        model=ModelSpec(),
        turns=turns,
        persona=None,
        summary=_summary(records[-1]),
        expect=Expectation(),
        veto=Veto(),
        options=PlatformOptions(),
    )


def recorded_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the agents, function calls and answers of records, one a line."""
    lines = []
    for record in records:
        lines.append(f"agent {record.get('route')}")
        for entry in _functions(record):
            lines += _answer_lines(entry["function"], _arguments(entry), entry.get("answer", {}))
    return lines


def replayed_lines(trace: Trace) -> list[str]:
    """Return the agents, function calls and answers of a trace, one a line."""
    lines, agent = [], None
    for event in trace:
        if event.kind == "session_start" and event.agent != agent:
            agent = event.agent
            lines.append(f"agent {agent}")
        if event.kind == "tool":
            answer = {"response": event.data["response"], "action": event.data.get("actions", [])}
            if event.data.get("error"):
                answer["response"] = f"{event.data['error']}: {answer['response']}"
            lines += _answer_lines(str(event.data["function"]), event.data["arguments"], answer)
    return lines


def as_toml(records: Sequence[Mapping[str, Any]], installed: Sequence[str] = (), files: Sequence[str] = ()) -> str:
    """Return a scenario file that plays a recorded call, and expects what it did."""
    import tomli_w  # noqa: PLC0415 - only for a file to write

    scenario = scenario_of(records)
    host = {"files": list(files)} if files else {"installed": list(installed or scenario.host.installed)}
    calls = [
        {"call": entry["function"], "with": arguments}
        for record in records
        for entry in _functions(record)
        if isinstance(arguments := _arguments(entry), dict)
    ]
    expect: dict[str, Any] = {"hops": [str(record.get("route")) for record in records], "tools": calls}
    written: dict[str, Any] = {"title": scenario.title, "agent": scenario.agent, "host": host}
    written["turn"] = [_turn(turn) for turn in scenario.turns]
    written["expect"] = expect
    return tomli_w.dumps(_without_none(written), multiline_strings=False)


@define
class AnsweringClient:
    """A client whose functions answer from records, in order. Everything else goes to the host."""

    client: Client
    records: Sequence[Mapping[str, Any]]
    _left: list[Mapping[str, Any]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._left = [entry for record in self.records for entry in _functions(record)]

    @property
    def base_url(self) -> str:
        """The host's URL."""
        return self.client.base_url

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that are the host."""
        return self.client.origins

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Answer a function call from the records, or send the request.

        Raises:
            UnreachableError: there is no answer.
        """
        try:
            body = json.loads(request.body or b"null")
        except ValueError:
            body = None
        name = body.get("function") if isinstance(body, dict) else None
        entry = next((each for each in self._left if each["function"] == name), None)
        if entry is None:
            return await self.client.send(request)
        self._left.remove(entry)
        return HttpResponse(200, (), json.dumps(entry.get("answer", {})).encode())


def _steps(records: Sequence[Mapping[str, Any]]) -> Iterator[_Step]:
    """Yield the caller's words, each with the turns of the model after them."""
    user: str | None = None
    turns: list[ModelTurn] = []
    for record in records:
        waiting = list(_functions(record))
        with_log = any(line.get("action") in _CALLS for line in _log(record))
        for line in _log(record):
            role, content = line.get("role"), line.get("content")
            if role == "user" and isinstance(content, str):
                if user is not None or turns:
                    yield _Step(user, tuple(turns))
                user, turns = content, []
            elif role == "assistant" and isinstance(content, str) and content:
                turns.append(ModelTurn(content))
            elif line.get("action") in _CALLS or (role == "tool" and not with_log):
                name = line.get("function")
                entry = next((each for each in waiting if name in {None, each["function"]}), None)
                if entry is not None:
                    waiting.remove(entry)
                    turns.append(_called(turns, FunctionCall(entry["function"], _arguments(entry))))
    if user is not None or turns:
        yield _Step(user, tuple(turns))


def _called(turns: list[ModelTurn], call: FunctionCall) -> ModelTurn:
    """Return the turn of a call, with the words that the model said before it."""
    if turns and not turns[-1].calls:
        return ModelTurn(turns.pop().say, (call,))
    return ModelTurn(calls=(call,))


def _turn(turn: ScenarioTurn) -> dict[str, Any]:
    written: dict[str, Any] = {} if turn.input is None else {"user": turn.input.text}  # type: ignore[union-attr]
    entries: list[dict[str, Any]] = []
    for each in turn.turns or ():
        entry: dict[str, Any] = {"say": each.say} if each.say else {}
        for call in each.calls:
            given = call.arguments if isinstance(call.arguments, str) else dict(call.arguments)
            entry |= {"call": call.function, "with": given}
        if entry:
            entries.append(entry)
    return written | {"model": entries}


def _answer_lines(function: str, arguments: Any, answer: Mapping[str, Any]) -> list[str]:
    given = json.dumps(arguments, ensure_ascii=False, sort_keys=True, default=str)
    lines = [f"{function}({given})", f"  response: {answer.get('response', '')}"]
    actions = answer.get("action", [])
    for action in [actions] if isinstance(actions, dict) else actions if isinstance(actions, list) else []:
        names = ", ".join(sorted(action)) if isinstance(action, dict) else str(action)
        lines.append(f"  action: {names}")
    return lines


def _functions(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = record.get("functions")
    hooks = {"startup_hook", "hangup_hook"}
    return [entry for entry in found if entry.get("function") not in hooks] if isinstance(found, list) else []


def _log(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = record.get("log")
    return found if isinstance(found, list) else []


def _arguments(entry: Mapping[str, Any]) -> Any:
    """Return the arguments of a call as an object, else as they were written."""
    written = str(entry.get("arguments") or "{}")
    try:
        value = json.loads(written)
    except ValueError:
        return written
    return value if isinstance(value, dict) else written


def _summary(record: Mapping[str, Any]) -> Any:
    data = record.get("summary")
    if not isinstance(data, dict):
        return None
    parsed = data.get("parsed")
    return parsed[0] if isinstance(parsed, list) and parsed else data.get("raw")


def _without_none(value: Any) -> Any:
    """Return JSON values without null, which TOML does not have."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(item) for item in value if item is not None]
    return value
