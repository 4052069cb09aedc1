"""The promises in docs/reference/simulated-platform.md, each held by calls."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from calling import called, codes, hang_up, play, spoken, steps, tool
from swml_host import SwmlHost, ai, document, function

from agenthost.testing.platform import (
    Caller,
    Fault,
    FunctionCall,
    ModelTurn,
    Platform,
    PlatformOptions,
    Stub,
)

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "simulated-platform.md"
HELD = {}
"""The tests of each promise, by its number."""


def promise(*numbers):
    """Mark a test as one that fails if a promise is broken."""

    def marked(test):
        for number in numbers:
            HELD.setdefault(number, []).append(test.__name__)
        return test

    return marked


def test_each_promise_is_held():
    section = PAGE.read_text(encoding="utf-8").partition("## Promises\n")[2].partition("\n## ")[0]
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)]

    assert numbers == list(range(1, 31)) == sorted(HELD)


@promise(1)
def test_the_first_request_has_the_call_and_nothing_else():
    host = SwmlHost({"/": document()})
    call = called(host, caller=Caller(user={}))
    [(_, body, _)] = host.received

    assert body["call"]["call_id"] == call.id
    assert (body["vars"], body["params"]) == ({}, {})


@promise(2)
def test_credentials_of_a_url_become_basic_and_leave_the_path():
    host = SwmlHost({"/secret": document()})
    called(host, route="/secret")
    [(target, _, headers)] = host.received

    assert (target, headers["authorization"]) == ("/secret", "Basic dXNlcjpwYXNz")


@promise(2)
def test_a_transfer_without_credentials_meets_401():
    host = SwmlHost({"/": document({"transfer": "http://host.example/secret"})})
    call = called(host)

    assert call.cause == "script_error"
    assert "HTTP 401: the URL carries no credentials" in call.trace.of("script_error")[0].data["message"]


@promise(3)
def test_a_transfer_takes_variables_and_parameters_along():
    there = {"dest": "http://host.example/b", "params": {"y": 2}}
    host = SwmlHost({"/": document({"set": {"x": 1}}, {"transfer": there}), "/b": document()})
    call = called(host)
    _, body, _ = host.received[1]

    assert (body["vars"], body["params"], body["call"]["call_id"]) == ({"x": 1}, {"y": 2}, call.id)


@promise(4)
def test_parameters_are_the_callers_again_after_execute():
    main = [{"execute": {"dest": "a", "params": {"y": 1}}}]
    a = [{"execute": {"dest": "b", "params": {"y": 2}}}, play("${params.y}")]
    call = called(SwmlHost({"/": document(*main, a=a, b=[play("${params.y}")])}))

    assert spoken(call) == ["2", "1"]


@promise(5)
def test_goto_jumps_as_often_as_it_may():
    call = called(SwmlHost({"/": document({"label": "a"}, play("x"), {"goto": {"label": "a", "max": 3}})}))

    assert spoken(call) == ["x"] * 4


@promise(6)
def test_a_transfer_to_itself_ends_at_the_33rd():
    host = SwmlHost({"/": document({"transfer": {"dest": "http://host.example/"}})})
    call = called(host)

    assert (len(host.received), call.cause) == (33, "script_error")


@promise(7)
def test_a_missing_variable_is_empty():
    assert spoken(called(SwmlHost({"/": document(play("[${vars.nope}]"))}))) == ["[]"]


@promise(8)
def test_nothing_follows_a_transfer_but_something_follows_execute():
    verbs = ({"execute": "s"}, play("heard"), {"transfer": "s"}, play("silent"))

    assert spoken(called(SwmlHost({"/": document(*verbs, s=[])}))) == ["heard"]


@promise(9)
@pytest.mark.parametrize(("action", "words"), [("stop", ["after"]), ("hangup", [])])
def test_stop_goes_on_with_the_document_and_hangup_does_not(action, words):
    host = SwmlHost({"/": document(ai(function("f")), play("after"))}, {"f": {"action": [{action: True}]}})
    call = called(host, tool("f"))

    assert spoken(call) == words
    assert len(host.bodies("/post_prompt")) == 1


@promise(10)
def test_a_token_arrives_byte_for_byte_and_an_own_url_counts_more_than_the_default():
    swaig = {
        "functions": [function("own"), {"function": "plain", "description": "p"}],
        "defaults": {"web_hook_url": "http://host.example/default"},
    }
    host = SwmlHost({"/": document(ai(SWAIG=swaig))})
    called(host, tool("own"), tool("plain"))

    assert [target for target, _, _ in host.received[1:]] == ["/swaig?__token=own%2B", "/default"]


@promise(11)
def test_a_5xx_is_repeated_three_times_with_the_same_body():
    host = SwmlHost({"/": document(ai(function("f")))})
    host.statuses = [500] * 4
    call = called(host, tool("f"), tool("f"))
    bodies = host.bodies("f")

    assert len(bodies) == 5
    assert bodies[0] == bodies[1] == bodies[2] == bodies[3]
    assert call.trace.of("tool")[0].data["error"] == "webhook_http_failure"
    assert call.trace.of("tool")[1].data["response"] == "done"


@promise(11)
def test_an_apology_is_an_answer_and_is_not_repeated():
    host = SwmlHost({"/": document(ai(function("f")))}, {"f": {"response": "I am sorry, that failed."}})
    call = called(host, tool("f"))

    assert len(host.bodies("f")) == 1
    assert call.trace.of("tool")[0].data["response"] == "I am sorry, that failed."


@promise(12)
def test_calls_of_one_turn_get_the_same_global_data():
    host = SwmlHost(
        {"/": document(ai(function("f"), function("g")))},
        {"f": {"action": {"set_global_data": {"a": 1}}}, "g": {"action": {"set_global_data": {"b": 2}}}},
    )
    both = ModelTurn(calls=(FunctionCall("f"), FunctionCall("g")))
    called(host, lambda call: call.say("go", both), tool("f"))

    assert [body.get("global_data") for body in host.bodies("f")] == [None, {"a": 1, "b": 2}]
    assert [body.get("global_data") for body in host.bodies("g")] == [None]


@promise(13)
def test_global_data_is_merged_at_its_top_alone():
    host = SwmlHost(
        {"/": document(ai(function("f"), global_data={"a": {"x": 1}}))},
        {"f": {"action": {"set_global_data": {"a": {"y": 2}}}}},
    )

    assert called(host, tool("f")).global_data == {"a": {"y": 2}}


@promise(14)
def test_metadata_belongs_to_the_function_that_set_it():
    host = SwmlHost({"/": document(ai(function("f"), function("g")))}, {"f": {"action": [{"set_meta_data": {"k": 1}}]}})
    call = called(host, tool("f"), tool("g"), tool("f"))

    assert [body["meta_data"] for body in host.bodies("g")] == [{}]
    assert host.bodies("f")[1]["meta_data"] == call.meta_data["f"] == {"k": 1}


@promise(15)
def test_words_before_a_hangup_are_heard_and_a_response_is_not():
    host = SwmlHost(
        {"/": document(ai(function("f")))},
        {"f": {"response": "unheard", "action": [{"say": "heard"}, {"hangup": True}]}},
    )
    call = called(host, tool("f"))

    assert (spoken(call), call.cause) == (["heard"], "hangup")


@promise(16)
def test_post_process_gives_the_model_a_turn_before_the_actions():
    prompt = steps({"name": "a", "text": "A"}, {"name": "b", "text": "B"})
    host = SwmlHost(
        {"/": document(ai(function("f"), prompt=prompt))},
        {"f": {"post_process": True, "action": [{"change_step": "b"}]}},
    )
    turn = ModelTurn(calls=(FunctionCall("f"),))
    call = called(host, lambda call: call.model(turn, ModelTurn("first")))
    kinds = [event.kind for event in call.trace if event.kind in {"spoken", "step"}]

    assert kinds == ["step", "spoken", "step"]
    assert call.step == "b"


@promise(17)
def test_a_final_transfer_ends_the_session_and_keeps_the_call():
    there = {"SWML": document({"transfer": {"dest": "http://host.example/b"}}), "transfer": "true"}
    host = SwmlHost({"/": document(ai(function("f"))), "/b": document(ai(function("g")))}, {"f": {"action": [there]}})
    call = called(host, tool("f"), tool("g"))

    assert [target for target, _, _ in host.received] == [
        "/",
        "/swaig?__token=f%2B",
        "/post_prompt",
        "/b",
        "/swaig?__token=g%2B",
    ]
    [first], [second] = host.bodies("f"), host.bodies("g")
    assert first["call_id"] == second["call_id"]
    assert first["ai_session_id"] != second["ai_session_id"]
    assert call.hops == ("/", "/b")


@promise(18)
def test_a_document_in_place_keeps_the_session():
    host = SwmlHost(
        {"/": document(ai(function("f")))},
        {"f": {"action": [{"SWML": document(play("inside"), {"set": {"ai_response": "noted"}})}]}},
    )
    call = called(host, tool("f"), tool("f"))
    first, second = host.bodies("f")

    assert spoken(call) == ["inside", "inside"]
    assert first["ai_session_id"] == second["ai_session_id"]
    assert call.trace.of("injected")[0].data["text"] == "noted"


@promise(19)
def test_valid_steps_bind_the_model_and_not_the_tools():
    prompt = steps(
        {"name": "a", "text": "A", "valid_steps": ["b"]}, {"name": "b", "text": "B"}, {"name": "c", "text": "C"}
    )
    host = SwmlHost({"/": document(ai(function("f"), prompt=prompt))}, {"f": {"action": [{"change_step": "c"}]}})
    offered = []

    async def look(call):
        offered.append(call.tool_specs["next_step"].parameters["properties"]["step"]["enum"])

    call = called(host, look, tool("next_step", step="c"), tool("f"))

    assert offered == [["b"]]
    assert call.trace.of("tool")[0].data["error"] == "invalid_params"
    assert call.step == "c"


@promise(20)
def test_a_step_without_functions_inherits_and_an_empty_list_offers_none():
    prompt = steps(
        {"name": "a", "text": "A", "functions": ["f"]},
        {"name": "b", "text": "B"},
        {"name": "c", "text": "C", "functions": []},
    )
    host = SwmlHost({"/": document(ai(function("f"), function("g"), prompt=prompt))})
    seen = []

    async def look(call):
        seen.append(call.tools)

    called(host, look, tool("next_step", step="b"), look, tool("next_step", step="c"), look, tool("f"))

    assert seen == [("f", "next_step"), ("f", "next_step"), ()]


@promise(21)
def test_the_conversation_goes_on_after_the_last_step():
    prompt = steps({"name": "a", "text": "Only once.", "end": True})
    call = called(
        SwmlHost({"/": document(ai(function("f"), prompt=prompt))}),
        lambda call: call.say("hello", ModelTurn("Hello again.")),
    )

    assert spoken(call) == ["Hello again."]
    assert (call.step, call.ended) == ("", True)
    assert "steps_over" in [event.kind for event in call.trace]


@promise(22)
def test_gathering_locks_other_functions_out():
    gather = {
        "output_key": "who",
        "completion_action": "next_step",
        "questions": [
            {"key": "name", "question": "Name?"},
            {"key": "age", "question": "Age?", "type": "integer", "confirm": True},
        ],
    }
    prompt = steps({"name": "a", "text": "A", "gather_info": gather}, {"name": "b", "text": "B"})
    seen = []

    async def look(call):
        seen.append(call.tools)

    call = called(
        SwmlHost({"/": document(ai(function("book"), prompt=prompt))}),
        look,
        tool("gather_submit", answer="Ann"),
        tool("gather_submit", answer=40, confirmed_by_user="false"),
        tool("gather_submit", answer=41, confirmed_by_user="true"),
    )

    assert seen == [("gather_submit",)]
    assert call.global_data == {"who": {"name": "Ann", "age": 41}}
    assert call.step == "b"


@promise(23)
def test_a_hold_that_is_too_long_is_the_usual_one():
    host = SwmlHost({"/": document(ai(function("f")))}, {"f": {"action": [{"hold": 1200}]}})
    call = called(host, tool("f"), lambda call: call.say("hello?"), lambda call: call.wait(300_000))

    assert call.trace.of("hold")[0].data["seconds"] == 300
    assert [event.kind for event in call.trace.of("unheard", "hold_ended")] == ["unheard", "hold_ended"]


def data_map(**more):
    return {"function": "look", "description": "l", "data_map": more}


@promise(24)
def test_a_data_map_uses_the_first_eligible_webhook_alone_and_a_404_is_no_failure():
    webhooks = [
        {"url": "https://a.example", "output": {"response": "x is ${x}"}},
        {"url": "https://b.example", "output": {"response": "second"}},
    ]
    options = PlatformOptions(stubs=(Stub("https://a.example", {"x": 1}, status=404),))
    call = called(SwmlHost({"/": document(ai(data_map(webhooks=webhooks)))}), tool("look"), options=options)

    assert call.trace.of("tool")[0].data["response"] == "x is 1"
    assert len(call.trace.of("data_map")) == 1


@promise(25)
def test_an_error_key_that_is_there_is_a_failure_whatever_its_value():
    mapped = data_map(
        webhooks=[{"url": "https://a.example", "error_keys": ["error"], "output": {"response": "fine"}}],
        output={"response": "failed"},
    )
    options = PlatformOptions(stubs=(Stub("https://a.example", {"error": None}),))
    call = called(SwmlHost({"/": document(ai(mapped))}), tool("look"), options=options)

    assert call.trace.of("tool")[0].data["response"] == "failed"


@promise(26)
def test_everything_that_an_include_returns_is_registered():
    swaig = {"includes": [{"url": "https://other.example/swaig", "functions": ["a"]}]}
    options = PlatformOptions(stubs=(Stub("https://other.example/*", [function(name) for name in "abc"]),))
    seen = []

    async def look(call):
        seen.append(call.tools)

    called(SwmlHost({"/": document(ai(SWAIG=swaig))}), look, options=options)

    assert seen == [("a", "b", "c")]


@promise(27)
def test_the_startup_hook_precedes_the_greeting():
    host = SwmlHost(
        {
            "/": document(
                ai(function("startup_hook"), params={"static_greeting": "Hello ${who}."}, global_data={"who": "Ann"})
            )
        }
    )
    call = called(host, hang_up)

    assert [event.kind for event in call.trace.of("hook", "spoken")] == ["hook", "spoken"]
    assert spoken(call) == ["Hello Ann."]


@promise(28)
def test_a_chat_has_two_ids():
    host = SwmlHost({"/": document(ai(function("f")))})

    async def run():
        call = await Platform(host.client()).chat("/")
        await call.tool("f")
        await call.hang_up("bye")
        return call

    call = asyncio.run(run())
    [body], [summary] = host.bodies("f"), host.bodies("/post_prompt")
    assert host.received[0][1]["conversation_id"] == call.id
    assert body["conversation_id"] == summary["conversation_id"] == call.id
    assert body["call_id"] == summary["call_id"] != call.id


@promise(29)
def test_an_unknown_action_is_ignored_and_found():
    host = SwmlHost({"/": document(ai(function("f")))}, {"f": {"action": [{"nope": 1}, {"say": "a"}]}})
    call = called(host, tool("f"))

    assert (spoken(call), codes(call)) == (["a"], ["unknown_action"])


@promise(30)
def test_the_second_agent_of_a_call_has_the_global_data_of_the_first():
    there = {"SWML": document({"transfer": {"dest": "http://host.example/b"}}), "transfer": True}
    host = SwmlHost(
        {"/": document(ai(function("f"))), "/b": document(ai(global_data={"own": 2}))},
        {"f": {"action": [{"set_global_data": {"kept": 1}}, there]}},
    )

    assert called(host, tool("f")).global_data == {"kept": 1, "own": 2}


def test_an_answer_that_is_lost_repeats_the_call():
    """This is how a tool books twice."""
    host = SwmlHost({"/": document(ai(function("f")))})
    call = called(host, tool("f"), options=PlatformOptions(faults=(Fault("lost", "f"),)))

    assert len(host.bodies("f")) == 2
    assert call.trace.of("tool")[0].data["attempts"] == 2


def test_a_function_that_is_not_offered_is_never_called():
    host = SwmlHost({"/": document(ai(function("f")))})
    call = called(host, tool("g"))

    assert (len(host.received), codes(call)) == (1, ["not_offered"])


def test_sip_addresses_follow_a_redirect():
    host = SwmlHost({"/sip": {"location": "/sales"}, "/sales": document(ai(function("f")))})

    async def run():
        async with await Platform(host.client()).sip("sip:sales@host.example") as call:
            return call.agent, call.tools

    assert asyncio.run(run()) == ("/sales", ("f",))
    assert [body["call"]["sip_data"]["sip_to_user"] for _, body, _ in host.received] == ["sales", "sales"]


def test_connect_to_a_sip_address_of_the_host_is_a_leg_of_its_own():
    host = SwmlHost(
        {
            "/": document({"connect": {"to": "sip:sales@host.example"}}, play("${connect_result}")),
            "/sip": document(ai(function("f"))),
        },
        {"f": {"action": [{"hangup": True}]}},
    )
    call = called(host, tool("f"), options=PlatformOptions(sip_domains=("host.example",)))
    first, second = (body["call"] for path, body, _ in host.received if path in {"/", "/sip"})

    assert spoken(call) == ["connected"]
    assert first["call_id"] == second["parent"]["call_id"] != second["call_id"]
    assert call.hops == ("/", "/sip")


def test_other_systems_are_never_contacted():
    host = SwmlHost({"/": document({"request": {"url": "https://other.example"}}, play("${request_result}"))})
    call = called(host)

    assert spoken(call) == ["failed"]
    assert "is not the host under test" in call.trace.of("request")[0].data["failure"]


def test_two_runs_give_the_same_bytes():
    host = SwmlHost({"/": document(ai(function("f", fillers={"default": ["One.", "Two.", "Three."]})))})
    first, second = (called(host, tool("f"), hang_up).trace.encode() for _ in range(2))

    assert first == second
    assert called(host, tool("f"), hang_up, options=PlatformOptions(seed=1)).trace.encode() != first
