"""Agents are added and removed while a host serves.

Callers of other agents are not affected, and a removed agent is gone at once.
"""

import threading
from collections import Counter
from itertools import count

import pytest
from caller import Caller, functions, tool_call
from environment import CREDENTIALS
from in_process import in_a_thread
from raw_http import Connection

from agenthost import AgentBase, AgentServer

ROUNDS = 60


class Steady(AgentBase):
    """Stays."""

    def __init__(self, name="steady"):
        super().__init__(name=name, route=f"/{name}")
        self.entered, self.go_on = threading.Event(), threading.Event()

    @AgentBase.tool
    def hello(self) -> str:
        """Say hello."""
        return "Hello."

    @AgentBase.tool
    def wait(self) -> str:
        """Say something late."""
        self.entered.set()
        assert self.go_on.wait(30)
        return "At last."


class PerCall(Steady):
    """Configured for each call."""

    def __init__(self, name):
        super().__init__(name)
        self.add_per_call_config(lambda query, body, headers, agent: agent.add_hint("x"))


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWML_BASIC_AUTH_USER", CREDENTIALS[0])
    monkeypatch.setenv("SWML_BASIC_AUTH_PASSWORD", CREDENTIALS[1])
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "signs")
    server = AgentServer()
    server.setup_sip_routing()
    server.register(Steady())
    return server


def looks(caller, connection, name):
    """Return the requests in which an agent is visible, on one connection.

    They are HTTP, tools, SIP at the host and at a neighbour, and health.
    """
    asked = [
        caller.request("GET", f"/{name}"),
        caller.request("POST", f"/{name}/", {}),
        caller.request("POST", f"/{name}/swaig", {"function": "hello", "call_id": "c"}),
        caller.request("POST", "/sip", {"call": {"to": f"sip:{name}@example.com"}}),
        caller.request("GET", f"/health/{name}"),
        caller.request("GET", f"/ready/{name}"),
    ]
    statuses = [connection.ask(request).status for request in asked]
    listed = connection.ask(caller.request("GET", "/health")).json["routes"]
    return [*statuses, f"/{name}" in listed]


def test_nobody_notices_and_who_is_gone_is_gone(server):
    """Hundreds of requests on kept connections, while agents are registered and removed in a loop."""
    with in_a_thread(server) as url:
        caller = Caller(url, CREDENTIALS)
        hello = functions(caller.document("/steady", "c-1"))["hello"]["web_hook_url"]
        fixed = [
            (caller.request("POST", "/steady", {"call_id": "c-1"}), {200}),
            (tool_call(hello, "hello", {}, "c-1"), {200}),
            (caller.request("POST", "/sip", {"call": {"to": "sip:steady@example.com"}}), {200}),
            (caller.request("GET", "/ready"), {200}),
        ]
        passing = [
            (caller.request("POST", "/coming", {"call_id": "c-1"}), {200, 404}),
            (caller.request("POST", "/sip", {"call": {"to": "sip:coming@example.com"}}), {200, 404}),
        ]
        done, wrong, counted = threading.Event(), [], Counter()

        def load():
            with Connection.to(url) as connection:
                while not done.is_set():
                    for request, expected in (*fixed, *passing):
                        try:
                            status = connection.ask(request).status
                        except (OSError, EOFError) as problem:
                            wrong.append((request, problem))
                            return
                        counted[status] += 1
                        if status not in expected:
                            wrong.append((request, status))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        seen = []
        try:
            with Connection.to(url) as connection:
                for number in count():
                    if number >= ROUNDS and (wrong or counted[200] > 10 * ROUNDS):
                        break
                    server.register((PerCall if number % 2 else Steady)("coming"))
                    seen.append(looks(caller, connection, "coming"))
                    server.unregister("/coming")
                    seen.append(looks(caller, connection, "coming"))
        finally:
            done.set()
            for thread in threads:
                thread.join(20)

    assert wrong == []
    assert seen == [[200, 200, 200, 200, 200, 200, True], [404, 404, 404, 404, 404, 404, False]] * number
    assert set(counted) <= {200, 404}


def test_threads_that_register_at_once(server):
    """None of their agents is lost, and none that was removed stays."""
    with in_a_thread(server) as url:

        def register(number):
            for step in range(5):
                server.register(Steady(f"a{number}-{step}"))
            server.unregister(f"/a{number}-0")

        threads = [threading.Thread(target=register, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        served = Caller(url, CREDENTIALS).ask("GET", "/health").json["routes"]

    assert sorted(served) == sorted(["/steady", *(f"/a{number}-{step}" for number in range(4) for step in range(1, 5))])


def test_what_is_in_flight_is_finished(server):
    """A tool that runs while its agent is removed answers.

    The next call is answered with 404.
    """
    agent = Steady("coming")
    with in_a_thread(server) as url:
        server.register(agent)
        caller = Caller(url, CREDENTIALS)
        hook = functions(caller.document("/coming", "c-1"))["wait"]["web_hook_url"]
        with Connection.to(url) as connection:
            connection.send(tool_call(hook, "wait", {}, "c-1"))
            assert agent.entered.wait(30)
            server.unregister("/coming")
            gone = caller.ask("GET", "/coming").status
            agent.go_on.set()
            answer = connection.answer()
            after = connection.ask(tool_call(hook, "wait", {}, "c-1")).status

    assert (gone, answer.status, answer.json, after) == (404, 200, {"response": "At last."}, 404)
