"""AI sessions: time, holds, contexts, actions and models."""

from __future__ import annotations

import asyncio
import json

import pytest
from calling import called, codes, hang_up, kinds, say, spoken, steps, tool, wait
from swml_host import SwmlHost, ai, document, function

from agenthost import Completion, ToolUse
from agenthost.testing.platform import (
    Fault,
    FunctionCall,
    Limits,
    ModelTurn,
    Platform,
    PlatformOptions,
    Stub,
)
from agenthost.testing.platform.ai.actions import hold_seconds

CALL = ModelTurn(calls=(FunctionCall("f"),))


class Model:
    """A model with fixed answers, which keeps its requests."""

    name = "fixed"

    def __init__(self, *texts):
        self.texts = list(texts)
        self.requests = []

    async def answer(self, request):
        self.requests.append(request)
        if not self.texts:
            raise ValueError("no more words")
        yield Completion(self.texts.pop(0))


def answering(answer, *script, options=None, **config):
    """Return a call to an agent whose function gives an answer."""
    return called(SwmlHost({"/": document(ai(function("f"), **config))}, {"f": answer}), *script, options=options)


def acting(*actions, script=(), **config):
    return answering({"response": "r", "action": list(actions)}, tool("f"), *script, **config)


TWO = steps({"name": "a", "text": "A"}, {"name": "b", "text": "B ${global_data.who}"}, {"name": "c", "text": "C"})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (10, 10),
        (0, 0),
        (-1, 300),
        (901, 300),
        ("5m", 300),
        ("1:30", 90),
        ("45s", 45),
        ("60", 60),
        ("x", 300),
        (None, 300),
        (True, 300),
    ],
)
def test_durations_of_a_hold(value, seconds):
    assert hold_seconds(value) == seconds


def test_a_hold_expires_into_its_step_or_is_ended():
    hold = {"hold": {"timeout": 10, "step": "b", "timeout_step": "c"}}

    assert acting(hold, script=[wait(20_000)], prompt=TWO).step == "c"
    assert acting(hold, script=[lambda call: call.unhold()], prompt=TWO).step == "b"


def test_silence_fires_attention_then_inactivity():
    params = {"attention_timeout": 10_000, "inactivity_timeout": 25_000}
    call = answering({}, wait(60_000, ModelTurn("Still there?")), params=params)

    assert kinds(call, "attention_timeout", "inactivity") == ["attention_timeout", "attention_timeout", "inactivity"]
    assert (spoken(call), call.cause) == (["Still there?"], "script_end")
    assert call.trace.of("inactivity")[0].at == 25_000


def test_a_hard_stop_ends_the_session():
    call = answering({}, wait(100_000), params={"hard_stop_time": "1m", "attention_timeout": 0})

    assert kinds(call, "hard_stop", "summary") == ["hard_stop", "summary"]


def test_queued_input_follows_as_speech():
    host = SwmlHost({"/": document(ai(function("f")))}, {"f": {"action": [{"user_input": "And Bonn?"}]}})
    called(host, tool("f"), hang_up)
    [summary] = host.bodies("/post_prompt")

    assert [line["content"] for line in summary["call_log"] if line["role"] == "user"] == ["And Bonn?"]


def test_input_without_end_is_dropped():
    host = SwmlHost({"/": document(ai(function("f")))}, {"f": {"action": [{"user_input": "again"}]}})

    class Caller(Model):
        async def answer(self, request):
            if request.messages[-1].role == "user":
                arguments = json.dumps({"n": len(request.messages)})
                yield Completion("", (ToolUse("1", "f", arguments),))
            else:
                yield Completion("Done.")

    assert "loop_guard" in codes(called(host, say("go"), model=Caller()))


def test_a_context_switch_replaces_prompt_and_conversation():
    switch = {"context_switch": {"system_prompt": "Be ${who}.", "user_prompt": "Hello", "consolidate": True}}

    async def look(call):
        prompts.append(call.prompt)

    prompts = []
    acting({"set_global_data": {"who": "Ann"}}, switch, script=[look])
    assert prompts == ["Be Ann."]


def test_the_prompt_has_the_step_and_fresh_data():
    prompts = []

    async def look(call):
        prompts.append(call.prompt)

    acting({"set_global_data": {"who": "Ann"}}, {"change_step": "next"}, script=[look], prompt=TWO)

    assert prompts == ["Base.\n\nB Ann"]


def test_functions_are_toggled_within_their_token():
    call = acting({"toggle_functions": [{"function": "f", "active": False}]}, script=[tool("f")])
    assert call.trace.of("tool")[1].data["error"] == "invalid_function"

    nothing = acting({"toggle_functions": [{"function": "g", "active": False}]})
    assert nothing.trace.findings[0].data["message"].startswith("toggle_functions changes nothing")


def test_replaced_history_is_what_the_model_sees():
    host = SwmlHost({"/": document(ai(function("f")))}, {"f": {"action": [{"replace_in_history": "All done."}]}})
    model = Model("Fine.")

    called(host, tool("f"), say("Thanks"), model=model, turns=())

    assert [message.content for message in model.requests[0].messages[1:]] == ["All done.", "Thanks"]


def test_hidden_history_is_not_in_the_request_but_stays_in_the_log():
    prompt = steps(
        {"name": "a", "text": "A"}, {"name": "b", "text": "B", "history": "hide"}, {"name": "c", "text": "C"}
    )
    host = SwmlHost({"/": document(ai(function("f"), prompt=prompt))}, {"f": {"action": [{"change_step": "b"}]}})
    model = Model("one", "two", "three")
    called(host, say("secret"), tool("f"), tool("next_step", step="c"), say("now"), hang_up, model=model, turns=())

    assert "secret" not in str(model.requests[-1].messages)
    assert "secret" in str(host.bodies("/post_prompt")[0]["call_log"])


def test_a_model_that_fails_is_a_finding():
    assert codes(called(SwmlHost({"/": document(ai())}), say("x"), model=Model(), turns=())) == ["model"]


def test_a_model_summarises():
    host = SwmlHost({"/": document(ai(post_prompt={"text": "Summarise."}))})

    async def leave(call):
        await call.hang_up()

    called(host, say("x"), leave, model=Model("Hello.", 'It was: {"ok": true} Bye.'), turns=())
    [body] = host.bodies("/post_prompt")

    assert body["post_prompt_data"] == {
        "parsed": [{"ok": True}],
        "raw": 'It was: {"ok": true} Bye.',
        "substituted": "It was:  Bye.",
    }
    assert body["call_ended_by"] == "user"


@pytest.mark.parametrize(
    ("gated", "action"),
    [
        ("swaig_allow_swml", {"SWML": document()}),
        ("swaig_set_global_data", {"set_global_data": {"a": 1}}),
        ("swaig_allow_settings", {"settings": {"temperature": 1}}),
    ],
)
def test_parameters_gate_actions(gated, action):
    call = acting(action, params={gated: False})

    assert codes(call) == ["action"]
    assert call.global_data == {}


@pytest.mark.parametrize(
    "action",
    [
        {"SWML": [1]},
        {"SWML": {"raw_swml": "x"}},
        {"transfer": "true"},
        {"transfer": 5},
        {"context_switch": 1},
        {"set_meta_data": 1},
        {"set_global_data": 1},
        {"end_of_speech_timeout": -1},
        {"change_step": "x"},
        {"change_context": "x"},
    ],
    ids=str,
)
def test_actions_that_cannot_be_applied_are_findings(action):
    assert acting(action).trace.findings


def test_nothing_follows_the_first_action_that_ends_the_session():
    call = acting({"stop": True}, {"say": "x"}, {"hangup": True})

    assert [event.data["action"] for event in call.trace.of("action_skipped")] == ["say", "hangup"]


def test_keys_of_one_object_have_the_order_of_the_platform():
    call = acting({"say": "x", "hangup": True})

    assert (spoken(call), call.cause) == ([], "hangup")


def test_a_gate_that_fails_answers_for_the_function():
    on_fail = {"response": "Not now.", "action": [{"say": "No."}]}
    gates = [{"id": "sure", "question": "?", "threshold": 0.5, "on_fail": on_fail}]
    host = SwmlHost({"/": document(ai(function("f", gates=gates)))})
    call = called(host, tool("f"), options=PlatformOptions(gates={"sure": False}))

    assert host.bodies("f") == []
    assert (call.trace.of("tool")[0].data["error"], spoken(call)) == ("gate", ["No."])


def test_a_number_counts_uses_and_repeats_are_stopped():
    host = SwmlHost({"/": document(ai(function("f", active=1), function("g")))})
    call = called(host, *[tool("f")] * 2, *[tool("g")] * 4)

    assert [event.data.get("error", "") for event in call.trace.of("tool")] == [
        "",
        "invalid_function",
        "",
        "",
        "",
        "repeated",
    ]


def test_natives_of_the_platform():
    swaig = {"native_functions": ["check_time", "wait_seconds", "wait_for_user", "adjust_response_latency", "odd"]}
    host = SwmlHost({"/": document(ai(SWAIG=swaig))})
    call = called(
        host,
        tool("check_time"),
        tool("wait_seconds", seconds=2),
        tool("wait_for_user"),
        tool("adjust_response_latency"),
    )

    assert codes(call) == ["unknown_native"]
    assert [event.at for event in call.trace.of("tool")] == [0, 2000, 2000, 2000]


def test_hooks_are_called_and_never_offered():
    host = SwmlHost(
        {"/": document(ai(function("startup_hook"), function("stop_hook")))},
        {"startup_hook": {"action": {"set_global_data": {"vip": True}}}},
    )
    call = called(host, hang_up)

    assert [event.data["function"] for event in call.trace.of("hook")] == ["startup_hook", "hangup_hook"]
    assert call.global_data == {"vip": True}


@pytest.mark.parametrize(("kind", "sent"), [("status", 0), ("unreachable", 0), ("lost", 1), ("slow", 1)])
def test_faults_end_after_their_times(kind, sent):
    host = SwmlHost({"/": document(ai(function("f")))})
    call = called(host, tool("f"), options=PlatformOptions(faults=(Fault(kind, "f"),)))

    assert len(host.bodies("f")) == sent + 1
    assert call.trace.of("tool")[0].data["attempts"] == 2
    assert call.trace.of("tool")[0].at >= 1000


def test_functions_that_the_platform_skips():
    swaig = {"functions": [{"function": "a"}, {"function": "b", "description": "b"}, {}, 5, function("hangup")]}
    call = called(SwmlHost({"/": document(ai(SWAIG=swaig))}))

    assert codes(call) == ["function"] * 4


def test_a_saved_conversation_is_fetched():
    stub = Stub("https://memory.example/*", {"conversation_summary": "She likes tea."})
    host = SwmlHost({"/": document(ai(post_prompt_url="https://memory.example/x", params={"save_conversation": True}))})
    model = Model("Hello.")
    called(host, say("Hi"), options=PlatformOptions(stubs=(stub,)), model=model, turns=())

    assert "She likes tea." in str(model.requests[0].messages)


def test_scripted_turns_that_nobody_takes_are_found_and_a_transfer_keeps_them():
    there = {"SWML": document({"transfer": {"dest": "http://host.example/b"}}), "transfer": True}
    host = SwmlHost({"/": document(ai(function("f"))), "/b": document(ai())}, {"f": {"action": [there]}})
    call = called(host, say("go", CALL, ModelTurn("Welcome.")), say("x", ModelTurn("One."), ModelTurn("Two.")))

    assert spoken(call) == ["Welcome.", "One."]
    assert codes(call) == ["script_unused"]


def test_fillers_of_the_platforms_own_functions():
    swaig = {"internal_fillers": {"next_step": {"default": ["On we go."]}}}
    call = called(SwmlHost({"/": document(ai(prompt=TWO, SWAIG=swaig))}), tool("next_step", step="b"))

    assert [event.data["text"] for event in call.trace.of("filler")] == ["On we go."]


def test_history_is_seeded():
    convo = [{"role": "user", "content": "I am Ann."}, {"role": "odd", "content": "x"}, 5]
    model = Model("Hello.")
    called(SwmlHost({"/": document(ai(params={"convo": convo}))}), say("Hi"), model=model, turns=())

    assert [message.content for message in model.requests[0].messages[1:]] == ["I am Ann.", "Hi"]


def test_words_that_the_caller_interrupts_are_cut():
    call = called(
        SwmlHost({"/": document(ai())}),
        say("Hi", ModelTurn("Good morning.")),
        lambda call: call.say("Stop", barge_after=300),
        lambda call: call.say("Go on", barge_after=300),
    )

    assert [(event.data["text"], event.data["heard"]) for event in call.trace.of("cut")] == [("Good morning.", "Good ")]


@pytest.mark.parametrize(("level", "requests"), [(0, 0), (1, 3)])
def test_debug_events_are_posted_several_at_once(level, requests):
    params = {"debug_webhook_url": "http://user:pass@host.example/debug", "debug_webhook_level": level}
    host = SwmlHost({"/": document(ai(function("f"), params=params)), "/debug": {}})
    call = called(host, tool("f"), hang_up)
    bodies = host.bodies("/debug")

    assert len(bodies) == requests
    assert all(body["call_info"]["call_id"] == call.id for body in bodies)
    assert not bodies or [*bodies[1]] == ["call_info", "function_call", "tool"]


def test_a_model_that_calls_for_ever_is_ended():
    host = SwmlHost({"/": document(ai(function("f")))})
    turns = [ModelTurn(calls=(FunctionCall("f", {"n": number}),)) for number in range(9)]
    call = called(host, say("go", *turns), options=PlatformOptions(limits=Limits(rounds=5)))

    assert call.cause == "loop_guard"


def test_two_calls_at_once_do_not_share_anything():
    host = SwmlHost({"/": document(ai(function("f")))}, {"f": lambda body: {"response": body["call_id"]}})

    async def run():
        calls = [await Platform(host.client(), PlatformOptions(seed=seed)).call("/") for seed in range(5)]
        outcomes = await asyncio.gather(*(call.tool("f") for call in calls))
        for call in calls:
            await call.close()
        return [call.id for call in calls], [outcome.response for outcome in outcomes]

    ids, responses = asyncio.run(run())
    assert ids == responses
    assert len(set(ids)) == 5
