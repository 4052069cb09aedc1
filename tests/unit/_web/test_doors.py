"""Each endpoint with each kind of credentials, as the table in the docs has it.

The table is in docs/explanation/security.md. An endpoint that the front serves and no row covers fails.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from functools import cache

import pytest
from asking import ask
from attrs import evolve, frozen
from pages import DOCS, section
from workplaces import work_in

from agenthost import AgentBase, AgentServer, McpServer
from agenthost._host.access.call_credentials import call_userinfo
from agenthost._web.doors import AGENT_ENDPOINTS
from agenthost._web.endpoints import v1
from agenthost._web.process.health_port import HealthEndpoints
from agenthost._web.request.rules import Rules, login_guard

SCOPES = ("call", "text", "observe", "operate")
HOST, OWN, OTHER = ("agenthost", "for tests of the host"), ("own", "of own alone, long"), ("other", "of other alone")
FILE = f"""
[host]
password = "{HOST[1]}"
failed_logins = 0
[console]
enabled = true
[agents.own]
user = "{OWN[0]}"
password = "{OWN[1]}"
[agents.other]
user = "{OTHER[0]}"
password = "{OTHER[1]}"
"""
CALL, ANOTHER = "c-1", "c-2"


def key_file():
    """The keys of the table: each scope for an agent, and all scopes."""
    listed = [(f"{scope}-{agent}", [agent], [scope]) for scope in SCOPES for agent in ("own", "shared")]
    listed += [("elsewhere", ["other"], SCOPES), ("all", ["*"], SCOPES)]
    return "".join(
        f'[keys.{name}]\nsecret = "{secret(name)}"\nagents = {list(agents)}\nscopes = {list(scopes)}\n'
        for name, agents, scopes in listed
    )


def secret(name):
    return f"the-secret-of-the-key-{name}"


def basic(user, password):
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def forms(name):
    """Return both forms in which a key is presented."""
    return f"Bearer {secret(name)}", basic(name, secret(name))


@frozen
class Door:
    """An endpoint, and the request that is sent to it.

    Args:
        endpoint: the endpoint as the front has it.
        row: the row of the table, with ``{agent}`` for the kind of agent.
        path: of the request; ``R`` is the agent's route, and ``{agent}`` its key.
        method: of the request.
        body: its body for a call.
        details: True for the details of the answer, which only some may see.
    """

    endpoint: str
    row: str
    path: str
    method: str = "GET"
    body: object = None
    details: bool = False


def of_call(**more):
    return lambda call, _: {"call_id": call, **more}


def sip(call, agent):
    return {"call": {"call_id": call, "to": f"sip:{agent}@host.example"}}


def chat(_, agent):
    return {"model": agent, "messages": [{"role": "user", "content": "hello"}]}


def response(_, agent):
    return {"model": agent, "input": "hello"}


def list_tools(*_):
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


async def list_agents(offer, _):
    """Answer for a plugin's server with the agents of its offer."""
    return 200, [(b"content-type", b"application/json")], json.dumps([each.key for each in offer.agents]).encode()


LISTS = "`/v1/models`, `R/v1/models` and `/v1/mcp`, the list"
TEXT, KEPT = "`/v1` and `R/v1`, for {agent}", "`/v1/responses/{id}` of its own pair, for {agent}"
OF_AGENT, HEALTH = "`R` and below, for {agent}", "`/live`, `/startup`, `/ready`, `/health`"
OBSERVED = "`/metrics`, `/-/…`"
DOORS = (
    Door("R", OF_AGENT, "R", "POST", of_call()),
    Door("R/swaig", OF_AGENT, "R/swaig", "POST", of_call(function="hello")),
    Door("R/post_prompt", OF_AGENT, "R/post_prompt?__token={summary}", "POST", of_call()),
    Door("R/debug_events", OF_AGENT, "R/debug_events", "POST", of_call(label="step")),
    Door("R/{callback}", OF_AGENT, "R/choose", "POST", of_call()),
    Door("R/sip", OF_AGENT, "R/sip", "POST", sip),
    Door("R/check_for_input", "`R/check_for_input`, for {agent}", "R/check_for_input?conversation_id=x"),
    Door("R/mcp", "`R/mcp`, for {agent}", "R/mcp", "POST", list_tools),
    Door("/sip", "`/sip`, for {agent}", "/sip", "POST", sip),
    Door("/sip/", "`/sip`, for {agent}", "/sip/", "POST", sip),
    *(
        door
        for base in ("", "R")
        for door in (
            Door(f"{base}/v1/chat/completions", TEXT, f"{base}/v1/chat/completions", "POST", chat),
            Door(f"{base}/v1/responses", TEXT, f"{base}/v1/responses", "POST", response),
            Door(f"{base}/v1/models/{{agent}}", TEXT, f"{base}/v1/models/{{agent}}"),
            Door(f"{base}/v1/responses/{{id}}", KEPT, f"{base}/v1/responses/{{response}}"),
        )
    ),
    Door("/v1/models", LISTS, "/v1/models"),
    Door("R/v1/models", LISTS, "R/v1/models"),
    Door("/v1/mcp", LISTS, "/v1/mcp", "POST", list_tools),
    Door("/metrics", OBSERVED, "/metrics"),
    Door("/-/metrics.json", OBSERVED, "/-/metrics.json"),
    Door("/-/status.json", OBSERVED, "/-/status.json"),
    Door("/-/sip/unmatched", OBSERVED, "/-/sip/unmatched"),
    Door("/-/", OBSERVED, "/-/"),
    Door("/-/overview.json", OBSERVED, "/-/overview.json"),
    Door("/-/agents/{agent}", OBSERVED, "/-/agents/own"),
    Door("/-/agents/{agent}.json", OBSERVED, "/-/agents/shared.json"),
    *(Door(path, HEALTH, path) for path in ("/live", "/startup", "/ready", "/health")),
    Door("/ready/{agent}", "`/ready/{agent}`, `/health/{agent}`", "/ready/{agent}"),
    Door("/health/{agent}", "`/ready/{agent}`, `/health/{agent}`", "/health/{agent}"),
    Door("/health", "details at `/health`", "/health", details=True),
    Door("/health/{agent}", "details at `/health/{agent}`", "/health/{agent}", details=True),
    Door("/of-the-program", "handlers and files of a program", "/of-the-program"),
    Door("/files/{file_path}", "handlers and files of a program", "/files/page.txt"),
)
KINDS = {"own": "own credentials", "shared": "host's credentials"}


class Desk(AgentBase):
    """Has every endpoint."""

    def __init__(self, name):
        super().__init__(name, f"/{name}", sip=(name,))
        self.prompt_add_section("Role", "You answer.")
        self.enable_mcp_server()
        self.register_routing_callback(lambda _body, _headers: None, "/choose")

    @AgentBase.tool(secure=False)
    async def hello(self) -> str:
        """Say hello."""
        return "hello"


@frozen
class Host:
    """A host of three agents, with its credentials."""

    app: object

    @property
    def published(self):
        return self.app.runtime.published

    def credentials_of(self, agent, call, late=0):
        """Return credentials for a call."""
        tokens = self.published.tokens[f"/{agent}"]
        late = evolve(tokens, call_lifetime=-late) if late else tokens
        return basic(*call_userinfo(late, f"/{agent}", call).split(":"))

    def principals(self, agent):
        """Return the headers of each column, for a row about an agent."""
        return {
            "none": (None,),
            "host's pair": (basic(*HOST),),
            "own pair": (basic(*OWN) if agent == "own" else None,),
            "another agent's pair": (basic(*OTHER),),
            **{f"key `{scope}`": forms(f"{scope}-{agent}") for scope in SCOPES},
            "key for another agent": forms("elsewhere"),
            "key for `*`": forms("all"),
            "this call": (self.credentials_of(agent, CALL),),
            "another call": (self.credentials_of(agent, ANOTHER),),
            "expired or wrong": (
                self.credentials_of(agent, CALL, late=3600),
                basic("agenthost", "of yesterday"),
                basic(agent, secret(f"call-{agent}")),
                "Bearer of-yesterday-and-removed",
            ),
        }

    @cache  # noqa: B019 - one host
    def response_of(self, agent):
        """Return the ID of a response to the holder of the agent's own pair."""
        headers = {"authorization": basic(*(OWN if agent == "own" else HOST))}
        return ask(self.app, "POST", "/v1/responses", headers=headers, json=response("", agent)).json()["id"]

    def ask(self, door, agent, header, app=None):
        """Return the result of a request, as the table has it."""
        response = self.response_of(agent) if "{response}" in door.path else ""
        mint = self.published.tokens[f"/{agent}"].minter(f"/{agent}", CALL)
        path = door.path.format(agent=agent, summary=mint("/post_prompt").decode(), response=response)
        path = re.sub(r"^R", f"/{agent}", path)
        options = {"json": door.body(CALL, agent)} if door.body else {}
        headers = {"accept": "application/health+json", **({"authorization": header} if header else {})}
        answer = ask(app or self.app, door.method, path, headers=headers, **options)
        if door.details:
            return "yes" if "checks" in answer.json() else "no"
        opened = answer.status_code < 400 or answer.status_code == 501  # open, with no MCP server behind it
        return "yes" if opened else str(answer.status_code)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    place = tmp_path_factory.mktemp("doors")
    (place / "files").mkdir()
    (place / "files" / "page.txt").write_text("a page")
    with pytest.MonkeyPatch.context() as patch:
        work_in(place, patch, FILE + key_file())
        server = AgentServer()
        for name in ("own", "other", "shared"):
            server.register(Desk(name))
        server.setup_sip_routing()
        server.serve_static_files(str(place / "files"), "/files")
        server.app.get("/of-the-program")(lambda: {"program": True})
        ask(server.app, "GET", "/live")
        plan = server.app.runtime.published.plan
        offered = (("test", McpServer("test", list_agents)),)
        server.app.publish(evolve(plan, extensions=evolve(plan.extensions, mcp_servers=offered)))
        yield Host(server.app)


def table():
    """Return the rows of the table in the docs, each by its columns."""
    text = section(DOCS / "explanation" / "security.md", "Who may do what")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def rows(door):
    """Yield the rows of a door, with the agent that each is asked about."""
    if door.row.endswith("{agent}"):
        yield from ((door.row.replace("{agent}", f"an agent with {kind}"), agent) for agent, kind in KINDS.items())
    else:
        yield door.row, "shared"


CASES = [(door, row, agent) for door in DOORS for row, agent in rows(door)]


@pytest.mark.parametrize(
    ("door", "row", "agent"), CASES, ids=[f"{door.path} {agent} {'details' * door.details}" for door, _, agent in CASES]
)
def test_each_cell(host, door, row, agent):
    """Each column has the documented result, in each form of its credentials."""
    found = {
        name: {host.ask(door, agent, header) for header in headers} for name, headers in host.principals(agent).items()
    }
    if agent == "shared":
        found["own pair"] = {"–"}

    assert found == {name: {told} for name, told in table()[row].items()}


@pytest.mark.parametrize("door", [door for door in DOORS if "`/health" in door.row], ids=lambda door: door.row)
def test_the_health_port_has_the_same_cells(host, door):
    runtime = host.app.runtime
    port = HealthEndpoints(
        lambda _path, details: runtime.condition(details),
        lambda: Rules.of(runtime.settings),
        login_guard(lambda: runtime.settings),
    )
    for headers in host.principals("shared").values():
        for header in headers:
            assert host.ask(door, "shared", header, port) == host.ask(door, "shared", header)


def test_every_endpoint_has_a_row(host):
    """The front's own dispatch names the endpoints, so a new one fails here."""
    of_agents = {f"R/{name}".rstrip("/") for name in AGENT_ENDPOINTS}
    behind = {re.sub(r":\w+}", "}", route.path) for route in host.app.behind.litestar.routes}
    text = {*v1.PATHS, f"{v1.MODELS}/{{agent}}", "/v1/responses/{id}"}
    text |= {f"R{path}" for path in text}
    console = {f"/-/{path}" for path in ("", "overview.json", "agents/{agent}", "agents/{agent}.json")}

    assert {*of_agents, "R/{callback}", *host.app._own, *host.app.behind._handlers, *behind, *text, *console} == {
        door.endpoint for door in DOORS
    }


def test_every_row_has_an_endpoint():
    assert set(table()) == {row for _, row, _ in CASES}


def test_a_door_is_what_its_holder_opens(host):
    """Requests with a pair rely on it, so that only other principals cost a question."""
    published, rules = host.published, Rules.of(host.app.runtime.settings)
    for agent in published.plan.agents:
        holder = published.doors.get(agent.route, rules.door).holder
        assert all(published.reach.may(holder, agent, what) for what in ("call", "text"))
    assert all(published.reach.may(rules.door.holder, None, what) for what in SCOPES)
