"""Agents that are configured for each call.

Nothing of one call reaches the next, and a failure affects only its agent. The agents are those of
tests/dists/endpoints.
"""

import json
import re
import select
from contextlib import ExitStack
from urllib.parse import parse_qs, urlsplit

import pytest
from caller import Caller, functions, prompt, tool_call
from pages import DOCS, section
from raw_http import Connection

MANY = 200
"""Requests that are under way at once."""
RUNNING = 16
"""Of one agent; the others wait for their turn, or are refused."""
SENTENCE = {"play": {"url": "say:I can't take your call."}}
ENDS = {
    "/troubled": {"hangup": {}},
    "/transferring": {"connect": {"to": "sip:desk@example.com"}},
    "/redirecting": {"transfer": {"dest": "https://example.com/desk"}},
}
"""The verb after the fallback sentence, by the agent's route."""


@pytest.fixture(scope="module")
def served(endpoints):
    own = {"AGENTHOST_DOCUMENT_TIMEOUT": "1", "AGENTHOST_QUEUED": str(MANY), "AGENTHOST_BREAKER_FAILURES": "0"}
    with endpoints.serve(variables={**own, "AGENTHOST_QUEUE_WAIT": "10"}) as served:
        yield served
        assert Caller.of(served).ask("GET", "/health").json["status"] == "ok"
    assert served.process.returncode == 0


def ai(document):
    return document["sections"]["main"][-1]["ai"]


def at_once(url, requests):
    """The answers to requests that are all sent before the first answer is read."""
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection.to(url)) for _ in requests]
        for connection, request in zip(connections, requests, strict=True):
            connection.send(request)
        return [connection.answer() for connection in connections]


# -- one caller's words never reach the next --------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["/guests", "/async-guests"])
def test_nothing_of_one_call_reaches_another(caller, route):
    """Two hundred calls run at once, and then one without a word of its own."""
    requests = [caller.request("POST", f"{route}?guest=guest-{n}", {"call_id": f"c-{n}"}) for n in range(MANY)]

    documents = [answer.json for answer in at_once(caller.url, requests)]

    for number, document in enumerate(documents):
        assert [f"guest-{number}"] == ai(document)["hints"]
        assert set(re.findall(r"guest-\d+", json.dumps(document))) == {f"guest-{number}"}
    assert "hints" not in ai(caller.document(route))
    assert list(functions(caller.document(route))) == ["name_of_guest"]


@pytest.mark.parametrize("route", ["/guests", "/async-guests"])
def test_tools_that_a_callback_adds_are_called_for_that_call(caller, route):
    """Also many at once: each request is configured by its own query."""
    calls = []
    for number in range(20):
        document = caller.document(f"{route}?guest=guest-{number}", f"c-{number}")
        url = functions(document)["greet"]["web_hook_url"]
        assert [f"guest-{number}"] == parse_qs(urlsplit(url).query)["guest"]
        calls.append(tool_call(url, "greet", {}, f"c-{number}"))
        url = functions(document)["name_of_guest"]["web_hook_url"]
        calls.append(tool_call(url, "name_of_guest", {}, f"c-{number}"))

    answers = [answer.json["response"] for answer in at_once(caller.url, calls)]

    assert [said for n in range(20) for said in (f"Hello, guest-{n}.", f"guest-{n}")] == answers


@pytest.mark.parametrize("route", ["/guests", "/async-guests"])
def test_tools_of_another_call_are_not_there(caller, route):
    """Without what decided on the tool, and with another call's token."""
    url = functions(caller.document(f"{route}?guest=ann", "c-1"))["greet"]["web_hook_url"]
    token = parse_qs(urlsplit(url).query)["__token"][0]

    def greet(query, call_id):
        return caller.ask("POST", f"{route}/swaig/?{query}", {"function": "greet", "call_id": call_id}).json["response"]

    assert greet(f"guest=ann&__token={token}", "c-1") == "Hello, ann."
    assert greet(f"__token={token}", "c-1") == "There is no tool called greet. There are: name_of_guest."
    assert greet(f"guest=ann&__token={token}", "c-2").startswith("I'm sorry, the security token")
    assert greet("guest=ann", "c-1").startswith("I'm sorry, the security token")


def test_a_callback_sees_query_body_and_headers_but_no_secrets(caller):
    """Names of headers are in lower case.

    Neither the token nor credentials are visible.
    """
    answer = caller.ask("POST", "/guests", {"guest": "bob"}, "X-Asked-By: Ann")

    assert ai(answer.json)["global_data"] == {"asked_by": "Ann", "secrets": False}
    assert ai(answer.json)["hints"] == ["bob"]
    assert "The guest is ann ß." in caller.ask("GET", "/guests?guest=ann+%C3%9F").body.decode()


def test_callbacks_run_in_order(caller):
    """``set_dynamic_config_callback`` counts once, ``add_per_call_config`` each time, sync or async."""
    assert ai(caller.document("/several"))["hints"] == ["first", "second", "third"]


# -- trouble ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "logged"),
    [
        ("raise", "RuntimeError: the configuration is on fire"),
        ("exit", "SystemExit: 3"),
        ("async", "SystemExit: 3"),
        ("hang", "TimeoutError"),
        ("empty", "'Empty' has no content"),
        ("unspeakable", "DefinitionError"),
        ("name", "add_per_call_config applies to the agent, not to a call"),
    ],
)
@pytest.mark.parametrize("route", ENDS)
def test_a_configuration_that_fails_becomes_the_fallback_document(served, caller, route, how, logged):
    """The caller hears the agent's sentence, and is then transferred or disconnected.

    The log has the reason.
    """
    before = len(served.stderr)

    answer = caller.ask("POST", f"{route}?how={how}", {"call_id": "c-1"})

    main = [{"answer": {}}, SENTENCE, ENDS[route]]
    assert (200, {"version": "1.0.0", "sections": {"main": main}}) == (answer.status, answer.json)
    assert (answer.header("content-type"), answer.header("cache-control")) == ("application/json", "no-store")
    assert f"the configuration for a call of agent {route[1:]} failed (e-" in served.stderr[before:]
    assert logged in served.stderr[before:]


def test_the_reference_shows_the_fallback_document(caller):
    told = section(DOCS / "reference" / "http.md", "SWML document").partition("### Per-call documents")[2]

    assert caller.document("/transferring?how=raise") == json.loads(
        re.findall(r"```json\n(.*?)```", told, re.DOTALL)[0]
    )


@pytest.mark.parametrize("route", ENDS)
def test_the_next_call_is_not_affected(caller, route):
    assert "You answer tests." in prompt(caller.document(route))


@pytest.mark.parametrize("how", ["raise", "exit", "async", "hang"])
def test_a_tool_call_whose_configuration_fails_gets_the_fallback_sentence(caller, how):
    answer = caller.ask("POST", f"/troubled/swaig?how={how}", {"function": "answer"})

    assert (200, {"response": "I can't take your call.", "error_id": answer.json["error_id"]}) == (
        answer.status,
        answer.json,
    )
    assert caller.ask("POST", "/troubled/swaig", {"function": "answer"}).json == {"response": "here"}


def test_agents_do_not_wait_for_one_that_hangs(caller):
    """The maximum number of calls hangs at once, and all other agents respond.

    Then the callers hear a sentence.
    """
    with ExitStack() as stack:
        hanging = [stack.enter_context(Connection.to(caller.url)) for _ in range(MANY)]
        for connection in hanging:
            connection.send(caller.request("POST", "/troubled?how=hang", {}))
        for route in ("/guests?guest=ann", "/async-guests?guest=ann", "/phones", "/notes", "/transferring"):
            assert caller.document(route)
        answered, _, _ = select.select(hanging, [], [], 0)
        assert len(answered) <= RUNNING

        answers = [connection.answer() for connection in hanging]

    assert {200, 503} >= {answer.status for answer in answers}
    for answer in answers:
        if answer.status == 200:
            assert answer.json["sections"]["main"] == [{"answer": {}}, SENTENCE, {"hangup": {}}]
        else:
            assert (answer.header("retry-after"), answer.json) == ("1", {"error": "the agent is busy"})
