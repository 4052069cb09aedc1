"""Tools of a client beside the agent's own, with OpenAI's client."""

from __future__ import annotations

import json

import openai
import pytest
from chat_host import calls, client, scripted, served

from agenthost import AgentBase, Escalation, FunctionResult, Parallel, Router
from agenthost.testing import Calls, Fails, Says

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
RAN = []


class Shop(AgentBase):
    """Sells."""

    def __init__(self):
        super().__init__("shop", "/shop", description="orders and prices", fallback="The shop is closed.")

    @AgentBase.tool
    def cancel(self, order: str) -> str:
        """Cancel an order."""
        RAN.append(order)
        return f"Order {order} is cancelled."

    @AgentBase.tool
    def goodbye(self) -> FunctionResult:
        """End the call."""
        return FunctionResult("Bye.").hangup()

    @AgentBase.tool
    def to_help(self) -> FunctionResult:
        """Hand over to help."""
        return FunctionResult("Helping.").hand_over("help")

    @AgentBase.tool
    def person(self) -> FunctionResult:
        """Connect to a person."""
        return FunctionResult("One moment.").connect("+15550100")


@pytest.fixture(autouse=True)
def fresh():
    RAN.clear()


def agents():
    return [
        Shop(),
        AgentBase("help", "/help", description="help"),
        Router("desk", ["shop", "help"], route="/desk"),
        Escalation("levels", ["shop", "help"], route="/levels"),
        Parallel("all", ["shop", "help"], route="/all"),
    ]


def ask(url, *messages, model="shop", **options):
    said = [{"role": "user", "content": each} if isinstance(each, str) else each for each in messages]
    with client(url) as opened:
        answer = opened.chat.completions.create(model=model, messages=said, **options)
        return list(answer) if options.get("stream") else answer


def results(answer, *texts):
    """Return the messages with which a client continues."""
    message = answer.choices[0].message
    return [
        message.model_dump(exclude_none=True),
        *(
            {"role": "tool", "tool_call_id": call.id, "content": text}
            for call, text in zip(message.tool_calls, texts, strict=True)
        ),
    ]


def test_a_call_to_a_clients_tool_comes_back_to_it(tmp_path):
    with scripted(tmp_path, agents(), Calls("weather", {"city": "Oslo"}), Says("It rains.")) as (url, model):
        first = ask(url, "Weather in Oslo?", tools=[WEATHER])
        [call] = first.choices[0].message.tool_calls
        second = ask(url, "Weather in Oslo?", *results(first, "rain"), tools=[WEATHER])

    assert (first.choices[0].finish_reason, first.choices[0].message.content) == ("tool_calls", None)
    assert (call.function.name, call.function.arguments) == ("weather", '{"city": "Oslo"}')
    assert [tool["function"]["name"] for tool in model.requests[0]["tools"]] == [
        *("cancel", "goodbye", "to_help", "person", "weather")
    ]
    assert second.choices[0].message.content == "It rains."
    assert second.agenthost["conversation"] == first.agenthost["conversation"]
    assert [message["role"] for message in model.requests[1]["messages"]] == ["system", "user", "assistant", "tool"]
    assert model.requests[1]["messages"][-1] == {"role": "tool", "content": "rain", "tool_call_id": call.id}


def test_a_stream_has_the_call_too(tmp_path):
    with scripted(tmp_path, agents(), calls(("weather", {"city": "Oslo"}), text="Let me see.")) as (url, _):
        chunks = ask(url, "Weather?", tools=[WEATHER], stream=True)

    deltas = [chunk.choices[0].delta for chunk in chunks]
    [call] = [call for delta in deltas for call in delta.tool_calls or ()]
    assert (call.index, call.function.name, call.function.arguments) == (0, "weather", '{"city": "Oslo"}')
    assert "".join(delta.content or "" for delta in deltas) == "Let me see."
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("named", [False, True])
def test_own_tools_beside_a_clients_run_once_and_the_model_reads_both_results(tmp_path, named):
    both = calls(("cancel", {"order": "7"}), ("weather", {"city": "Oslo"}))
    more = {"metadata": {"conversation": "c-1"}} if named else {}
    with scripted(tmp_path, agents(), both, Says("Done."), Says("You asked about Oslo.")) as (url, model):
        first = ask(url, "Cancel 7, and the weather?", tools=[WEATHER], **more)
        if named:
            ask(url, *results(first, "rain"), tools=[WEATHER], **more)
            ask(url, "What did I ask?", **more)
        else:
            ask(url, "Cancel 7, and the weather?", *results(first, "rain"), tools=[WEATHER])

    told = [(message["role"], message["content"]) for message in model.requests[1]["messages"]]
    assert RAN == ["7"]
    assert told[1:] == [
        ("user", "Cancel 7, and the weather?"),
        ("assistant", ""),
        ("tool", "Order 7 is cancelled."),
        ("tool", "rain"),
    ]
    if named:
        later = [(message["role"], message["content"]) for message in model.requests[2]["messages"][1:]]
        assert later == [
            ("user", "Cancel 7, and the weather?"),
            *[("assistant", ""), ("tool", "Order 7 is cancelled."), ("assistant", ""), ("tool", "rain")],
            *[("assistant", "Done."), ("user", "What did I ask?")],
        ]


def test_a_call_without_a_result_is_in_the_history_of_the_next_turn(tmp_path):
    more = {"metadata": {"conversation": "c-1"}}
    with scripted(tmp_path, agents(), Calls("weather", {"city": "Oslo"}), Says("Hello.")) as (url, model):
        ask(url, "Weather?", tools=[WEATHER], **more)
        ask(url, "Hello?", **more)

    assert [message["content"] for message in model.requests[1]["messages"][1:]] == [
        "Weather?",
        "[This message has no answer: a tool of the client was called, and gave no result.]",
        "Hello?",
    ]


@pytest.mark.parametrize("team", ["desk", "levels"])
def test_a_turn_continues_with_the_agent_that_called(tmp_path, team):
    script = [Calls("weather", {"city": "Oslo"}), Says("It rains.")]
    with scripted(tmp_path, agents(), *script) as (url, model):
        first = ask(url, "orders and prices", model=team, tools=[WEATHER])
        second = ask(url, "orders and prices", *results(first, "rain"), model=team, tools=[WEATHER])

    assert first.agenthost["agent"] == second.agenthost["agent"] == "shop"
    assert second.choices[0].message.content == "It rains."
    assert len(model.requests) == 2


def test_an_agent_that_took_over_calls_a_clients_tool(tmp_path):
    """The turn, and the conversation, continue with it."""
    more = {"metadata": {"conversation": "c-1"}, "tools": [WEATHER]}
    script = [Calls("to_help"), Calls("weather", {"city": "Oslo"}), Says("It rains."), Says("Bye.")]
    with scripted(tmp_path, agents(), *script) as (url, model):
        first = ask(url, "Help, and the weather?", **more)
        second = ask(url, *results(first, "rain"), **more)
        third = ask(url, "Bye", **more)

    assert [each.agenthost["agent"] for each in (first, second, third)] == ["help", "help", "help"]
    assert second.choices[0].message.content == "It rains."
    assert "to_help({}) returned: Helping." in json.dumps(model.requests[2]["messages"])


def test_results_of_a_call_that_is_not_open_are_the_clients_own_history(tmp_path):
    call = {"id": "x", "type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo"}}}
    sent = [
        "Weather?",
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "x", "content": [{"type": "text", "text": "rain"}]},
    ]
    with scripted(tmp_path, agents(), Says("It rains.")) as (url, model):
        assert ask(url, *sent, tools=[WEATHER]).choices[0].message.content == "It rains."
        with pytest.raises(openai.BadRequestError, match="not open in this conversation"):
            ask(url, *sent, metadata={"conversation": "c-9"})

    assert model.requests[0]["messages"][2]["tool_calls"][0]["function"]["arguments"] == '{"city": "Oslo"}'


def test_nothing_runs_where_the_client_wants_no_tools(tmp_path):
    """A model that calls one all the same reads why not."""
    with scripted(tmp_path, agents(), Calls("cancel", {"order": "7"}), Says("Cancelling order 7")) as (url, model):
        answer = ask(url, "Write a title: cancel order 7", tools=[WEATHER], tool_choice="none")

    assert RAN == []
    assert answer.choices[0].message.content == "Cancelling order 7"
    assert "tools" not in model.requests[0]
    assert "does not allow tools" in model.requests[1]["messages"][-1]["content"]


def test_the_offline_model_runs_nothing_where_the_client_wants_no_tools(tmp_path):
    with served(tmp_path, agents()) as url:
        ask(url, "Please cancel order 1042", tool_choice="none")
        assert RAN == []
        ask(url, "Please cancel order 1042")
        assert RAN == ["1042"]


def test_a_call_can_be_required(tmp_path):
    """The agent's own tools may run before the client's."""
    script = [Calls("cancel", {"order": "7"}), Calls("weather", {"city": "Oslo"}), Says("no")]
    named = {"type": "function", "function": {"name": "weather"}}
    with scripted(tmp_path, agents(), *script) as (url, model):
        answer = ask(url, "Cancel 7", tools=[WEATHER], tool_choice="required", parallel_tool_calls=False)
        with pytest.raises(openai.InternalServerError, match="does not call the tool"):
            ask(url, "Cancel 7", tools=[WEATHER], tool_choice=named)

    assert answer.choices[0].finish_reason == "tool_calls"
    assert [request["tool_choice"] for request in model.requests] == ["required", "required", named]
    assert model.requests[0]["parallel_tool_calls"] is False


def test_a_router_cannot_ask_back_where_a_call_is_required(tmp_path):
    with (
        scripted(tmp_path, agents(), then=Fails(400)) as (url, _),
        pytest.raises(openai.InternalServerError, match="desk answers in words"),
    ):
        ask(url, "Zebras?", model="desk", tools=[WEATHER], tool_choice="required")


def test_several_calls_at_once_can_be_forbidden(tmp_path):
    both = calls(("cancel", {"order": "1"}), ("cancel", {"order": "2"}))
    with scripted(tmp_path, agents(), both, Says("One.")) as (url, model):
        ask(url, "Cancel 1 and 2", parallel_tool_calls=False)

    assert RAN == ["1"]
    assert model.requests[1]["messages"][-1]["content"] == "Not run: only one tool can be called at once."


@pytest.mark.parametrize(
    ("model", "options", "told", "param"),
    [
        ("shop", {"tools": [{"type": "function", "function": {"name": "cancel"}}]}, "a tool 'cancel' of its", "tools"),
        ("desk", {"tools": [{"type": "function", "function": {"name": "cancel"}}]}, "a tool 'cancel' of its", "tools"),
        ("all", {"tools": [WEATHER]}, "cannot wait for tools of the client", "tools"),
        ("shop", {"tools": [WEATHER, WEATHER]}, "two of them have the same name", "tools"),
        *(
            ("shop", {"tools": [{"type": "function", "function": {"name": "a", "parameters": schema}}]}, words, None)
            for schema, words in (
                ({"properties": "x"}, "properties must be an object of JSON Schemas"),
                ({"properties": {"a": "x"}}, "properties must be an object of JSON Schemas"),
                ({"properties": {}, "required": "a"}, "required must be a list of names"),
                ({"properties": {}, "required": [1]}, "required must be a list of names"),
            )
        ),
        ("shop", {"tools": [{"type": "web_search"}]}, r"tools\[0\].type must be function", "tools[0]"),
        ("shop", {"tools": [{"type": "function", "function": {"name": "a b"}}]}, "letters, digits", None),
        ("shop", {"tool_choice": {"type": "function", "function": {"name": "gone"}}}, "names a tool", "tool_choice"),
        ("help", {"tool_choice": "required"}, "requires a tool", "tool_choice"),
        ("shop", {"tool_choice": "perhaps"}, "tool_choice must be", "tool_choice"),
        ("shop", {"functions": [{"name": "x"}]}, "send tools", "functions"),
    ],
)
def test_what_cannot_be_done_with_tools_is_refused_by_name(tmp_path, model, options, told, param):
    with scripted(tmp_path, agents(), then=Fails(500)) as (url, server):
        with pytest.raises(openai.BadRequestError, match=told) as refused:
            ask(url, "orders and prices", model=model, extra_body=options)
        assert server.requests == []

    assert param is None or refused.value.param == param


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([{"role": "tool", "tool_call_id": "x", "content": "rain"}], "no tool call before"),
        ([{"role": "tool", "content": "rain"}], "tool_call_id"),
        (
            [{"role": "assistant", "tool_calls": [{"id": "x", "function": {"name": "weather", "arguments": "{}"}}]}],
            "without results",
        ),
        ([{"role": "function", "name": "x", "content": "rain"}], "role must be one of"),
    ],
)
def test_tool_messages_must_be_paired(tmp_path, messages, told):
    with (
        scripted(tmp_path, agents(), then=Fails(500)) as (url, _),
        pytest.raises(openai.BadRequestError, match=told),
    ):
        ask(url, "Weather?", *messages)


def test_what_a_tool_does_to_the_call_reaches_the_client(tmp_path):
    script = [Calls("person"), Says("I connect you."), Calls("goodbye"), Says("Bye.")]
    with scripted(tmp_path, agents(), *script) as (url, _):
        connected = ask(url, "A person, please")
        *_, last = ask(url, "Bye", stream=True)

    assert connected.agenthost["actions"] == [{"action": "connect", "to": "+15550100"}]
    assert last.agenthost["actions"] == [{"action": "hangup"}]
