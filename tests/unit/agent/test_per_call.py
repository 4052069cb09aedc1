"""Configuration for one call.

It changes a copy, and has no effect on the next call.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import threading

import pytest
from hypothesis import given, settings, strategies as st

from agenthost import AgentBase, DataMap, FunctionResult
from agenthost.agent.base import declared, seal
from agenthost.agent.per_call import configure, copy_for_call, fallback_document, render, render_per_call, tool_of
from agenthost.errors import AgentSealed, DefinitionError

BASE = "https://u:p@host.example/desk"


def sibling(name):
    return {"billing": "https://u:p@host.example/billing"}[name]


def rendered(agent, query=None, body=None):
    """The agent's document for one call."""
    document = render_per_call(agent, BASE, "token-{}".format, sibling, query or {}, body or {}, {})
    if inspect.isawaitable(document):

        async def awaited():
            return await document

        document = asyncio.run(awaited())
    return json.loads(document)


def static(agent):
    """The agent's own document."""
    return json.loads(seal(agent).render(BASE.encode(), lambda name: f"token-{name}".encode()))


def ai(document):
    return next(verb["ai"] for verb in document["sections"]["main"] if "ai" in verb)


class Desk(AgentBase):
    __slots__ = ("slotted",)

    def __init__(self):
        super().__init__("desk", "/desk", fallback="One moment, please.")
        self.prompt_add_section("Role", "You book visits.", bullets=["kind"])
        self.add_language("English", "en-US", "v", params={"speed": 1})
        self.add_hint("visit")
        self.set_global_data({"nested": {"list": [1]}})
        self.add_internal_filler("check_time", "en-US", ["One moment."])
        self.contexts.add_context("default").add_step("s").set_text("x")
        self.lock = threading.Lock()
        self.slotted = object()

    @AgentBase.tool
    def whoami(self):
        """Say who is calling."""
        return getattr(self, "caller", "nobody")


def everything(query, body, headers, agent):
    """Change what can be changed, deep down too."""
    agent.set_prompt_text("For you alone.").prompt_add_to_section("Role", bullet="quick")
    agent.set_language_params("en-US", {"speed": 2}).add_hint("vip").set_params({"ai_model": "m"})
    agent.set_global_data({"who": query.get("who")})
    declared(agent).draft.global_data["nested"]["list"].append(2)
    agent.add_internal_filler("check_time", "de", ["Moment."]).add_swaig_query_params({"who": "x"})
    agent.contexts.get_context("default").get_step("s").clear_sections().set_text("y")
    agent.define_tool("more", "More", {}, lambda args: "more")
    agent.set_post_prompt("Sum up.").add_post_ai_verb("hangup", {}).enable_debug_events()
    agent.register_swaig_function(DataMap("pay").fallback_output(FunctionResult("x").hand_over("billing")))
    agent.caller = query.get("who")


def test_without_changes_the_document_is_the_agent_s():
    agent = Desk()
    before = static(agent)

    assert before == rendered(agent)


def test_a_callback_changes_one_call():
    agent = Desk().add_per_call_config(everything)
    before = static(agent)
    document = rendered(agent, {"who": "Ann"})

    assert ai(document)["global_data"] == {"nested": {"list": [1, 2]}, "who": "Ann"}
    assert ai(document)["prompt"]["pom"][0] == {"body": "For you alone."}
    assert ai(document)["prompt"]["contexts"]["default"]["steps"][0]["text"] == "y"
    assert [tool["function"] for tool in ai(document)["SWAIG"]["functions"]] == ["whoami", "more", "pay"]
    assert "billing" in json.dumps(ai(document)["SWAIG"]["functions"][2])
    assert before == json.loads(seal(agent).render(BASE.encode(), lambda name: f"token-{name}".encode()))
    assert not hasattr(agent, "caller")


@given(st.lists(st.sampled_from(["Ann", "Bob", "Eve"]), min_size=1, max_size=6))
@settings(deadline=None, max_examples=25)
def test_calls_do_not_know_of_each_other(callers):
    """A caller's document does not depend on earlier calls."""
    agent = Desk().add_per_call_config(everything)
    seal(agent)
    alone = {who: rendered(Desk().add_per_call_config(everything), {"who": who}) for who in set(callers)}

    assert [alone[who] for who in callers] == [rendered(agent, {"who": who}) for who in callers]


def test_callbacks_run_in_order():
    agent = Desk()
    agent.add_per_call_config(lambda query, body, headers, agent: agent.set_global_data({"a": 1}))
    agent.add_per_call_config(lambda query, body, headers, agent: agent.set_global_data({"a": 2}))

    assert ai(rendered(agent))["global_data"]["a"] == 2


def test_the_dynamic_callback_replaces_those_before():
    agent = Desk().add_per_call_config(everything)
    agent.set_dynamic_config_callback(lambda query, body, headers, agent: agent.set_global_data({"a": 1}))

    assert len(declared(agent).per_call) == 1
    assert declared(agent.set_dynamic_config_callback(None)).per_call == ()


def test_callbacks_may_be_async():
    """Sync ones before and after keep their turn."""
    agent, order = Desk(), []

    async def look_up(query, body, headers, agent):
        await asyncio.sleep(0)
        order.append("async")
        agent.set_global_data({"who": body["who"]})

    agent.add_per_call_config(lambda *_: order.append("first"))
    agent.add_per_call_config(look_up)
    agent.add_per_call_config(lambda *_: order.append("last"))
    agent.add_per_call_config(look_up)

    assert ai(rendered(agent, body={"who": "Ann"}))["global_data"]["who"] == "Ann"
    assert order == ["first", "async", "last", "async"]


def test_a_failing_callback_is_the_host_s_matter():
    """The host answers with the fallback document, so nothing is swallowed here."""
    agent = Desk().add_per_call_config(lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        rendered(agent)


def test_objects_of_the_author_are_shared_and_names_are_not():
    agent = Desk()
    copy = copy_for_call(agent)
    copy.lock, lock = None, copy.lock

    assert lock is agent.lock
    assert agent.lock is not None
    assert copy.slotted is agent.slotted


def test_a_tool_runs_on_the_copy():
    """It finds what the callback has left there."""
    agent = Desk().add_per_call_config(everything)
    seal(agent)
    copy = configure(agent, {"who": "Ann"}, {}, {})

    assert copy.on_function_call("whoami", {}) == "nobody"
    assert tool_of(agent, copy, "whoami").call({}, None) == "Ann"
    assert tool_of(agent, copy, "more").call({}, None) == "more"
    assert tool_of(agent, copy, "pay") is None
    assert tool_of(agent, copy, "nope") is None


def test_a_rendered_copy_is_closed():
    """It shares what it did not change, so it must not change any more."""
    agent = Desk()
    seal(agent)
    copy = configure(agent, {}, {}, {})
    render(copy, BASE, str, sibling)

    with pytest.raises(AgentSealed):
        copy.add_hint("late")


def test_what_holds_for_the_agent_is_not_said_in_a_call():
    copy = copy_for_call(Desk())

    for method in (copy.on_debug_event, copy.add_per_call_config, copy.set_dynamic_config_callback):
        with pytest.raises(DefinitionError, match="applies to the agent, not to a call"):
            method(print)


def test_a_sibling_that_is_not_served():
    """The call stays with this agent."""
    agent = Desk()
    agent.register_swaig_function(DataMap("lost").fallback_output(FunctionResult("x").hand_over("nobody")))

    assert f'"dest": "{BASE}"' in json.dumps(rendered(agent))


def test_a_document_that_json_cannot_carry():
    agent = Desk().add_per_call_config(lambda query, body, headers, agent: agent.set_param("when", object()))

    with pytest.raises(DefinitionError, match="cannot be written as JSON"):
        rendered(agent)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_cannot_carry(number):
    """The encoder would write null, and nobody would know why."""
    with pytest.raises(DefinitionError, match="it has the number"):
        seal(Desk().set_global_data({"a": [{"n": number}, None]}))


def test_a_broken_document_says_what_is_broken():
    agent = Desk().add_per_call_config(lambda query, body, headers, agent: agent.prompt_add_section("Empty"))

    with pytest.raises(DefinitionError, match="'Empty' has no content"):
        rendered(agent)


@pytest.mark.parametrize(
    ("on_failure", "verb"),
    [
        ("hangup", {"hangup": {}}),
        ("https://else.example/x", {"transfer": {"dest": "https://else.example/x"}}),
        ("+15551234567", {"connect": {"to": "+15551234567"}}),
        ("sip:desk@acme.example", {"connect": {"to": "sip:desk@acme.example"}}),
    ],
)
def test_the_fallback_document(on_failure, verb):
    """The caller hears a sentence instead of silence."""
    agent = AgentBase("desk", fallback="One moment, please.", on_failure=on_failure)

    assert json.loads(fallback_document(agent))["sections"]["main"] == [
        {"answer": {}},
        {"play": {"url": "say:One moment, please."}},
        verb,
    ]


@pytest.mark.parametrize("method", ["add_per_call_config", "set_dynamic_config_callback"])
def test_a_callback_is_a_function(method):
    with pytest.raises(DefinitionError, match="must be a function"):
        getattr(Desk(), method)("configure")
