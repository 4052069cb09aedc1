"""Agents in text, with OpenAI's own client on a real port.

The model is the offline one or a scripted server.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import time
from contextlib import contextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit

import chat_host
import httpx
import openai
import pytest
from chat_host import PASSWORD, client
from polling import poll_in_loop

from agenthost import AgentBase, AgentServer, FunctionResult, Router
from agenthost.builtin.state_sqlite import SqliteEntries
from agenthost.testing import Breaks, Calls, Fails, Hangs, Says, ScriptedModel, Sends


class Sales(AgentBase):
    """Sells."""

    def __init__(self):
        super().__init__("sales", "/", fallback="Sales is out for lunch.")
        self.prompt_add_section("Role", "You sell bicycles.")

    @AgentBase.tool
    def price(self, product: Literal["basic", "pro"]) -> str:
        """Tell the price of a product."""
        return f"{product} costs $99."

    @AgentBase.tool
    def to_support(self) -> FunctionResult:
        """Hand over to support for broken things."""
        return FunctionResult("Support will help.").hand_over("support")


class Support(AgentBase):
    """Supports."""

    def __init__(self):
        super().__init__("support", "/support")


def served(directory, toml=""):
    """Serve both agents."""
    return chat_host.served(directory, [Sales(), Support()], toml)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Yield the URL of agents without a configured model."""
    with served(tmp_path_factory.mktemp("served")) as url:
        yield url


def ask(url, *said, **options):
    messages = [{"role": "user", "content": text} for text in said]
    with client(url) as opened:
        answer = opened.chat.completions.create(model="sales", messages=messages, **options)
        return list(answer) if options.get("stream") else answer


def test_the_agents_are_models(url):
    with client(url) as opened:
        assert [model.id for model in opened.models.list()] == ["sales", "support"]
        support = opened.models.retrieve("support")
        assert (support.owned_by, support.description) == ("program", "Supports.")
        assert 0 < support.created <= time.time()
        with pytest.raises(openai.NotFoundError, match="there is no such agent"):
            opened.models.retrieve("gone")


def test_an_agent_answers(url):
    answer = ask(url, "What does pro cost?")

    assert answer.choices[0].message.content == "[offline model] pro costs $99."
    assert (answer.model, answer.choices[0].finish_reason) == ("sales", "stop")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert "events" not in answer.agenthost
    assert answer.agenthost["path"] == ["sales"]


def test_an_agent_answers_by_a_stream(url):
    chunks = ask(url, "What does pro cost?", stream=True, stream_options={"include_usage": True})

    said = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert len([words for words in said if words]) > 3
    assert "".join(said) == "[offline model] pro costs $99."
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens > 0


def test_a_turn_that_begins_a_conversation_reads_nothing_from_the_store(url, monkeypatch):
    """It knows that there is nothing. A conversation that its client names is read."""
    found, read = [], SqliteEntries.read

    async def noted(entries, key):
        if b"probe" not in key:
            found.append(key)
        return await read(entries, key)

    monkeypatch.setattr(SqliteEntries, "read", noted)
    ask(url, "What does basic cost?")
    reads = [*found]
    ask(url, "What does basic cost?", extra_headers={"agenthost-conversation": "named"})

    assert (reads, [key.endswith(b"/named") for key in found]) == ([], [True])


@pytest.mark.parametrize("stream", [False, True])
def test_tools_are_shown_to_those_who_want_to_see_them(url, stream):
    answer = ask(url, "What does pro cost?", stream=stream, metadata={"tools": "shown"})

    if stream:
        events = [chunk.agenthost for chunk in answer if "event" in (getattr(chunk, "agenthost", None) or {})]
    else:
        events = answer.agenthost["events"]
    assert [event["event"] for event in events] == ["tool_started", "tool_ended"]
    assert events[0]["arguments"] == {"product": "pro"}


def test_a_conversation_that_is_named_is_remembered_by_the_host(url):
    """It continues with the agent to which it was handed over.

    Earlier messages from the client are ignored.
    """
    options = {"metadata": {"conversation": "c-named"}}

    first = ask(url, "Something is broken", **options)
    second = ask(url, "ignored", "Still there?", **options)

    assert first.agenthost["handed_to"] == "support"
    assert (second.agenthost["agent"], second.agenthost["conversation"]) == ("support", "c-named")
    with client(url) as opened:
        raw = opened.chat.completions.with_raw_response.create(
            model="sales",
            messages=[{"role": "user", "content": "Hello"}],
            extra_headers={"Agenthost-Conversation": "c-named"},
        )
    assert raw.headers["agenthost-conversation"] == "c-named"
    assert raw.parse().agenthost["agent"] == "support"


@pytest.mark.parametrize(
    ("key", "body", "status", "told"),
    [
        ("wrong", {}, 401, "the API key is wrong"),
        (PASSWORD, {"model": "gone"}, 404, "there is no such agent; model is one of: sales, support"),
        (PASSWORD, {"messages": []}, 400, "messages must be a list"),
        (PASSWORD, {"messages": [{"role": "user"}]}, 400, "the last message is empty"),
        (
            PASSWORD,
            {"messages": [{"role": "assistant", "content": "Hi"}]},
            400,
            "the last message is the agent's own",
        ),
        (
            PASSWORD,
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            400,
            r"content\[0\] is not text \(image_url\)",
        ),
        (PASSWORD, {"messages": [{"role": "user", "content": "x" * 16385}]}, 400, "16384 characters"),
        (PASSWORD, {"n": 2}, 400, "leave n out"),
        (PASSWORD, {"metadata": {"conversation": ["a b"]}}, 400, "metadata.conversation must be a string"),
    ],
)
def test_what_cannot_be_answered_says_why(url, key, body, status, told):
    asked = {"model": "sales", "messages": [{"role": "user", "content": "Hello"}]} | body
    with client(url, key) as opened, pytest.raises(openai.APIStatusError, match=told) as refused:
        opened.chat.completions.create(**asked)
    assert refused.value.status_code == status


def test_other_addresses_and_methods_answer_in_the_same_form(url):
    with client(url) as opened:
        with pytest.raises(openai.NotFoundError, match="there is no such path"):
            opened.embeddings.create(model="sales", input="x")
        with pytest.raises(openai.APIStatusError) as refused:
            opened.models.delete("sales")
    assert (refused.value.status_code, refused.value.response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_an_agent_with_a_password_of_its_own_is_opened_by_that_alone(tmp_path):
    with served(tmp_path, '[agents.sales]\npasswords = ["of its own"]\n') as url:
        said = [{"role": "user", "content": "Hello"}]
        for key, model, status in [
            ("of its own", "sales", 200),
            (PASSWORD, "sales", 404),
            ("of its own", "support", 404),
            ("another one", "sales", 401),
            (PASSWORD, "support", 200),
        ]:
            with client(url, key) as opened:
                if status == 200:
                    assert opened.chat.completions.create(model=model, messages=said).choices
                else:
                    with pytest.raises(openai.APIStatusError) as refused:
                        opened.chat.completions.create(model=model, messages=said)
                    assert refused.value.status_code == status
        with client(url, "of its own") as opened:
            assert [model.id for model in opened.models.list()] == ["sales"]
            with pytest.raises(openai.NotFoundError) as unknown:
                opened.models.retrieve("support")
        assert "model is one of: support" not in str(unknown.value)


@pytest.fixture
def scripted(tmp_path):
    """Agents whose model is a script."""

    @contextmanager
    def run(*script, then=None, more=""):
        with ScriptedModel(*script, then=then) as model:
            toml = f'[models]\ndefault = "openai"\n[models.openai]\nurl = "{model.url}"\nretries = 0\n{more}'
            with served(tmp_path, toml) as url:
                yield url, model

    return run


NAMED = {"metadata": {"conversation": "c-1"}}


@pytest.mark.parametrize("end", [Says("It is $99."), Fails(400), Breaks("It is")], ids=["answered", "failed", "broken"])
def test_the_next_turn_is_told_what_a_tool_said(scripted, end):
    with scripted(Calls("price", {"product": "pro"}), end, Says("$99, as I said.")) as (url, model):
        with suppress(openai.APIStatusError):
            ask(url, "Pro?", **NAMED)
        ask(url, "How much was it?", **NAMED)
        _, first, call, result, answer, second = model.requests[-1]["messages"]

    assert (first["content"], second["content"]) == ("Pro?", "How much was it?")
    assert call["tool_calls"][0]["function"] == {"name": "price", "arguments": '{"product": "pro"}'}
    assert (result["role"], result["content"]) == ("tool", "pro costs $99.")
    assert result["tool_call_id"] == call["tool_calls"][0]["id"]
    assert answer["role"] == "assistant"
    assert ("The turn failed" in answer["content"]) == (not isinstance(end, Says))


def test_messages_are_answered_in_the_order_in_which_they_arrive(scripted):
    """The same holds for a host whose store the first message opens."""
    with scripted(then=Says("Yes.", after=0.3)) as (url, model):
        connections = [http.client.HTTPConnection(urlsplit(url).netloc, timeout=20) for _ in range(5)]
        for connection in connections:
            connection.connect()
        headers = {"content-type": "application/json", "authorization": f"Bearer {PASSWORD}"}
        for number, connection in enumerate(connections):
            said = [{"role": "user", "content": str(number)}]
            connection.request(
                "POST", "/v1/chat/completions", json.dumps({"model": "sales", "messages": said, **NAMED}), headers
            )
            time.sleep(0.05)
        assert [connection.getresponse().status for connection in connections] == [200] * 5
        for connection in connections:
            connection.close()

    assert [request["messages"][-1]["content"] for request in model.requests] == ["0", "1", "2", "3", "4"]


def test_an_agent_talks_with_a_real_model(scripted):
    with scripted(Calls("price", {"product": "pro"}), Says("It is $99.")) as (url, model):
        assert ask(url, "Pro?").choices[0].message.content == "It is $99."
        assert model.requests[1]["messages"][-1]["content"] == "pro costs $99."
        assert "You sell bicycles." in model.requests[0]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("step", "status"),
    [(Fails(500), 503), (Fails(429), 503), (Fails(401), 502), (Says(""), 200), (Calls("price", "{]"), 502)],
    ids=["500", "429", "401", "empty", "then-401"],
)
def test_faults_of_a_model_are_clear_errors(scripted, step, status):
    with scripted(step, then=Fails(401)) as (url, _):
        if status == 200:
            assert ask(url, "Hello").choices[0].message.content == "Sales is out for lunch."
        else:
            with pytest.raises(openai.APIStatusError, match="model openai") as refused:
                ask(url, "Hello")
            assert refused.value.status_code == status


def test_a_stream_that_breaks_ends_with_the_error(scripted):
    with scripted(Breaks("Half an")) as (url, _), pytest.raises(openai.APIError, match="broke off"):
        ask(url, "Hello", stream=True)


def test_an_endless_loop_of_tools_ends(scripted):
    with scripted(then=Calls("price", {"product": "pro"})) as (url, model):
        assert ask(url, "Hello").choices[0].message.content == "Sales is out for lunch."
        assert len(model.requests) == 7


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_ends_the_request_to_the_model(scripted, stream):
    with scripted(Hangs()) as (url, model):

        async def leave():
            async with openai.AsyncOpenAI(base_url=url, api_key=PASSWORD, max_retries=0) as opened:
                messages = [{"role": "user", "content": "Hello"}]
                asking = opened.chat.completions.create(model="sales", messages=messages, stream=stream)
                task = asyncio.ensure_future(asking)
                await poll_in_loop(lambda: model.requests)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

        asyncio.run(leave())
        assert model.disconnected.wait(30)


def test_a_turn_that_takes_too_long_is_an_error(scripted):
    with scripted(Hangs(), more="[conversation]\ntimeout = 0.3\n") as (url, _):
        with pytest.raises(openai.APIStatusError, match=r"longer than 0\.3 s") as refused:
            ask(url, "Hello")
        assert refused.value.status_code == 504


def streams(*deltas, finish="stop"):
    """A stream of a server's own making."""
    choices = [*({"index": 0, "delta": delta, "finish_reason": None} for delta in deltas)]
    choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    events = "".join(f"data: {json.dumps({**head, 'choices': [choice]})}\n\n" for choice in choices)
    return Sends(f"{events}data: [DONE]\n\n".encode(), "text/event-stream")


@pytest.mark.parametrize("reason", ["length", "content_filter", "stop"])
def test_clients_see_why_an_answer_ended(scripted, reason):
    """An answer that was cut off does not look whole."""
    step = streams({"content": "First of all"}, finish=reason)
    with scripted(step, step) as (url, _):
        assert ask(url, "Tell me.").choices[0].finish_reason == reason
        assert ask(url, "Tell me.", stream=True)[-1].choices[0].finish_reason == reason


def test_a_refusal_is_read_and_is_not_a_failure(scripted):
    """The reply has the model's own words.

    They are also in OpenAI's field for refusals.
    """
    step = streams({"refusal": "I can't help with forging cheques."})
    with scripted(step, step, Says("Hello.")) as (url, _):
        message = ask(url, "Forge a cheque.").choices[0].message
        assert (message.content, message.refusal) == ("I can't help with forging cheques.",) * 2
        chunks = ask(url, "Forge a cheque.", stream=True)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert said == "I can't help with forging cheques."
        assert ask(url, "Hello").choices[0].message.refusal is None


def test_tools_that_are_called_at_once_all_run(scripted):
    """The server numbers all of them 0.

    One of them hands the conversation over.
    """
    calls = [("call_1", "to_support", "{}"), ("call_2", "price", '{"product": "pro"}')]
    for order in (calls, calls[::-1]):
        deltas = [
            {"tool_calls": [{"index": 0, "id": known, "function": {"name": name, "arguments": arguments}}]}
            for known, name, arguments in order
        ]
        with scripted(streams(*deltas, finish="tool_calls"), then=Says("Hello.")) as (url, model):
            answer = ask(url, "Pro, and it is broken", metadata={"tools": "shown"})
            assert answer.agenthost["agent"] == "support"
            ran = {event["tool"]: event["result"] for event in answer.agenthost["events"] if "result" in event}
            assert ran == {"to_support": "Support will help.", "price": "pro costs $99."}
            assert len(model.requests) == 2


def test_a_polite_word_does_not_route(tmp_path, monkeypatch):
    """The message stays with the agent of the conversation. Without one, the router asks."""
    monkeypatch.chdir(tmp_path)
    toml = f'[host]\npassword = "{PASSWORD}"\nstate_dir = "state"\n'
    (tmp_path / "agenthost.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "agenthost.toml").chmod(0o600)
    server = AgentServer()
    server.register(AgentBase("orders", "/orders", description="Prices", examples=["What does the large tent cost?"]))
    server.register(AgentBase("leaving", "/leaving", description="Members", examples=["Please close my membership"]))
    server.register(Router("desk", ["orders", "leaving"], route="/"))

    async def main():
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as asking:

            async def who(text, conversation):
                said = [{"role": "user", "content": text}]
                body = {"model": "desk", "messages": said, "metadata": {"conversation": conversation}}
                answer = await asking.post("/v1/chat/completions", json=body, auth=("agenthost", PASSWORD))
                return answer.json()["agenthost"]["agent"]

            assert await who("What does the large tent cost?", "a") == "orders"
            assert [await who(text, "a") for text in ("yes please", "please do")] == ["orders", "orders"]
            assert await who("close my membership please", "a") == "leaving"
            assert [await who(text, text[0]) for text in ("please help", "can you please")] == ["desk", "desk"]

    asyncio.run(main())


ECHO = "Zx9-echo"
USER = {"role": "user", "content": "Hello"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", f"/models/{ECHO}", {}, None),
        ("GET", f"/{ECHO}", {}, None),
        (ECHO, "/models", {}, None),
        ("GET", "/models", {"Authorization": f"Bearer {ECHO}"}, None),
        ("POST", "/chat/completions", {"Content-Type": f"text/{ECHO}"}, {}),
        ("POST", "/chat/completions", {"Content-Encoding": ECHO}, {}),
        ("POST", "/chat/completions", {}, ECHO.encode()),
        ("POST", "/chat/completions", {}, {ECHO: {ECHO: ECHO}}),
        ("POST", "/chat/completions", {}, {"model": ECHO, "messages": [USER]}),
        ("POST", "/chat/completions", {}, {"model": {ECHO: 1}, "messages": [USER]}),
        ("POST", "/chat/completions", {}, {"model": "sales", "messages": ECHO}),
        ("POST", "/chat/completions", {}, {"model": "sales", "messages": [{"role": ECHO}]}),
        ("POST", "/chat/completions", {}, {"model": "sales", "messages": [{"role": [ECHO], "content": ECHO}]}),
        ("POST", "/chat/completions", {}, {"model": "sales", "messages": [USER], "n": ECHO}),
        ("POST", "/chat/completions", {}, {"model": "sales", "messages": [USER], "tools": [ECHO]}),
        ("POST", "/chat/completions", {}, {"model": "sales", "messages": [USER], "metadata": ECHO}),
        ("POST", "/chat/completions", {}, {"model": "sales", "messages": [USER], "metadata": {"conversation": [ECHO]}}),
        ("POST", "/chat/completions", {}, {"model": "sales", "messages": [USER], "metadata": {"context": ECHO}}),
        ("POST", "/chat/completions", {}, {"model": "sales", "messages": [USER], "stream_options": ECHO}),
        *(
            ("POST", "/chat/completions", {}, {"model": "sales", "messages": [USER], "response_format": each})
            for each in (
                {"type": ECHO},
                {"type": "json_schema", "json_schema": {"schema": {"type": ECHO}}},
                {"type": "json_schema", "json_schema": {"schema": {"$ref": f"#/{ECHO}"}}},
            )
        ),
        ("POST", "/responses", {}, {"model": "sales", "input": "hi", "text": {"format": {"type": ECHO}}}),
        ("POST", "/responses", {}, {"model": "sales", "input": "hi", "previous_response_id": f"resp_{ECHO}"}),
        ("POST", "/responses", {}, {"model": "sales", "input": [{"type": "item_reference", "id": ECHO}]}),
    ],
    ids=range(25),
)
def test_errors_echo_nothing_of_the_request(url, method, path, headers, body):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    defaults = {"Authorization": f"Bearer {PASSWORD}", "Content-Type": "application/json"}
    connection.request(method, f"{parts.path}{path}", data, {**defaults, **headers})
    with contextlib.closing(connection):
        answer = connection.getresponse()
        told = answer.read().decode()

    assert answer.status >= 400
    assert ECHO.lower() not in f"{told}{answer.headers}".lower()
