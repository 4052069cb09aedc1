"""The offline model: its choice of tools, their arguments, and its label."""

from __future__ import annotations

import asyncio
import json

import jsonschema_rs
import pytest
from hypothesis import given, strategies as st

from agenthost import Completion, Message, ModelRequest, ToolSpec, ToolUse, Words
from agenthost.builtin.offline.model import MARK, OfflineModel


def tool(called, what_for, required=(), /, **properties):
    return ToolSpec(called, what_for, {"type": "object", "properties": properties, "required": list(required)})


PLAN = {"type": "string", "enum": ["basic", "pro", "enterprise_plus"]}
TOOLS = (
    tool("get_pricing", "Tell what a plan costs", ["plan"], plan=PLAN, seats={"type": "integer", "minimum": 1}),
    tool("check_order", "Look up where an order is", ["order_id"], order_id={"type": "string"}),
    tool(
        "book_visit",
        "Book a visit",
        ["day"],
        day={"type": "string", "enum": ["mon", "tue", "wed"]},
        urgent={"type": "boolean"},
    ),
    tool("report_problem", "Report that something is broken", ["description"], description={"type": "string"}),
    tool(
        "register",
        "Register a customer",
        ["name", "email"],
        name={"type": "string"},
        email={"type": "string"},
        age={"anyOf": [{"type": "integer"}, {"type": "null"}]},
    ),
)


RATE = ToolSpec(
    "rate",
    "Rate something.",
    {
        "type": "object",
        "properties": {"score": {"$ref": "#/$defs/score"}, "words": {"type": "string"}},
        "$defs": {"score": {"type": "integer", "minimum": 1, "maximum": 5}},
    },
)


def answer(*said, tools=TOOLS, schema=None):
    async def asked():
        roles = ("user", "assistant")
        messages = [Message(roles[n % 2], text) if isinstance(text, str) else text for n, text in enumerate(said)]
        request = ModelRequest((Message("system", "You help."), *messages), tools, answer_schema=schema)
        *words, whole = [piece async for piece in OfflineModel().answer(request)]
        assert isinstance(whole, Completion)
        assert "".join(word.text for word in words if isinstance(word, Words)) == whole.text
        return whole

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("said", "name", "arguments"),
    [
        ("How much does the PRO plan cost?", "get_pricing", {"plan": "pro"}),
        ("Price of enterprise plus for twelve seats", "get_pricing", {"plan": "enterprise_plus", "seats": 12}),
        ("pricing for 5 people on basic", "get_pricing", {"plan": "basic", "seats": 5}),
        ("Where is my order #ORD-2024-17?", "check_order", {"order_id": "ORD-2024-17"}),
        ("Can I book a visit on Tuesday? It is urgent", "book_visit", {"day": "tue", "urgent": True}),
        (
            "Report a problem: my screen is broken",
            "report_problem",
            {"description": "Report a problem: my screen is broken"},
        ),
        (
            "Please register me, my name is Ann Lee, 30, ann@example.com",
            "register",
            {"name": "Ann Lee", "email": "ann@example.com", "age": 30},
        ),
    ],
)
def test_it_picks_the_tool_and_fills_in_what_it_finds(said, name, arguments):
    whole = answer(said)
    [use] = whole.tool_uses

    assert (use.name, json.loads(use.arguments), whole.finish) == (name, arguments, "tool_calls")


ORDER = {"order_id": {"type": "string", "description": "The order number, such as 1042"}}
SHOP = (
    tool("cancel_order", "Cancel an order that has not been sent", ["order_id"], **ORDER),
    tool("upgrade_order", "Upgrade an order to a better product; without one, say which", ["order_id"], **ORDER),
    tool("find_order", "Look up where an order is: its status and delivery", **ORDER),
    tool("discard", "Discard orders", which={"type": "string"}),
)


@pytest.mark.parametrize(
    ("said", "name", "arguments"),
    [
        ("Where is my order 1042", "find_order", {"order_id": "1042"}),
        ("Is my order 1042 on its way?", "find_order", {"order_id": "1042"}),
        ("Describe my order in 3-5 words", "find_order", {}),
        ("How do I cancel order 1042?", "find_order", {"order_id": "1042"}),
        ("Don't cancel order 1042", "find_order", {"order_id": "1042"}),
        ("Order 1042 is late", "find_order", {"order_id": "1042"}),
        ("Please cancel order 1042", "cancel_order", {"order_id": "1042"}),
        ("I want to upgrade order 1042", "upgrade_order", {"order_id": "1042"}),
    ],
)
def test_the_tool_that_fits_is_picked_and_nothing_is_changed_unasked(said, name, arguments):
    """A tool that changes something is not called for similar words alone."""
    [use] = answer(said, tools=SHOP).tool_uses

    assert (use.name, json.loads(use.arguments)) == (name, arguments)


def test_what_nobody_has_asked_for_is_offered_and_done_after_a_yes():
    """The arguments come from the message before the yes."""
    first = "My screen is broken"
    offered = answer(first)

    assert offered.text == f"{MARK} To use report_problem I need: your yes, because it may change something."
    for yes in ("Yes, please", "OK", "report it"):
        [use] = answer(first, offered.text, yes).tool_uses
        assert (use.name, json.loads(use.arguments)) == ("report_problem", {"description": first})
    [use] = answer(first, offered.text, "Report that it is on fire by now").tool_uses
    assert json.loads(use.arguments) == {"description": "Report that it is on fire by now"}
    for said in ("No", "Yes, but what does it do?", "Where is it?", "Hm"):
        assert answer(first, offered.text, said).tool_uses == ()


def test_what_was_asked_for_is_not_done_when_the_person_has_moved_on():
    """A number in another question is not the answer."""
    first = "I want to cancel my order"
    asked = answer(first, tools=SHOP)

    assert asked.text == f"{MARK} To use cancel_order I need: order_id (The order number, such as 1042)."
    [use] = answer(first, asked.text, "It's 1042", tools=SHOP).tool_uses
    assert (use.name, json.loads(use.arguments)) == ("cancel_order", {"order_id": "1042"})
    for said in ("Where is order 1042?", "Upgrade order 1042 instead"):
        [use] = answer(first, asked.text, said, tools=SHOP).tool_uses
        assert use.name != "cancel_order"
    assert answer(first, asked.text, "No, never mind", tools=SHOP).text.startswith(f"{MARK} Nothing was done. I can: ")
    assert "I need: order_id" in answer(first, asked.text, "I have 12 cats", tools=SHOP).text


def test_it_asks_for_what_is_missing_and_goes_on_with_the_answer():
    asked = answer("I want to book a visit")

    assert asked.text == f"{MARK} To use book_visit I need: day (one of mon, tue, wed)."
    [use] = answer("I want to book a visit", asked.text, "Wednesday, please").tool_uses
    assert (use.name, json.loads(use.arguments)) == ("book_visit", {"day": "wed"})


def test_it_knows_what_is_known_of_the_conversation():
    known = Message("user", 'Background for the next message. It is data:\n{"known": {"order_id": "A-17"}}')
    [use] = answer(known, Message("user", "Where is my order?")).tool_uses

    assert json.loads(use.arguments) == {"order_id": "A-17"}


def test_what_is_known_is_not_what_somebody_says():
    """Neither words in quotation marks nor numbers of notes are arguments of anything."""
    notes = Message("user", 'Background for the next message. It is data:\n{"notes": [{"text": "order 2 is lost"}]}')

    assert "I need: order_id" in answer(notes, Message("user", "Check my order")).text
    assert answer(notes, Message("user", "Report: it is broken")).tool_uses[0].arguments == json.dumps(
        {"description": "Report: it is broken"}
    )


def test_it_answers_with_what_the_tools_say():
    uses = (ToolUse("a", "check_order", "{}"), ToolUse("b", "check_order", "{}"))
    whole = answer(
        "Where is it?",
        Message("assistant", "", uses),
        Message("tool", "On its way.", (), "a"),
        Message("tool", "Lost.", (), "b"),
    )

    assert (whole.text, whole.tool_uses) == (f"{MARK} On its way.\nLost.", ())


def test_it_says_what_it_can_do_and_what_it_is():
    assert answer("Hmm?").text.startswith(
        f"{MARK} No tool of mine fits that. I can: get_pricing (Tell what a plan costs);"
    )
    assert answer("Combine these.", tools=()).text == (
        f"{MARK} No language model is configured, so what was said stands as it came:\nCombine these."
    )


def test_it_keeps_to_a_schema():
    schema = {"type": "object", "properties": {"agent": PLAN, "sure": {"type": "number"}, "why": {"type": "string"}}}

    assert json.loads(answer("the pro plan", tools=(), schema=schema).text) == {"agent": "pro", "sure": 0, "why": MARK}


def test_it_runs_a_tool_before_it_keeps_to_a_schema():
    schema = {"type": "object", "properties": {"price": {"type": "number"}, "why": {"type": "string"}}}
    use = ToolUse("c-1", "get_pricing", '{"plan": "pro"}')
    after = (Message("assistant", "", (use,)), Message("tool", "pro costs $99", (), "c-1"))

    assert [each.name for each in answer("How much does pro cost?", schema=schema).tool_uses] == ["get_pricing"]
    assert "pro costs $99" in answer("How much does pro cost?", *after, schema=schema).text


def test_it_calls_the_tool_that_it_must_call():
    def required(choice):
        request = ModelRequest((Message("user", "Book 3 seats"),), (RATE, *TOOLS), tool_choice=choice)
        return asyncio.run(last_of(request)).tool_uses[0]

    assert required("rate").name == "rate"
    assert json.loads(required("rate").arguments) == {"score": 3, "words": MARK}
    assert required("required").name in {tool.name for tool in TOOLS}


def test_it_ends_where_the_request_says():
    def ended(**options):
        return asyncio.run(last_of(ModelRequest((Message("user", "one two three"),), **options)))

    assert (ended(max_tokens=3).finish, len(ended(max_tokens=3).text)) == ("length", 12)
    assert ended(stop=("model",)).text == "[offline "
    assert ended(stop=("model",)).finish == "stop"


async def last_of(request):
    return [piece async for piece in OfflineModel().answer(request)][-1]


@given(st.text(max_size=200))
def test_whatever_is_said_it_answers_the_same_and_calls_only_what_can_be_called(said):
    """Arguments fit the tool's schema, and nothing comes by chance."""
    whole = answer(said)
    schemas = {each.name: each.parameters for each in TOOLS}

    assert whole == answer(said)
    assert whole.tool_uses or whole.text.startswith(MARK)
    for use in whole.tool_uses:
        assert jsonschema_rs.is_valid(schemas[use.name], json.loads(use.arguments))


def test_whatever_is_said_first_begins_a_form():
    """A greeting names no tool. Without a form, nothing begins."""
    start = tool("start_form", "Start the form")
    submit = tool("submit_answer", "Submit it", ["answer"], answer={"type": "string"})
    [use] = answer("hello", tools=(start, submit)).tool_uses

    assert use.name == "start_form"
    assert not answer("hello", tools=(start,)).tool_uses
    assert not answer("hello", tools=(submit,)).tool_uses
    assert not answer("hello", tools=(start, tool("start_over", "Start anew"), submit)).tool_uses


def test_any_question_is_for_the_tool_that_takes_questions():
    """An FAQ knows what to say where it has no answer."""
    faq = tool("find_answer", "Find the hours", ["question"], question={"type": "string"})
    other = tool("find_price", "Find the price", ["question"], question={"type": "string"})
    [use] = answer("Where do helicopters land?", tools=(faq, *TOOLS)).tool_uses

    assert (use.name, json.loads(use.arguments)) == ("find_answer", {"question": "Where do helicopters land?"})
    assert not answer("Helicopters land here.", tools=(faq, *TOOLS)).tool_uses
    assert not answer("Where do helicopters land?", tools=(faq, other)).tool_uses


def test_what_is_said_after_a_question_is_the_answer_of_a_form():
    form = (
        tool("start_form", "Start the form"),
        tool("submit_answer", "Submit it", ["answer"], answer={"type": "string"}),
    )
    question = f"{MARK} What is your email address?"

    [use] = answer("start", question, "ann@example.com", tools=form).tool_uses
    assert (use.name, json.loads(use.arguments)) == ("submit_answer", {"answer": "ann@example.com"})
    [use] = answer("start", f"{MARK} Thank you.", "ann@example.com", tools=form).tool_uses
    assert use.name == "start_form"
    assert not answer("start", question, "ann@example.com", tools=(*form, *form)).tool_uses
