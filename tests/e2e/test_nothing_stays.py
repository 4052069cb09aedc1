"""Nothing of a request stays in memory after the response, whatever its outcome.

One exception is allowed: Litestar keeps the last paths for which it has found a handler.
"""

import gc
import logging

import pytest
from caller import Caller, functions, tool_call
from environment import CREDENTIALS
from in_process import in_a_thread
from polling import poll_until
from raw_http import Connection, written

from agenthost import AgentBase, AgentServer

BACKWARDS = "3d1sn1-dr0w-t3rc3s"
"""A word that only requests hold, and that memory is searched for; here it stands the other way round."""
LONGEST = 20


class Listening(AgentBase):
    """Does what agents may do with what callers say."""

    def __init__(self, name, *, configured):
        super().__init__(name=name, route=f"/{name}")
        if configured:
            self.add_per_call_config(configure)

    @AgentBase.tool
    def repeat(self, text: str) -> str:
        """Say the same again, from a thread."""
        return text

    @AgentBase.tool
    async def fail(self, text: str) -> str:
        """Fail with the words of the caller on the stack."""
        raise ValueError("the calendar is on fire")


def configure(query, body, headers, agent):
    agent.prompt_add_section("Caller", str((query, body, headers)))


def requests(caller, word):
    """All kinds of requests, with a word wherever a request can have one."""
    call = {"call": {"call_id": word, "from": word, "headers": [word]}, "vars": {word: word}, "params": {"a": word}}
    beside = (f"X-Word: {word}", f"User-Agent: {word}", f"X-Forwarded-Host: {word}", f"traceparent: {word}")
    for name in ("plain", "each"):
        for path in (
            f"/{name}",
            f"/{name}?word={word}",
            f"/{name}/post_prompt",
            f"/{name}/debug_events",
            f"/{name}/mcp",
        ):
            yield caller.request("POST", path, call, *beside)
        yield caller.request("GET", f"/{name}?call_id={word}&word={word}", None, *beside)
        for function in ("repeat", "fail", "n0ne"):
            body = {"function": function, "call_id": word, "argument": {"parsed": [{"text": word}]}, word: word}
            yield caller.request("POST", f"/{name}/swaig?__token={word}", body, *beside)
    for path in (
        f"/{word}",
        f"/plain/{word}",
        f"/health?shape={word}",
        f"/v1/models/{word}",
        "/metrics",
    ):
        yield caller.request("GET", path, None, *beside)
    yield caller.request("POST", "/plain", word.encode(), *beside)
    yield written("GET /plain HTTP/1.1", f"Host: {word}", f"Authorization: Basic {word}", f"Content-Type: {word}")
    yield written(f"{word[:2].upper()} /plain HTTP/1.1", "Host: a")


def ask_everything(url):
    """Send all requests, each on a connection that ends, and return the statuses."""
    word, caller, statuses = BACKWARDS[::-1], Caller(url, CREDENTIALS), set()
    for raw in requests(caller, word):
        with Connection.to(url) as connection:
            statuses.add(connection.ask(raw).status)
    for name in ("plain", "each"):
        for function, described in functions(caller.document(f"/{name}", word)).items():
            with Connection.to(url) as connection:
                answer = connection.ask(tool_call(described["web_hook_url"], function, {"text": word}, word))
            assert (word in answer.body.decode()) == (function == "repeat")
    return statuses


def remembered(backwards):
    """Return the objects in this process that contain the word.

    They are text and bytes in containers, attributes and variables of frames.
    """
    word = backwards[::-1]
    encoded = word.encode()
    gc.collect()
    return [
        f"{type(holder)} {str(holder)[:200]}"
        for holder in gc.get_objects()
        for held in gc.get_referents(holder)
        if (isinstance(held, str) and word in held and held is not word)
        or (isinstance(held, bytes | bytearray) and encoded in held and held is not encoded)
    ]


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWML_BASIC_AUTH_USER", CREDENTIALS[0])
    monkeypatch.setenv("SWML_BASIC_AUTH_PASSWORD", CREDENTIALS[1])
    monkeypatch.setenv("AGENTHOST_ACCESS_LOG", "true")
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("AGENTHOST_FAILED_LOGINS", "1")
    logging.disable()  # a test runner keeps what is logged
    server = AgentServer()
    for name in ("plain", "each"):
        server.register(Listening(name, configured=name == "each"))
    try:
        with in_a_thread(server) as url:
            yield url
    finally:
        logging.disable(logging.NOTSET)


def test_nothing_of_a_request_stays(url, tmp_path):
    statuses = ask_everything(url)
    assert {200, 400, 404} <= statuses
    assert max(statuses) < 500
    poll_until(lambda: not remembered(BACKWARDS), LONGEST, said=lambda: remembered(BACKWARDS))
    word = BACKWARDS[::-1].encode()
    assert [file.name for file in tmp_path.rglob("*") if file.is_file() and word in file.read_bytes()] == []
