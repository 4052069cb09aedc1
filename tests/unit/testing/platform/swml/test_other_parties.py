"""Other parties of a call: confirmations, waiting rooms, and conversations without a telephone."""

from __future__ import annotations

import asyncio

import pytest
from calling import called, codes, hang_up, play, spoken, tool, wait
from swml_host import SwmlHost, ai, document, function

from agenthost.testing.platform import Caller, Platform, PlatformOptions

ACCEPT = {"prompt": {"play": "say:Press 1 to accept."}}
IF_NOT_1 = {"cond": [{"when": "prompt_value != '1'", "then": ["hangup"]}]}
URL = "http://host.example/confirm"


def press(digits):
    return lambda call: call.press(digits)


def connected(confirm, *script, options=None, caller="+15550100", to="+15550111"):
    """Return a call that connects to another party who must confirm, and the host."""
    main = document({"connect": {"to": to, "confirm": confirm}}, play("${connect_result}"))
    host = SwmlHost({"/": main, "/confirm": document(ACCEPT, IF_NOT_1), "/sip": document(play("Sales."))})
    return called(host, *script, options=options, caller=caller), host


@pytest.mark.parametrize("confirm", [URL, [ACCEPT, IF_NOT_1]])
@pytest.mark.parametrize(("digits", "result"), [("1", "connected"), ("2", "failed")])
def test_the_called_party_confirms_or_refuses(confirm, digits, result):
    call, _ = connected(confirm, press(digits))

    assert spoken(call) == ["Press 1 to accept.", result]
    assert call.trace.of("confirm")[0].data == {"to": "+15550111", "confirmed": result == "connected"}
    assert (call.cause, call.hops) == ("script_end", ("/",))


def test_the_confirmation_is_fetched_for_a_new_call_of_its_own():
    call, host = connected(URL, press("1"), caller=Caller(user={"vip": True}))
    [body] = host.bodies("/confirm")

    assert body["call"]["parent"]["call_id"] == call.id != body["call"]["call_id"]
    assert (body["call"]["to"], body["call"]["direction"], body["call"]["dial_winner"]) == (
        "+15550111",
        "outbound",
        "true",
    )
    assert (body["vars"], body["params"]) == ({}, {})


@pytest.mark.parametrize(
    ("confirm", "result"),
    [
        ("http://host.example/nowhere", "failed"),
        ("http://other.example/confirm", "failed"),
        ("nowhere", "failed"),
        ([{"return": 1}, "hangup"], "connected"),
        ([{"transfer": URL}], "failed"),
        ([{"nope": {}}], "failed"),
        ([], "connected"),
    ],
)
def test_a_confirmation_that_does_not_end_by_itself_refuses(confirm, result):
    call, _ = connected(confirm)

    assert spoken(call)[-1] == result


def test_nobody_confirms_a_call_that_is_not_answered():
    call, host = connected(URL, options=PlatformOptions(outcomes={"connect": ["busy"]}))

    assert (spoken(call), host.bodies("/confirm")) == (["failed"], [])


def test_the_next_party_is_called_after_a_refusal():
    parties = [{"to": "+1", "confirm": ["hangup"]}, {"to": "+2", "confirm": []}, {"to": "+3"}]
    call = called(SwmlHost({"/": document({"connect": {"serial": parties}})}))

    assert [event.data for event in call.trace.of("connect")] == [
        {"to": "+1", "result": "failed"},
        {"to": "+2", "result": "connected"},
    ]


def test_an_agent_of_the_host_is_reached_after_the_confirmation():
    options = PlatformOptions(sip_domains=("host.example",))
    call, _ = connected([play("A call for you.")], options=options, to="sip:sales@host.example")

    assert spoken(call) == ["A call for you.", "Sales.", "connected"]


def test_a_caller_who_hangs_up_during_the_confirmation_ends_the_call():
    call, _ = connected(URL, hang_up)

    assert (spoken(call), call.cause) == (["Press 1 to accept."], "caller")


def test_a_confirmation_is_a_url_or_verbs():
    call, _ = connected(7)

    assert "confirm needs a URL or a list of verbs" in call.trace.of("script_error")[0].data["message"]


def waiting(url, *, waits=()):
    main = document({"join_conference": {"name": "c", "wait_url": url}}, play("${join_conference_result}"))
    host = SwmlHost({"/": main, "/wait": document(*waits)})
    return called(host), host


def test_the_document_of_a_waiting_room_is_fetched_and_played():
    call, host = waiting("http://host.example/wait", waits=[play("Please wait.")])
    [body] = host.bodies("/wait")

    assert spoken(call) == ["Please wait.", "completed"]
    assert (body["call"]["call_id"], body["vars"], body["params"]) == (call.id, {}, {})


def test_a_document_of_a_waiting_room_can_leave_it():
    call, _ = waiting("http://host.example/wait", waits=[play("Nobody is here."), "hangup"])

    assert (spoken(call), call.cause) == (["Nobody is here."], "hangup")


def test_sound_of_a_waiting_room_is_traced():
    call, _ = waiting("https://sounds.example/Hold.MP3?v=1")

    assert [event.data["url"] for event in call.trace.of("played")] == ["https://sounds.example/Hold.MP3?v=1"]
    assert spoken(call) == ["completed"]


@pytest.mark.parametrize("url", ["http://host.example/nowhere", "https://other.example/wait", "http://["])
def test_a_waiting_room_without_a_document_is_a_finding(url):
    call, _ = waiting(url)

    assert (codes(call)[-1], spoken(call)) == ("wait_url", ["completed"])


def test_a_conversation_of_ai_chat_traces_what_needs_a_telephone():
    verbs = [
        "answer",
        play("Welcome."),
        {"connect": {"to": "+1", "result": {"case": {}}}},
        {"join_room": {"name": "r"}},
    ]
    inline = {"SWML": document({"connect": {"to": "+1"}}, {"set": {"ai_response": "Nobody answers."}})}
    functions = {"f": {"response": "r", "action": [{"hold": 60}, inline]}}
    host = SwmlHost({"/": document(*verbs, ai(function("f")), {"tap": {}})}, functions)

    async def run():
        async with await Platform(host.client()).chat("/") as call:
            await call.tool("f")
            heard = await call.say("Hello?")
            await call.hang_up("bye")
            return call, heard

    call, heard = asyncio.run(run())
    told = "a conversation of AI Chat has no telephone"
    unperformed = [event for event in call.trace.of("verb", "action") if event.data.get("not_performed") == told]

    assert [event.data.get("verb", event.data.get("action")) for event in unperformed] == [
        "answer",
        "play",
        "connect",
        "join_room",
        "hold",
        "connect",
    ]
    assert not call.trace.of("spoken", "hold", "connect", "leg", "unheard")
    assert [event.data["text"] for event in call.trace.of("injected")] == ["Nobody answers."]
    assert [event.kind for event in heard.events] == ["heard"]
    assert {"connect_result", "join_room_result", "answer_result"}.isdisjoint(call.variables)


def test_a_telephone_call_performs_them():
    host = SwmlHost({"/": document(ai(function("f")))}, {"f": {"action": [{"hold": 60}]}})

    assert called(host, tool("f")).trace.of("hold")


def messaging(method="ai_message", **params):
    """Return a call whose second leg sends a message to the first."""
    screen = {"SWML": document({"connect": {"to": "sip:screen@host.example"}})}

    def tell(body):
        message = {"method": method, "call_id": calls[0], "params": params}
        return {"action": [{"SWML": document({"execute_rpc": message})}, {"hangup": True}]}

    calls = []

    def first(body):
        calls.append(body["call"]["call_id"])
        return document(ai(function("f")))

    host = SwmlHost({"/": first, "/sip": document(ai(function("g")))}, {"f": {"action": [screen]}, "g": tell})
    return called(host, tool("f"), tool("g"), options=PlatformOptions(sip_domains=("host.example",)))


def test_a_message_reaches_the_session_of_another_leg():
    call = messaging(role="system", message_text="She is on her way.", global_data={"who": "Ann"})
    [injected] = call.trace.of("injected")

    assert (injected.leg, injected.data) == (1, {"text": "She is on her way.", "by": "ai_message"})
    assert call.global_data == {"who": "Ann"}


@pytest.mark.parametrize("params", [{}, {"role": "nobody", "message_text": "x"}, {"message_text": 7, "global_data": 7}])
def test_a_message_without_content_changes_nothing(params):
    call = messaging(**params)

    assert (call.trace.of("injected"), call.global_data, codes(call)) == ((), {}, [])


def dial(url):
    device = {"type": "phone", "params": {"to_number": "+15550111", "from_number": "+15550199"}}
    return {"execute_rpc": {"method": "dial", "params": {"devices": device, "dest_swml": url}}}


def dialling(release, *script):
    """Return a call that dials another party while it is on hold, and the host."""
    begun = []

    def first(body):
        begun.append(body["call"]["call_id"])
        return document(ai(function("f"), params={"static_greeting": "Hello."}))

    def hold(body):
        return {"action": [{"SWML": document(dial("http://host.example/human"))}, {"hold": 60}]}

    def answer(body):
        calls = [{"execute_rpc": {"method": method, "call_id": begun[0]}} for method in release]
        return {"action": [{"SWML": document(*calls)}, {"hangup": True}]}

    pages = {"/": first, "/human": document(ai(function("g"), params={"static_greeting": "A caller waits."}))}
    host = SwmlHost(pages, {"f": hold, "g": answer})
    return called(host, tool("f"), tool("g"), *script), host


def test_a_dialled_call_runs_while_the_first_is_on_hold():
    call, host = dialling(["ai_unhold"])
    [body] = host.bodies("/human")

    assert spoken(call) == ["Hello.", "A caller waits."]
    assert (body["call"]["from"], body["call"]["to"]) == ("+15550199", "+15550111")
    assert "parent" not in body["call"]
    assert body["call"]["call_id"] != call.id
    assert [event.leg for event in call.trace.of("hold", "hold_ended")] == [1, 1]
    assert call.trace.of("hold_ended")[0].data == {"expired": False}
    assert codes(call) == []


def test_a_hold_that_nobody_releases_goes_on():
    call, _ = dialling([], wait(61_000))

    assert [event.data for event in call.trace.of("hold_ended")] == [{"expired": True}]


def test_a_caller_who_hangs_up_ends_both_calls():
    main = document(ai(function("f")))
    held = {"action": [{"SWML": document(dial("http://host.example/human"))}, {"hold": 60}]}
    call = called(SwmlHost({"/": main, "/human": document(ai())}, {"f": held}), tool("f"), hang_up)

    assert call.cause == "caller"
    assert [event.data["cause"] for event in call.trace.of("ended")] == ["caller", "caller"]


def test_a_dialled_call_runs_after_the_end_of_the_first():
    first = document(dial("http://host.example/human"), play("Bye."))
    call = called(SwmlHost({"/": first, "/human": document(play("Hello."))}))

    assert (spoken(call), call.cause) == (["Bye.", "Hello."], "script_end")


def test_an_agent_that_dials_itself_for_ever_is_ended():
    assert codes(called(SwmlHost({"/": document(dial("http://host.example/"))}))) == ["loop_guard"]


@pytest.mark.parametrize("params", [None, [], {"devices": []}, {"devices": {"params": 7}, "dest_swml": "/"}])
def test_a_dial_without_numbers_and_a_document_is_a_finding(params):
    rpc = {"execute_rpc": {"method": "dial", "params": params}}

    assert codes(called(SwmlHost({"/": document(rpc)}))) == ["execute_rpc"]


def test_a_call_that_is_not_on_hold_cannot_be_released():
    assert codes(messaging("ai_unhold")) == ["execute_rpc"]


def test_other_procedures_are_traced():
    call = messaging("answer", devices=[])

    assert [event.data["verb"] for event in call.trace.of("verb")] == ["execute_rpc"]
    assert codes(call) == []


def test_a_message_to_a_call_that_is_not_there_is_a_finding():
    rpc = {"execute_rpc": {"method": "ai_message", "call_id": "nowhere", "params": {"message_text": "x"}}}

    assert codes(called(SwmlHost({"/": document(rpc)}))) == ["execute_rpc"]
