"""The vocabulary of AgentBase, beyond what the conformance data says."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from agenthost import AgentBase, ContextBuilder, DataMap, FunctionResult, SemanticGate
from agenthost.agent.base import declared, overrides, seal
from agenthost.errors import ArgumentsRefused, DefinitionError
from agenthost.swml import Template

BASE = b"https://u:p@host.example/desk"


def document(agent: AgentBase) -> dict[str, Any]:
    """The agent's document, its tokens readable."""
    template = Template.seal(declared(agent).draft).located({"billing": "/accounts", "main": "/"}.get)
    return json.loads(template.render(BASE, lambda name: name.strip("/").encode() + b"-token"))


def main(agent):
    return document(agent)["sections"]["main"]


def ai(agent):
    return next(verb["ai"] for verb in main(agent) if "ai" in verb)


@pytest.fixture
def agent():
    return AgentBase("desk", "/desk")


class TestConstructor:
    def test_takes_what_the_field_passes_by_position(self):
        """The order of the first arguments is the field's."""
        agent = AgentBase("desk", "/desk", "127.0.0.1", 4000, ("u", "p"), False, 600)  # noqa: FBT003 - as the field writes it
        serving = declared(agent).serving

        assert (
            serving.host,
            serving.port,
            serving.basic_auth,
            serving.token_lifetime,
        ) == ("127.0.0.1", 4000, ("u", "p"), 600)

    def test_secrets_are_not_shown(self):
        agent = AgentBase("desk", basic_auth=("u", "hidden"), signing_key="hidden", swaig_secret="hidden")

        assert "hidden" not in repr(declared(agent))

    def test_an_agent_that_does_not_answer(self):
        agent = AgentBase("desk", auto_answer=False).add_answer_verb({"max_duration": 60})

        assert [list(verb) for verb in main(agent)] == [["ai"]]

    def test_every_agent_has_an_id_of_its_own(self):
        assert AgentBase("desk").agent_id != AgentBase("desk").agent_id
        assert AgentBase("desk", agent_id="mine").agent_id == "mine"

    @pytest.mark.parametrize(
        ("option", "message"),
        [
            ({"config_file": "x.json"}, r"config_file is not read.*\[agents.desk\]"),
            ({"on_failure": ""}, "on_failure must be"),
            ({"native_functions": ["transfer"]}, "no native function 'transfer'"),
        ],
    )
    def test_refuses_what_it_cannot_honour(self, option, message):
        with pytest.raises(DefinitionError, match=message):
            AgentBase("desk", **option)

    def test_default_webhook_url(self):
        agent = AgentBase("desk", default_webhook_url="https://hook.example/x")
        agent.define_tool("open", "d", {}, lambda args: "", secure=False)

        assert ai(agent)["SWAIG"]["defaults"] == {"web_hook_url": "https://hook.example/x"}


class TestPrompt:
    def test_sections_of_a_class_by_title(self):
        class Desk(AgentBase):
            PROMPT_SECTIONS = {  # noqa: RUF012 - as the field writes it
                "Role": "You book visits.",
                "Rules": ["one", "two"],
                "More": {"body": "b", "numbered": True, "subsections": [{"title": "Sub", "body": "s"}]},
                "Nothing": [],
            }

        assert Desk("desk").get_prompt() == [
            {"title": "Role", "body": "You book visits."},
            {"title": "Rules", "bullets": ["one", "two"]},
            {"title": "More", "body": "b", "subsections": [{"title": "Sub", "body": "s"}], "numbered": True},
        ]

    def test_sections_of_a_class_are_not_shared(self):
        class Desk(AgentBase):
            PROMPT_SECTIONS = [{"title": "A", "bullets": ["x"]}]  # noqa: RUF012 - as the field writes it

        Desk("one").prompt_add_to_section("A", bullet="y")

        assert Desk("two").get_prompt() == [{"title": "A", "bullets": ["x"]}]

    @pytest.mark.parametrize("sections", ["text", [["no", "object"]]])
    def test_sections_of_a_class_must_be_sections(self, sections):
        with pytest.raises(DefinitionError, match="PROMPT_SECTIONS"):
            type("Desk", (AgentBase,), {"PROMPT_SECTIONS": sections})("desk")

    def test_get_prompt(self, agent):
        assert agent.get_prompt() == "You are desk, a helpful AI assistant."
        assert agent.set_prompt_text("Be brief.").get_prompt() == "Be brief."
        assert agent.prompt_add_section("A", "a").get_prompt() == [{"body": "Be brief."}, {"title": "A", "body": "a"}]

    def test_get_prompt_without_pom(self):
        assert AgentBase("d", use_pom=False).prompt_add_section("A", "a").set_prompt_text("T").get_prompt() == "T"

    def test_a_post_prompt_is_taken_back(self, agent):
        agent.set_post_prompt("Sum up.")
        assert agent.get_post_prompt() == "Sum up."
        assert "post_prompt_url" not in ai(agent.set_post_prompt(""))

    def test_contexts_of_a_builder(self, agent):
        builder = ContextBuilder()
        builder.add_context("default").add_step("s").set_text("x")

        assert agent.define_contexts(builder) is agent
        assert agent.contexts is builder
        assert list(ai(agent)["prompt"]["contexts"]) == ["default"]

    def test_contexts_that_were_reset_are_none(self, agent):
        agent.contexts.add_context("default")

        assert "contexts" not in ai(agent.reset_contexts())["prompt"]

    def test_a_step_may_use_an_included_function(self, agent):
        """The SDK knows only the agent's own."""
        agent.add_function_include("https://else.example", ["lookup"])
        agent.contexts.add_context("default").add_step("s").set_text("x").set_functions(["lookup"])

        assert ai(agent)["prompt"]["contexts"]["default"]["steps"][0]["functions"] == ["lookup"]


class TestVerbs:
    def test_verbs_stand_in_their_places(self, agent):
        agent.add_post_ai_verb("hangup", {}).add_post_answer_verb("sleep", 100).add_pre_answer_verb("set", {"a": 1})

        assert [next(iter(verb)) for verb in main(agent)] == ["set", "answer", "sleep", "ai", "hangup"]

    def test_a_verb_that_would_answer_too_early(self, agent):
        with pytest.raises(DefinitionError, match="'record_call' cannot run before the call is answered"):
            agent.add_pre_answer_verb("record_call", {})

    @pytest.mark.parametrize("method", ["add_pre_answer_verb", "add_post_answer_verb", "add_post_ai_verb"])
    def test_unknown_verbs(self, agent, method):
        with pytest.raises(DefinitionError, match="SWML has no verb 'plya'"):
            getattr(agent, method)("plya", {})

    def test_a_verb_with_an_impossible_configuration_is_left_out_aloud(self, agent, caplog):
        with caplog.at_level(logging.WARNING, "agenthost.agent"):
            agent.add_post_ai_verb("cond", [{"when": "true", "then": []}])

        assert [next(iter(verb)) for verb in main(agent)] == ["answer", "ai"]
        assert "verb cond is left out" in caplog.text

    def test_unchecked_agents_say_what_they_like(self):
        agent = AgentBase("desk", schema_validation=False)
        agent.add_post_ai_verb("brand_new", [1]).add_pre_answer_verb("record", {}).set_native_functions(["transfer"])
        agent.add_internal_filler("brand_new", "en-US", ["x"])

        assert [next(iter(verb)) for verb in main(agent)] == ["record", "answer", "ai", "brand_new"]

    @pytest.mark.parametrize(("verb", "config"), [("label", "here"), ("unset", ["a"]), ("return", 1)])
    def test_verbs_that_take_a_value(self, agent, verb, config):
        agent.add_post_ai_verb(verb, config)

        assert {verb: config} == main(agent)[-1]


class TestAddresses:
    def test_query_parameters_reach_every_url(self, agent):
        agent.add_swaig_query_params({"tenant": "a"}).enable_debug_events().set_post_prompt("Sum up.")
        agent.define_tool("book", "d", {}, lambda args: "")

        found = ai(agent)
        assert found["params"]["debug_webhook_url"] == "https://u:p@host.example/desk/debug_events/?tenant=a"
        assert found["post_prompt_url"] == (
            "https://u:p@host.example/desk/post_prompt/?tenant=a&__token=post_prompt-token"
        )
        assert [tool["web_hook_url"] for tool in found["SWAIG"]["functions"]] == [
            "https://u:p@host.example/desk/swaig/?tenant=a&__token=book-token"
        ]
        agent.clear_swaig_query_params()
        assert ai(agent)["SWAIG"]["defaults"]["web_hook_url"] == "https://u:p@host.example/desk/swaig/"

    @pytest.mark.parametrize("params", [{"__token": "x"}, {"token": "x"}, {"a": ["x"]}])
    def test_query_parameters_that_cannot_be(self, agent, params):
        with pytest.raises(DefinitionError, match="query parameter"):
            agent.add_swaig_query_params(params)

    def test_the_hook_has_a_query_of_its_own(self, agent):
        agent.set_web_hook_url("https://hook.example/x?k=v").define_tool("book", "d", {}, lambda args: "")

        assert ai(agent)["SWAIG"]["functions"][0]["web_hook_url"] == "https://hook.example/x?k=v&__token=book-token"

    def test_summaries_elsewhere(self, agent):
        agent.set_post_prompt("Sum up.").set_post_prompt_url("https://else.example/x")

        assert ai(agent)["post_prompt_url"] == "https://else.example/x"

    @pytest.mark.parametrize(
        ("file", "emitted"),
        [
            ("/wait.mp3", "https://host.example/wait.mp3"),
            ("sounds/wait.mp3", "https://host.example/sounds/wait.mp3"),
            ("https://cdn.example/wait.mp3", "https://cdn.example/wait.mp3"),
            ("//cdn.example/wait.mp3", "//cdn.example/wait.mp3"),
            ("ring:us", "ring:us"),
        ],
    )
    def test_wait_files(self, agent, file, emitted):
        """A path is found at the host's public address, and never tells the credentials."""
        agent.define_tool("book", "d", {}, lambda args: "", wait_file=file)

        assert ai(agent)["SWAIG"]["functions"][0]["wait_file"] == emitted

    def test_sip(self, agent):
        agent.register_sip_username("sales").register_sip_username("sales").auto_map_sip_usernames()
        agent.enable_sip_routing()

        assert declared(agent).sip == ("sales",)
        with pytest.raises(DefinitionError, match="not at '/voice'"):
            agent.enable_sip_routing(path="/voice")

    @pytest.mark.parametrize("path", ["", "/", "/a/b"])
    def test_a_routing_callback_has_one_segment(self, agent, path):
        with pytest.raises(DefinitionError, match="a path of one segment"):
            agent.register_routing_callback(lambda body, headers: None, path)

    def test_routing_callbacks(self, agent):
        def choose(body, headers): ...

        agent.register_routing_callback(choose, "/choose/")

        assert {"choose": choose} == declared(agent).routing


class TestTools:
    def test_a_sentence_in_place_of_a_name_is_the_description(self, agent, caplog):
        """Agents of the field write it so, and no model can call such a name."""

        class Clock(AgentBase):
            @AgentBase.tool("Get the current time")
            def get_time(self) -> str:
                return "noon"

        def cancel(_args, _raw):
            return "done"

        agent.tool("Cancel a visit", parameters={})(cancel)
        found = [ai(each)["SWAIG"]["functions"][0] for each in (Clock("clock", "/clock"), agent)]

        assert [(tool["function"], tool["description"]) for tool in found] == [
            ("get_time", "Get the current time"),
            ("cancel", "Cancel a visit"),
        ]
        assert "is a sentence, so it is the description. fix: tool(description='Cancel a visit')" in caplog.text
        with pytest.raises(DefinitionError, match="tool name 'Cancel a visit'"):
            agent.tool("Cancel a visit", description="Cancel it.")(cancel)

    def test_the_decorator_of_an_agent_adds_at_once(self, agent):
        @agent.tool
        def book(day: str):
            """Book a visit."""
            return day

        @agent.tool("cancel", description="Cancel a visit.", parameters={})
        def _cancel(args, raw_data):
            return "done"

        assert [tool["function"] for tool in ai(agent)["SWAIG"]["functions"]] == ["book", "cancel"]
        assert agent.on_function_call("book", {"day": "mon"}) == "mon"

    def test_a_sealed_agent_takes_no_tools(self, agent):
        seal(agent)
        with pytest.raises(DefinitionError, match="is being served"):
            agent.tool(lambda args: "")

    def test_gates(self, agent):
        gate = SemanticGate("Sure?", 0.9, FunctionResult("Ask first."), true_means="The caller said so.")
        agent.define_tool("book", "d", {}, lambda args: "", gates=[gate], gate_fillers={"en-US": ["Hm."]})

        tool = ai(agent)["SWAIG"]["functions"][0]
        assert tool["gates"] == [
            {
                "question": "Sure?",
                "criteria": {"true": "The caller said so."},
                "threshold": 0.9,
                "on_fail": {"response": "Ask first."},
            }
        ]
        assert tool["gate_fillers"] == {"en-US": ["Hm."]}

    def test_fillers_of_gates_that_are_not_there(self, agent):
        with pytest.raises(DefinitionError, match="it has no gates"):
            agent.define_tool("book", "d", {}, lambda args: "", gate_fillers={"en-US": ["Hm."]})

    def test_on_function_call_checks_arguments(self, agent):
        agent.define_tool("book", "d", {"n": {"type": "integer"}}, lambda args: args["n"])

        assert agent.on_function_call("book", {"n": "5"}, {"call_id": "c"}) == 5
        with pytest.raises(ArgumentsRefused, match="n must be an integer"):
            agent.on_function_call("book", {"n": "many"})
        with pytest.raises(LookupError, match="runs no tool 'nope'"):
            agent.on_function_call("nope", {})

    def test_overridden_methods_are_seen(self, agent):
        class Watching(AgentBase):
            def on_function_call(self, name, args, raw_data=None):
                return None

        assert overrides(Watching("w"), "on_function_call")
        assert not overrides(agent, "on_function_call")

    def test_a_data_map_hands_over(self, agent):
        """The sibling's address is added when the document is rendered."""
        agent.register_swaig_function(
            DataMap("pay").expression("${args.q}", "pay", FunctionResult("One moment.").hand_over("billing"))
        )
        agent.register_swaig_function(DataMap("home").fallback_output(FunctionResult("Back.").hand_over("main")))
        agent.register_swaig_function(DataMap("lost").fallback_output(FunctionResult("Hm.").hand_over("nobody")))

        pay, home, lost = (json.dumps(tool["data_map"]) for tool in ai(agent)["SWAIG"]["functions"])
        assert '{"dest": "https://u:p@host.example/accounts"}' in pay
        assert '{"dest": "https://u:p@host.example/"}' in home
        assert '{"dest": "https://u:p@host.example/desk"}' in lost

    def test_a_registered_function_is_a_copy(self, agent):
        data_map = DataMap("a").fallback_output(FunctionResult("x"))
        written = {"function": "b", "meta_data": {"k": 1}}
        agent.register_swaig_function(data_map).register_swaig_function(written)
        data_map.purpose("changed")
        written["meta_data"]["k"] = 2

        first, second = ai(agent)["SWAIG"]["functions"]
        assert first["description"] == "Execute a"
        assert second["meta_data"] == {"k": 1}

    @pytest.mark.parametrize(
        "definition",
        [{}, {"function": ""}, {"function": "a", "data_map": {}}, {"function": "a", "gates": []}, "text", None],
    )
    def test_functions_that_cannot_be_registered(self, agent, definition):
        with pytest.raises(DefinitionError):
            agent.register_swaig_function(definition)


class TestModel:
    @pytest.mark.parametrize("arguments", [("yes",), (True, 499), (True, 10_001), (None, None, 101), (None, True)])
    def test_semantic_gates_out_of_range(self, agent, arguments):
        with pytest.raises(DefinitionError):
            agent.set_semantic_gates(*arguments)
        assert ai(agent)["params"] == {}

    def test_a_refused_debug_level(self, agent):
        with pytest.raises(DefinitionError, match="level must be a whole number"):
            agent.enable_debug_events(0)

    def test_debug_handlers_are_declared(self, agent):
        @agent.on_debug_event
        def note(event_type, data): ...

        assert declared(agent).debug_handler is note

    def test_mcp_servers(self, agent):
        agent.add_mcp_server("https://a.example").add_mcp_server(
            "https://b.example", {"X": "y"}, resources=True, resource_vars={"k": "v"}
        )

        assert ai(agent)["SWAIG"] == {
            "mcp_servers": [
                {"url": "https://a.example"},
                {"url": "https://b.example", "headers": {"X": "y"}, "resources": True, "resource_vars": {"k": "v"}},
            ]
        }

    def test_an_mcp_server_is_declared(self, agent):
        assert declared(agent.enable_mcp_server()).mcp_server

    def test_language_params_are_read(self, agent):
        agent.add_language("English", "en-US", "v", params={"a": 1})

        assert agent.get_language_params("en-US") == {"a": 1}
        assert agent.get_language_params("de-DE") is None
        assert agent.set_language_params("en-US", {}).get_language_params("en-US") is None
