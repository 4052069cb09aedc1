"""The main job: install the front desk and run it.

Four agents respond as to SignalWire.
"""

import json
import os
import re
import stat
import subprocess
from urllib.parse import urlsplit

import pytest
from banner import Banner
from caller import Caller, functions, languages, prompt
from environment import NO_CREDENTIALS

AGENTS = {
    "main": ("/", "transfer_department", "receptionist", "rime.spore"),
    "sales": ("/sales", "get_pricing", "sales representative", "rime.marsh"),
    "support": ("/support", "create_ticket", "technical support agent", "rime.spore"),
    "billing": ("/billing", "get_balance", "billing specialist", "rime.cove"),
}
ROUTES = ["/", "/billing", "/sales", "/support"]


@pytest.fixture(scope="module")
def served(desk):
    """The front desk as it is served to somebody who has configured nothing."""
    with desk.serve(variables=NO_CREDENTIALS) as served:
        yield served
    assert served.process.returncode == 0


@pytest.fixture(scope="module")
def banner(served):
    return Banner.of(served)


@pytest.fixture(scope="module")
def caller(served, banner):
    return Caller(served.url, (banner.user, banner.password))


@pytest.fixture
def call(caller):
    """Return a function that calls a tool of a document.

    It fetches the document for the call.
    """

    def call(route, function, arguments, call_id="c-1"):
        tool = functions(caller.document(route, call_id))[function]
        return caller.call(tool["web_hook_url"], function, arguments, call_id)

    return call


# -- what the operator sees ------------------------------------------------------------------------------------------


def test_the_banner_shows_every_agent(banner):
    assert banner.agents == {
        key: {"route": route, "tools": "1", "sip": key, "package": "agenthost-frontdesk 0.1.0", "state": "ready"}
        for key, (route, *_) in AGENTS.items()
    }


def test_the_banner_shows_where_and_which_version(banner, served, desk):
    version = desk.run("agenthost", "--version").stdout.strip()

    assert banner.text.startswith(f"{version} on {served.url}\n")
    assert "SWML_PROXY_URL_BASE" in banner.text


def test_the_banner_fits_one_screen_and_comes_once(banner, served):
    assert len(banner.text.splitlines()) <= 24
    assert served.stdout == banner.text
    assert [line for line in banner.text.splitlines() if "password" in line][:1] == [
        f"  user agenthost, password in {served.directory / 'state' / 'password'} (made for this machine)"
    ]
    assert banner.password not in served.stdout


def pasted(line):
    """Return the output of a shell for a line."""
    return subprocess.run(  # noqa: S603 - the host's own words are the test
        ["/bin/sh", "-c", line], env={"PATH": os.defpath}, capture_output=True, text=True, timeout=30, check=True
    ).stdout


def test_the_line_that_the_banner_suggests_works_when_it_is_pasted(banner):
    assert json.loads(pasted(banner.command))["version"] == "1.0.0"


def test_that_line_works_for_a_user_with_an_odd_name(desk, banner):
    """On another machine, which has another password."""
    odd = {**NO_CREDENTIALS, "SWML_BASIC_AUTH_USER": "o'brien $HOME"}
    with desk.serve(variables=odd) as served:
        other = Banner.of(served)
        assert json.loads(pasted(other.command))["version"] == "1.0.0"

    assert other.password != banner.password


def test_the_log_does_not_hold_the_password(banner, served):
    assert banner.password not in served.stderr


# -- documents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agent", AGENTS)
def test_each_agent_has_its_document(caller, banner, agent):
    route, function, role, voice = AGENTS[agent]
    document = caller.document(route, "c-1")
    [tool] = functions(document).values()
    url = urlsplit(tool["web_hook_url"])

    assert [[*verb] for verb in document["sections"]["main"]] == [["answer"], ["ai"]]
    assert role in prompt(document)
    assert "TechCorp" in prompt(document)
    assert languages(document) == [{"name": "English", "code": "en-US", "voice": voice}]
    assert tool["function"] == function
    assert url.netloc == f"{banner.user}:{banner.password}@{urlsplit(caller.url).netloc}"
    assert url.path == f"{route.rstrip('/')}/swaig/"
    assert re.fullmatch(r"__token=[\w.%-]+", url.query)


@pytest.mark.parametrize(
    ("route", "parameters"),
    [
        ("/", {"department": {"type": "string", "enum": ["sales", "support", "billing"]}}),
        ("/sales", {"product": {"type": "string", "enum": ["basic", "pro", "enterprise"]}}),
        ("/support", {"issue": {"type": "string"}}),
        ("/billing", {"account_id": {"type": "string"}}),
    ],
)
def test_the_model_is_told_what_each_tool_takes(caller, route, parameters):
    [tool] = functions(caller.document(route)).values()
    properties = tool["parameters"]["properties"]

    assert tool["description"]
    assert tool["parameters"]["type"] == "object"
    assert tool["parameters"]["required"] == [*parameters]
    assert all(described.pop("description") for described in properties.values())
    assert properties == parameters


@pytest.mark.parametrize("route", ROUTES)
def test_a_document_is_the_same_however_it_is_fetched(caller, route):
    """It may be fetched by GET or POST, with a trailing slash or without.

    The path is the agent's or that of its tools.
    """
    base = route.rstrip("/")
    asked = [
        caller.ask("GET", f"{route}?call_id=c-1"),
        caller.ask("POST", route, {"call_id": "c-1"}),
        caller.ask("POST", f"{base}/", {"call": {"call_id": "c-1"}}),
        caller.ask("GET", f"{base}/swaig?call_id=c-1"),
    ]
    plain = [re.sub(rb"__token=[^\"&]+", b"", answer.body) for answer in asked]

    assert {answer.status for answer in asked} == {200}
    assert {answer.header("cache-control") for answer in asked} == {"no-store"}
    assert len({*plain}) == 1


def test_a_document_for_no_call_names_the_call_that_its_tokens_are_for(caller):
    """The platform sends that call_id with the tool call.

    Any other is refused.
    """
    answer = caller.ask("GET", "/sales")
    url = functions(answer.json)["get_pricing"]["web_hook_url"]
    call_id = answer.header("agenthost-call-id")

    assert "$99/month" in caller.call(url, "get_pricing", {"product": "basic"}, call_id)["response"]
    assert "expired" in caller.call(url, "get_pricing", {"product": "basic"}, "c-1")["response"]


# -- tools -----------------------------------------------------------------------------------------------------------


def test_the_price_of_a_product(call):
    assert "$99/month" in call("/sales", "get_pricing", {"product": "basic"})["response"]
    assert "$199/month" in call("/sales", "get_pricing", {"product": "Pro"})["response"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "product is missing; it"),
        ({"product": "gold"}, "product"),
        ({"product": 5}, "product"),
        ({"product": None}, "product is missing; it"),
        ({"prodcut": "basic"}, "product is missing; it"),
    ],
)
def test_a_mistake_of_the_model_is_explained_to_it(call, arguments, problem):
    """In one sentence that says what the argument must be, and repeats nothing."""
    assert call("/sales", "get_pricing", arguments) == {"response": f"{problem} must be one of: basic, pro, enterprise"}


@pytest.mark.parametrize("department", ["sales", "support", "billing"])
def test_a_call_is_handed_over_to_the_sibling(caller, call, department):
    """To its real address, which answers the platform with that agent's document."""
    answer = call("/", "transfer_department", {"department": department})
    [action] = answer["action"]
    [transfer] = [verb["transfer"] for verb in action["SWML"]["sections"]["main"] if "transfer" in verb]
    sibling = urlsplit(transfer["dest"])
    document = caller.at(transfer["dest"]).document(sibling.path)

    assert department in answer["response"]
    assert [*action] == ["transfer", "SWML"]
    assert action["transfer"] == "true"
    assert sibling.netloc.rpartition("@")[2] == urlsplit(caller.url).netloc
    assert [*functions(document)] == [AGENTS[department][1]]


def test_a_call_is_handed_over_to_departments_only(call):
    assert call("/", "transfer_department", {"department": "legal"}) == {
        "response": "department must be one of: sales, support, billing"
    }


def test_a_ticket_has_one_number_within_a_call_and_another_elsewhere(call):
    asked = [
        ("c-1", "The printer is on fire."),
        ("c-1", "the printer is  on fire."),
        ("c-1", "The printer is cold."),
        ("c-2", "The printer is on fire."),
    ]
    answers = [call("/support", "create_ticket", {"issue": issue}, call_id) for call_id, issue in asked]
    tickets = [re.search(r"T-[A-Z2-7]{10}", answer["response"])[0] for answer in answers]

    assert tickets[0] == tickets[1]
    assert len({*tickets}) == 3
    assert answers[0]["action"] == [{"set_global_data": {"ticket": tickets[0]}}]


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("A-1001", "You're all paid up!"),
        ("a-1002 ", "an open balance of $42.50"),
        ("A-1003", "a credit of $15.00"),
        ("A-9999", "I can't find that account."),
    ],
)
def test_the_balance_of_an_account(call, account, said):
    assert said in call("/billing", "get_balance", {"account_id": account})["response"]


# -- restarts and ports ----------------------------------------------------------------------------------------------


def test_what_the_host_made_for_itself_is_kept_for_its_next_start(desk):
    """Password and signing key are in files that only the host's user can read.

    A token stays valid after the restart.
    """
    place = desk.workplace()
    with desk.serve(cwd=place, variables=NO_CREDENTIALS) as before:
        banner = Banner.of(before)
        caller = Caller(before.url, (banner.user, banner.password))
        url = urlsplit(functions(caller.document("/sales", "c-1"))["get_pricing"]["web_hook_url"])
    with desk.serve(cwd=place, variables=NO_CREDENTIALS) as after:
        again = Banner.of(after)
        moved = url._replace(netloc=f"{again.user}:{again.password}@{urlsplit(after.url).netloc}").geturl()
        answer = Caller.of(after).call(moved, "get_pricing", {"product": "basic"}, "c-1")

    assert again.password == banner.password == (place / "state" / "password").read_text().strip()
    assert "$99/month" in answer["response"]
    assert stat.S_IMODE((place / "state").stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in (place / "state").iterdir()} == {
        "failed_logins": 0o600,
        "loading": 0o700,
        "logins": 0o600,
        "owners": 0o700,
        "password": 0o600,
        "readings.json": 0o600,
        "signing_key": 0o600,
    }


def test_a_configured_password_is_not_shown(desk):
    """Nor is it kept or logged.

    curl asks for it.
    """
    with desk.serve() as served:
        banner = Banner.of(served)

    assert banner.password is None
    assert banner.command == f"curl -u 'tester' {served.url}{ROUTES[-1]}"
    assert served.credentials[1] not in served.stdout + served.stderr
    assert not (served.directory / "state" / "password").exists()


def test_a_port_in_use_is_one_sentence(desk, served):
    """And the exit code of a wrong command line, before any agent is built."""
    port = str(urlsplit(served.url).port)
    refused = desk.run("agenthost", "run", "--port", port, timeout=60)

    assert refused.returncode == 2
    assert refused.stdout == ""
    [line] = refused.stderr.splitlines()
    assert line.startswith(f"agenthost: cannot listen on 127.0.0.1 port {port}: ")
    assert "--port" in line
