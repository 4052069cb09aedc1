"""Runs of scenarios: a fresh host for each, a call, and its verdict."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from attrs import evolve

from agenthost._error_words import summary_of
from agenthost.errors import AgentHostError
from agenthost.testing.platform.script import HangUp
from agenthost.testing.platform.session import Platform
from agenthost.testing.platform.trace import Trace
from agenthost.testing.scenarios.checking import Problem, check, check_findings, check_veto
from agenthost.testing.scenarios.hosting import open_host
from agenthost.testing.scenarios.persona import Talker
from agenthost.testing.scenarios.scenario import Expectation
from agenthost.testing.scenarios.verdict import Run, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost.conversation.models import ChatModel
    from agenthost.testing.platform.script import ModelTurn
    from agenthost.testing.platform.session import Call
    from agenthost.testing.platform.trace import TraceEvent
    from agenthost.testing.scenarios.scenario import ModelSpec, Scenario

__all__ = ["play", "run_scenario"]

_MOST_HANGUPS = 40
"""A caller hangs up once for each leg at most."""


async def run_scenario(scenario: Scenario, listener: Callable[[TraceEvent], None] | None = None) -> Verdict:
    """Run a scenario, each time on a host of its own.

    Args:
        scenario: the scenario.
        listener: receives each event of the first run at once.
    """
    runs = []
    for number in range(scenario.runs):
        seeded = evolve(scenario, options=evolve(scenario.options, seed=scenario.options.seed + number))
        runs.append(await _run(seeded, listener if number == 0 else None))
    return Verdict(str(scenario.file), scenario.title, tuple(runs), scenario.passes)


async def _run(scenario: Scenario, listener: Callable[[TraceEvent], None] | None) -> Run:
    """Run a scenario once. A host that does not start is a problem."""
    began = time.perf_counter()
    model = _model(scenario.model)
    try:
        async with open_host(scenario) as client:
            platform = Platform(client, scenario.options, model=model, listener=listener)
            problems, trace = await play(scenario, platform)
    except (AgentHostError, OSError) as error:
        problems, trace = (Problem("error", summary_of(error)),), Trace(())
    return Run(problems, trace, time.perf_counter() - began)


async def play(scenario: Scenario, platform: Platform) -> tuple[tuple[Problem, ...], Trace]:
    """Play the call of a scenario, and return its problems and its trace."""
    opening = scenario.turns[0].turns if scenario.turns and scenario.turns[0].input is None else None
    if scenario.model.kind == "script" and opening is None:
        opening = ()
    problems: list[Problem] = []
    async with await _begin(scenario, platform, opening) as call:
        await (_follow(scenario, call, problems) if scenario.persona is None else _converse(scenario, call))
        if scenario.expect.step is not None or scenario.expect.offered or scenario.expect.not_offered:
            problems += check(_at_end_of_talk(scenario), call, ())
        await _end(scenario, call)
        rest = evolve(scenario.expect, step=None, offered=(), not_offered=())
        events = call.trace.events
        problems += check(rest, call, events)
        problems += check_findings(scenario.expect, events)
        problems += check_veto(scenario.veto, call, events)
        return tuple(problems), call.trace


async def _begin(scenario: Scenario, platform: Platform, turns: tuple[ModelTurn, ...] | None) -> Call:
    if scenario.chat:
        return await platform.chat(scenario.agent, user=scenario.caller.user)
    if scenario.agent.startswith(("sip:", "sips:")):
        number = scenario.caller.number
        caller = number if number.startswith("sip") else f"sip:{number}@caller.example"
        return await platform.sip(scenario.agent, caller=caller, turns=turns)
    return await platform.call(scenario.agent, caller=scenario.caller, turns=turns)


async def _follow(scenario: Scenario, call: Call, problems: list[Problem]) -> None:
    """Follow the script, and check each turn.

    A turn after the call's end cannot be played.
    """
    seen = 0
    for turn in scenario.turns:
        if turn.input is not None:
            if call.ended:
                problems.append(Problem("expect", f"the call has ended before this turn: {call.cause}", line=turn.line))
                return
            item = turn.input
            if isinstance(item, HangUp):
                item = HangUp(scenario.summary)
            elif turn.turns is None and scenario.model.kind == "script":
                item = evolve(item, turns=())
            await call.give(item)
        events = call.trace.events[seen:]
        seen = len(call.trace.events)
        problems += check(turn.expect, call, events, turn.line)


async def _converse(scenario: Scenario, call: Call) -> None:
    """Let the persona talk until it hangs up."""
    assert scenario.persona is not None
    talker = Talker(scenario.persona, scenario.options.seed)
    said = "\n".join(str(event.data["text"]) for event in call.trace.of("spoken"))
    while not call.ended:
        item = talker.next(said)
        if isinstance(item, HangUp):
            return
        said = (await call.give(item)).said


async def _end(scenario: Scenario, call: Call) -> None:
    """Hang up, unless the call has ended or must go on."""
    for _ in range(_MOST_HANGUPS):
        if call.ended or scenario.expect.ended == "":
            return
        await call.hang_up(scenario.summary)


def _at_end_of_talk(scenario: Scenario) -> Expectation:
    expect = scenario.expect
    return Expectation(step=expect.step, offered=expect.offered, not_offered=expect.not_offered)


def _model(spec: ModelSpec) -> ChatModel | None:
    """Return the model of a scenario, None for a script."""
    if spec.kind == "offline":
        from agenthost.builtin.offline.model import OfflineModel  # noqa: PLC0415 - only where it is used

        return OfflineModel()
    if spec.kind == "openai":
        from agenthost.builtin.openai_api.model import OpenAIModel  # noqa: PLC0415 - as above
        from agenthost.builtin.openai_api.settings import OpenAISettings  # noqa: PLC0415 - as above
        from agenthost.secret import Secret  # noqa: PLC0415 - as above

        key = os.environ.get(spec.key)
        settings = OpenAISettings(url=spec.url or None, api_key=Secret(key) if key else None)
        return OpenAIModel("openai", evolve(settings, model=spec.model) if spec.model else settings)
    return None
