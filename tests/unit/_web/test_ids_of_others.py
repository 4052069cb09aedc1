"""IDs of another principal: each endpoint treats them as unknown ones.

Where a client chooses IDs, an unknown one begins something new, so that of another principal does, too. Where the host
chooses them, both are refused alike.
"""

from __future__ import annotations

import json
import re

import pytest
from asking import ask
from attrs import evolve
from plans import built

from agenthost import AgentBase, McpServer
from agenthost._host.config.load import load_config
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import make_plan
from agenthost._host.runtime.start import make_runtime
from agenthost._web.front import Front
from agenthost.testing import Calls, Says, ScriptedModel

pytestmark = pytest.mark.slow

SECRET = "the order 4711 of a customer"
HOST, OWN = ("agenthost", "for tests of the host"), ("own", "of own alone, long")
KEYS = {name: f"the-secret-of-the-key-{name}" for name in ("one", "two")}
FILE = f"""
[host]
password = "{HOST[1]}"
[models]
default = "openai"
[models.openai]
url = "URL"
retries = 0
[agents.own]
user = "{OWN[0]}"
password = "{OWN[1]}"
""" + "".join(
    f'[keys.{name}]\nsecret = "{secret}"\nagents = ["shared", "own"]\nscopes = ["text"]\n'
    for name, secret in KEYS.items()
)
MINE, UNKNOWN = "ticket-1", "ticket-2"
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


class Desk(AgentBase):
    """Counts in the state of the conversation."""

    def __init__(self, name):
        super().__init__(name, f"/{name}")

    @AgentBase.tool
    async def count(self, call) -> str:
        """Count."""
        return f"number {await call.state.incr('asked')}"


def step(body):
    """Return the messages that the model received, after a tool call if the person asks.

    Of earlier answers, only the secret is shown.
    """
    last, tools = body["messages"][-1], [tool["function"]["name"] for tool in body["tools"]]
    if last["role"] == "user" and last["content"] in tools:
        return Calls(last["content"])
    received = [(each["role"], each.get("content")) for each in body["messages"]]
    return Says(
        json.dumps([(role, SECRET * (SECRET in said) if role == "assistant" else said) for role, said in received])
    )


class Host:
    """A host of two agents whose model echoes, one of them with its own credentials."""

    def __init__(self, place, url):
        (place / "agenthost.toml").write_text(FILE.replace("URL", url))
        (place / "agenthost.toml").chmod(0o600)
        config = load_config(None, {"AGENTHOST_STATE_DIR": str(place / "state"), "SIGNALWIRE_SWAIG_SECRET": "k"})
        loaded = load_for_program(config, built(Desk("shared"), Desk("own")))
        offered = (("test", McpServer("test", self._asked)),)
        self.front = Front(make_runtime(config))
        self.front.publish(make_plan(config, evolve(loaded, extensions=evolve(loaded.extensions, mcp_servers=offered))))

    @staticmethod
    async def _asked(offer, request):
        body = json.loads(request.body)
        agent = next(each for each in offer.agents if each.key == body["agent"])
        output = await agent.ask(body["text"], body["conversation"])
        return 200, [(b"content-type", b"application/json")], json.dumps([output.text, dict(output.data)]).encode()

    def send(self, who, path, body=None, method="POST", **headers):
        credentials = {"auth": who} if isinstance(who, tuple) else {}
        if who in KEYS:
            headers["authorization"] = f"Bearer {KEYS[who]}"
        return ask(self.front, method, path, json=body, headers=headers, **credentials)

    def chat(self, who, agent, text, base="", messages=(), more=(), **headers):
        said = [*messages, *([{"role": "user", "content": text}] if text else [])]
        return self.send(
            who, f"{base}/v1/chat/completions", {"model": agent, "messages": said, **dict(more)}, **headers
        )

    def respond(self, who, agent, base="", **body):
        return self.send(who, f"{base}/v1/responses", {"model": agent, "input": "and now?", **body})


@pytest.fixture(scope="module")
def url():
    with ScriptedModel(then=step) as model:
        yield model.url


@pytest.fixture
def host(tmp_path, monkeypatch, url):
    monkeypatch.chdir(tmp_path)
    return Host(tmp_path, url)


# What one principal has, by the ID that a door takes. Each returns that ID.
def conversation(host, who, agent):
    host.chat(who, agent, SECRET, **{"agenthost-conversation": MINE})
    host.chat(who, agent, "count", **{"agenthost-conversation": MINE})
    return MINE


def kept(host, who, agent):
    return host.respond(who, agent, input=SECRET, conversation=MINE).json()["id"]


def item(host, who, agent):
    response = host.send(who, f"/v1/responses/{kept(host, who, agent)}", method="GET")
    return response.json()["output"][0]["id"]


def paused(host, who, agent):
    host.chat(who, agent, SECRET, **{"agenthost-conversation": MINE})
    more = {"tools": [WEATHER]}
    answer = host.chat(who, agent, "weather", more=more, **{"agenthost-conversation": MINE}).json()
    return answer["choices"][0]["message"]["tool_calls"][0]["id"]


def retried(host, who, agent):
    host.chat(who, agent, SECRET, **{"idempotency-key": "k-1"})
    return "k-1"


def history(host, who, agent):
    """Return the history of a conversation without an ID, as text."""
    answer = host.chat(who, agent, "count").json()["choices"][0]["message"]["content"]
    return json.dumps([{"role": "user", "content": "count"}, {"role": "assistant", "content": answer}])


def result_of(given):
    call = {"id": given, "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    said = [{"role": "user", "content": "weather"}, {"role": "assistant", "content": "", "tool_calls": [call]}]
    return [*said, {"role": "tool", "tool_call_id": given, "content": "rain"}]


def open_call(host, who, agent, given, **headers):
    return host.chat(who, agent, None, messages=result_of(given), more={"tools": [WEATHER]}, **headers)


# By the door: what the other principal has, an ID that is unknown, the request with an ID, and its status.
DOORS = {
    "header": (
        conversation,
        UNKNOWN,
        lambda host, who, agent, given: host.chat(who, agent, "count", **{"agenthost-conversation": given}),
        200,
    ),
    "header, below the agent": (
        conversation,
        UNKNOWN,
        lambda host, who, agent, given: host.chat(
            who, agent, "and now?", f"/{agent}", **{"agenthost-conversation": given}
        ),
        200,
    ),
    "metadata": (
        conversation,
        UNKNOWN,
        lambda host, who, agent, given: host.chat(who, agent, "and now?", more={"metadata": {"conversation": given}}),
        200,
    ),
    "header of other clients": (
        conversation,
        UNKNOWN,
        lambda host, who, agent, given: host.chat(who, agent, "count", **{"x-conversation-id": given}),
        200,
    ),
    "result of a tool": (paused, "call_unknown", open_call, 200),
    "result of a tool, in a conversation": (
        paused,
        "call_unknown",
        lambda host, who, agent, given: open_call(host, who, agent, given, **{"agenthost-conversation": MINE}),
        400,
    ),
    "idempotency key": (
        retried,
        "k-2",
        lambda host, who, agent, given: host.chat(who, agent, "and now?", **{"idempotency-key": given}),
        200,
    ),
    "history": (
        history,
        json.dumps([{"role": "user", "content": "count"}, {"role": "assistant", "content": "unknown"}]),
        lambda host, who, agent, given: host.chat(who, agent, "count", messages=json.loads(given)),
        200,
    ),
    "MCP": (
        conversation,
        UNKNOWN,
        lambda host, who, agent, given: host.send(
            who, "/v1/mcp", {"agent": agent, "text": "count", "conversation": given}
        ),
        200,
    ),
    "response in a conversation": (
        conversation,
        UNKNOWN,
        lambda host, who, agent, given: host.respond(who, agent, conversation=given),
        200,
    ),
    "response in a conversation, as an object": (
        conversation,
        UNKNOWN,
        lambda host, who, agent, given: host.respond(who, agent, f"/{agent}", conversation={"id": given}),
        200,
    ),
    "response after another": (
        kept,
        "resp_unknown",
        lambda host, who, agent, given: host.respond(who, agent, previous_response_id=given),
        400,
    ),
    "item of a response": (
        item,
        "msg_unknown_0",
        lambda host, who, agent, given: host.respond(who, agent, input=[{"type": "item_reference", "id": given}]),
        400,
    ),
    "response": (
        kept,
        "resp_unknown",
        lambda host, who, _agent, given: host.send(who, f"/v1/responses/{given}", method="GET"),
        404,
    ),
    "response, below the agent": (
        kept,
        "resp_unknown",
        lambda host, who, agent, given: host.send(who, f"/{agent}/v1/responses/{given}", method="GET"),
        404,
    ),
    "deletion of a response": (
        kept,
        "resp_unknown",
        lambda host, who, _agent, given: host.send(who, f"/v1/responses/{given}", method="DELETE"),
        404,
    ),
}
# Who has something of an agent, and who asks which agent with its ID.
PAIRS = {
    "key asks for the host's pair": (HOST, "shared", "one", "shared"),
    "host's pair asks for a key": ("one", "shared", HOST, "shared"),
    "key asks for another key": ("one", "own", "two", "own"),
    "host's pair asks for the own pair": (OWN, "own", HOST, "shared"),
}
_RANDOM = re.compile(r"\b(resp|msg|fc|chatcmpl|req|call)([-_])[0-9a-f]{8,}|\bc-[0-9a-f]{24}")


def plain(answer, *ids):
    """Return an answer with its random parts, times and some IDs replaced."""
    headers = sorted((name, value) for name, value in answer.headers.items() if name != "content-length")
    text = json.dumps([answer.status_code, headers, answer.text])
    for each in ids:
        text = text.replace(json.dumps(json.dumps(each))[2:-2], "ID").replace(each, "ID")
    return re.sub(r'(created(_at)?|completed_at)(\\+": ?)\d+', r"\1\3TIME", _RANDOM.sub("RANDOM", text))


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("door", DOORS)
def test_ids_of_others_are_unknown(host, door, pair):
    """The response is the same for both, and has nothing of the other principal."""
    has, unknown, request, status = DOORS[door]
    victim, of, attacker, agent = PAIRS[pair]
    given = has(host, victim, of)

    found, not_found = request(host, attacker, agent, given), request(host, attacker, agent, unknown)

    assert (found.status_code, plain(found, given)) == (status, plain(not_found, unknown))
    assert not any(word in found.text for word in (SECRET, "number 2"))


@pytest.mark.parametrize("door", DOORS)
def test_the_same_principal_finds_what_is_its_own(host, door):
    """So the test above asks for what exists."""
    has, unknown, request, _ = DOORS[door]
    given = has(host, "one", "own")

    assert plain(request(host, "one", "own", given), given) != plain(request(host, "one", "own", unknown), unknown)


LONG = "a" * 600
"""An ID that no store has as a key."""


@pytest.mark.parametrize("door", DOORS)
def test_ids_of_any_length_are_unknown(host, door):
    _, unknown, request, status = DOORS[door]
    given = (
        json.dumps([{"role": "user", "content": LONG}]) if door == "history" else f"{unknown.split('_')[0]}_{LONG}_0"
    )

    assert request(host, "one", "own", given).status_code == (400 if door.startswith("response in a") else status)


@pytest.mark.parametrize("attacker", ["two", HOST, None])
def test_another_principal_deletes_and_changes_nothing(host, attacker):
    response = kept(host, "one", "shared")
    before = host.send("one", f"/v1/responses/{response}", method="GET").json()
    for method, path, body in (
        ("DELETE", f"/v1/responses/{response}", None),
        ("POST", "/v1/chat/completions", {"model": "shared", "messages": [{"role": "user", "content": "spoilt"}]}),
    ):
        host.send(attacker, path, body, method=method, **{"agenthost-conversation": MINE})

    assert host.send("one", f"/v1/responses/{response}", method="GET").json() == before
    assert "spoilt" not in host.chat("one", "shared", "and now?", **{"agenthost-conversation": MINE}).text
