"""Agents of peers: two hosts on real ports, of which one reaches the other."""

from __future__ import annotations

import base64
import json
import urllib.request
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from urllib.error import HTTPError

import pytest
from attrs import evolve
from chat_host import PASSWORD, model_at, served
from polling import poll_until
from ports import free_port

from agenthost import AgentBase, Note, Reply, Secret, Workflow
from agenthost._discovery import AGENTS, Candidate
from agenthost._host.config.schema import AgentConfig, Config, HostConfig, PeerConfig
from agenthost._host.generations.owners import Owners
from agenthost._host.packages.stages import Built
from agenthost._host.peers import peer_host
from agenthost._host.peers.peer_agent import PeerAgent
from agenthost._host.plan.load import load, load_for_program
from agenthost._host.plan.plan import make_plan
from agenthost._host.telemetry.spans import set_tracer
from agenthost._host.telemetry.tracing import _Tracer
from agenthost.testing import Says, ScriptedModel

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


class AsksTwice(Workflow):
    """Asks one agent twice, and answers with the remaining calls and the second reason."""

    def __init__(self, name, agent):
        super().__init__(name, [agent], route=f"/{name}")

    async def respond(self, turn, team):
        before = team.remaining.calls - 1
        await team.call(self.agents[0], turn)
        after = team.remaining.calls - 1
        second = await team.call(self.agents[0], turn)
        return Reply(team.workflow, f"{before} then {after}: {second.reason}")


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


def completion(url, model, text="Hello?", headers=None, **options):
    """Return a chat completion, or the message of its error."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], **options}
    sent = {"Authorization": f"Bearer {PASSWORD}", "Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), sent)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
            return json.load(response)
    except HTTPError as error:
        return json.load(error)["error"]["message"]


def ask(url, model, text="Hello?", conversation=None, **headers):
    """Return an answer, or the message of an error."""
    if conversation is not None:
        headers["X-Conversation-Id"] = conversation
    done = completion(url, model, text, {name.replace("_", "-"): value for name, value in headers.items()})
    return done if isinstance(done, str) else done["choices"][0]["message"]["content"]


def document(url, route, call=""):
    pair = base64.b64encode(f"agenthost:{PASSWORD}".encode()).decode()
    query = f"?call_id={call}" if call else ""
    request = urllib.request.Request(f"{root(url)}{route}{query}", headers={"Authorization": f"Basic {pair}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
        return json.load(response)


def destination(url, call):
    """Return the destination of a call, or the words that it hears instead."""
    main = document(url, "/billing", call)["sections"]["main"]
    if "transfer" in main[0]:
        return main[0]["transfer"]["dest"].rpartition("@")[2].removesuffix("/billing")
    return main[1]["play"]["url"]


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
        assert ask(url, "desk", "Refund?", "c 1") == "billing heard: Refund?"
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
        assert ask(url, "desk", Agenthost_Crossed="returns") == "yes"
        reason = ask(url, "desk", Agenthost_Crossed="returns, billing")
        far = ask(url, "desk", Agenthost_Crossed="a,b,c,d")

    assert "the turn has crossed too many hosts (returns → billing → billing)" in reason
    assert "(a → b → c → d → billing)" in far


def test_peers_that_share_an_agent(places, tmp_path, monkeypatch):
    """A conversation or a call stays with one that responds, and comes back."""
    monkeypatch.setattr(peer_host, "_DOWN", 3.0)
    east, west = places
    port, balanced = free_port(), "balanced = true\n"
    asked = [f"c-{number}" for number in range(16)]

    def north():
        return served(tmp_path / "north", [Told("billing", lambda *_: "north")], KEY, port)

    with served(east, [Told("billing", lambda *_: "east")], KEY) as there, ExitStack() as stack:
        other = root(stack.enter_context(north()))
        both = peer(root(there), "billing", more=balanced) + peer(other, "billing", name="north", more=balanced)
        names = {root(there).removeprefix("http://"): "east", other.removeprefix("http://"): "north"}
        with served(west, [Asks("desk", "billing")], both) as url:

            def conversations():
                return [ask(url, "desk", conversation=each) for each in asked]

            def calls():
                return [names[destination(url, each)] for each in asked]

            first, again = conversations(), conversations()
            transferred, same = calls(), calls()
            stack.close()
            poll_until(lambda: {*conversations(), *calls()} == {"east"})
            with north():
                poll_until(lambda: (conversations(), calls()) == (first, transferred))

    assert {*first} == {*transferred} == {"east", "north"}
    assert (again, same) == (first, transferred)


def test_peers_that_are_all_down(places):
    """A turn has the reasons, and a call hears the fallback."""
    _, west = places
    balanced = "balanced = true\n"
    down = peer("http://127.0.0.1:9", "billing", more=f"{balanced}")
    down += peer("http://127.0.0.1:7", "billing", name="north", more=balanced)
    with served(west, [Asks("desk", "billing")], down) as url:
        reason = ask(url, "desk")
        heard = destination(url, "c-1")

    assert "peer east cannot be reached" in reason
    assert "peer north cannot be reached" in reason
    assert heard.startswith("say:")


def test_a_host_that_announces_itself(places, tmp_path):
    """It is found while it serves, for the agents that this host lists."""
    east, west = places
    port, shared = free_port(), f'[state]\nurl = "sqlite:///{tmp_path}/shared.db"\n'
    announced = (
        f'announce = "east"\nannounce_url = "http://127.0.0.1:{port}/"\npublic_url = "http://agents.example.com/"\n'
    )
    reader = shared + peer("", "billing").replace('url = ""\n', "")
    agents = [Told("billing", lambda *_: "from east"), Told("sales", lambda *_: "sold")]

    with served(west, [Asks("desk", "billing")], reader) as url:
        before, heard = ask(url, "desk"), destination(url, "c-1")
        with served(east, agents, announced + shared + KEY, port):
            poll_until(lambda: ask(url, "desk") == "from east")
            poll_until(lambda: destination(url, "c-1") == "agents.example.com")
            sales, by_name = ask(url, "sales"), ask(url, "billing")
        poll_until(lambda: "no entry in the directory" in ask(url, "desk"))
        poll_until(lambda: destination(url, "c-1") == heard)

    assert before == "error: no entry in the directory says that east serves billing"
    assert heard.startswith("say:")
    assert by_name == "from east"
    assert "there is no such agent" in sales


def test_an_announcement_without_the_key(places, tmp_path, caplog):
    """A host that does not know the key cannot take the place of a peer."""
    east, west = places
    shared = f'[state]\nurl = "sqlite:///{tmp_path}/shared.db"\n'
    announced = 'announce = "east"\nannounce_url = "http://127.0.0.1:9"\n'
    reader = shared + peer("", "billing").replace('url = ""\n', "")
    forged = announced + shared + KEY.replace(SECRET, "another-key-0123456789")
    with (
        served(east, [Told("billing", lambda *_: "yes")], forged),
        served(west, [Asks("desk", "billing")], reader) as url,
    ):
        poll_until(lambda: "is not signed for the key west" in caplog.text)
        reason = ask(url, "desk")

    assert "no entry in the directory says that east serves billing" in reason


@contextmanager
def answering(status, body, **headers):
    """Serve a host that answers each turn in the same way, and keeps the headers."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            self.server.sent.append({name.lower(): value for name, value in self.headers.items()})
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """It says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.sent, server.url = [], f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(("headers", "other"), [({}, True), ({"x_should_retry": "false"}, False)])
def test_a_turn_that_a_host_refuses(places, headers, other):
    """It goes to another host unless a tool has begun, and calls go to both."""
    _, west = places
    done, balanced = {"choices": [{"message": {"content": "yes"}}]}, "balanced = true\n"
    with (
        answering(503, {"error": {"message": "not now."}}, **headers) as refuses,
        answering(200, done) as answers,
        served(
            west,
            [Asks("desk", "billing")],
            peer(refuses.url, "billing", more=balanced) + peer(answers.url, "billing", name="north", more=balanced),
        ) as url,
    ):
        told = {ask(url, "desk", conversation=f"c-{number}") for number in range(16)}
        called = {destination(url, f"c-{number}") for number in range(16)}

    assert refuses.sent
    assert ("error: peer east responds with 503 for billing: not now" in told) is not other
    assert "yes" in told
    assert len(called) == 2


def test_what_travels_in_headers(places):
    """The trace, the way, the budget and an idempotency key, beside the credentials."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(memory))
    tracer = _Tracer(provider.get_tracer("tests"))

    _, west = places
    done = {"choices": [{"message": {"content": "yes"}}]}
    with answering(200, done) as east, served(west, [Asks("desk", "billing")], peer(east.url, "billing")) as url:
        set_tracer(tracer, tracer)
        answer = ask(url, "desk", Agenthost_Crossed="returns", Agenthost_Budget="seconds=9, calls=5")
        set_tracer(None)
    [sent] = east.sent
    [called] = [each for each in memory.get_finished_spans() if each.name == "invoke_agent billing"]
    budget = dict(pair.split("=") for pair in sent["agenthost-budget"].split(", "))

    assert answer == "yes"
    assert sent["authorization"] == f"Bearer {SECRET}"
    assert sent["traceparent"].split("-")[1:3] == [f"{called.context.trace_id:032x}", f"{called.context.span_id:016x}"]
    assert sent["agenthost-crossed"] == "returns,billing"
    assert len(sent["idempotency-key"]) == 32
    assert (budget["calls"], budget["hops"]) == ("4", "7")
    assert 0 < float(budget["seconds"]) < 9


def test_the_budget_travels(places):
    """The other host has what is left here, and what it uses is counted here."""
    seen = []

    class Counted(Workflow):
        """Notes what is left, and asks a clerk."""

        async def respond(self, turn, team):
            seen.append(team.remaining)
            return (await team.call("clerk", turn)).reply

    east, west = places
    limits = "[turns]\ncalls = 6\ntokens = 11\nhops = 4\n"
    with (
        ScriptedModel(then=Says("two words")) as model,
        served(
            east,
            [Counted("billing", ["clerk"], route="/billing"), AgentBase("clerk", "/clerk")],
            model_at(model.url) + KEY,
        ) as there,
        served(west, [AsksTwice("desk", "billing")], limits + peer(root(there), "billing")) as url,
    ):
        done = completion(url, "desk")

    [left] = seen
    assert (left.calls, left.tokens, left.hops) == (6 - 2, 11, 4 - 1)
    assert done["choices"][0]["message"]["content"] == "4 then 2: the turn's budget of 11 tokens is spent"
    assert done["usage"]["total_tokens"] == 12


def test_a_repeat_of_a_call_is_answered_once(places):
    """Two customers who say the same are two, as are two calls in a turn."""
    numbers = count(1)
    east, west = places
    with (
        served(east, [Told("billing", lambda *_: str(next(numbers)))], KEY) as there,
        served(west, [Asks("desk", "billing"), AsksAgain("again", "billing")], peer(root(there), "billing")) as url,
    ):
        answers = [ask(url, "desk", conversation=each) for each in ("c-1", "c-2")]
        again = ask(url, "again", conversation="c-3")

    assert answers == ["1", "2"]
    assert again == "3 3 4"


def test_options_that_do_not_travel(places):
    """A request for JSON is refused, rather than answered with text."""
    east, west = places
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    with (
        served(east, [Told("billing", lambda *_: "yes")], KEY) as there,
        served(west, [Asks("desk", "billing")], peer(root(there), "billing")) as url,
    ):
        assert "an agent of another host" in completion(url, "billing", response_format=schema)


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


def test_hosts_with_one_configuration():
    """A host does not look elsewhere for what it serves itself."""
    table = PeerConfig(user="west", secret=Secret(SECRET), agents=("billing", "sales"))
    config = Config(host=HostConfig(announce="agents", announce_url="http://a"), peers={"agents": table})
    own = Built.in_code("billing", AgentBase("billing", "/billing"), AgentConfig())
    plan = make_plan(config, load_for_program(config, [own]))

    assert {agent.key: isinstance(agent.agent, PeerAgent) for agent in plan.agents} == {"billing": False, "sales": True}
    assert plan.set_aside == ()
