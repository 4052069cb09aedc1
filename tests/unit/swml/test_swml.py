"""The SWML document: built from a draft, encoded once, rendered for each call."""

from __future__ import annotations

import json
import operator
import sys

import attrs
import pytest

from agenthost import AgentBase
from agenthost.agent.base import declared, seal
from agenthost.errors import DefinitionError
from agenthost.swml import Addresses, Template

BASE = "https://user:p%40ss@host.example/desk"


def addresses(base=BASE):
    """Return the addresses of the agent and its siblings, with readable tokens."""
    told = {
        "base": base,
        "origin": "https://host.example",
        "token": lambda tool: f"token-of-{tool}",
        "sibling": lambda name: f"https://user:p%40ss@host.example/{name}",
    }
    return Addresses(**{field.name: told[field.name] for field in attrs.fields(Addresses) if field.name in told})


def agent_with_tools(*names):
    agent = AgentBase("desk")
    for name in names:
        agent.define_tool(name, f"Does {name}.", {}, lambda args: "")
    return agent


def build(agent):
    return declared(agent).draft.build(addresses())


def rendered(template, base=BASE):
    return json.loads(template.render(base.encode(), lambda tool: f"token-of-{tool}".encode()))


class TestDraft:
    def test_drafts_share_the_names_of_their_attributes(self):
        """With more attributes, each draft would have a table of its own."""
        first, second = (vars(declared(AgentBase(name)).draft) for name in ("desk", "till"))

        assert sys.getsizeof(first) < 400
        assert sys.getsizeof(second) < 400

    def test_parts_that_are_never_used_are_not_made(self):
        """A host has thousands of agents, and each has few of them."""
        agent = agent_with_tools("book").add_hint("visit")
        before = vars(declared(AgentBase("other")).draft).keys()
        seal(agent)

        assert vars(declared(agent).draft).keys() - before == {"tools", "hints"}

    def test_a_part_is_the_same_after_its_first_use(self):
        draft = declared(AgentBase("desk")).draft
        draft.params["p"] = 1
        call = draft.copy()
        call.hints.append("visit")

        assert build(AgentBase("desk").set_param("p", 1)) == draft.build(addresses())
        assert call.build(addresses())["sections"]["main"][1]["ai"]["hints"] == ["visit"]
        with pytest.raises(AttributeError):
            _ = draft.unknown

    def test_a_copy_for_a_call_leaves_out_the_sections_as_well(self):
        draft = declared(AgentBase("desk", use_pom=False).prompt_add_section("A", "a").set_prompt_text("T")).draft

        assert draft.copy().rendered_prompt() == draft.rendered_prompt() == {"text": "T"}

    def test_the_smallest_document(self):
        """An agent that says nothing introduces itself."""
        assert build(AgentBase("desk")) == {
            "version": "1.0.0",
            "sections": {
                "main": [
                    {"answer": {}},
                    {"ai": {"prompt": {"text": "You are desk, a helpful AI assistant."}, "params": {}}},
                ]
            },
        }

    def test_keys_stand_in_the_order_of_the_contract(self):
        """The order of the author's calls has no effect (wire.md, section 3)."""
        agent = (
            agent_with_tools("book")
            .set_global_data({"g": 1})
            .add_language("English", "en-US", "v")
            .add_hint("visit")
            .set_param("p", 1)
            .set_prompt_text("You book.")
        )
        ai = build(agent)["sections"]["main"][1]["ai"]

        assert list(ai) == ["prompt", "SWAIG", "params", "hints", "languages", "global_data"]
        assert list(ai["SWAIG"]) == ["functions", "defaults"]

    def test_addresses_of_tools(self):
        """A secure tool has an address of its own, and an open one the default.

        A tool of another server has that server's address.
        """
        agent = agent_with_tools("book")
        agent.define_tool("open", "", {}, lambda args: "", secure=False)
        agent.define_tool("far", "", {}, webhook_url="https://x.example/far")
        swaig = build(agent)["sections"]["main"][1]["ai"]["SWAIG"]

        assert swaig["defaults"] == {"web_hook_url": f"{BASE}/swaig/"}
        assert {
            "book": f"{BASE}/swaig/?__token=token-of-book",
            "open": None,
            "far": "https://x.example/far",
        } == {tool["function"]: tool.get("web_hook_url") for tool in swaig["functions"]}


class TestTemplate:
    def test_renders_what_the_draft_builds(self):
        agent = agent_with_tools("book", "cancel")
        expected = build(agent)

        assert expected == rendered(seal(agent))

    def test_no_gap_is_forgotten(self):
        """Each token is minted for its own tool, in order, once a call."""
        minted = []
        template = seal(agent_with_tools("book", "cancel"))
        document = template.render(BASE.encode(), lambda tool: minted.append(tool) or tool.encode())

        assert minted == ["book", "cancel"]
        assert document.count(BASE.encode()) == 3

    def test_calls_differ_only_where_they_must(self):
        template = seal(agent_with_tools("book"))
        first = template.render(b"https://a.example", lambda _: b"1")
        second = template.render(b"https://b.example", lambda _: b"2")

        assert second == first.replace(b"a.example", b"b.example").replace(b"__token=1", b"__token=2")
        assert first == template.render(b"https://a.example", lambda _: b"1")

    def test_a_known_address_is_filled_in_once(self):
        template = seal(agent_with_tools("book", "cancel"))
        located = template.with_base(BASE.encode())

        assert located.bases == ()
        assert len(located.parts) == 2 * len(located.tokens) + 1
        assert rendered(template) == rendered(located, "https://nobody.looks.here")

    @pytest.mark.parametrize(("query", "separator"), [(None, "?"), ({"tenant": "a"}, "?tenant=a&")])
    def test_debug_events_name_the_generation_of_the_host_if_there_are_several(self, query, separator):
        """The address is the SDK's otherwise."""
        agent = agent_with_tools("book").enable_debug_events()
        if query:
            agent.add_swaig_query_params(query)
        template = seal(agent)
        address = f"{BASE}/debug_events/{separator}"

        def found(template):
            [ai] = [verb["ai"] for verb in rendered(template)["sections"]["main"] if "ai" in verb]
            return ai["params"]["debug_webhook_url"]

        assert found(template) == found(template.of_generation("")) == address.rstrip("?&")
        assert found(template.of_generation("gen-1")) == f"{address}__generation=gen-1"
        assert found(template.of_generation("gen-1").with_base(BASE.encode())) == f"{address}__generation=gen-1"
        assert template.of_generation("").parts is template.parts

    def test_a_known_address_without_tools(self):
        """Nothing is left to be filled in."""
        template = seal(AgentBase("desk"))

        assert (template.render(b"", str.encode),) == template.with_base(BASE.encode()).parts

    @pytest.mark.parametrize("field", ["parts", "bases", "tokens"])
    def test_immutable(self, field):
        template = seal(agent_with_tools("book"))

        assert tuple is type(getattr(template, field))
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(template, field, ())

    def test_text_that_looks_like_a_gap(self):
        """A prompt may hold what another template's gaps looked like while it was made."""
        marks = [f"\u241f{'0' * 32}b;", "\u241f", "b;", "\u241f0;", "__token=", BASE]
        agent = (
            agent_with_tools("book").set_prompt_text(" ".join(marks)).set_global_data({mark: mark for mark in marks})
        )
        expected = build(agent)

        assert expected == rendered(seal(agent))

    @pytest.mark.parametrize(
        "value",
        [object(), {1, "a", object()}, {(1, 2): 3}, "\ud800", lambda: 0],
        ids=["object", "set", "key", "surrogate", "function"],
    )
    def test_what_json_cannot_carry(self, value):
        """The author hears of it when the host starts."""
        agent = AgentBase("desk").set_param("value", value)

        with pytest.raises(DefinitionError, match=r"^the document cannot be written as JSON: "):
            seal(agent)

    def test_what_contains_itself(self):
        endless: list[object] = []
        endless.append(endless)

        with pytest.raises(DefinitionError, match="cannot be written as JSON"):
            seal(AgentBase("desk").set_param("value", endless))

    def test_agents_with_the_same_tools_share_what_is_the_same(self):
        """A host of thousands keeps it once."""
        one, other = agent_with_tools("greet", "book"), agent_with_tools("greet", "book")
        other.prompt_add_section("Role", "You greet callers.")
        first, second = seal(one), seal(other)
        shared = ("bases", "tokens", "origins", "siblings", "routes", "generations")

        assert first.parts[0] != second.parts[0]
        assert all(map(operator.is_, first.parts[1:], second.parts[1:]))
        assert all(getattr(first, name) is getattr(second, name) for name in shared)

    def test_sealing_twice_gives_equal_documents(self):
        """The marks of the gaps are drawn anew, and leave nothing behind."""
        draft = declared(agent_with_tools("book")).draft

        assert Template.seal(draft) == Template.seal(draft)


class TestCopy:
    def test_a_call_s_draft_is_its_own(self):
        """Changes for one call do not reach the agent's document, at any depth."""
        agent = agent_with_tools("book").set_param("deep", {"a": [1]}).set_global_data({"g": {}}).add_hint("x")
        before = build(agent)
        copy = declared(agent).draft.copy()
        copy.params["deep"]["a"].append(2)
        copy.global_data["g"]["mine"] = True
        copy.hints.append("y")
        copy.prompt.sections.add_section("Mine", "Only mine.")

        assert before == build(agent)
        assert before != copy.build(addresses())

    def test_tools_are_shared(self):
        """A tool holds its author's clients and locks, which cannot be copied."""
        draft = declared(agent_with_tools("book")).draft

        assert draft.tools["book"] is draft.copy().tools["book"]
