"""Requests that SignalWire signs: which are let in, and by which key (wire.md, section 3).

Agents are those of tests/dists/endpoints; one of them has a key of its own.
"""

import hmac
import json

import pytest
from caller import Caller, functions

KEYS = ("new key", "old key")
PUBLIC = "https://agents.example/voice"
EVERYTHING = {
    "signed_requests": [
        *("document", "get_signature", "callback", "sip", "tool_call", "post_prompt", "check_for_input"),
        *("debug_event", "mcp"),
    ]
}
REFUSED = (403, {"error": "Invalid or missing signature"})
CALL = {"function": "answer", "call_id": "c-1"}


def configured(environment, **host):
    """Return a directory whose agenthost.toml has two keys and requires signatures everywhere."""
    place = environment.workplace()
    lines = [f"{name} = {json.dumps(value)}" for name, value in {"webhook_keys": KEYS, **EVERYTHING, **host}.items()]
    (place / "agenthost.toml").write_text("\n".join(["[host]", *lines]))
    (place / "agenthost.toml").chmod(0o600)
    return place


@pytest.fixture(scope="module", params=[None, PUBLIC], ids=["without public_url", "with public_url"])
def public(request):
    """The public URL, or None to use the address of the request."""
    return request.param


@pytest.fixture(scope="module")
def caller(endpoints, public):
    place = configured(endpoints, **({"public_url": public} if public else {}))
    with endpoints.serve(cwd=place) as served:
        yield Caller.of(served)
    assert served.process.returncode == 0


@pytest.fixture(scope="module")
def origin(caller, public):
    """The part before the path in the signed URL."""
    return public or caller.url


def sha256(key, url, body):
    return f"X-SignalWire-Sha256-Signature: {hmac.digest(key.encode(), url.encode() + body, 'sha256').hex()}"


def sha1(key, url, body):
    return f"X-SignalWire-Signature: {hmac.digest(key.encode(), url.encode() + body, 'sha1').hex()}"


@pytest.fixture
def send(caller):
    """Return a function that sends a tool call without a token, with headers.

    It returns status and JSON.
    """

    def send(*headers, path="/signed/swaig/", body=CALL):
        encoded = json.dumps(body).encode() if isinstance(body, dict) else body
        answer = caller.ask("POST", path, encoded, *headers)
        return answer.status, answer.json

    return send


BODY = json.dumps(CALL).encode()
ANSWERED = (200, {"response": "here"})


@pytest.mark.parametrize("sign", [sha256, sha1])
@pytest.mark.parametrize("key", [*KEYS, "its own key"])
@pytest.mark.parametrize("path", ["/signed/swaig/", "/signed/swaig", "/signed/swaig/?tenant=a%20b&x="])
def test_a_signed_request_is_let_in(send, origin, sign, key, path):
    """Any key of the host is accepted, which allows rotation, or the agent's own.

    The signature covers the requested URL.
    """
    assert send(sign(key, origin + path, BODY), path=path) == ANSWERED


def test_hex_may_be_in_capitals(send, origin):
    name, _, value = sha256(KEYS[0], f"{origin}/signed/swaig/", BODY).partition(": ")

    assert send(f"{name}: {value.upper()} ") == ANSWERED


def test_what_is_signed_must_be_what_came(send, origin):
    """Another key, URL or body is refused.

    So is a missing, empty or truncated signature.
    """
    url = f"{origin}/signed/swaig/"
    good = sha256(KEYS[0], url, BODY)
    refused = [
        send(),
        send("X-SignalWire-Sha256-Signature: "),
        send("X-SignalWire-Signature: "),
        send(good[:-1]),
        send(good[:-32]),
        send(sha256("another key", url, BODY)),
        send(sha256("", url, BODY)),
        send(sha256(KEYS[0], url, BODY + b" ")),
        send(good, body=BODY + b" "),
        send(good, path="/signed/swaig"),
        send(good, path="/signed/swaig/?x=y"),
        send(sha256(KEYS[0], url.replace("://", "://tester:secret@"), BODY)),
        send(sha256(KEYS[0], f"https://evil.example{url.partition('://')[2]}", BODY)),
        send(sha1(KEYS[0], url, BODY).replace("X-SignalWire-Signature", "X-SignalWire-Sha256-Signature")),
        send(sha256(KEYS[0], url, BODY).replace("X-SignalWire-Sha256-Signature", "X-SignalWire-Signature")),
    ]

    assert refused == [REFUSED] * len(refused)


def test_a_weak_signature_does_not_count_beside_a_strong_one(send, origin):
    """If there is a SHA-256 signature, a correct SHA-1 one has no effect."""
    url = f"{origin}/signed/swaig/"

    assert send(sha256("another key", url, BODY), sha1(KEYS[0], url, BODY)) == REFUSED
    assert send(sha256(KEYS[0], url, BODY), sha1("another key", url, BODY)) == ANSWERED


def test_the_key_of_an_agent_opens_no_other(send, origin):
    path = "/phones/swaig/"
    body = json.dumps({"function": "look_up", "arguments": {"number": "1"}, "caller_id_num": "2"}).encode()

    assert send(sha256("its own key", origin + path, body), path=path, body=body) == REFUSED
    assert send(sha256(KEYS[1], origin + path, body), path=path, body=body) == (200, {"response": "1 for 2"})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/notes", {}),
        ("/notes/post_prompt/", {}),
        ("/notes/check_for_input/", {"conversation_id": "c"}),
        ("/notes/debug_events", {"label": "x"}),
        ("/exchange/choose", {}),
        ("/notes/sip", {"call": {"to": "sip:notes@x.example"}}),
        ("/sip", {"call": {"to": "sip:notes@x.example"}}),
    ],
)
def test_every_post_must_be_signed(caller, origin, path, body):
    """Before anything of it is looked at."""
    encoded = json.dumps(body).encode()
    unsigned = caller.ask("POST", path, encoded)
    signed = caller.ask("POST", path, encoded, sha256(KEYS[0], origin + path, encoded))

    assert (unsigned.status, unsigned.json) == REFUSED
    assert signed.status in (200, 204) if path != "/notes/post_prompt/" else signed.json != REFUSED[1]


def test_an_unsigned_body_is_not_even_read_as_json(send):
    assert send(body=b"{oops") == REFUSED


def test_what_is_fetched_is_not_signed(caller):
    assert caller.ask("GET", "/signed").status == caller.ask("GET", "/signed/swaig").status == 200
    assert caller.ask("HEAD", "/signed").status == 200
    assert caller.ask("GET", "/notes/check_for_input?conversation_id=c").status == 200


def test_an_empty_body_is_signed_too(caller, origin):
    assert caller.ask("POST", "/notes", b"").status == 403
    assert caller.ask("POST", "/notes", b"", sha256(KEYS[0], f"{origin}/notes", b"")).status == 200


def test_the_url_of_a_tool_is_what_is_signed(caller, origin, public):
    """The credentials in a document's URLs are not part of the signed URL.

    The token is.
    """
    answer = caller.ask("GET", "/phones?call_id=c-1")
    url = functions(answer.json)["who"]["web_hook_url"].replace("tester:correct%20horse%20battery%20staple@", "")
    assert url.startswith(f"{origin}/phones/swaig/?")
    path = url.removeprefix(origin)
    body = json.dumps({"function": "who", "call_id": "c-1"}).encode()

    answer = caller.ask("POST", path, body, sha256(KEYS[0], url, body))

    assert answer.json["response"].startswith("Hello")


def test_credentials_come_first(caller, origin):
    stranger = Caller(caller.url, ("tester", "wrong"))

    assert stranger.ask("POST", "/notes", b"{}", sha256(KEYS[0], f"{origin}/notes", b"{}")).status == 401


def test_keys_of_signalwires_own_variable(endpoints):
    """And an agent's own key alone makes signatures necessary, for that agent."""
    with endpoints.serve() as served:
        caller = Caller.of(served)
        assert caller.ask("POST", "/signed", b"{}").status == 403
        signed = sha256("its own key", f"{served.url}/signed/swaig/", BODY)
        assert caller.ask("POST", "/signed/swaig/", BODY, signed).json == {"response": "here"}
        assert caller.ask("POST", "/notes", b"{}").status == 200
    with endpoints.serve(variables={"SIGNALWIRE_SIGNING_KEY": "from outside"}) as served:
        caller = Caller.of(served)
        signed = sha1("from outside", f"{served.url}/notes", b"{}")
        assert [caller.ask("POST", "/notes", b"{}", *headers).status for headers in ((), (signed,))] == [403, 200]


def test_a_signed_request_is_answered_once_where_a_store_is_configured(endpoints):
    """On any worker: a copy is refused, by either signature, and another request is not."""
    place = configured(endpoints, workers=2)
    with (place / "agenthost.toml").open("a") as file:
        file.write('\n[state]\nurl = "sqlite:///signed.db"\n')
    with endpoints.serve(cwd=place) as served:
        caller = Caller.of(served)
        url = f"{caller.url}/signed/swaig/"

        def send(body, sign):
            return caller.ask("POST", "/signed/swaig/", body, sign(KEYS[0], url, body)).status

        other = json.dumps({**CALL, "call_id": "c-2"}).encode()
        assert [send(BODY, sha256), send(BODY, sha256), send(BODY, sha1), send(other, sha256)] == [200, 403, 403, 200]


PLATFORM = {
    "/notes": 403,
    "/exchange/choose": 403,
    "/notes/sip": 403,
    "/sip": 403,
    "/signed/swaig/": 200,
    "/notes/post_prompt/": 403,
    "/notes/check_for_input/": 200,
    "/notes/debug_events": 204,
}
"""Unsigned requests by default: SignalWire signs documents, and neither tool calls nor summaries, which have tokens."""
BODIES = {
    "/notes/sip": {"call": {"to": "sip:notes@x.example"}},
    "/sip": {"call": {"to": "sip:notes@x.example"}},
    "/signed/swaig/": CALL,
    "/notes/check_for_input/": {"conversation_id": "c"},
}


def test_by_default_what_the_platform_does_not_sign_is_let_in(endpoints):
    """A wrong signature is refused for every kind, as is an unsigned request for signatures."""
    place = endpoints.workplace()
    (place / "agenthost.toml").write_text('[host]\nwebhook_keys = ["new key"]\n')
    (place / "agenthost.toml").chmod(0o600)
    with endpoints.serve(cwd=place) as served:
        caller = Caller.of(served)
        asked = {path: json.dumps(BODIES.get(path, {})).encode() for path in PLATFORM}
        unsigned = {path: caller.ask("POST", path, body) for path, body in asked.items()}
        wrong = {
            path: caller.ask("POST", path, body, sha256("x", served.url + path, body)) for path, body in asked.items()
        }
        definitions = json.dumps({"action": "get_signature"}).encode()
        asking = caller.ask("POST", "/signed/swaig/", definitions)
        signed = sha256("new key", f"{served.url}/signed/swaig/", definitions)
        answered = caller.ask("POST", "/signed/swaig/", definitions, signed)

    assert {path: answer.status for path, answer in unsigned.items()} == PLATFORM
    assert unsigned["/notes/post_prompt/"].json == {"error": "Invalid or missing token"}
    assert {(answer.status, answer.json["error"]) for answer in wrong.values()} == {(403, REFUSED[1]["error"])}
    assert (asking.status, asking.json) == REFUSED
    assert answered.status == 200


def test_no_kind_need_be_signed(endpoints):
    place = configured(endpoints, signed_requests=[])
    with endpoints.serve(cwd=place) as served:
        assert Caller.of(served).ask("POST", "/notes", b"{}").status == 200


def test_an_unknown_kind_is_a_mistake(endpoints):
    place = configured(endpoints, signed_requests=["document", "everything"])
    done = endpoints.run("agenthost", "agents", cwd=place)

    assert done.returncode == 3
    assert "host.signed_requests" in done.stderr
    assert "'everything' is not one of document, get_signature, callback, sip, tool_call" in done.stderr
