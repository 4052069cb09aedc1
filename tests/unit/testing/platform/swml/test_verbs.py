"""Verbs of documents."""

from __future__ import annotations

import pytest
from calling import called, codes, hang_up, kinds, play, say, spoken, tool
from swml_host import SwmlHost, ai, document, function

from agenthost.testing.platform import PlatformOptions, Stub
from agenthost.testing.platform.swml.walker import VERBS


def played(*verbs, script=(), options=None, **sections):
    return called(SwmlHost({"/": document(*verbs, **sections)}), *script, options=options)


def press(call):
    return call.press("2")


@pytest.mark.parametrize(
    ("verbs", "words"),
    [
        ([{"set": {"a": 1, "b": "${vars.a}"}}, play("${a + b}")], ["2"]),
        ([{"set": {"a": {"b": [1, 2]}}}, play("${a.b[1]} ${vars.a.b}")], ["2 [1, 2]"]),
        ([{"set": {"a": 1}}, {"unset": "a"}, play("[${a}]")], ["[]"]),
        ([{"unset": {"vars": ["a"]}}, {"unset": ["a"]}, play("x")], ["x"]),
        ([{"cond": [{"when": "1 > 2", "then": [play("a")]}, {"else": [play("b")]}]}], ["b"]),
        ([{"cond": [{"when": "call.from == '+15550100'", "then": [play("a")]}]}], ["a"]),
        ([{"set": {"x": 2}}, {"switch": {"variable": "x", "case": {"2": [play("two")]}}}], ["two"]),
        ([{"switch": {"variable": "vars.x", "case": {}, "default": [play("d")]}}], ["d"]),
        ([{"connect": {"to": "+1"}}, play("${connect_result}")], ["connected"]),
        ([{"connect": {"serial": [{"to": "+1"}], "result": {"case": {"connected": [play("c")]}}}}], ["c"]),
        ([{"join_room": {"name": "r"}}, play("${join_room_result}")], ["joined"]),
        ([{"send_sms": {"body": "x"}}, play("${send_sms_result}")], ["success"]),
        ([{"sleep": 100}, {"sleep": {"duration": "${1 + 1}"}}, play("x")], ["x"]),
        ([{"play": {"urls": ["say:a", "silence:1", "x.mp3", "say:b"]}}], ["a", "b"]),
        (["answer", "hangup", play("x")], []),
        ([{"label": "a"}, {"goto": {"label": "a", "when": "false"}}, play("x")], ["x"]),
        ([{"return": 1}, play("x")], []),
        ([{"execute_rpc": {"method": "ai_unhold"}}, play("x")], ["x"]),
    ],
)
def test_verbs(verbs, words):
    call = played(*verbs)

    assert spoken(call) == words
    assert call.cause in {"script_end", "hangup"}


@pytest.mark.parametrize(
    "verb",
    [
        {"set": 1},
        {"goto": {}},
        {"goto": {"label": "nowhere"}},
        {"cond": {}},
        {"switch": {"variable": "x", "case": {}}},
        {"transfer": {}},
        {"transfer": "nowhere"},
        {"execute": {}},
        {"execute": "nowhere"},
        {"play": {}},
        {"connect": {}},
        {"request": {}},
        {"sleep": "soon"},
        {"prompt": 1},
        {"ai": 1},
        {"play": {"url": "say:${1 +}"}},
        {"say": "x"},
        {"nonsense": {}},
        5,
    ],
    ids=str,
)
def test_mistakes_end_the_call_and_lenient_platforms_go_on(verb):
    assert played(verb, play("after")).cause == "script_error"

    lenient = played(verb, play("after"), options=PlatformOptions(lenient=True))
    assert lenient.cause in {"script_end", "script_error"}
    assert lenient.trace.findings


def test_a_section_returns_a_value():
    call = played(
        {"execute": {"dest": "ask", "params": {"n": 2}, "on_return": [play("${return_value}")]}},
        {"execute": {"dest": "ask", "params": {"n": 3}, "result": {"case": {"6": [play("six")]}}}},
        ask=[{"return": "${params.n * 2}"}],
    )

    assert spoken(call) == ["4", "six"]


def test_a_document_in_place_and_one_at_a_url_are_executed():
    host = SwmlHost(
        {
            "/": document({"execute": {"dest": document(play("a"))}}, {"execute": "http://host.example/b"}),
            "/b": document(play("b")),
        }
    )

    assert spoken(called(host)) == ["a", "b"]


@pytest.mark.parametrize(
    ("step", "result"),
    [(press, "match_digits 2"), (say("two"), "match_speech two"), (lambda call: call.wait(9000), "no_input ")],
)
def test_prompt_waits_for_the_caller(step, result):
    prompt = {"prompt": {"play": "say:Press a key."}}

    call = played(prompt, play("${prompt_result} ${prompt_value}"), script=[step])

    assert spoken(call) == ["Press a key.", result]


def test_a_caller_hangs_up_in_a_prompt_and_in_a_sleep_without_end():
    for verb in ({"prompt": {"play": "say:x"}}, {"sleep": -1}):
        call = played(verb, play("after"), script=[say("hello?") if "sleep" in verb else hang_up, hang_up])
        assert (call.cause, "after" in spoken(call)) == ("caller", False)


def test_outcomes_are_scripted():
    options = PlatformOptions(outcomes={"connect": ["busy", "connected"]})
    call = played({"connect": {"parallel": [{"to": "+1"}, {"to": "+2"}]}}, play("${connect_result}"), options=options)

    assert [event.data["result"] for event in call.trace.of("connect")] == ["busy", "connected"]
    assert spoken(call) == ["connected"]


def test_a_request_saves_its_answer():
    options = PlatformOptions(stubs=(Stub("https://a.example/*", {"x": [1]}, method="GET"),))
    verb = {
        "request": {"url": "https://a.example/${1 + 1}", "method": "GET", "save_variables": True, "headers": {"a": "b"}}
    }
    call = played(verb, play("${request_result} ${response_code} ${request_response.x[0]}"), options=options)

    assert spoken(call) == ["success 200 1"]
    assert call.trace.of("request")[0].data["url"] == "https://a.example/2"


def test_requests_to_the_host_are_sent():
    host = SwmlHost(
        {"/": document({"request": {"url": "http://host.example/x", "body": {"a": "${call.to}"}}}), "/x": {}}
    )
    called(host)

    assert host.received[1][1] == {"a": "+15550199"}


def test_an_endless_loop_of_sections_is_ended():
    assert played({"execute": "main"}).cause == "script_error"
    assert played({"label": "a"}, {"execute": "b"}, {"goto": {"label": "a"}}, b=[play("x")] * 50).cause == "loop_guard"


def test_a_value_cannot_grow_without_end():
    grow = [{"label": "a"}, {"set": {"x": ["${x}", "${x}", "word"]}}, {"goto": {"label": "a"}}]

    assert played(*grow).cause == "script_error"


def test_a_value_cannot_nest_without_end():
    nest = [{"label": "a"}, {"set": {"x": ["${x}"]}}, {"goto": {"label": "a"}}]
    call = played(
        *nest, {"label": "b"}, {"set": {"x": ["${x}"]}}, {"goto": {"label": "b"}}, {"transfer": "http://host.example/"}
    )

    assert call.cause == "script_error"


@pytest.mark.parametrize("depth", [99, 101, 900, 5000])
def test_answers_that_are_nested_too_deep_are_refused(depth):
    deep = b'{"response": "r", "action": [{"set_global_data": {"x": ' + b"[" * depth + b"]" * depth + b"}}]}"

    class Deep(SwmlHost):
        def _answer(self, path, body, headers):
            return (200, deep) if "function" in body else super()._answer(path, body, headers)

    call = called(Deep({"/": document(ai(function("f")))}), tool("f"), tool("f"), hang_up)

    assert call.cause == "caller"


def test_a_redirect_without_a_usable_location():
    call = called(SwmlHost({"/": {"location": "http://["}}))

    assert codes(call) == ["relay_script_unreachable"]


def test_stop_goes_on_after_ai_with_its_result():
    host = SwmlHost({"/": document(ai(function("f")), play("${ai_result}"))}, {"f": {"action": {"stop": True}}})

    assert spoken(called(host, tool("f"))) == ["stop"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"sections": {}}', b'{"version": "2", "sections": {"main": []}}', b"[" * 99999]
)
def test_documents_that_cannot_be_used(body):
    call = called(SwmlHost({"/": body}))

    assert (call.cause, codes(call)) == ("script_error", ["relay_script_parse_error"])


def test_the_fallback_answers_for_the_first_document():
    host = SwmlHost({"/": b"", "/other": document(play("fallback"))})
    call = called(host, options=PlatformOptions(fallback_url="http://host.example/other"))

    assert (spoken(call), call.cause) == (["fallback"], "script_end")


def test_the_table_of_verbs_has_those_of_the_schema():
    known = {
        "ai", "amazon_bedrock", "answer", "cond", "connect", "denoise", "detect_machine", "enter_queue", "execute",
        "goto", "hangup", "join_conference", "join_room", "label", "live_transcribe", "live_translate", "pay", "play",
        "prompt", "receive_fax", "record", "record_call", "request", "return", "send_digits", "send_fax", "send_sms",
        "set", "sip_refer", "sleep", "stop_denoise", "stop_record_call", "stop_tap", "switch", "tap", "transfer",
        "unset", "user_event", "ai_sidecar", "bind_digit", "clear_digit_bindings", "execute_rpc",
    }  # fmt: skip

    assert known == VERBS
    assert kinds(played({"tap": {"uri": "x"}}), "verb") == ["verb"]
