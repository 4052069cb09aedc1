"""History: texts, words and functions of earlier steps, and calls one after another."""

from __future__ import annotations

import pytest
from calling import called, codes, say, steps, tool
from swml_host import SwmlHost, ai, document, function

from agenthost import Completion, ToolUse
from agenthost.testing.platform import FunctionCall, ModelTurn, PlatformOptions

CALL_F = ModelTurn(calls=(FunctionCall("f"),))
CALL_G = ModelTurn(calls=(FunctionCall("g"),))


def flowing(*entries, script, functions=None):
    """Return the call, and its prompt and messages after each step of a script."""
    prompt = steps(*entries)
    host = SwmlHost({"/": document(ai(function("f"), prompt=prompt))}, functions)
    seen = []

    def looking(step):
        async def run(call):
            await step(call)
            session = call.session
            seen.append((call.prompt, [message.content for message in session.messages[session.hidden :]]))

        return run

    called(host, *(looking(step) for step in script))
    return seen


def go(step):
    return tool("next_step", step=step)


@pytest.mark.parametrize(
    ("mode", "prompt", "words"),
    [
        ("keep", "Base.\n\nA\n\nB", ["My code is 7.", "Thanks.", "", "Moved to the step."]),
        ("default", "Base.\n\nB", ["My code is 7.", "Thanks.", "", "Moved to the step."]),
        ("hide", "Base.\n\nB", []),
    ],
)
def test_a_step_decides_what_is_left_when_it_is_entered(mode, prompt, words):
    """The turn that moves to the step is part of what it hides."""
    entries = [{"name": "a", "text": "A"}, {"name": "b", "text": "B", "history": mode}]
    _, entered = flowing(*entries, script=[say("My code is 7.", ModelTurn("Thanks.")), go("b")])

    assert entered == (prompt, words)


def test_a_step_without_a_mode_drops_the_texts_that_another_kept():
    entries = [{"name": "a", "text": "A"}, {"name": "b", "text": "B", "history": "keep"}, {"name": "c", "text": "C"}]
    kept, dropped = flowing(*entries, script=[go("b"), go("c")])

    assert (kept[0], dropped[0]) == ("Base.\n\nA\n\nB", "Base.\n\nC")


def test_words_after_a_hidden_history_are_seen():
    entries = [{"name": "a", "text": "A", "history": "hide"}, {"name": "b", "text": "B", "history": "hide"}]
    first, _, third = flowing(*entries, script=[say("One", ModelTurn("Two")), go("b"), say("Three", ModelTurn("Four"))])

    assert (first[1], third[1]) == (["One", "Two"], ["Three", "Four"])


def test_an_action_that_moves_hides_its_own_result():
    entries = [{"name": "a", "text": "A"}, {"name": "b", "text": "B", "history": "hide"}]
    moves = {"f": {"response": "secret", "action": [{"change_step": "b"}]}}
    [entered] = flowing(*entries, script=[tool("f")], functions=moves)

    assert entered == ("Base.\n\nB", [])


def test_a_text_brings_the_dialogue_of_earlier_steps_back():
    entries = [
        {"name": "ask", "text": "Ask."},
        {"name": "check", "text": "Before: ${step_history.prev.summary}", "history": "hide"},
        {
            "name": "end",
            "text": "${step_history.ask.summary} | ${step_history.prev.summary} | ${step_history.x.summary}",
        },
    ]
    script = [say("My code is 7.", ModelTurn("Thanks.")), go("check"), say("Done?", ModelTurn("Yes.")), go("end")]
    seen = flowing(*entries, script=script)

    assert seen[1] == ("Base.\n\nBefore: user: My code is 7.\nassistant: Thanks.", [])
    assert seen[3][0] == ("Base.\n\nuser: My code is 7.\nassistant: Thanks. | user: Done?\nassistant: Yes. | ")


def test_the_replacement_of_a_hidden_call_does_not_hide_what_follows():
    entries = [{"name": "a", "text": "A"}, {"name": "b", "text": "B", "history": "hide"}]
    replaced = {"f": {"response": "r", "action": [{"change_step": "b"}, {"replace_in_history": True}]}}
    seen = flowing(*entries, script=[tool("f"), say("One", ModelTurn("Two"))], functions=replaced)

    assert seen[1][1] == ["One", "Two"]


def called_with(*turns, action=(), options=None):
    host = SwmlHost({"/": document(ai(function("f"), function("g")))}, {"f": {"action": list(action)}})
    call = called(host, say("Go", *turns), say("Again", CALL_F, CALL_G), options=options)
    return [body["function"] for _, body, _ in host.received if "function" in body], codes(call)


def test_the_model_speaks_about_a_result_before_it_calls_again():
    requests, found = called_with(CALL_F, CALL_G, ModelTurn("Done."))

    assert (requests, found) == (["f", "f"], ["not_offered", "not_offered"])


def test_words_before_a_call_are_enough():
    requests, _ = called_with(CALL_F, ModelTurn("And now this.", CALL_G.calls))

    assert requests == ["f", "g", "f"]


def test_several_calls_of_one_turn_are_not_one_after_another():
    requests, found = called_with(
        ModelTurn(calls=CALL_F.calls + CALL_G.calls), action=[{"back_to_back_functions": False}]
    )

    assert (requests, found) == (["f", "g", "f"], ["not_offered"])


@pytest.mark.parametrize(
    ("action", "requests"),
    [
        ([{"back_to_back_functions": True}], ["f", "g", "f", "g"]),
        ([{"back_to_back_functions": "forever"}], ["f", "g", "f", "g"]),
        ([{"back_to_back_functions": False}], ["f", "f"]),
        ([{"back_to_back_functions": 7}], ["f", "f"]),
    ],
)
def test_an_action_allows_calls_one_after_another(action, requests):
    assert called_with(CALL_F, CALL_G, action=action)[0] == requests


def test_true_lasts_until_the_caller_speaks_and_forever_does_not_end():
    def calls_of_g(value):
        host = SwmlHost(
            {"/": document(ai(function("f"), function("g")))}, {"f": {"action": [{"back_to_back_functions": value}]}}
        )
        called(host, tool("f"), say("x", CALL_G, CALL_G))
        return len(host.bodies("g"))

    assert [calls_of_g(value) for value in (True, "forever")] == [1, 2]


def test_an_option_allows_calls_one_after_another():
    requests, found = called_with(CALL_F, CALL_G, options=PlatformOptions(back_to_back=True))

    assert (requests, found) == (["f", "g", "f", "g"], [])


def test_the_request_to_a_model_offers_no_function_after_a_result():
    offered = []

    class Model:
        name = "eager"

        async def answer(self, request):
            offered.append([tool.name for tool in request.tools])
            yield Completion("Done.") if not request.tools else Completion("", (ToolUse("1", "f", "{}"),))

    called(SwmlHost({"/": document(ai(function("f")))}), say("Go"), model=Model(), turns=())

    assert offered == [["f"], []]
