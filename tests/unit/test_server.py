"""AgentServer and a host of one, as ASGI applications.

They cover what a program registers, removes and adds.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import time
from urllib.parse import parse_qs, urlsplit

import asking
import litestar
import pytest

from agenthost import AgentBase, AgentSealed, AgentServer, ConfigurationError, DefinitionError, PlanError
from agenthost.agent.base import declared

AUTH = ("agenthost", "good for tests")


@pytest.fixture(autouse=True)
def configured(tmp_path, monkeypatch):
    """No file, and nothing of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", AUTH[1])
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "signs")
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))


class Desk(AgentBase):
    @AgentBase.tool
    def book(self) -> str:
        """Book."""
        return f"Booked by {self.get_name()}."


def ask(app, method, path, *, auth=AUTH, **options):
    return asking.ask(app, method, path, auth=auth, **options)


def tool_url(app, route, **options):
    """The address of an agent's only tool."""
    document = ask(app, "POST", route, json={"call_id": "c"}, **options).json()
    return urlsplit(document["sections"]["main"][1]["ai"]["SWAIG"]["functions"][0]["web_hook_url"])


def reached(server, user):
    """The route of the agent that a SIP user reaches, or the status."""
    answer = ask(server.app, "POST", "/sip", json={"call": {"to": f"sip:{user}@x"}, "call_id": "c"})
    if answer.status_code != 200:
        return answer.status_code
    functions = answer.json()["sections"]["main"][1]["ai"]["SWAIG"]["functions"]
    return urlsplit(functions[0]["web_hook_url"]).path.removesuffix("/swaig/") or "/"


def everywhere(server, route, name):
    """Return the responses of HTTP, SIP and health for an agent."""
    return [
        ask(server.app, "GET", route).status_code,
        ask(server.app, "GET", f"{route}/swaig").status_code,
        reached(server, name),
        ask(server.app, "GET", f"/health/{name}").status_code,
        route in ask(server.app, "GET", "/health").json()["routes"],
    ]


@pytest.fixture
def server():
    server = AgentServer()
    server.setup_sip_routing()
    server.register(Desk("main", "/"))
    server.register(Desk("sales-agent"), "/sales")
    return server


class TestRegister:
    def test_in_order_of_registration(self, server):
        server.register(Desk("b"), "b/")

        assert [(route, agent.get_name()) for route, agent in server.get_agents()] == [
            ("/", "main"),
            ("/sales", "sales-agent"),
            ("/b", "b"),
        ]
        assert server.get_agent("/b/").get_name() == "b"
        assert server.get_agent("/nowhere") is None

    def test_urls_name_the_place(self, server):
        """And not where the agent itself would be."""
        server.register(Desk("moved", "/from"), "/to")

        assert tool_url(server.app, "/to").path == "/to/swaig/"
        assert ask(server.app, "GET", "/from").status_code == 404

    @pytest.mark.parametrize("serving", [False, True])
    @pytest.mark.parametrize(
        ("make", "reason"),
        [
            (lambda server: (Desk("x"), "/sales"), "already taken by agent 'sales-agent'"),
            (lambda server: (Desk("x"), "/SALES"), "is not a path"),
            (lambda server: (Desk("x"), "/health"), "is reserved"),
            (lambda server: (Desk("x"), "/ready"), "is reserved"),
            (lambda server: (Desk("x"), "/live/more"), "is reserved"),
            (lambda server: (Desk("x"), "/a/swaig"), "is reserved"),
            (lambda server: (server.get_agent("/sales"), "/twice"), "already registered at '/sales'"),
            (lambda server: ("no agent", "/x"), "is not an agent"),
        ],
    )
    def test_what_cannot_be(self, server, serving, make, reason):
        """It is said at once, also while the host serves, and changes nothing."""
        if serving:
            server.app.start()
        with pytest.raises(DefinitionError, match=reason):
            server.register(*make(server))

        assert [route for route, _ in server.get_agents()] == ["/", "/sales"]
        assert ask(server.app, "GET", "/sales").status_code == 200

    def test_where_sip_is_answered(self, server):
        server.setup_sip_routing("/calls")
        with pytest.raises(DefinitionError, match="is used for SIP"):
            server.register(Desk("x"), "/calls")
        with pytest.raises(DefinitionError, match="agent 'sales-agent' is there"):
            server.setup_sip_routing("/sales")

    def test_while_serving(self, server):
        server.app.start()
        server.register(Desk("late"), "/late")

        assert everywhere(server, "/late", "late") == [200, 200, "/late", 200, True]

    def test_two_of_one_name(self, server):
        server.register(Desk("sales-agent"), "/again")

        assert [tool_url(server.app, route).path for route in ("/sales", "/again")] == [
            "/sales/swaig/",
            "/again/swaig/",
        ]

    def test_one_that_cannot_be_mounted(self, server):
        """The host does not start, and the others can be served elsewhere."""
        broken = AgentBase("broken")
        broken.set_param("when", object())
        server.register(broken, "/broken")

        with pytest.raises(PlanError, match=r"broken: .*cannot be written as JSON"):
            server.app.start()
        assert [declared(agent).sealed for _, agent in server.get_agents()] == [False, False, False]


class TestUnregister:
    def test_it_is_gone_everywhere(self, server):
        assert everywhere(server, "/sales", "sales-agent") == [200, 200, "/sales", 200, True]

        assert server.unregister("/sales/") is True
        assert everywhere(server, "/sales", "sales-agent") == [404, 404, 404, 404, False]
        assert server.unregister("/sales") is False
        assert server.get_agent("/sales") is None

    def test_it_can_come_back(self, server):
        """Also elsewhere, and configured anew."""
        agent = server.get_agent("/sales")
        server.app.start()
        server.unregister("/sales")
        agent.prompt_add_section("Role", "You sell.")
        server.register(agent, "/shop")

        assert everywhere(server, "/shop", "sales-agent") == [200, 200, "/shop", 200, True]

    def test_before_serving(self, server):
        server.unregister("/")

        assert ask(server.app, "GET", "/").status_code == 404

    def test_the_last_one(self, server):
        """A host without agents is not ready."""
        server.unregister("/")
        server.unregister("/sales")
        answer = ask(server.app, "GET", "/ready", auth=None)

        assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "agents": 0})


class TestSip:
    @pytest.mark.parametrize(
        ("user", "route"), [("sales", "/sales"), ("SalesAgent", "/sales"), ("main", "/"), ("nobody", 404)]
    )
    def test_names_and_routes(self, server, user, route):
        """An unknown user reaches no agent, even with an agent at the root."""
        assert route == reached(server, user)

    def test_without_names_and_routes(self, server):
        server.setup_sip_routing("calls", auto_map=False)
        server.register_sip_username("only", "/sales")
        asked = [
            ask(server.app, "POST", "/calls", json={"call": {"to": to}}).status_code for to in ("only", "sales", "main")
        ]

        assert asked == [200, 404, 404]

    def test_not_asked_for(self):
        """A server that routes no calls has no such address."""
        server = AgentServer()
        server.register(Desk("desk"), "/desk")

        assert ask(server.app, "POST", "/sip", json={"call": {"to": "desk"}}).status_code == 404

    def test_an_agent_at_the_root_does_not_take_all_calls_in_silence(self, caplog):
        """Its own ``/sip`` answers there, if the server routes no calls."""
        for routed in (True, False):
            server = AgentServer()
            server.register(Desk("main"), "/")
            server.register(Desk("desk"), "/desk")
            if routed:
                server.setup_sip_routing()
            server.app.start()
            assert ("POST /sip reaches agent main for every SIP user" in caplog.text) is not routed

    @pytest.mark.parametrize("serving", [False, True])
    def test_usernames(self, server, serving):
        """They go before names, and stay with the place when its agent changes."""
        if serving:
            server.app.start()
        server.register_sip_username("Main", "/sales")
        assert reached(server, "main") == "/sales"

        server.unregister("/sales")
        assert reached(server, "main") == "/"
        server.register(Desk("other"), "/sales")
        assert reached(server, "main") == "/sales"

    def test_usernames_that_cannot_be(self, server):
        server.register_sip_username("help", "/sales")
        server.register_sip_username("HELP", "/sales")

        for user, route, reason in (
            ("Help", "/", "already reaches the agent at '/sales'"),
            ("", "/", "is text"),
        ):
            with pytest.raises(DefinitionError, match=reason):
                server.register_sip_username(user, route)

    def test_a_username_before_its_agent(self, caplog):
        """As programs of SignalWire's SDK register them."""
        server = AgentServer()
        server.setup_sip_routing()
        server.register_sip_username("help", "/desk")
        server.register_sip_username("lost", "/nowhere")
        server.register(Desk("desk"), "/desk")

        assert (reached(server, "help"), reached(server, "lost")) == ("/desk", 404)
        assert "SIP user 'lost': no agent is registered at '/nowhere'" in caplog.text
        assert "'help'" not in caplog.text

    def test_two_that_ask_for_one_user(self, server, caplog):
        """Before serving, neither reaches the user, both are served, and a warning is logged."""
        server.register(Desk("one", sip=("help",)), "/one")
        server.register(Desk("two", sip=("help",)), "/two")

        assert [reached(server, user) for user in ("help", "one", "two")] == [404, "/one", "/two"]
        assert "SIP alias 'help' is claimed by one and two" in caplog.text

    def test_a_newcomer_takes_nothing(self, server, caplog):
        """A served agent keeps its users.

        They pass on when it is removed.
        """
        server.register(Desk("one", sip=("help",)), "/one")
        server.app.start()
        with caplog.at_level(logging.WARNING, "agenthost"):
            server.register(Desk("two", sip=("help", "sales", "two")), "/two")

        assert [reached(server, user) for user in ("help", "sales", "two")] == ["/one", "/sales", "/two"]
        assert [record.message for record in caplog.records if record.name == "agenthost"] == [
            "SIP alias 'help' stays with agent one; agent two declares it too",
            "SIP alias 'sales' stays with agent sales-agent; agent two declares it too",
        ]
        server.unregister("/one")
        assert reached(server, "help") == "/two"


class TestAdditions:
    def test_routing_callbacks_of_all(self, server):
        """Of agents that are there, and of those that come."""
        server.register_global_routing_callback(lambda body, headers: body.get("go"), "/choose")
        server.app.start()
        server.register(Desk("late"), "/late")

        def paths(go):
            routes = ("/choose", "/sales/choose", "/late/choose")
            answers = [ask(server.app, "POST", route, json={"go": go, "call_id": "c"}).json() for route in routes]
            hooks = [a["sections"]["main"][1]["ai"]["SWAIG"]["functions"][0]["web_hook_url"] for a in answers]
            return [urlsplit(hook).path.removesuffix("/swaig/") for hook in hooks]

        assert paths("/sales") == ["/sales"] * 3
        assert paths(None) == ["", "/sales", "/late"]
        assert paths("https://elsewhere.example") == ["", "/sales", "/late"]

    def test_a_routing_callback_of_all_while_serving(self, server):
        """Agents that are served cannot be changed, and those that come are not either."""
        server.app.start()
        with pytest.raises(AgentSealed):
            server.register_global_routing_callback(lambda body, headers: None, "/choose")
        server.register(Desk("late"), "/late")

        assert ask(server.app, "POST", "/late/choose").status_code == 404

    def test_static_files(self, server, tmp_path):
        """Without credentials, below the agents, and nothing beside the directory."""
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / "hello.txt").write_text("hello")
        (tmp_path / "secret.txt").write_text("secret")
        server.serve_static_files(str(tmp_path / "files"), "/files")

        assert ask(server.app, "GET", "/files/hello.txt", auth=None).text == "hello"
        for path, status in (("nobody.txt", 404), ("%2e%2e/secret.txt", 400), ("..%2fsecret.txt", 400)):
            assert ask(server.app, "GET", f"/files/{path}", auth=None).status_code == status
        assert ask(server.app, "GET", "/sales", auth=None).status_code == 401
        with pytest.raises(DefinitionError, match="there is no directory"):
            server.serve_static_files("nowhere")

    def test_static_files_at_the_root(self, tmp_path):
        (tmp_path / "hello.txt").write_text("hello")
        server = AgentServer()
        server.register(Desk("desk"), "/desk")
        server.serve_static_files(str(tmp_path))

        asked = [
            ask(server.app, "GET", path, auth=None).status_code for path in ("/hello.txt", "/desk", "/health", "/x")
        ]
        assert asked == [200, 401, 200, 404]

    @pytest.mark.parametrize(
        ("handler", "status", "text"),
        [
            (lambda: {"a": 1}, 200, '{"a":1}'),
            (lambda request: request.query_params["q"], 200, '"x"'),
            (lambda: litestar.Response("no", status_code=418), 418, "no"),
            (lambda: 1 / 0, 500, '{"error":"Internal Server Error"}'),
            (object, 500, '{"error":"Internal Server Error"}'),
        ],
    )
    def test_handlers(self, server, handler, status, text, caplog):
        """Handlers need no annotations.

        Their errors are only logged.
        """
        caplog.set_level(logging.CRITICAL if status != 500 else logging.ERROR)
        server.app.get("/more")(handler)
        answer = ask(server.app, "GET", "/more?q=x", auth=None)

        assert (status, text) == (answer.status_code, answer.text)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert ("the handler of /more failed" in caplog.text) is (status == 500)

    def test_handlers_of_other_methods(self, server):
        @server.app.post("/more")
        async def more(request):
            return await request.json()

        assert more.__name__ == "more"
        assert ask(server.app, "POST", "/more", json=[1]).json() == [1]
        assert [ask(server.app, "POST", "/more", content=body).status_code for body in (b"{", b" " * 2**21)] == [
            400,
            413,
        ]
        refused = ask(server.app, "GET", "/more")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")

    def test_a_built_in_can_be_replaced(self, server):
        @server.app.get("/health")
        def health():
            return {"mine": True}

        assert ask(server.app, "GET", "/health").json() == {"mine": True}
        assert ask(server.app, "HEAD", "/health").status_code == 200
        assert ask(server.app, "GET", "/health/main").json() == {"status": "ok"}

    def test_the_hosts_own_readiness_has_the_first_word(self, server):
        """A program's check is not asked while the host itself is not ready."""
        asked = []

        @server.app.get("/ready")
        def ready():
            asked.append(True)
            return {"status": "ready"}

        assert ask(server.app, "GET", "/ready").json() == {"status": "ready"}
        server.unregister("/")
        server.unregister("/sales")
        assert ask(server.app, "GET", "/ready").status_code == 503
        assert asked == [True]

    def test_no_handler_hides_that_the_host_stops(self, server):
        server.app.get("/ready")(lambda: {"mine": True})
        ask(server.app, "GET", "/ready")
        server.app.runtime.drain()

        assert ask(server.app, "GET", "/ready").status_code == 503

    def test_no_handler_hides_that_the_host_fails(self, server):
        server.app.get("/health")(lambda: {"mine": True})
        server.unregister("/")
        server.unregister("/sales")

        assert ask(server.app, "GET", "/health").status_code == 503

    def test_a_handler_at_ready_keeps_the_grace_of_a_stop(self, server):
        """Clients of ``/ready`` are given time, whoever answers them."""
        server.app.get("/ready")(lambda: {"mine": True})
        ask(server.app, "GET", "/health")
        assert server.app.runtime.watched is False

        ask(server.app, "GET", "/ready")
        assert server.app.runtime.watched is True

    @pytest.mark.parametrize(
        ("result", "status", "body"),
        [
            (({"status": "not ready"}, 503), 503, {"status": "not ready"}),
            (("made", 201), 201, "made"),
            (([1], True), 200, [[1], True]),
            ((1, 2), 200, [1, 2]),
            ([{"a": 1}, 503], 200, [{"a": 1}, 503]),
        ],
    )
    def test_a_status_beside_the_value(self, server, result, status, body):
        """As the field writes it. A list is a value."""
        server.app.get("/told")(lambda: result)
        answer = ask(server.app, "GET", "/told")

        assert (answer.status_code, answer.json()) == (status, body)


ISOLATED = """
import os

from agenthost import AgentBase


class Desk(AgentBase):
    def __init__(self):
        super().__init__("desk", "/desk")

    @AgentBase.tool
    def process(self) -> str:
        \'\'\'Return the process.\'\'\'
        return str(os.getpid())


def made():
    return Desk()


def unguarded():
    class Hidden(AgentBase):
        pass

    return Hidden("hidden")
"""


REGISTERED = """
from agenthost import AgentServer

AgentServer().register(Desk, isolation="process")
"""


class TestOwnProcesses:
    @pytest.fixture
    def module(self, tmp_path, monkeypatch):
        (tmp_path / "isolated_desk.py").write_text(ISOLATED, "utf-8")
        (tmp_path / "isolated_too.py").write_text(f"{ISOLATED}\n{REGISTERED}", "utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        yield importlib.import_module("isolated_desk")
        sys.modules.pop("isolated_desk")

    @pytest.mark.slow
    @pytest.mark.parametrize("form", ["object", "class", "function"])
    def test_an_agent_lives_in_a_process_of_its_own(self, module, form):
        """A crash, a leak or a busy loop stays there."""
        server = AgentServer()
        offered = {"object": module.Desk(), "class": module.Desk, "function": module.made}[form]
        server.register(offered, isolation="process")
        url = tool_url(server.app, "/desk")
        body = {"function": "process", "call_id": "c"}
        answer = ask(server.app, "POST", f"{url.path}?{url.query}", json=body).json()

        assert int(answer["response"]) != os.getpid()

    def test_what_another_process_cannot_build_is_rejected(self, module):
        """The reason and the remedy are those of a program."""
        with pytest.raises(DefinitionError, match=r"another process cannot import .*in a module of its own"):
            AgentServer().register(module.unguarded(), isolation="process")
        with pytest.raises(DefinitionError, match=r"another process cannot import Desk of isolated_too"):
            importlib.import_module("isolated_too")  # which would be isolated again in that process
        with pytest.raises(DefinitionError, match="isolation must be 'thread' or 'process', not 'none'"):
            AgentServer().register(Desk("desk"), isolation="none")

    def test_a_class_is_built_where_it_is_not_isolated(self, module):
        server = AgentServer()
        server.register(module.Desk)

        assert isinstance(server.get_agent("/desk"), module.Desk)


class TestAlone:
    def test_where_it_is(self):
        """The application is at the agent's route, else at the root.

        It includes health, and is always the same object.
        """
        agent, other = Desk("desk"), Desk("desk", "/desk")

        assert tool_url(agent.get_app(), "/").path == "/swaig/"
        assert tool_url(other.get_app(), "/desk").path == "/desk/swaig/"
        assert ask(agent.get_app(), "GET", "/health", auth=None).json()["routes"] == ["/"]
        assert agent.get_app() is agent.get_app()

    def test_its_own_credentials(self):
        app = Desk("desk", basic_auth=("me", "mine")).get_app()

        assert [ask(app, "GET", "/", auth=auth).status_code for auth in (("me", "mine"), AUTH)] == [200, 401]
        assert tool_url(app, "/", auth=("me", "mine")).netloc == "me:mine@host.example"

    @pytest.mark.parametrize("pair", [("me",), ("me", 1), "me", ("me:you", "mine"), ("me", "")])
    def test_impossible_credentials(self, pair):
        with pytest.raises((DefinitionError, ConfigurationError)) as refused:
            Desk("desk", basic_auth=pair).get_app()
        assert "mine" not in str(refused.value)

    def test_its_own_lifetime(self):
        token = parse_qs(tool_url(Desk("desk", token_expiry_secs=90).get_app(), "/").query)["__token"][0]

        assert 60 < int(token.partition(".")[0]) - time.time() <= 90

    def test_its_own_secret(self, monkeypatch, tmp_path):
        """No secret is kept on disk.

        Another agent with the same secret accepts its tokens.
        """
        monkeypatch.delenv("SIGNALWIRE_SWAIG_SECRET")
        first, second, third = (Desk("desk", swaig_secret=secret).get_app() for secret in ("one", "one", "two"))
        url = tool_url(first, "/")
        answers = [
            ask(app, "POST", f"{url.path}?{url.query}", json={"function": "book", "call_id": "c"}).json()["response"]
            for app in (first, second, third)
        ]

        assert answers[:2] == ["Booked by desk."] * 2
        assert "invalid or expired" in answers[2]
        assert not (tmp_path / "state").exists()

    def test_its_own_key_for_signatures(self):
        """Unsigned POST requests are refused.

        GET requests need no signature.
        """
        app = Desk("desk", signing_key="PSK").get_app()

        assert [ask(app, method, "/").status_code for method in ("POST", "GET")] == [403, 200]

    @pytest.mark.parametrize(
        ("route", "path", "to", "status"),
        [
            (None, "/sip", "anybody", 200),
            ("/desk", "/desk/sip", "anybody", 200),
            ("/desk", "/sip", "desk", 200),
            ("/desk", "/sip", "anybody", 404),
        ],
    )
    def test_whoever_is_called(self, route, path, to, status):
        app = Desk("desk", route).get_app()

        assert status == ask(app, "POST", path, json={"call": {"to": f"sip:{to}@x"}}).status_code

    def test_one_host_at_a_time(self, server):
        """An agent that another host serves is not served alone."""
        server.app.start()
        with pytest.raises(AgentSealed, match="is being served"):
            server.get_agent("/sales").get_app()


class TestIsolation:
    """An agent that a program has built cannot be built again in another process."""

    def test_asking_for_it_is_an_error_that_says_so(self, tmp_path):
        (tmp_path / "agenthost.toml").write_text('[agents.desk]\nisolation = "process"\n')
        server = AgentServer()
        server.register(Desk(name="desk"))

        with pytest.raises(PlanError, match="desk: it is made in code, so it cannot be rebuilt in a separate process"):
            ask(server.app, "GET", "/")

    def test_where_all_should_be_it_stays_and_a_warning_says_so(self, tmp_path, caplog):
        (tmp_path / "agenthost.toml").write_text('[host]\nisolation = "process"\n')
        server = AgentServer()
        server.register(Desk(name="desk"))

        assert ask(server.app, "GET", "/").status_code == 200
        assert "agent 'desk' stays in the host" in caplog.text


@pytest.mark.parametrize(
    ("name", "prepare"),
    [
        ("wsgi", lambda patch: patch.setitem(sys.modules, "a2wsgi", None)),
        ("wsgi", lambda patch: patch.setenv("AGENTHOST_PORT", "x")),
        ("app", lambda patch: patch.setenv("AGENTHOST_PORT", "x")),
    ],
)
def test_a_property_that_cannot_be_had_is_none(monkeypatch, name, prepare):
    """It is missing for ``hasattr``.

    Access by name raises an error with the reason.
    """
    prepare(monkeypatch)
    server = AgentServer()

    assert not hasattr(server, name)
    with pytest.raises(ConfigurationError, match=r"pip install 'agenthost\[serverless\]'|AGENTHOST_PORT=3000"):
        getattr(server, name)
