"""Conversations of clients that send their whole history with each message, on a real port."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from shops import Shop, serving_shop

from agenthost import AgentBase, FunctionResult
from agenthost.testing import Calls, Fails, Says

pytestmark = pytest.mark.slow

HEADER = "agenthost-conversation"


class Desk(Shop):
    """A shop that hands over to support, and counts within a conversation."""

    @AgentBase.tool
    async def count(self, call) -> str:
        """Count."""
        return f"{await call.state.incr('count')}"

    @AgentBase.tool
    def to_support(self) -> FunctionResult:
        """Hand over to support."""
        return FunctionResult("Support will help.").hand_over("support")


class Support(AgentBase):
    """Supports."""

    def __init__(self):
        super().__init__("support", "/support")


@pytest.fixture
def desk(tmp_path):
    def serve(*script, **options):
        return serving_shop(tmp_path, *script, agents=Desk, others=(Support,), **options)

    return serve


def user(text):
    return {"role": "user", "content": text}


class Client:
    """A client that keeps the history itself."""

    def __init__(self, served, workers=1, **options):
        self.served, self.workers, self.options = served, workers, options
        self.messages, self.answers = [], []

    def say(self, text):
        self.messages.append(user(text))
        sent = [{"role": "system", "content": f"Message {len(self.messages)}"}, *self.messages]
        answer = self.served.post(sent, worker=len(self.answers) % self.workers, **self.options)
        self.answers.append(answer)
        if answer.status_code == 200:
            self.messages.append({"role": "assistant", "content": answer.json()["choices"][0]["message"]["content"]})
        else:
            self.messages.pop()
        return answer

    @property
    def conversations(self):
        return [answer.headers[HEADER] for answer in self.answers if answer.status_code == 200]

    @property
    def agents(self):
        return [answer.json()["agenthost"]["agent"] for answer in self.answers]


COUNT = Calls("count")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_resent_history_continues_its_conversation(desk, workers):
    """It keeps its agent and call state, and the model receives earlier tool calls."""
    script = (COUNT, Says("One."), COUNT, Says("Two."), Calls("to_support"), Says("Hello, support."), Says("Still."))
    with desk(*script, workers=workers) as served:
        client = Client(served, workers)
        for text in ("Count.", "Again.", "Support!", "Are you there?"):
            assert client.say(text).status_code == 200
        assert len(set(client.conversations)) == 1
        assert client.agents == ["shop", "shop", "support", "support"]
        told = served.model.requests[3]["messages"]
        assert [each["content"] for each in told if each["role"] == "tool"] == ["1", "2"]


def test_an_edited_history_branches_with_an_empty_call_state(desk):
    with desk(COUNT, Says("One."), COUNT, Says("One?"), COUNT, Says("Two.")) as served:
        client = Client(served)
        client.say("Count.")
        edited = [user("Count, please."), client.messages[1], user("Again.")]
        branch = served.post(edited)
        assert served.model.requests[3]["messages"][-1]["content"] == "1"
        client.say("Again.")
        assert served.model.requests[5]["messages"][-1]["content"] == "2"
        assert len({branch.headers[HEADER], *client.conversations}) == 2


def test_an_answer_that_is_asked_for_again_branches(desk):
    with desk(then=Says("Hello.")) as served:
        client = Client(served)
        client.say("Hi.")
        client.say("And?")
        again = served.post([*client.messages[:2], user("Or?")])
        assert again.headers[HEADER] not in client.conversations


def test_a_history_of_several_conversations_belongs_to_none(desk):
    """Each client has a conversation of its own again afterwards."""
    with desk(then=Says("Hello.")) as served:
        clients = Client(served), Client(served)
        for text in ("Hi.", "And?", "Well?"):
            for number, client in enumerate(clients):
                client.say(text if text != "And?" else f"{text} {number}")
        first, second = (client.conversations for client in clients)
        assert len({first[0], second[0], first[1], second[1]}) == 4
        assert (first[1], second[1]) == (first[2], second[2])


def test_two_requests_do_not_continue_one_conversation_at_once(desk):
    with desk(Says("Hello."), then=Says("Well.", after=0.5)) as served, ThreadPoolExecutor() as pool:
        client = Client(served)
        client.say("Hi.")
        sent = [pool.submit(served.post, [*client.messages, user(text)]) for text in ("A?", "B?")]
        conversations = [each.result(20).headers[HEADER] for each in sent]
        assert len({*conversations}) == 2
        assert client.conversations[0] in conversations


def test_a_conversation_goes_on_after_a_failure(desk):
    with desk(Says("Hello."), Fails(503), Says("Well.")) as served:
        client = Client(served)
        client.say("Hi.")
        assert client.say("And?").status_code == 503
        client.say("And now?")
        assert len(set(client.conversations)) == 1


def test_a_stream_continues_too(desk):
    with desk(Says("Hello there."), Says("Well.")) as served, served.client() as opened:
        chunks = [*opened.chat.completions.create(model="shop", messages=[user("Hi.")], stream=True)]
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        answer = served.post([user("Hi."), {"role": "assistant", "content": said}, user("And?")])
        assert answer.headers[HEADER] == chunks[-1].agenthost["conversation"]


@pytest.mark.parametrize(
    ("options", "conversation"),
    [
        ({"headers": {"X-Conversation-Id": "chat-1"}}, "chat-1"),
        ({"headers": {"x-openwebui-chat-id": "chat-1"}}, "chat-1"),
        ({"call": {"id": "chat-1"}}, "chat-1"),
        ({"metadata": {"conversation": "chat-1"}, "call": {"id": "other"}}, "chat-1"),
        ({"metadata": {"conversation": 17}}, "17"),
        ({"metadata": {"conversation": "a b"}}, "h-c8687a08aa5d6ed2044328fa6a697ab8"),
        ({"headers": {"X-Conversation-Id": "x" * 200}}, "h-"),
        ({"headers": {"X-Session": "chat-1"}}, "chat-1"),
        ({"chat": {"session": {"id": "chat-1"}}}, "chat-1"),
    ],
    ids=["header", "openwebui", "vapi", "metadata", "number", "spaces", "long", "configured", "configured field"],
)
def test_ids_that_clients_send_are_taken(desk, options, conversation):
    """An ID that is too long or has other characters is replaced by its hash."""
    ids = ""
    if conversation == "chat-1" and ("chat" in options or "X-Session" in options.get("headers", {})):
        ids = '[conversation]\nids = ["X-Session", "chat.session.id"]\n'
    with desk(Says("Hello."), Says("Well."), toml=ids) as served:
        first, second = served.post("Hi.", **options), served.post("And?", **options)
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.headers[HEADER] == second.headers[HEADER]
        assert first.headers[HEADER].startswith(conversation)
        assert [each["content"] for each in served.model.requests[1]["messages"]][1:] == ["Hi.", "Hello.", "And?"]


def test_an_edited_history_counts_although_its_chat_has_an_id(desk):
    """Chat programs send requests of their own with it, such as for a title."""
    options = {"headers": {"X-OpenWebUI-Chat-Id": "chat-1"}}
    with desk(COUNT, Says("One."), Says("A title"), Says("Well."), COUNT, Says("Two.")) as served:
        client = Client(served, **options)
        client.say("Count.")
        served.post("Write a title.", **options)
        client.say("And?")
        told = [each["content"] for each in served.model.requests[3]["messages"]][1:]
        assert [told[0], told[1], told[-1]] == ["Count.", "One.", "And?"]
        assert "Write a title." not in told
        client.say("Again.")
        assert served.model.requests[5]["messages"][-1]["content"] == "2"


def test_names_retrieve_as_they_chat(desk):
    with desk(then=Says("Hello.")) as served, served.client() as opened:
        listed = [model.id for model in opened.models.list()]
        assert listed == ["shop", "support"]
        for name in ("support", "program:support"):
            answer = opened.chat.completions.create(model=name, messages=[user("Hi.")])
            assert (answer.model, opened.models.retrieve(name).id) == ("support", "support")


def test_a_long_history_has_the_bound_of_a_kept_one(tmp_path):
    """The answer says that messages were left out."""
    with serving_shop(tmp_path, then=lambda _: Says("Yes.")) as served:
        said = [each for turn in range(500) for each in (user(f"{turn}"), {"role": "assistant", "content": "Hm."})]
        long = served.post([*said, user("And now?")])
        short = served.post([*said[:40], user("And now?")])
        kept = [served.post(str(turn), headers={"X-Conversation-Id": "kept"}) for turn in range(22)]
        asked = [[each["content"] for each in request["messages"][1:]] for request in served.model.requests]

    assert asked[0] == [each["content"] for each in said[-40:]] + ["And now?"]
    assert len(asked[1]) == 41
    assert len(asked[-1]) == 41
    told = [answer.json()["agenthost"]["history_cut"] for answer in (long, short, *kept)]
    assert told == [True, False, *[False] * 21, True]


def test_the_chain_of_responses_has_the_same_bound(tmp_path):
    with serving_shop(tmp_path, then=lambda _: Says("Yes."), toml="[conversation]\nhistory = 4\n") as served:
        told, before = [], None
        for turn in range(5):
            body = {"model": "shop", "input": str(turn), "previous_response_id": before}
            answer = served.respond({name: value for name, value in body.items() if value is not None})
            told.append(answer.json()["agenthost"]["history_cut"])
            before = answer.json()["id"]

    assert [len(request["messages"]) - 1 for request in served.model.requests] == [1, 3, 5, 5, 5]
    assert told == [False, False, False, True, True]
