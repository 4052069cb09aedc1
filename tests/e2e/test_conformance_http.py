"""Requests to an agent of the platform's own SDK, and its responses.

agenthost returns the same, unless wire.md decides otherwise.
"""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from caller import Caller, functions
from raw_http import exchange, written

RECORDS = json.loads((Path(__file__).parents[1] / "data" / "conformance" / "http.json").read_text())
VALID = "<VALID TOKEN for sec/post_prompt, call-1>"
HEALTHY = "the host tells of itself and of all its agents (section 5)"
REFUSED = "not the SDK's sentence: errors name the field and echo nothing (section 2)"
ROUTES = "paths that nothing serves are 404, with one form of errors (section 2)"

TOOLS = "echo, boom, aecho, none, strres, num, dictres, dictodd, empty, lst, sec"
UNREADABLE = {"response": 'The arguments cannot be read. Send one JSON object: {"city": <text>}'}
MISSING = {"response": "city is missing; it must be text"}


def unknown(name):
    """Return the answer for a tool that does not exist."""
    return {"response": f"There is no tool called {name}. There are: {TOOLS}."}


OVERRIDDEN = {
    "http:raw-bad": ("arguments that cannot be read are never taken for none (section 3)", 200, UNREADABLE),
    "http:parsed-notdict": ("the same", 200, UNREADABLE),
    "http:no-args": ("arguments are checked against the tool's schema (section 3)", 200, MISSING),
    "http:missing-required": ("the same", 200, MISSING),
    "http:wrong-type-arg": (
        "a number where text is declared becomes text (section 3)",
        200,
        {"response": 'got {"city": "5"}', "action": [{"set_global_data": {"seen": True}}]},
    ),
    "http:unknown-fn": ("the sentence is free (section 2)", 200, unknown("nope")),
    "http:bad-name": ("a name that no tool has, whatever its form (section 2)", 200, unknown("a-b")),
    "http:name-newline": ("the same", 200, unknown("echo\n")),
    "http:no-name": (REFUSED, 400, {"error": "function is missing"}),
    "http:name-not-str": (REFUSED, 400, {"error": "function must be a string"}),
    "http:list-body": (REFUSED, 400, {"error": "the body must be a JSON object"}),
    "http:badjson": (REFUSED, 400, {"error": "the body is not valid JSON"}),
    "http:boom": (
        "the exception goes to the log, the caller gets the fallback sentence and an error_id (section 3)",
        200,
        {
            "response": "I'm sorry, something went wrong on my side. Please try again in a moment.",
            "error_id": "<ERROR ID>",
        },
    ),
    "http:dictodd": (
        "an answer has a response: a dictionary without one is said as text (section 3)",
        200,
        {"response": '{"foo":1}'},
    ),
    "http:datamap": (
        "a data map runs on the platform: there is no such function here, so there is no token to refuse",
        200,
        unknown("dm"),
    ),
    "http:health": (
        HEALTHY,
        200,
        {"status": "ok", "agents": 1, "routes": ["/agent"], "timestamp": "<TIMESTAMP>"},
    ),
    "http:ready": (HEALTHY, 200, {"status": "ready", "agents": 1}),
    "http:agent-health": (ROUTES, 404, {"error": "Not Found"}),
    "http:404": (ROUTES, 404, {"error": "Not Found"}),
    "http:debug": ("there is no /debug: `agenthost swml` prints the document", 404, {"error": "Not Found"}),
    "http:put": (ROUTES, 405, {"error": "Method Not Allowed"}),
}
"""Records that wire.md overrides: the reason, and what is answered instead."""


@pytest.fixture(scope="module")
def caller(environment):
    """A client of a host with only the agent of the records."""
    environment.install("field")
    variables = {
        "SWML_BASIC_AUTH_USER": "user",
        "SWML_BASIC_AUTH_PASSWORD": "pass",
        "SWML_PROXY_URL_BASE": "https://agent.example",
    }
    with environment.serve(variables=variables) as served:
        yield Caller(served.url, ("user", "pass"))
    assert served.process.returncode == 0
    environment.uninstall()


@pytest.fixture(scope="module")
def tokens(caller):
    """The tokens of a document for ``call-1``: of the tool ``sec``, and of the summary."""
    document = caller.document("/agent", "call-1")
    urls = {
        "swaig": functions(document)["sec"]["web_hook_url"],
        "post_prompt": document["sections"]["main"][-1]["ai"]["post_prompt_url"],
    }
    return {endpoint: parse_qs(urlsplit(url).query)["__token"][0] for endpoint, url in urls.items()}


def sent(caller, request, tokens):
    """A record's request as bytes."""
    endpoint = "post_prompt" if request["path"].startswith("/agent/post_prompt") else "swaig"
    path = request["path"].replace(VALID, tokens[endpoint])
    body = request["body"]
    encoded = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    if request["headers"] == "AUTH+json":
        return caller.request(request["method"], path, encoded if body is not None else None)
    headers = [f"{name}: {value}" for name, value in request["headers"].items()]
    known = ("Host: agent.example", f"Content-Length: {len(encoded)}")
    return written(f"{request['method']} {path} HTTP/1.1", *known, *headers, body=encoded)


def normalised(answer):
    """An answer's JSON without what differs from one time to the next."""
    text = json.dumps(answer)
    text = re.sub(r'__token=[^"&]+', "__token=<TOKEN>", text)
    text = re.sub(r'"e-[0-9a-f]{12}"', '"<ERROR ID>"', text)
    return json.loads(re.sub(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"', '"<TIMESTAMP>"', text))


@pytest.mark.parametrize("record", RECORDS, ids=[record["id"] for record in RECORDS])
def test_requests_are_answered_as_the_field_knows_it(caller, tokens, record):
    """Status, type and JSON are those of the record, or of the table above."""
    expected = (record["status"], record["response"])
    if decided := OVERRIDDEN.get(record["id"]):
        expected = decided[1:]

    answer = exchange(caller.url, sent(caller, record["request"], tokens))

    assert (expected[0], normalised(expected[1])) == (answer.status, normalised(answer.json))
    assert record["content_type"] == answer.header("content-type")
    challenge = answer.header("www-authenticate")
    assert record["www_authenticate"] == (challenge.partition(" ")[0] if challenge else None)


def test_the_table_holds_nothing_but_differences():
    """A record that is answered as the SDK does needs no reason."""
    records = {record["id"]: (record["status"], record["response"]) for record in RECORDS}

    assert OVERRIDDEN.keys() <= records.keys()
    assert [id_ for id_, (_, *answered) in OVERRIDDEN.items() if tuple(answered) == records[id_]] == []
