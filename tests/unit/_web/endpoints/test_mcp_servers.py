"""Servers of the Model Context Protocol that plugins offer: what they receive, and for whom."""

from __future__ import annotations

import asyncio
import json

import asking
import pytest
from attrs import evolve
from plans import built

from agenthost import AgentBase, FunctionResult, McpServer, OfferedTool, Router, ToolOutput
from agenthost._host.config.load import load_config
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import make_plan
from agenthost._host.runtime.start import make_runtime
from agenthost._web.front import Front

AUTH = ("agenthost", "good for tests")
KEY = "a-key-of-thirty-two-characters.."
BEARER = {"authorization": f"Bearer {AUTH[1]}"}
BODY = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


class Shop(AgentBase):
    """Has a tool of each kind."""

    def __init__(self):
        super().__init__("shop", "/shop", description="Sells tents.")
        self.prompt_add_section("Role", "You sell tents.")
        self.enable_mcp_server()
        self.define_tool("elsewhere", "Runs elsewhere.", {}, webhook_url="https://example.com/tool")

    @AgentBase.tool(title="Price of a tent", annotations={"readOnlyHint": True}, idempotent=True)
    def price(self, tent: int) -> str:
        """Return a price."""
        return f"Tent {tent} costs 99."

    @AgentBase.tool
    def person(self):
        """Connect to a person."""
        return FunctionResult("A person calls back.").connect("+15550100")


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A front with a server that works with each offer, and keeps them."""
    monkeypatch.chdir(tmp_path)

    def front_of(work=None, text="", *, server=True):
        (tmp_path / "agenthost.toml").write_text(text)
        secrets = {"AGENTHOST_PASSWORD": AUTH[1], "SIGNALWIRE_SWAIG_SECRET": "k", "KEY_ONE": KEY}
        config = load_config(None, {**secrets, "AGENTHOST_STATE_DIR": str(tmp_path)})
        offers = []

        async def answer(offer, request):
            offers.append((offer, request))
            content = await work(offer) if work is not None else None
            return (
                200,
                [(b"content-type", b"application/json"), (b"content-length", b"0")],
                json.dumps(content).encode(),
            )

        agents = (Shop(), AgentBase("closed", "/closed"), Router("desk", ["shop", "closed"], route="/desk"))
        loaded = load_for_program(config, built(*agents))
        if server:
            offered = (("test", McpServer("test", answer)),)
            loaded = evolve(loaded, extensions=evolve(loaded.extensions, mcp_servers=offered))
        front = Front(make_runtime(config))
        front.publish(make_plan(config, loaded))
        return front, offers

    return front_of


def post(front, path, auth=AUTH, body=BODY, **headers):
    return asking.ask(front, "POST", path, auth=auth, json=body, headers=headers)


def worked(served, path, work):
    """Return what a server makes of the offer of an endpoint."""
    answer = post(served(work)[0], path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_agents_endpoint_offers_the_agent(served):
    front, offers = served()
    post(front, "/shop/mcp", **{"mcp-protocol-version": "2025-11-25", "cookie": "a=b"})
    [(offer, request)] = offers
    [agent] = offer.agents
    person, price = sorted(agent.tools, key=lambda tool: tool.name)

    assert (offer.of_host, agent.key, agent.name, agent.description) == (False, "shop", "shop", "Sells tents.")
    assert (price.title, price.annotations) == ("Price of a tent", {"idempotentHint": True, "readOnlyHint": True})
    assert (person.title, person.annotations, person.description) == (None, {}, "Connect to a person.")
    assert price.parameters["properties"]["tent"]["type"] == "integer"
    assert json.loads(request.body) == BODY
    assert (b"mcp-protocol-version", b"2025-11-25") in request.headers
    assert not {b"authorization", b"cookie"} & {name for name, _ in request.headers}


def test_the_hosts_endpoint_offers_every_agent(served):
    """Only agents that have enabled it offer tools and prompts."""
    front, offers = served()
    post(front, "/v1/mcp")
    [(offer, _)] = offers

    assert offer.of_host
    assert {agent.key: (len(agent.tools), agent.prompt is not None) for agent in offer.agents} == {
        "shop": (2, True),
        "closed": (0, False),
        "desk": (0, False),
    }


def test_a_tool_is_called_as_by_a_model(served):
    """Refused arguments are the tool's failure, with the sentence for the model."""

    async def call(offer):
        tools = {tool.name: tool for tool in offer.agents[0].tools}
        outputs = [
            await tools["price"].call({"tent": "5"}),
            await tools["price"].call({}),
            await tools["person"].call(None),
        ]
        return [(output.text, output.failed, sorted(output.data)) for output in outputs]

    assert worked(served, "/shop/mcp", call) == [
        ["Tent 5 costs 99.", False, []],
        ["tent is missing; it must be an integer", True, []],
        ["A person calls back.", False, ["actions"]],
    ]


def test_an_agent_is_asked_in_a_conversation(served):
    """Its transcript is the one of the API."""

    async def ask(offer):
        shop = next(agent for agent in offer.agents if agent.key == "shop")
        first = await shop.ask("What is the price of tent 5?", None)
        again = await shop.ask("And tent 6?", first.data["conversation"])
        refused = await shop.ask("", "c 1")
        return [first.data["agent"], first.failed, again.data == first.data, refused.failed, refused.text]

    assert worked(served, "/v1/mcp", ask) == [
        "shop",
        False,
        True,
        True,
        "a conversation's id has 1 to 128 characters of ASCII, without spaces.",
    ]


def test_the_prompt_is_the_one_in_text(served):
    async def prompt(offer):
        return await offer.agents[0].prompt()

    assert "You sell tents." in worked(served, "/shop/mcp", prompt)


@pytest.mark.parametrize("path", ["/shop/mcp", "/v1/mcp"])
@pytest.mark.parametrize(
    ("auth", "headers", "status"),
    [
        (None, {}, 401),
        (("agenthost", "wrong"), {}, 401),
        (None, {"authorization": "Bearer wrong"}, 401),
        (None, BEARER, 200),
        (AUTH, {}, 200),
        (AUTH, {"origin": "https://evil.example"}, 403),
        (AUTH, {"origin": "http://host.example"}, 403),
        (AUTH, {"origin": "http://localhost:80", "host": "localhost:80"}, 200),
        (AUTH, {"origin": "http://evil.example", "host": "localhost"}, 403),
        (AUTH, {"origin": "http://["}, 403),
        (AUTH, {"origin": "http://sh\u00f6p.example".encode("latin-1")}, 403),
        (AUTH, {"origin": "http://localhost/page", "host": "localhost"}, 403),
        (AUTH, {"origin": "null"}, 403),
    ],
)
def test_credentials_are_those_of_the_api(served, path, auth, headers, status):
    """A page of another site is refused, even if its name leads here."""
    front, offers = served()

    assert post(front, path, auth, **headers).status_code == status
    assert len(offers) == (status == 200)


def test_a_page_of_the_public_url_is_accepted(served):
    front, _ = served(text='[host]\npublic_url = "https://agents.example.com"\n')

    assert post(front, "/shop/mcp", origin="https://agents.example.com").status_code == 200


def test_an_agent_that_has_not_enabled_it_has_none(served):
    front, offers = served()

    assert post(front, "/closed/mcp").status_code == 404
    assert asking.ask(front, "GET", "/shop/mcp", auth=AUTH).status_code == 405
    assert post(front, "/v1/mcp", body=[BODY]).status_code == 400
    assert offers == []


def test_a_key_opens_the_agents_that_it_names(served):
    front, offers = served(text='[keys.one]\nsecret = { env = "KEY_ONE" }\nscopes = ["text"]\nagents = ["shop"]\n')
    answer = post(front, "/v1/mcp", None, authorization=f"Bearer {KEY}")

    assert (answer.status_code, [agent.key for agent in offers[0][0].agents]) == (200, ["shop"])


def test_values_for_plugins_are_public():
    async def call(_):
        return ToolOutput("5")

    tool = OfferedTool("price", "Returns a price.", {}, call)
    assert asyncio.run(tool.call({})) == ToolOutput("5", {}, failed=False)
