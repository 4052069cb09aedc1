"""Agents are added, removed, broken and fixed in any order.

Callers reach the right one, or get a response that there is none.
"""

import sys
from collections import Counter

import pytest
from caller import Caller, functions, tool_call
from environment import CREDENTIALS
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from in_process import in_a_thread
from polling import poll_until
from raw_http import Connection

from agenthost import AgentBase, AgentServer

NAMES = ("ada", "bob", "cleo")
FAILURES = 2
"""In a row, and the breaker opens."""
PATIENCE = 20
"""Seconds that no machine needs, however much it has to do."""
SORRY = "Let me connect you to the desk."
REFUSED = "security token"


def raises():
    raise ValueError("the calendar is on fire")


WAYS_TO_FAIL = {
    "raises": raises,
    "exits": sys.exit,
    "is no number": lambda: {"response": "x", "action": [float("nan")]},
}


class Mortal(AgentBase):
    """Says which life of it this is, or fails."""

    def __init__(self, name, life, *, configured):
        super().__init__(name=name, route=f"/{name}", fallback=SORRY)
        self.said = f"{name}, life {life}"
        self.fails = None
        self.prompt_add_section("Role", f"You are {self.said}.")
        if configured:
            self.add_per_call_config(lambda query, body, headers, agent: agent.add_hint("x"))

    @AgentBase.tool
    def speak(self) -> str:
        """Speak from a thread."""
        return self.say()

    @AgentBase.tool
    async def speak_async(self) -> str:
        """Speak on the event loop."""
        return self.say()

    def say(self):
        return self.said if self.fails is None else WAYS_TO_FAIL[self.fails]()


class Lives(RuleBasedStateMachine):
    """Registers, removes, breaks, fixes and calls agents of one served host.

    Args:
        server: the host.
        url: where it is.
        statuses: counts what it has answered.
    """

    def __init__(self, server, url, statuses):
        super().__init__()
        self.server, self.caller, self.statuses = server, Caller(url, CREDENTIALS), statuses
        self.connection = Connection.to(url)
        self.living = {}
        self.in_a_row = Counter()
        self.lives = 0

    tools = Bundle("tools")

    def ask(self, raw):
        answer = self.connection.ask(raw)
        self.statuses[answer.status] += 1
        return answer

    def document(self, name):
        return self.ask(self.caller.request("POST", f"/{name}", {"call": {"call_id": "c"}}))

    def is_broken(self, name):
        return self.in_a_row[name] >= FAILURES

    @rule(name=st.sampled_from(NAMES), configured=st.booleans())
    def register(self, name, configured):
        if name not in self.living:
            self.lives += 1
            self.living[name] = Mortal(name, self.lives, configured=configured)
            self.in_a_row[name] = 0
            self.server.register(self.living[name])

    @rule(name=st.sampled_from(NAMES))
    def remove(self, name):
        assert self.server.unregister(f"/{name}") == (self.living.pop(name, None) is not None)

    @precondition(lambda self: self.living)
    @rule(data=st.data(), way=st.sampled_from(sorted(WAYS_TO_FAIL)), calls=st.integers(0, FAILURES))
    def fail(self, data, way, calls):
        """Make an agent fail from now on.

        Some callers get an error at once.
        """
        name = data.draw(st.sampled_from(sorted(self.living)))
        tools = functions(self.document(name).json) if not self.is_broken(name) else {}
        self.living[name].fails = way
        for tool in list(tools.values())[:calls]:
            self.call((name, tool["function"], tool["web_hook_url"]))

    @rule(name=st.sampled_from(NAMES), target=tools)
    def fetch(self, name):
        """Fetch the document of a living agent, which has two tools to call.

        If the agent's own code makes the document, and its breaker is open, there are no addresses. The number of tools
        must not depend on time, since Hypothesis repeats its steps.
        """
        answer = self.document(name)
        if name not in self.living:
            assert answer.status == 404
            return multiple()
        if self.is_broken(name) and "speak" not in answer.body.decode():
            return multiple((name, "speak", None), (name, "speak_async", None))
        assert self.living[name].said in answer.body.decode()
        return multiple(*((name, tool["function"], tool["web_hook_url"]) for tool in functions(answer.json).values()))

    @rule(tool=tools)
    def call_again(self, tool):
        """Tools are called as long as their call lasts, whatever has become of their agent."""
        if tool[2] is not None:
            self.call(tool)

    def call(self, tool):
        """Call a tool, which answers or fails, or whose agent is removed."""
        name, function, url = tool
        answer = self.ask(tool_call(url, function, {}, "c"))
        if name not in self.living:
            assert answer.status == 404
            return
        agent, said = self.living[name], answer.json
        if agent.fails is None and said == {"response": agent.said}:
            self.in_a_row[name] = 0
            return
        assert said["response"] == SORRY
        assert said["error_id"].startswith("e-")
        assert agent.fails is not None or self.is_broken(name)
        self.in_a_row[name] += 1

    @rule(tool=tools, other=st.sampled_from(NAMES))
    def use_a_token_elsewhere(self, tool, other):
        """A token opens the agent and the tool that it was made for, no other."""
        name, function, url = tool
        if url is None:
            return
        if other == name:
            function = "speak" if function == "speak_async" else "speak_async"
        answer = self.ask(tool_call(url.replace(f"/{name}/", f"/{other}/"), function, {}, "c"))
        assert answer.status == (200 if other in self.living else 404)
        if other in self.living:
            assert REFUSED in answer.json["response"]

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def recover(self, data):
        """Once it works again, its breaker lets somebody try, and closes."""
        name = data.draw(st.sampled_from(sorted(self.living)))
        agent = self.living[name]
        agent.fails = None

        def works():
            document = self.document(name)
            if "speak" in document.body.decode():
                url = functions(document.json)["speak"]["web_hook_url"]
                if self.ask(tool_call(url, "speak", {}, "c")).json == {"response": agent.said}:
                    return True
            assert self.is_broken(name)
            return False

        poll_until(works, PATIENCE)
        self.in_a_row[name] = 0

    @invariant()
    def health_tells_who_lives_and_who_is_left_alone(self):
        for name in NAMES:
            answer = self.ask(self.caller.request("GET", f"/health/{name}"))
            assert answer.status == (200 if name in self.living else 404)
            if name in self.living:
                assert answer.json["status"] == ("degraded" if self.is_broken(name) else "ok")

    @invariant()
    def nobody_else_notices(self):
        document = self.document("steady")
        answer = self.ask(tool_call(functions(document.json)["speak"]["web_hook_url"], "speak", {}, "c"))
        assert answer.json == {"response": "steady, life 0"}

    def teardown(self):
        self.connection.close()
        for name in self.living:
            self.server.unregister(f"/{name}")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("lives"))
        patch.setenv("SWML_BASIC_AUTH_USER", CREDENTIALS[0])
        patch.setenv("SWML_BASIC_AUTH_PASSWORD", CREDENTIALS[1])
        patch.setenv("SIGNALWIRE_SWAIG_SECRET", "signs")
        patch.setenv("AGENTHOST_BREAKER_FAILURES", str(FAILURES))
        patch.setenv("AGENTHOST_BREAKER_OPEN", "0.05")
        server = AgentServer()
        server.register(Mortal("steady", 0, configured=False))
        with in_a_thread(server) as url:
            yield server, url


def test_every_life_of_agents(served):
    """The only responses are 200, 404 without an agent, and 503 from a busy one."""
    statuses = Counter()
    run_state_machine_as_test(
        lambda: Lives(*served, statuses),
        settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert statuses[200]
    assert statuses[404]
    assert set(statuses) <= {200, 404, 503}
