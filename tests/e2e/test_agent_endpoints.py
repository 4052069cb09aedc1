"""Endpoints of an agent besides its document: summaries, events, routing and tools.

The agents are those of tests/dists/endpoints, which keep what they receive and return it by a tool.
"""

import json
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
from caller import Caller, functions
from raw_http import exchange, written

_calls = count()


@pytest.fixture(scope="module")
def served(endpoints):
    variables = {"AGENTHOST_TOOL_TIMEOUT": "2", "AGENTHOST_DOCUMENT_TIMEOUT": "2"}
    with endpoints.serve(variables=variables) as served:
        yield served
        assert Caller.of(served).ask("GET", "/health").json["status"] == "ok"
    assert served.process.returncode == 0


@pytest.fixture
def call_id():
    """A call that no other test makes."""
    return f"call-{next(_calls)}"


@pytest.fixture
def tell(caller, call_id):
    """Return the answer of a tool."""

    def tell(route, tool, arguments=None, query=""):
        document = caller.document(f"{route}{query}", call_id)
        described = functions(document)[tool]
        url = described.get("web_hook_url") or ai(document)["SWAIG"]["defaults"]["web_hook_url"]
        return caller.call(url, tool, arguments or {}, call_id)

    return tell


@pytest.fixture
def received(tell, call_id):
    """Return the requests that an agent has received for this test's call."""

    def received(route):
        kept = json.loads(tell(route, "received")["response"])
        return [[what, body] for what, body in kept if body.get("call_id") == call_id]

    return received


@pytest.fixture
def sum_up(caller, call_id):
    """Return a function that sends a conversation's summary to the URL in the document."""

    def sum_up(route, data, **fields):
        url = ai(caller.document(route, call_id))["post_prompt_url"]
        parts = urlsplit(url)
        body = {"call_id": call_id, "post_prompt_data": data, **fields}
        return caller.ask("POST", f"{parts.path}?{parts.query}", body)

    return sum_up


def ai(document):
    [ai] = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
    return ai


# -- post_prompt ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "summary"),
    [
        ({"raw": '{"mood": "good"}', "parsed": [{"mood": "good"}], "substituted": ""}, {"mood": "good"}),
        ({"raw": '{"mood": "good"}', "parsed": [{"mood": "better"}]}, {"mood": "better"}),
        ({"raw": '{"mood": "good"}'}, {"mood": "good"}),
        ({"raw": '{"mood": "good"}', "parsed": []}, {"mood": "good"}),
        ({"raw": "All is well."}, "All is well."),
        ({"raw": ""}, None),
        ({}, None),
        ("no object", None),
        (None, None),
        ({"raw": 5, "parsed": "no list"}, None),
    ],
)
@pytest.mark.parametrize("route", ["/notes", "/async-notes"])
def test_a_summary_reaches_the_agent(sum_up, received, call_id, route, data, summary):
    """It is parsed if it is JSON, and text otherwise.

    The agent also gets the whole body.
    """
    answer = sum_up(route, data)

    assert (answer.status, answer.json) == (200, {"success": True})
    assert [[summary, {"call_id": call_id, "post_prompt_data": data}]] == received(route)


def test_a_summary_that_nobody_waits_for(sum_up):
    """An agent without ``on_summary`` has nothing to do."""
    answer = sum_up("/plain-notes", {"raw": "x"})

    assert (answer.status, answer.json) == (200, {"success": True})


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("/notes", {"summary": "x", "call": "<CALL>"}),
        ("/async-notes", ["async", "x"]),
        ("/plain-notes", {"success": True}),
    ],
)
def test_fetch_conversation_gives_what_on_summary_returned(sum_up, call_id, route, expected):
    answer = sum_up(route, {"raw": "x"}, action="fetch_conversation")

    assert (200, json.loads(json.dumps(expected).replace("<CALL>", call_id))) == (answer.status, answer.json)


@pytest.mark.parametrize(
    ("how", "logged"),
    [("raise", "the notes are on fire"), ("exit", "SystemExit: 3"), ("hang", "TimeoutError")],
)
@pytest.mark.parametrize("action", ["post_conversation", "fetch_conversation"])
def test_a_summary_that_fails_is_nobody_elses_business(served, sum_up, how, logged, action):
    """The platform learns that it failed, the log learns why."""
    answer = sum_up("/failing-notes", {"raw": how}, action=action)

    error_id = answer.json["error_id"]
    assert (200, {"success": False, "error_id": error_id}) == (answer.status, answer.json)
    assert logged in served.once_logged(f"on_summary of agent failing-notes failed ({error_id})")


def test_what_on_summary_returns_counts_only_where_it_is_asked_for(served, sum_up):
    assert sum_up("/failing-notes", {"raw": "fine"}).json == {"success": True}

    asked = sum_up("/failing-notes", {"raw": "fine"}, action="fetch_conversation").json
    assert {"success": False, "error_id": asked["error_id"]} == asked
    assert served.once_logged(f"on_summary's result of agent failing-notes failed ({asked['error_id']})")


def test_a_summary_needs_the_token_of_its_agent_and_call(caller, sum_up, received, call_id):
    """Any other token is answered with 403, and no code runs."""
    other = parse_qs(urlsplit(ai(caller.document("/async-notes", call_id))["post_prompt_url"]).query)["__token"][0]
    own = parse_qs(urlsplit(ai(caller.document("/notes", call_id))["post_prompt_url"]).query)["__token"][0]
    body = {"call_id": call_id, "post_prompt_data": {"raw": "x"}}
    refused = [
        caller.ask("POST", "/notes/post_prompt", body),
        caller.ask("POST", "/notes/post_prompt/?__token=", body),
        caller.ask("POST", f"/notes/post_prompt/?__token={other}", body),
        caller.ask("POST", f"/notes/post_prompt/?__token={own}x", body),
        caller.ask("POST", f"/notes/post_prompt/?__token={own}", body | {"call_id": "another"}),
        caller.ask("POST", f"/notes/post_prompt/?__token={own}", {}),
    ]

    assert [(answer.status, answer.json) for answer in refused] == [(403, {"error": "Invalid or missing token"})] * 6
    assert received("/notes") == []
    for accepted in (
        caller.ask("POST", f"/notes/post_prompt?token={own}", body),
        caller.ask("POST", f"/notes/post_prompt/?__token={own}&call_id={call_id}", {}),
    ):
        assert (accepted.status, accepted.json) == (200, {"success": True})


def test_a_tools_token_does_not_open_summaries(caller, call_id):
    """And it is bound to what it was made for."""
    described = functions(caller.document("/phones", call_id))["who"]
    token = parse_qs(urlsplit(described["web_hook_url"]).query)["__token"][0]

    assert caller.ask("POST", f"/phones/post_prompt/?__token={token}", {"call_id": call_id}).status == 403


def test_a_summary_is_configured_as_its_call_was(caller, call_id):
    """The callback gets the query in the document's URL.

    ``on_summary`` runs on the copy.
    """
    url = ai(caller.document("/called-notes?guest=ann", call_id))["post_prompt_url"]
    query = parse_qs(urlsplit(url).query)
    assert query["guest"] == ["ann"]

    body = {"call_id": call_id, "post_prompt_data": {"raw": "x"}, "action": "fetch_conversation"}
    answers = [
        caller.ask("POST", f"/called-notes/post_prompt/?__token={query['__token'][0]}{more}", body)
        for more in ("&guest=ann", "&guest=bob", "")
    ]
    assert [answer.json for answer in answers] == ["ann: x", "bob: x", "a stranger: x"]


# -- check_for_input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("conversation", ["c", "a.b-c_D9", "x" * 256])
def test_there_is_never_new_input(caller, conversation):
    expected = {"status": "success", "conversation_id": conversation, "new_input": False, "messages": []}

    for answer in (
        caller.ask("GET", f"/phones/check_for_input?conversation_id={conversation}"),
        caller.ask("GET", f"/phones/check_for_input/?x=y&conversation_id={conversation}"),
        caller.ask("POST", "/phones/check_for_input", {"conversation_id": conversation}),
        caller.ask("POST", "/phones/check_for_input/", {"conversation_id": conversation}),
    ):
        assert (200, expected) == (answer.status, answer.json)


@pytest.mark.parametrize("conversation", ["", "x" * 257, "a b", "a/b", "ü", 5, None, ["c"]])
def test_a_conversation_must_be_named(caller, conversation):
    answer = caller.ask("POST", "/phones/check_for_input", {"conversation_id": conversation})

    assert answer.status == 400
    assert answer.json["error"].startswith("conversation_id is missing, or has other characters")


def test_a_conversation_must_be_named_in_the_query_too(caller):
    queries = ("", "?", "?conversation_id=", "?conversation_id=a%20b", "?conversation=c")

    assert [caller.ask("GET", f"/phones/check_for_input{query}").status for query in queries] == [400] * 5


# -- debug_events -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("route", "level"), [("/notes", 2), ("/async-notes", None)])
@pytest.mark.parametrize(("event", "label"), [({"label": "barge"}, "barge"), ({"action": "x"}, "x"), ({}, "event")])
def test_a_debug_event_is_logged_and_reaches_its_handler(served, caller, received, call_id, route, level, event, label):
    """The response is 204.

    Documents of agents with debug events contain the address.
    """
    event = event | {"call_id": call_id}
    params = ai(caller.document(route, call_id))["params"]
    assert level == params.get("debug_webhook_level")
    path = urlsplit(params.get("debug_webhook_url", f"{route}/debug_events")).path

    answer = caller.ask("POST", path, event)

    assert (answer.status, answer.body) == (204, b"")
    assert [[label, event]] == received(route)
    served.once_logged(f"agenthost.debug_events: agent {route[1:]}: {label!r}")


def test_a_handler_of_debug_events_may_fail(served, caller):
    assert caller.ask("POST", "/async-notes/debug_events", {"label": "fail"}).status == 204
    served.once_logged("on_debug_event of agent async-notes failed")
    served.once_logged("the event is on fire")


def test_debug_events_of_an_agent_without_a_handler(served, caller):
    """An event cannot forge a line of the log."""
    assert caller.ask("POST", "/phones/debug_events", {"label": "two\nlines"}).status == 204
    served.once_logged(r"agent phones: 'two\nlines'")
    assert caller.ask("GET", "/phones/debug_events").status == 405


# -- routing callbacks ------------------------------------------------------------------------------------------------


def answering(answer):
    """The route of the agent whose document an answer is."""
    assert answer.status == 200, answer
    url = ai(answer.json)["SWAIG"]["defaults"]["web_hook_url"] if "SWAIG" in ai(answer.json) else ""
    return urlsplit(url).path.removesuffix("/swaig/") or None


@pytest.mark.parametrize("path", ["choose", "choose/", "later"])
@pytest.mark.parametrize("to", ["/phones", "/phones/"])
def test_a_routing_callback_hands_a_call_to_another_agent(caller, call_id, path, to):
    """The response is the document of the other agent, with tokens for this call."""
    answer = caller.ask("POST", f"/exchange/{path}", {"to": to, "call": {"call_id": call_id}})

    assert answering(answer) == "/phones"
    url = functions(answer.json)["who"]["web_hook_url"]
    assert "Hello" in caller.call(url, "who", {}, call_id)["response"]


@pytest.mark.parametrize(
    "to",
    [
        None,
        "",
        "phones",
        "/Phones",
        "/nobody",
        "/phones/swaig",
        "//phones",
        "/../phones",
        "https://evil.example/phones",
        "//evil.example",
        "sip:desk@example.com",
        5,
        ["/phones"],
        {"route": "/phones"},
    ],
)
@pytest.mark.parametrize("path", ["choose", "later"])
def test_whatever_else_a_routing_callback_says_the_call_stays(caller, path, to):
    """Never a foreign address, never a redirect."""
    answer = caller.ask("POST", f"/exchange/{path}", {"to": to})

    assert (answer.status, answer.header("location")) == (200, None)
    assert "You connect callers." in answer.body.decode()


def test_a_routing_callback_sees_headers_but_no_credentials(caller):
    assert answering(caller.ask("POST", "/exchange/choose", {}, "X-To: /phones")) == "/phones"


@pytest.mark.parametrize(
    ("how", "logged"), [("raise", "exchange is on fire"), ("exit", "SystemExit"), ("hang", "Timeout")]
)
def test_a_routing_callback_that_fails_leaves_the_call_where_it_is(served, caller, how, logged):
    answer = caller.ask("POST", "/exchange/fail", {"how": how})

    assert answer.status == 200
    assert "You connect callers." in answer.body.decode()
    assert logged in served.stderr.rpartition("the routing callback fail of agent exchange failed")[2]


def test_a_routing_path_is_an_endpoint_of_its_agent_alone(caller):
    assert (caller.ask("GET", "/exchange/choose").status, caller.ask("POST", "/phones/choose", {}).status) == (200, 404)
    assert exchange(caller.url, written("POST /exchange/choose HTTP/1.1", "Host: x", "Content-Length: 0")).status == 401


def test_a_routing_callback_leads_to_an_agent_that_is_configured_per_call(caller, call_id):
    """The other agent's callbacks see the request that came here."""
    body = {"to": "/guests", "call_id": call_id, "guest": "ann"}

    answer = caller.ask("POST", "/exchange/choose", body)

    assert ai(answer.json)["hints"] == ["ann"]


# -- get_signature ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (None, ["who", "own_sentence", "agents_sentence", "look_up", "elsewhere"]),
        ([], ["who", "own_sentence", "agents_sentence", "look_up", "elsewhere"]),
        (["who", "look_up"], ["who", "look_up"]),
        (["look_up", "nobody", 5], ["look_up"]),
        (["nobody"], []),
    ],
)
def test_signatures_are_those_of_the_document(caller, call_id, wanted, names):
    """So that a document elsewhere can include these tools, and call them."""
    body = {"action": "get_signature", "call_id": call_id} | ({} if wanted is None else {"functions": wanted})

    answer = caller.ask("POST", "/phones/swaig", body)

    described = functions(caller.document("/phones", call_id))
    assert answer.status == 200
    assert names == [function["function"] for function in answer.json]
    assert [without_url(described[name]) for name in names] == [without_url(each) for each in answer.json]


def test_a_tool_can_be_called_by_its_signature(caller, call_id):
    [signature] = caller.ask(
        "POST", "/phones/swaig/", {"action": "get_signature", "functions": ["who"], "call_id": call_id}
    ).json

    assert "Hi" in caller.call(signature["web_hook_url"], "who", {"greeting": "Hi"}, call_id)["response"]


def test_signatures_of_an_agent_without_tools(caller):
    assert caller.ask("POST", "/exchange/swaig", {"action": "get_signature"}).json == []


def test_signatures_of_one_call(caller, call_id):
    """A tool that a callback adds is described where that callback adds it."""
    body = {"action": "get_signature", "call_id": call_id}
    named = caller.ask("POST", "/guests/swaig?guest=ann", body).json
    unnamed = caller.ask("POST", "/guests/swaig", body).json

    assert (
        [function["function"] for function in named],
        [function["function"] for function in unnamed],
    ) == (["name_of_guest", "greet"], ["name_of_guest"])


def without_url(function):
    return {key: value for key, value in function.items() if key != "web_hook_url"}


# -- tools ------------------------------------------------------------------------------------------------------------


def test_a_document_says_what_its_tools_say(served, caller, call_id):
    """Fillers, wait files at this host's address, other addresses, query parameters."""
    document = caller.document("/phones", call_id)
    described = functions(document)
    defaults = ai(document)["SWAIG"]["defaults"]["web_hook_url"]

    assert {
        "fillers": {"en-US": ["One moment."]},
        "wait_file": f"{served.url}/music/wait.wav",
        "wait_file_loops": 2,
    } == {key: described["look_up"][key] for key in ("fillers", "wait_file", "wait_file_loops")}
    assert described["elsewhere"]["web_hook_url"] == "https://elsewhere.example/tools"
    for url in (defaults, described["who"]["web_hook_url"], described["look_up"]["web_hook_url"]):
        assert parse_qs(urlsplit(url).query)["tenant"] == ["acme & co"]
    assert "__token" not in described["look_up"]["web_hook_url"]


def test_a_tool_asks_for_its_call(caller, call_id):
    """One typed argument tells who calls."""
    url = functions(caller.document("/phones", call_id))["who"]["web_hook_url"]
    parts = urlsplit(url)
    body = {
        "function": "who",
        "call_id": call_id,
        "argument": {"parsed": [{"greeting": "Hi"}]},
        "caller_id_name": "Ann",
        "caller_id_num": "+15550100",
        "global_data": {"vip": True},
    }

    answer = caller.ask("POST", f"{parts.path}?{parts.query}", body)

    assert {"response": f"Hi, Ann at +15550100 in {call_id}: {{'vip': True}}"} == answer.json


def test_an_insecure_tool_needs_no_token_and_gets_the_body(tell):
    assert tell("/phones", "look_up", {"number": "42"}) == {"response": "42 for +15551234567"}


@pytest.mark.parametrize(
    ("tool", "sentence"), [("own_sentence", "This very tool is down."), ("agents_sentence", "The phones are down.")]
)
def test_a_tool_may_have_a_fallback_of_its_own(tell, tool, sentence):
    answer = tell("/phones", tool)

    assert {"response": sentence, "error_id": answer["error_id"]} == answer


def test_hooks_run_when_a_call_begins(tell):
    """All of them run in order.

    One that fails is left out.
    """
    answer = tell("/hooked", "startup_hook")

    assert answer["response"].endswith(".\nBe brief.")
    assert answer["action"] == [{"set_global_data": {"vip": True}}]


def test_hooks_run_when_a_call_has_ended(caller, call_id, tell):
    document = caller.document("/hooked", call_id)
    assert True is ai(document)["params"]["swaig_post_conversation"]
    parts = urlsplit(functions(document)["hangup_hook"]["web_hook_url"])
    log = [{"role": "user", "content": f"Bye from {call_id}"}]

    answer = caller.ask(
        "POST", f"{parts.path}?{parts.query}", {"function": "hangup_hook", "call_id": call_id, "call_log": log}
    )

    assert answer.status == 200
    assert str(log) in tell("/hooked", "ended")["response"]


def test_an_agent_may_see_every_call_of_its_tools(tell):
    """``on_function_call`` of its own: it passes on, answers itself, and its arguments are still checked."""
    assert tell("/watched", "add", {"a": 2}) == {"response": "seen: 3"}
    assert tell("/watched", "add", {"a": "2"}) == {"response": "seen: 3"}
    assert tell("/watched", "add", {"a": "two"}) == {"response": "a must be an integer"}
    assert tell("/watched", "forbidden") == {"response": "forbidden is not for +15551234567."}
