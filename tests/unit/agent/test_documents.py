"""Whole documents: ``render``, and verbs that are written by hand."""

from __future__ import annotations

import json

import pytest

from agenthost import AgentBase, DefinitionError
from agenthost.agent.base import seal
from agenthost.agent.per_call import render_per_call


def document(agent, body=None, **query):
    seal(agent)
    rendered = render_per_call(
        agent, "https://u:p@h/a", lambda tool: f"T-{tool}", "https://u:p@h/{}".format, query, body or {}, {}
    )
    return json.loads(rendered)


class Bedrock(AgentBase):
    """Writes its whole document."""

    def __init__(self):
        super().__init__("bedrock")
        self.prompt_add_section("Role", "You sell.")

    def render(self, call):
        ai = call.ai()
        ai["SWAIG"] = call.swaig()
        main = [{"answer": {}}, {"amazon_bedrock": ai}, {"execute": {"dest": "later"}}]
        later = [{"transfer": {"dest": call.agent_url("desk")}}, {"set": {"asked": call.query.get("asked", "")}}]
        later.append({"request": {"url": call.tool_url("price"), "method": "POST"}})
        return {"version": "1.0.0", "sections": {"main": main, "later": later}}

    @AgentBase.tool
    def price(self) -> str:
        """Tell the price."""
        return "9"


def test_a_whole_document():
    """Several sections, another verb for the model, and what only the host has."""
    sections = document(Bedrock(), asked="x")["sections"]
    [function] = sections["main"][1]["amazon_bedrock"]["SWAIG"]["functions"]

    assert function["web_hook_url"] == "https://u:p@h/a/swaig/?__token=T-price"
    assert sections["later"] == [
        {"transfer": {"dest": "https://u:p@h/desk"}},
        {"set": {"asked": "x"}},
        {"request": {"url": "https://u:p@h/a/swaig/?__token=T-price", "method": "POST"}},
    ]


def test_a_document_belongs_to_its_request():
    agent = Bedrock()
    first, second = document(agent, asked="1"), document(agent, asked="2")

    assert [each["sections"]["later"][1]["set"]["asked"] for each in (first, second)] == ["1", "2"]


def test_render_returns_the_usual_document():
    class Own(AgentBase):
        def render(self, call):
            usual = call.document()
            usual["sections"]["main"].append({"hangup": {}})
            return usual

    assert [*map(list, document(Own("a"))["sections"]["main"])] == [["answer"], ["ai"], ["hangup"]]


@pytest.mark.parametrize("wrong", [None, [], {"version": "1.0.0"}])
def test_what_is_not_a_document_is_rejected(wrong):
    kind = type("Own", (AgentBase,), {"render": lambda *_: wrong})

    with pytest.raises(DefinitionError, match="render must return a document"):
        document(kind("a"))


def test_an_unknown_tool_has_no_url():
    kind = type("Own", (AgentBase,), {"render": lambda _, call: call.tool_url("nothing")})

    with pytest.raises(DefinitionError, match="has no tool 'nothing'"):
        document(kind("a"))


def test_a_document_of_verbs():
    agent = AgentBase("a")
    agent.define_tool("t", "Does it.", {}, lambda _args, _raw: "done")
    answers = agent.add_verb("answer", {}), agent.add_verb_to_section("later", "hangup", {}), agent.add_section("empty")

    assert answers == (True, True, True)
    assert agent.add_section("empty") is False
    sections = {"main": [{"answer": {}}], "later": [{"hangup": {}}], "empty": []}
    assert document(agent) == {"version": "1.0.0", "sections": sections}


def test_further_sections_leave_the_conversation():
    agent = AgentBase("a")
    agent.prompt_add_section("Role", "You sell.")
    agent.add_verb_to_section("later", "hangup", {})

    assert "ai" in agent.get_document()["sections"]["main"][-1]


def test_verbs_and_a_prompt_exclude_each_other():
    """In the SDK, such verbs are lost."""
    agent = AgentBase("a")
    agent.prompt_add_section("Role", "You sell.")
    agent.add_verb("hangup", {})

    with pytest.raises(DefinitionError, match="both a prompt and verbs of its own in 'main'"):
        seal(agent)
    agent.reset_document()
    seal(agent)


class Shout:
    """A verb of the author's."""

    def get_verb_name(self):
        return "shout"

    def validate_config(self, config):
        return ("text" in config, [] if "text" in config else ["text is missing"])


def test_a_verb_of_the_author():
    agent = AgentBase("a")
    agent.register_verb_handler(Shout())
    agent.add_post_answer_verb("shout", {"text": "hi"})

    assert {"shout": {"text": "hi"}} in agent.get_document()["sections"]["main"]
    with pytest.raises(DefinitionError, match="verb 'shout': text is missing"):
        agent.add_post_answer_verb("shout", {})


@pytest.mark.parametrize(
    ("verb", "config", "reason"),
    [
        ("play", {"urll": "say:hi"}, "not valid under any"),
        ("sleep", {"duration": "soon"}, "duration: "),
        ("hangup", {"reason": "tired"}, "reason: "),
    ],
)
def test_a_verb_that_does_not_fit_its_schema(verb, config, reason):
    with pytest.raises(DefinitionError, match=f"verb '{verb}' does not fit SWML's schema: .*{reason}"):
        AgentBase("a").add_post_answer_verb(verb, config)

    AgentBase("a", schema_validation=False).add_post_answer_verb(verb, config)


def test_the_configuration_of_answer_is_checked_too():
    with pytest.raises(DefinitionError, match="verb 'answer' does not fit SWML's schema: max_duration"):
        AgentBase("a").add_answer_verb({"max_duration": "long"})


@pytest.mark.parametrize("config", [{"url": "${ring}"}, {"url": "say:hi", "volume": "${loud}"}])
def test_variables_stand_for_any_value(config):
    assert AgentBase("a").add_post_answer_verb("play", config) is not None


def test_verbs_that_answer_the_call_are_logged(caplog):
    AgentBase("a").add_pre_answer_verb("play", {"url": "say:hi"})
    AgentBase("a").add_pre_answer_verb("play", {"url": "say:hi", "auto_answer": False})

    assert [record.getMessage().partition(".")[0] for record in caplog.records] == ["agent a: play answers the call"]


def test_contexts_without_a_context_are_rejected():
    agent = AgentBase("a")
    agent.define_contexts()

    with pytest.raises(DefinitionError, match="there are no contexts"):
        seal(agent)
    agent.reset_contexts()
    seal(agent)


def test_required_parameters_of_other_schemas(caplog):
    """A ``required`` of one property is not JSON Schema, but the field writes it."""
    agent = AgentBase("a")
    properties = {"day": {"type": "string", "required": True}, "note": {"type": "string", "required": False}}
    agent.define_tool("t", "Does it.", properties, lambda _args, _raw: "done")

    assert agent.define_tools()[0]["parameters"] == {
        "type": "object",
        "properties": {"day": {"type": "string"}, "note": {"type": "string"}},
        "required": ["day"],
    }
    assert len(caplog.records) == 2
