"""Agents of peers: two hosts on real ports, of which one reaches the other."""

from __future__ import annotations

import base64
import json
import urllib.request
from itertools import count

import pytest
from attrs import evolve
from chat_host import PASSWORD, client, served
from openai import OpenAIError

from agenthost import Note, Reply, Secret, Workflow
from agenthost._discovery import AGENTS, Candidate
from agenthost._host.config.schema import Config, HostConfig, PeerConfig
from agenthost._host.generations.owners import Owners
from agenthost._host.plan.load import load
from agenthost._host.plan.plan import make_plan

SHORT = "[conversation]\ntimeout = 7.0\n"
SECRET = "key-of-west-0123456789"
KEY = f'[keys.west]\nsecret = "{SECRET}"\nagents = ["billing"]\nscopes = ["call", "text"]\n'


class Told(Workflow):
    """Answers with a function of the turn."""

    def __init__(self, name, answer):
        super().__init__(name, ["nobody"], route=f"/{name}")
        self._answer = answer

    @property
    def members(self):
        return ()

    async def respond(self, turn, team):
        return Reply(team.workflow, self._answer(turn, team))


class Asks(Workflow):
    """Asks one agent, and answers with its outcome."""

    def __init__(self, name, agent):
        super().__init__(name, [agent], route=f"/{name}")

    async def respond(self, turn, team):
        outcome = await team.call(self.agents[0], turn)
        return Reply(
            team.workflow, outcome.reply.text if outcome.reply else f"{outcome.status.value}: {outcome.reason}"
        )


class AsksAgain(Workflow):
    """Asks one agent three times, with other tools, and then after an answer."""

    def __init__(self, name, agent):
        super().__init__(name, [agent], route=f"/{name}")

    async def respond(self, turn, team):
        result, answer = Note("clerk", "result", "take() returned: yes"), Note("clerk", "answer", "It is taken.")
        outcomes = [
            await team.call(self.agents[0], evolve(turn, notes=notes))
            for notes in ((result,), (evolve(result, text="take() returned: no"),), (result, answer))
        ]
        return Reply(team.workflow, " ".join(each.reply.text if each.reply else each.reason for each in outcomes))


def peer(url, *agents, secret=SECRET, name="east", more=""):
    own = f"[peers.{name}.{agents[0]}]\ndescription = 'Invoices.'\n"
    table = f'url = "{url}"\nuser = "west"\nsecret = "{secret}"\nagents = {json.dumps(agents)}\n'
    return f"[peers.{name}]\n{table}{more}{own}"


@pytest.fixture
def places(tmp_path):
    for name in ("east", "west", "north"):
        (tmp_path / name).mkdir()
    return tmp_path / "east", tmp_path / "west"


def root(url):
    return url.removesuffix("/v1")


def ask(url, model, text="Hello?", **options):
    done = client(url).chat.completions.create(model=model, messages=[{"role": "user", "content": text}], **options)
    return done.choices[0].message.content


def document(url, route):
    pair = base64.b64encode(f"agenthost:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(f"{root(url)}{route}", headers={"Authorization": f"Basic {pair}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
        return json.load(response)


def test_turns_and_calls(places):
    """The history and the notes travel in text, and a call is transferred."""
    seen = []

    def answer(turn, team):
        seen.append((turn, team.remaining.seconds))
        return f"billing heard: {turn.text}"

    east, west = places
    with (
        served(east, [Told("billing", answer)], KEY) as there,
        served(
            west, [Asks("desk", "billing")], peer(root(there), "billing") + "[conversation]\ntimeout = 7.0\n"
        ) as url,
    ):
        assert ask(url, "desk", "Refund?", extra_headers={"X-Conversation-Id": "c 1"}) == "billing heard: Refund?"
        assert ask(url, "billing") == "billing heard: Hello?"
        main = document(url, "/billing")["sections"]["main"]

    assert main == [{"transfer": {"dest": root(there).replace("//", "//west:" + SECRET + "@") + "/billing"}}]
    turn, seconds = seen[0]
    assert len(turn.conversation) == 32  # hashed, as every principal may use the same
    assert 0 < seconds <= 7  # those of the first host, not its own 60


def test_a_peer_that_is_down(places):
    """The call has an outcome, and the host serves on."""
    _, west = places
    with served(
        west, [Asks("desk", "billing"), Told("here", lambda *_: "yes")], peer("http://127.0.0.1:9", "billing")
    ) as url:
        reason = ask(url, "desk")
        assert ask(url, "here") == "yes"

    assert reason == "error: peer east cannot be reached at http://127.0.0.1:9: ConnectionRefusedError"


@pytest.mark.parametrize(
    ("agents", "secret", "reason"),
    [
        (["billing"], "key-of-nobody-0123456789", "responds with 401 for billing"),
        (["secret-desk"], SECRET, "fix: that host must serve the agent, and its key must open it"),
    ],
)
def test_a_peer_that_refuses(places, agents, secret, reason):
    """A key opens its own agents only."""
    east, west = places
    there_too = [Told(name, lambda *_: "yes") for name in ("billing", "secret-desk")]
    with (
        served(east, there_too, KEY) as there,
        served(west, [Asks("desk", agents[0])], peer(root(there), *agents, secret=secret)) as url,
    ):
        assert reason in ask(url, "desk")


def test_a_circle(places):
    """A turn that was sent to the agent already is not sent again."""
    east, west = places
    with (
        served(east, [Told("billing", lambda *_: "yes")], KEY) as there,
        served(west, [Asks("desk", "billing")], peer(root(there), "billing")) as url,
    ):
        assert ask(url, "desk", extra_headers={"Agenthost-Crossed": "returns"}) == "yes"
        reason = ask(url, "desk", extra_headers={"Agenthost-Crossed": "returns, billing"})
        far = ask(url, "desk", extra_headers={"Agenthost-Crossed": "a,b,c,d"})

    assert "the turn has crossed too many hosts (returns → billing → billing)" in reason
    assert "(a → b → c → d → billing)" in far


def test_peers_that_share_an_agent(places, tmp_path):
    """A conversation stays with one of them, and moves to another that can be reached."""
    east, west = places
    balanced = "balanced = true\n"

    def conversations(url):
        asked = [f"c-{number}" for number in range(20)]
        return [ask(url, "desk", extra_headers={"X-Conversation-Id": each}) for each in asked]

    with served(east, [Told("billing", lambda *_: "east")], KEY) as there:
        with served(tmp_path / "north", [Told("billing", lambda *_: "north")], KEY) as other:
            both = peer(root(there), "billing", more=balanced) + peer(
                root(other), "billing", name="north", more=balanced
            )
            with served(west, [Asks("desk", "billing")], both) as url:
                first, again = conversations(url), conversations(url)
        down = peer("http://127.0.0.1:9", "billing", more=balanced) + peer(
            root(there), "billing", name="north", more=balanced
        )
        with served(west, [Asks("desk", "billing")], down) as url:
            left = conversations(url)
    with served(west, [Asks("desk", "billing")], down) as url:
        reason = ask(url, "desk")

    assert {*first} == {"east", "north"}
    assert again == first
    assert {*left} == {"east"}
    assert "peer east cannot be reached" in reason
    assert "peer north cannot be reached" in reason


def test_a_repeat_of_a_call_is_answered_once(places):
    """Two customers who say the same are two, as are two calls in a turn."""
    numbers = count(1)
    east, west = places
    with (
        served(east, [Told("billing", lambda *_: str(next(numbers)))], KEY) as there,
        served(west, [Asks("desk", "billing"), AsksAgain("again", "billing")], peer(root(there), "billing")) as url,
    ):
        answers = [ask(url, "desk", extra_headers={"X-Conversation-Id": each}) for each in ("c-1", "c-2")]
        again = ask(url, "again", extra_headers={"X-Conversation-Id": "c-3"})

    assert answers == ["1", "2"]
    assert again == "3 3 4"


def test_options_that_do_not_travel(places):
    """A request for JSON is refused, rather than answered with text."""
    east, west = places
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    with (
        served(east, [Told("billing", lambda *_: "yes")], KEY) as there,
        served(west, [Asks("desk", "billing")], peer(root(there), "billing")) as url,
        pytest.raises(OpenAIError, match="an agent of another host"),
    ):
        ask(url, "billing", response_format=schema)


@pytest.mark.parametrize("balanced", [(), ("east",), ("north",)])
def test_an_agent_that_two_hosts_serve(balanced):
    """It is a conflict with its own name, unless both are balanced."""
    peers = {
        name: PeerConfig(
            url="http://127.0.0.1:9",
            user="west",
            secret=Secret(SECRET),
            agents=("billing",),
            balanced=name in balanced,
        )
        for name in ("east", "north")
    }
    plan = make_plan(config := Config(peers=peers), load(config, ()))

    assert [agent.key for agent in plan.agents] == ["billing"]
    [conflict] = plan.set_aside
    assert (conflict.key, conflict.state) == ("north:billing", "conflict")
    assert "'billing' is served by this host, or by another peer" in conflict.diagnosis.reason


def test_an_agent_that_another_host_serves():
    """It keeps its owner, so that its route and its aliases stay its own."""
    peers = {"east": PeerConfig(url="http://127.0.0.1:9", user="west", secret=Secret(SECRET), agents=("billing",))}
    offer = Candidate(AGENTS, "billing", "missing:Agent", "acme", "1.0", "")
    owners = Owners({"billing": "acme"}, {"/billing": "acme:billing"}, {"billing": "acme:billing"})
    plan = make_plan(
        config := Config(host=HostConfig(agents=("main",)), peers=peers), load(config, [offer], owners=owners)
    )

    assert [(agent.key, agent.full_key, agent.route) for agent in plan.agents] == [
        ("billing", "acme:billing", "/billing")
    ]
    assert plan.set_aside == ()
