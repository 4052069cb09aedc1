"""The front as an ASGI application: documents and tool calls (wire.md, sections 1 to 3)."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode

import asking
import pytest
from plans import plan_of

from agenthost import AgentBase, FunctionResult
from agenthost._host.calls.tool_caller import REFUSED_TOKEN
from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.packages.plugins import PluginState
from agenthost._host.packages.stages import Extensions, Loaded
from agenthost._host.plan.plan import make_plan
from agenthost._host.runtime.start import make_runtime
from agenthost._web.front import Front
from agenthost.secret import Secret

HOST = "http://host.example"
AUTH = {"authorization": "Basic " + b64encode(b"agenthost:p@ss").decode()}
USERINFO = "agenthost:p%40ss"


class Desk(AgentBase):
    @AgentBase.tool
    def book(self, days: int = 1) -> str:
        """Book."""
        return f"Booked {days}."

    @AgentBase.tool(secure=False)
    async def hand_over(self) -> FunctionResult:
        """Hand over."""
        return FunctionResult("One moment.").hand_over("sales")


def front_of(*agents, **host):
    options = {"password": Secret("p@ss"), "signing_keys": (Secret("key"),), "max_body": 1000, **host}
    front = Front(make_runtime(Config(host=HostConfig(**options))))
    front.publish(plan_of(*agents))
    return front


@pytest.fixture
def front():
    return front_of(Desk("desk", "/desk"), Desk("main", "/"), AgentBase("sales", "/sales/eu"))


def ask(front, method, path, *, root_path="", headers=AUTH, **options):
    return asking.ask(front, method, path, at=HOST, root_path=root_path, headers=headers, **options)


def ai_of(answer):
    return answer.json()["sections"]["main"][1]["ai"]


class TestDocument:
    @pytest.mark.parametrize("path", ["/desk", "/desk/", "/desk/swaig", "/desk/swaig/"])
    def test_get(self, front, path):
        """At the route and at its tools' address, with or without a slash."""
        answer = ask(front, "GET", path)

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert (
            f"{HOST.replace('//', f'//{USERINFO}@')}/desk/swaig/" == ai_of(answer)["SWAIG"]["defaults"]["web_hook_url"]
        )

    @pytest.mark.parametrize(
        ("path", "name"),
        [("/", "main"), ("/desk", "desk"), ("/sales/eu", "sales"), ("/sales", None), ("/desks", None), ("/Desk", None)],
    )
    def test_the_agent_that_is_mounted_there(self, front, path, name):
        """An agent at the root takes nothing from the others, and nothing that is nobody's."""
        answer = ask(front, "GET", path)

        assert (answer.status_code == 200) is (name is not None)
        if name is not None:
            assert ai_of(answer)["prompt"]["text"] == f"You are {name}, a helpful AI assistant."

    @pytest.mark.parametrize("options", [{}, {"content": b""}, {"json": {}}, {"json": {"call_id": None, "call": None}}])
    def test_post(self, front, options):
        assert ask(front, "POST", "/desk", **options).status_code == 200

    def test_head(self, front):
        assert ask(front, "HEAD", "/desk").status_code == 200

    def test_a_configured_address(self):
        """Documents contain the public URL, whatever the address of the request."""
        front = front_of(Desk("desk", "/desk"), public_url="https://agents.example/phone")

        assert ai_of(ask(front, "GET", "/desk"))["SWAIG"]["defaults"]["web_hook_url"] == (
            f"https://{USERINFO}@agents.example/phone/desk/swaig/"
        )

    @pytest.mark.parametrize(
        ("path", "status"), [("/app/desk", 200), ("/app", 200), ("/app/nowhere", 404), ("/appdesk", 404)]
    )
    def test_behind_a_prefix(self, front, path, status):
        """A server may set a prefix, which must match whole segments."""
        answer = ask(front, "GET", path, root_path="/app")

        assert status == answer.status_code
        if path == "/app/desk":
            assert "@host.example/app/desk/swaig/" in answer.text


class TestRefusals:
    @pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
    @pytest.mark.parametrize("headers", [{}, {"authorization": "Basic x"}, {"authorization": "Bearer x"}])
    def test_credentials(self, front, method, headers):
        answer = ask(front, method, "/desk", headers=headers)

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Basic realm="agenthost", charset="UTF-8"'
        assert answer.content == (b"" if method == "HEAD" else b'{"error":"Unauthorized"}')

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
    def test_methods(self, front, method):
        answer = ask(front, method, "/desk")

        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
        assert answer.json() == {"error": "Method Not Allowed"}

    def test_options(self, front):
        answer = ask(front, "OPTIONS", "/desk", headers={})

        assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")
        assert "content-length" not in answer.headers

    @pytest.mark.parametrize(
        ("options", "status", "sentence"),
        [
            ({"content": b"{", "type": "application/json"}, 400, "the body is not valid JSON"),
            ({"content": b"[1]", "type": "application/json"}, 400, "the body must be a JSON object"),
            ({"content": b'{"call": 5}', "type": "application/json"}, 400, "call must be an object"),
            ({"content": b"{}", "type": "text/plain"}, 415, "Content-Type must be application/json"),
            (
                {"content": b"{}", "type": "application/json", "content-encoding": "gzip"},
                415,
                "Content-Encoding is not supported",
            ),
            ({"content": b"x" * 1001, "type": "application/json"}, 413, "the body is larger than 1000 bytes"),
        ],
    )
    def test_bodies(self, front, options, status, sentence):
        headers = AUTH | {"content-type": options.pop("type")}
        if "content-encoding" in options:
            headers |= {"content-encoding": options.pop("content-encoding")}
        answer = ask(front, "POST", "/desk", headers=headers, **options)

        assert (status, {"error": sentence}) == (answer.status_code, answer.json())

    def test_credentials_come_before_the_body(self, front):
        assert ask(front, "POST", "/desk", headers={}, content=b"x" * 2000).status_code == 401


class TestToolCall:
    def hook(self, front, name="book", **options):
        """A tool's address, as a document gives it."""
        functions = ai_of(ask(front, "GET", "/desk", **options))["SWAIG"]["functions"]
        url = next(function["web_hook_url"] for function in functions if function["function"] == name)
        return url.replace(f"{USERINFO}@", "").removeprefix(HOST)

    def call(self, front, path, function="book", call_id="call-1", **body):
        answer = ask(front, "POST", path, json={"function": function, "call_id": call_id, **body})
        assert answer.status_code == 200
        return answer.json()

    def test_at_the_address_of_the_document(self, front):
        url = self.hook(front, params={"call_id": "call-1"})

        assert self.call(front, url, argument={"parsed": [{"days": "2"}]}) == {"response": "Booked 2."}

    def test_a_document_without_a_call_gets_one(self, front):
        """And a header tells which."""
        document = ask(front, "GET", "/desk")
        call_id = document.headers["agenthost-call-id"]
        url = ai_of(document)["SWAIG"]["functions"][0]["web_hook_url"].partition("@host.example")[2]

        assert re.fullmatch("[0-9a-f]{32}", call_id)
        assert self.call(front, url, call_id=call_id) == {"response": "Booked 1."}
        assert self.call(front, url, call_id="other") == {"response": REFUSED_TOKEN}

    @pytest.mark.parametrize("key", ["call_id", "call"])
    def test_the_call_of_a_posted_document(self, front, key):
        body = {"call_id": "call-1"} if key == "call_id" else {"call": {"call_id": "call-1"}}
        document = ask(front, "POST", "/desk", json=body)
        url = ai_of(document)["SWAIG"]["functions"][0]["web_hook_url"].partition("@host.example")[2]

        assert "agenthost-call-id" not in document.headers
        assert self.call(front, url) == {"response": "Booked 1."}

    def test_an_older_name_of_the_token(self, front):
        url = self.hook(front, params={"call_id": "call-1"}).replace("__token=", "token=")

        assert self.call(front, url) == {"response": "Booked 1."}

    @pytest.mark.parametrize(
        "change",
        [
            lambda u: u.partition("?")[0],
            lambda u: u + "x",
            lambda u: u.replace("/desk", ""),
            lambda u: u.replace("=", "=9", 1),
        ],
    )
    def test_a_refused_token(self, front, change):
        """Without one, with another, and with one that another agent gave."""
        url = change(self.hook(front, params={"call_id": "call-1"}))

        assert self.call(front, url) == {"response": REFUSED_TOKEN}

    def test_a_tool_that_needs_none(self, front):
        assert self.call(front, "/desk/swaig", "hand_over") == {
            "response": "One moment.",
            "action": [
                {
                    "transfer": "true",
                    "SWML": {
                        "version": "1.0.0",
                        "sections": {"main": [{"transfer": {"dest": f"http://{USERINFO}@host.example/sales/eu"}}]},
                    },
                }
            ],
        }

    def test_an_unknown_function(self, front):
        for name in ("nobody", "book-visit", "desk.book", "book\n", ""):
            said = f"There is no tool called {name}. There are: book, hand_over."
            assert self.call(front, "/desk/swaig", name) == {"response": said}

    def test_arguments_that_do_not_fit(self, front):
        url = self.hook(front, params={"call_id": "call-1"})

        assert self.call(front, url, arguments={"days": "many"}) == {"response": "days must be an integer"}

    @pytest.mark.parametrize("body", [{}, {"function": 5}, {"function": "book", "call_id": 5}])
    def test_what_is_no_call(self, front, body):
        answer = ask(front, "POST", "/desk/swaig", json=body)

        assert answer.status_code == 400
        assert re.fullmatch(r"(function|call_id) (is missing|must be [\w, ]+)", answer.json()["error"])

    def test_signatures(self, front):
        """Another document may include these tools."""
        answer = ask(front, "POST", "/desk/swaig", json={"action": "get_signature"})

        assert [function["function"] for function in answer.json()] == ["book", "hand_over"]


class TestPlugins:
    def test_one_whose_hook_fails_is_set_aside(self, caplog):
        """The others' changes stand, and the host serves."""
        from litestar import get  # noqa: PLC0415 - only here

        @get("/hello", sync_to_thread=False)
        def hello() -> dict[str, str]:
            return {"hello": "there"}

        def good(app_config):
            app_config.route_handlers.append(hello)

        def bad(app_config):
            raise LookupError("no database")

        states = tuple(PluginState(name, "acme", "1.0", "ready") for name in ("bad", "good"))
        extensions = Extensions(configure_app=(("acme:bad", bad), ("acme:good", good)))
        loaded = Loaded(plugins=states, extensions=extensions)
        front = front_of()
        plan = front.assemble(make_plan(Config(), loaded))
        front.publish(plan)

        assert [(plugin.name, plugin.state) for plugin in plan.plugins] == [("bad", "quarantined"), ("good", "ready")]
        assert "configure_app of plugin acme:bad failed" in caplog.text
        assert ask(front, "GET", "/hello").json() == {"hello": "there"}


def test_a_client_that_leaves(front):
    """It gets no response, and no error is logged."""
    sent = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/desk",
        "raw_path": b"/desk",
        "query_string": b"",
        "headers": [(b"host", b"host.example"), *((k.encode(), v.encode()) for k, v in AUTH.items())],
        "http_version": "1.1",
        "scheme": "http",
    }

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    asyncio.run(front(scope, receive, send))

    assert sent == []


def test_no_byte_of_a_request_reaches_a_header(front):
    """Not even of a path that is refused."""
    for path in ("/desk?call_id=MARK", "/MARK", "/MARK//", "/desk/swaig?__token=MARK"):
        answer = ask(front, "GET", path)
        assert "MARK" not in json.dumps([*answer.headers.items()])


class TestMetrics:
    """The metrics of the host at /metrics."""

    def test_failures_are_counted_by_agent_and_part(self):
        def fail(args):
            raise ValueError

        desk = AgentBase("desk", "/desk")
        desk.define_tool("book", "d", {}, fail, secure=False)
        front = front_of(desk)
        assert 'agenthost_failures_total{agent="desk"' not in ask(front, "GET", "/metrics").text
        for _ in range(2):
            ask(front, "POST", "/desk/swaig", json={"function": "book"})
        assert 'agenthost_failures_total{agent="desk",what="tool book"} 2.0' in ask(front, "GET", "/metrics").text

    def test_they_are_for_those_with_credentials(self):
        assert ask(front_of(), "GET", "/metrics", headers={}).status_code == 401

    def test_they_are_read_only(self):
        assert ask(front_of(), "POST", "/metrics", json={}).headers["allow"] == "GET, HEAD, OPTIONS"

    def test_requests_and_tool_calls_are_counted(self, front):
        """They are counted by agent, endpoint and status.

        Names that clients invent are not labels.
        """
        document = ai_of(ask(front, "POST", "/desk", json={"call_id": "c-1"}))
        url = document["SWAIG"]["functions"][0]["web_hook_url"].partition("?")[2]
        ask(
            front,
            "POST",
            f"/desk/swaig?{url}",
            json={"function": "book", "call_id": "c-1", "argument": {"parsed": [{}]}},
        )
        ask(front, "POST", f"/desk/swaig?{url}", json={"function": "nobody", "call_id": "c-1"})
        ask(front, "POST", "/desk/swaig?__token=x", json={"function": "book", "call_id": "c-1"})
        ask(front, "POST", "/desk", content=b"{")
        ask(front, "GET", "/desk", headers={})
        ask(front, "GET", "/live")
        ask(front, "GET", "/desk/no/such/thing")
        ask(front, "GET", "/%2f")
        told = ask(front, "GET", "/metrics").text

        for expected in (
            'agenthost_requests_total{agent="desk",endpoint="document",status="2xx"} 1.0',
            'agenthost_requests_total{agent="desk",endpoint="document",status="4xx"} 2.0',
            'agenthost_requests_total{agent="desk",endpoint="swaig",status="2xx"} 3.0',
            'agenthost_requests_total{agent="",endpoint="live",status="2xx"} 1.0',
            'agenthost_requests_total{agent="",endpoint="host",status="4xx"} 2.0',
            'agenthost_tool_seconds_count{agent="desk",outcome="ok",tool="book"} 1.0',
            'agenthost_tool_seconds_count{agent="desk",outcome="refused",tool="book"} 1.0',
            'agenthost_agents{state="ready"} 3.0',
            'agenthost_running{agent="desk"} 0.0',
        ):
            assert expected in told
        assert "nobody" not in told
        assert "such" not in told
