"""The tokens in documents.

Each opens one tool of one agent for one call, and nothing else.
"""

from urllib.parse import parse_qs, urlsplit

import pytest
from caller import Caller, functions

REFUSED = {
    "response": "I'm sorry, the security token for this function is invalid or expired. I cannot execute this action."
}


@pytest.fixture(scope="module")
def served(desk):
    """The front desk, and an agent that logs when a tool of its begins."""
    desk.install("slow-tools")
    with desk.serve() as served:
        yield served


@pytest.fixture
def minted(caller):
    """Gives a tool's token, for an agent and a call."""

    def mint(route, tool, call_id):
        return token_of(functions(caller.document(route, call_id))[tool]["web_hook_url"])

    return mint


@pytest.fixture
def wait(caller):
    """Calls a tool that logs its beginning, with whatever stands behind its path."""

    def wait(query, call_id="c-1"):
        body = {"function": "wait", "call_id": call_id, "argument": {"parsed": [{"seconds": 0}]}}
        answer = caller.ask("POST", f"/slow-tools/swaig/{query}", body)
        assert answer.status == 200
        return answer.json

    return wait


def token_of(url):
    [token] = parse_qs(urlsplit(url).query)["__token"]
    return token


def flipped(token, index):
    """The token with one character exchanged."""
    return token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]


def begun(served):
    return served.stderr.count("wait has begun")


def test_a_token_opens_its_tool_as_often_as_the_call_needs_it(served, minted, wait):
    """Under either of the names that platforms give it."""
    before, token = begun(served), minted("/slow-tools", "wait", "c-1")

    assert [wait(f"?{name}={token}") for name in ("__token", "__token", "token")] == [{"response": "waited"}] * 3
    assert begun(served) == before + 3


FOREIGN = {
    "another tool": ("/slow-tools", "sleep", "c-1"),
    "another agent": ("/sales", "get_pricing", "c-1"),
    "another call": ("/slow-tools", "wait", "c-2"),
    "a call whose id begins alike": ("/slow-tools", "wait", "c-11"),
    "a call that differs in case": ("/slow-tools", "wait", "C-1"),
}


@pytest.mark.parametrize(("route", "tool", "call_id"), FOREIGN.values(), ids=FOREIGN)
def test_the_token_of_something_else_is_refused_and_the_tool_does_not_run(served, minted, wait, route, tool, call_id):
    before = begun(served)

    assert wait(f"?__token={minted(route, tool, call_id)}") == REFUSED
    assert begun(served) == before


TAMPERED = {
    "nothing": lambda token: "",
    "no value": lambda token: "?__token=",
    "another name": lambda token: f"?_token={token}",
    "the first character": lambda token: f"?__token={flipped(token, 0)}",
    "the last character": lambda token: f"?__token={flipped(token, len(token) - 1)}",
    "one in the middle": lambda token: f"?__token={flipped(token, len(token) // 2)}",
    "the expiry": lambda token: f"?__token=9{token}",
    "a zero before the expiry": lambda token: f"?__token=0{token}",
    "cut short": lambda token: f"?__token={token[:-1]}",
    "made longer": lambda token: f"?__token={token}A",
    "a space behind it": lambda token: f"?__token={token}%20",
    "twice": lambda token: f"?__token={token}{token}",
    "in capitals": lambda token: f"?__token={token.upper()}",
    "the signature alone": lambda token: f"?__token={token.partition('.')[2]}",
    "the expiry alone": lambda token: f"?__token={token.partition('.')[0]}.",
    "digits of another script": lambda token: f"?__token=%D9%A1{token[1:]}",
    "a wrong one first": lambda token: f"?__token=A&__token={token}",
    "very long": lambda token: f"?__token={'1' * 5_000}.A",
    "no text": lambda token: "?__token=%ff%fe%00",
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_token_is_refused_and_the_tool_does_not_run(served, minted, wait, tamper):
    before, token = begun(served), minted("/slow-tools", "wait", "c-1")

    assert wait(tamper(token)) == REFUSED
    assert begun(served) == before


@pytest.mark.parametrize(
    "body", [{}, {"call_id": ""}, {"call_id": None}, {"call": {"call_id": "c-2"}}, {"call": {}}], ids=str
)
def test_a_call_that_does_not_say_which_it_is_is_refused(caller, minted, body):
    token = minted("/slow-tools", "wait", "c-1")
    answer = caller.ask("POST", f"/slow-tools/swaig/?__token={token}", {"function": "wait"} | body)

    assert (answer.status, answer.json) == (200, REFUSED)


def test_the_call_is_also_known_by_its_object(caller, minted):
    """The body has no ``call_id`` of its own."""
    token = minted("/slow-tools", "wait", "c-1")
    body = {"function": "wait", "call": {"call_id": "c-1"}, "arguments": {"seconds": 0}}

    assert caller.ask("POST", f"/slow-tools/swaig/?__token={token}", body).json == {"response": "waited"}


def test_the_token_of_one_agent_does_not_open_the_same_tool_of_another(desk):
    """The same package mounted twice is two agents."""
    place = desk.workplace()
    (place / "agenthost.toml").write_text(
        '[agents.other]\nuse = "agenthost-test-slow-tools:slow-tools"\nroute = "/other"\n'
    )
    with desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        first, second = (
            functions(caller.document(route, "c-1"))["wait"]["web_hook_url"] for route in ("/slow-tools", "/other")
        )
        crossed = second.replace(token_of(second), token_of(first))

        assert caller.call(crossed, "wait", {"seconds": 0}, "c-1") == REFUSED
        assert caller.call(second, "wait", {"seconds": 0}, "c-1") == {"response": "waited"}


def test_keys_are_exchanged_without_refusing_calls_in_progress(desk):
    """The first key signs, and all verify.

    A removed key verifies no more.
    """
    place = desk.workplace()
    answers, old = [], None
    for keys in ('["old-key-0123456789"]', '["new-key-0123456789", "old-key-0123456789"]', '["new-key-0123456789"]'):
        (place / "agenthost.toml").write_text(f"[host]\nsigning_keys = {keys}\n")
        (place / "agenthost.toml").chmod(0o600)
        with desk.serve(cwd=place) as served:
            caller = Caller.of(served)
            url = functions(caller.document("/slow-tools", "c-1"))["wait"]["web_hook_url"]
            old = old or token_of(url)
            tried = url.replace(token_of(url), old)
            answers.append(caller.call(tried, "wait", {"seconds": 0}, "c-1"))

    assert answers == [{"response": "waited"}, {"response": "waited"}, REFUSED]
    assert not (place / "state" / "signing_key").exists()
