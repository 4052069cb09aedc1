"""Sessions: polls for input, the model's requests at the debug webhook, conscience, and nudges."""

from __future__ import annotations

import pytest
from calling import called, codes, hang_up, say, spoken, tool, wait
from swml_host import SwmlHost, ai, document, function

from agenthost.testing.platform import FunctionCall, ModelTurn

CALL = ModelTurn(calls=(FunctionCall("f"),))
DEBUG = "http://user:pass@host.example/debug"


def test_input_from_elsewhere_is_polled_for_in_silence():
    polls = iter([{"new_input": True, "messages": ["first", {"content": "second"}, 3]}])
    host = SwmlHost(
        {"/": document(ai(function("check_for_input"), params={"conversation_id": "c-9", "attention_timeout": 0}))},
        {"check_for_input": lambda _: next(polls, {"new_input": False, "messages": []})},
    )
    call = called(host, wait(4_500))

    assert [body["conversation_id"] for body in host.bodies("check_for_input")] == ["c-9", "c-9"]
    assert [event.data["messages"] for event in call.trace.of("input_poll")] == [["first", "second"], []]
    assert [event.at for event in call.trace.of("input_poll")] == [2000, 4000]


def test_a_failed_poll_is_found():
    host = SwmlHost({"/": document(ai(function("check_for_input"), params={"attention_timeout": 0}))})
    host.statuses = [500]

    assert codes(called(host, wait(2_000))) == ["check_for_input"]


def test_many_nudges_do_not_hide_the_end_of_a_silence():
    host = SwmlHost({"/": document(ai(function("f")), {"play": {"url": "say:${ai_result}"}})})

    assert spoken(called(host, wait(700_000))) == ["inactivity"]


@pytest.mark.parametrize(("level", "posted"), [(1, False), (2, True)])
def test_level_2_of_the_debug_webhook_has_the_models_requests(level, posted):
    params = {"debug_webhook_url": DEBUG, "debug_webhook_level": level}
    host = SwmlHost({"/": document(ai(function("f"), params=params)), "/debug": {}})
    called(host, say("Hi", CALL), hang_up)
    body = host.bodies("/debug")[1]

    assert ("model_request" in body, "model_response" in body) == (posted, posted)
    if posted:
        assert body["model_request"][0]["functions"] == ["f"]
        assert body["model_request"][0]["messages"][-1] == {"role": "user", "content": "Hi"}
        assert body["model_response"][0] == {"content": "", "calls": [{"function": "f", "arguments": {}}]}


def test_the_conscience_follows_each_result_of_a_function():
    config = {"params": {"conscience": "Stay on ${topic}."}, "global_data": {"topic": "tea"}}
    host = SwmlHost({"/": document(ai(function("f"), **config))})
    seen = []

    async def look(call):
        seen.extend((message.role, message.content) for message in call.session.messages[-2:])

    called(host, tool("f"), look)

    assert seen == [("tool", "done"), ("system", "Stay on tea.")]


@pytest.mark.parametrize(("params", "error"), [({}, "invalid_function"), ({"functions_on_no_response": True}, None)])
def test_a_nudge_offers_functions_where_the_document_says_so(params, error):
    host = SwmlHost({"/": document(ai(function("f"), params={"attention_timeout": 10_000, **params}))})
    call = called(host, wait(10_000, CALL), tool("f"))
    nudged, later = call.trace.of("tool")

    assert (nudged.data.get("error"), later.data.get("error")) == (error, None)
