"""AgentBase: what an author may say of an agent, and until when."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from agenthost import AgentBase
from agenthost.agent.base import FALLBACK, declared, seal
from agenthost.errors import AgentSealed, DefinitionError
from agenthost.swml import Template

BASE = b"https://u:p@host.example/desk"

READING = frozenset(
    {
        "get_language_params",
        "define_tools",
        "extract_sip_username",
        "get_name",
        "get_post_prompt",
        "get_prompt",
        "has_skill",
        "list_skills",
        "on_request",
        "on_summary",
        "on_swml_request",
        "prompt_has_section",
        "setup_graceful_shutdown",
    }
)
"""Methods that tell something, and go on doing so while the agent is served."""
SERVING = frozenset({"as_router", "get_app", "run", "serve"})
"""Methods that serve the agent alone, and so may not be called while another host serves it."""
ANSWERING = frozenset({"add_section", "add_verb", "add_verb_to_section", "register_verb_handler", "reset_document"})
"""Methods that return what they do in SignalWire's SDK, and not the agent."""
ARGUMENTS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "add_post_ai_verb": (("hangup", {}), {}),
    "add_post_answer_verb": (("sleep", 100), {}),
    "add_pre_answer_verb": (("sleep", 100), {}),
    "add_internal_filler": (("check_time", "en-US", ["One moment."]), {}),
    "add_verb": (("sleep", 100), {}),
    "add_verb_to_section": (("more", "sleep", 100), {}),
    "define_tool": (("more", "", {}, lambda args: ""), {}),
    "on_call_end": ((lambda log, raw_data: None,), {}),
    "register_routing_callback": ((lambda body, headers: None, "/choose"), {}),
    "register_swaig_function": (({"function": "elsewhere"},), {}),
    "set_prompt_pom": (([{"title": "Role", "body": "You book visits."}],), {}),
    "set_languages": (([{"name": "English", "code": "en-US", "voice": "v"}],), {}),
}
"""Arguments of methods that take more than what ``made_up`` thinks of."""
METHODS = sorted(
    name
    for name, value in inspect.getmembers(AgentBase, inspect.isfunction)
    if not name.startswith("_") and name not in {"add_skill", "on_function_call", "render", "stop", "tool"}
)


def made_up(annotation: str) -> Any:
    """Some argument of a type, told by the text of its annotation."""
    if annotation.startswith(("str", "Any")):
        return "x"
    if annotation.startswith("bool"):
        return True
    if annotation.startswith(("int", "float")):
        return 1
    if annotation.startswith(("Mapping", "dict")):
        return {}
    if annotation.startswith("Callable"):
        return lambda *_: None
    return []


def call(agent: AgentBase, name: str) -> Any:
    """Call a method with arguments that could be meant."""
    method = getattr(agent, name)
    if name in ARGUMENTS:
        args, kwargs = ARGUMENTS[name]
        return method(*args, **kwargs)
    parameters = inspect.signature(method).parameters.values()
    needed = [p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return method(**{p.name: made_up(str(p.annotation)) for p in needed})


class Desk(AgentBase):
    def __init__(self):
        super().__init__("desk", "/desk")
        self.prompt_add_section("Role", "You book visits.")
        self.visits = 0

    @AgentBase.tool
    def book(self, day: str): ...


@pytest.fixture
def sealed():
    """An agent as the host serves it."""
    agent = Desk()
    seal(agent)
    return agent


class TestSealed:
    @pytest.mark.parametrize("name", [name for name in METHODS if name not in READING | {"lifespan"}])
    def test_configuration_is_refused(self, sealed, name):
        """One caller's words must never reach the next caller, whichever method carries them.

        A new public method is found here by itself; one that only tells something belongs in ``READING``.
        What an agent keeps open (``lifespan``) is the host's to ask for, whenever it is served.
        """
        with pytest.raises(AgentSealed, match="agent 'desk' is being served"):
            call(sealed, name)

    @pytest.mark.parametrize("name", [name for name in METHODS if name not in READING | {"lifespan"}])
    def test_nothing_has_changed(self, sealed, name):
        """A refused method leaves no trace in a document that is encoded later."""
        before = Template.seal(declared(sealed).draft).render(BASE, str.encode)
        with pytest.raises(AgentSealed):
            call(sealed, name)

        assert before == Template.seal(declared(sealed).draft).render(BASE, str.encode)

    @pytest.mark.parametrize("name", sorted(READING))
    def test_reading_goes_on(self, sealed, name):
        assert call(Desk(), name) == call(sealed, name)

    def test_attributes_stay_the_author_s(self, sealed):
        """A counter, a client, even a name of its own."""
        sealed.visits += 1
        sealed.name = "other"
        sealed.anything = object()

        assert sealed.visits == 1
        assert declared(sealed).name == "desk"
        assert sealed.get_name() == "desk"

    def test_the_template_is_not_the_draft(self):
        """Later changes of an object that the author kept have no effect."""
        data = {"nested": ["a"]}
        agent = Desk().set_global_data(data)
        template = seal(agent)
        before = template.render(BASE, str.encode)
        data["nested"].append("b")

        assert before == template.render(BASE, str.encode)

    def test_sealing_fails_without_a_seal(self):
        """An agent whose document cannot be encoded is not served, and can still be fixed."""
        agent = Desk().set_param("when", object())

        with pytest.raises(DefinitionError, match="the document cannot be written as JSON"):
            seal(agent)

        agent.set_param("when", "now")
        assert b'"when":"now"' in seal(agent).render(BASE, str.encode)


@pytest.mark.parametrize("name", [name for name in METHODS if name not in READING | SERVING | ANSWERING])
def test_configuration_can_be_chained(name):
    """Each method that describes the agent returns it, or what it has begun."""
    agent = Desk()
    returned = call(agent, name)

    assert returned is not None
    assert returned is agent or not isinstance(returned, AgentBase)


class TestInit:
    def test_what_an_agent_says_of_itself(self):
        agent = AgentBase("sales", "/sales", sip=["sales", "orders"], fallback="One moment, please.")
        own = declared(agent)

        assert (agent.name, agent.route) == ("sales", "/sales")
        assert (
            own.name,
            own.route,
            own.sip,
            own.fallback,
            own.sealed,
        ) == ("sales", "/sales", ("sales", "orders"), "One moment, please.", False)

    def test_defaults(self):
        own = declared(AgentBase("sales"))

        assert (own.route, own.sip, own.fallback) == (None, (), FALLBACK)

    def test_one_sip_user_may_be_text(self):
        """It is one user, not a list of letters."""
        assert declared(AgentBase("sales", sip="sales")).sip == ("sales",)

    @pytest.mark.parametrize("name", ["", " ", None, 5])
    def test_a_name_is_needed(self, name):
        with pytest.raises(DefinitionError, match="AgentBase: name must be a word such as 'sales', not "):
            AgentBase(name)

    def test_a_route_is_text(self):
        with pytest.raises(DefinitionError, match="agent 'sales': route must be a path such as '/sales', not int"):
            AgentBase("sales", 5)

    def test_a_missing_super_call_is_explained(self):
        """The error contains the line to add."""

        class Forgetful(AgentBase):
            def __init__(self):
                self.name = "forgetful"

        with pytest.raises(DefinitionError, match=r"Forgetful\.__init__ has not called super\(\)\.__init__"):
            declared(Forgetful())

    def test_a_failing_attribute_is_not_hidden(self):
        """Only the missing call is explained away."""

        class Odd(AgentBase):
            @property
            def helper(self):
                raise LookupError

            @AgentBase.tool
            def book(self, day: str): ...

        assert list(declared(Odd("odd")).draft.tools) == ["book"]

    @pytest.mark.parametrize(("name", "works"), [("run", True), ("log", True), ("render", False), ("name", False)])
    def test_a_tool_has_no_name_that_the_host_needs(self, name, works):
        """Names that only programs use, such as ``run`` in ``agent.run()``, are free."""
        cls = type("Odd", (AgentBase,), {name: AgentBase.tool(lambda self, day: day)})

        if works:
            assert list(declared(cls("odd")).draft.tools) == [name]
        else:
            with pytest.raises(DefinitionError, match=f"tool {name!r} would replace {name} of AgentBase"):
                cls("odd")

    def test_agents_share_nothing(self):
        first, second = Desk(), Desk()
        first.add_hint("visit").set_param("a", 1).set_global_data({"a": 1}).prompt_add_section("More", "x")

        assert Template.seal(declared(Desk()).draft) == Template.seal(declared(second).draft)


class TestLanguages:
    @pytest.mark.parametrize(
        ("args", "kwargs", "entry"),
        [
            (("v",), {}, {"voice": "v"}),
            (("rime.spore",), {}, {"voice": "rime.spore"}),
            (("rime.spore:mist",), {}, {"voice": "spore", "engine": "rime", "model": "mist"}),
            (("a.b.c:d:e",), {}, {"voice": "b.c", "engine": "a", "model": "d:e"}),
            (("rime.spore:mist",), {"engine": "x"}, {"voice": "rime.spore:mist", "engine": "x"}),
            (("v",), {"engine": "x", "model": "m"}, {"voice": "v", "engine": "x", "model": "m"}),
            (("v", ["um"]), {}, {"voice": "v", "fillers": ["um"]}),
            (("v", None, ["wait"]), {}, {"voice": "v", "fillers": ["wait"]}),
            (("v", ["um"], ["wait"]), {}, {"voice": "v", "speech_fillers": ["um"], "function_fillers": ["wait"]}),
            (("v",), {"params": {"speed": 1}}, {"voice": "v", "params": {"speed": 1}}),
        ],
    )
    def test_entry(self, args, kwargs, entry):
        """Engine, voice and model may be one word or three."""
        agent = AgentBase("a").add_language("English", "en-US", *args, **kwargs)

        assert [{"name": "English", "code": "en-US", **entry}] == declared(agent).draft.languages


class TestTools:
    def test_a_second_tool_of_one_name_is_refused(self):
        with pytest.raises(DefinitionError, match="agent 'desk' has two tools called 'book'"):
            Desk().define_tool("book", "", {}, lambda args: "")

    def test_a_tool_needs_a_handler(self):
        with pytest.raises(DefinitionError, match="tool 't' of agent 'a' has neither a handler nor a webhook_url"):
            AgentBase("a").define_tool("t")

    def test_unless_it_is_answered_elsewhere(self):
        agent = AgentBase("a").define_tool("t", "Elsewhere.", webhook_url="https://x.example/t")
        (tool,) = declared(agent).draft.tools.values()

        assert tool.webhook_url == "https://x.example/t"
        with pytest.raises(DefinitionError, match="answered by its own webhook_url"):
            tool.handler({})

    def test_a_decorated_tool_is_bound_to_its_agent(self):
        class Counting(AgentBase):
            count = 0

            @AgentBase.tool
            def more(self):
                self.count += 1
                return self.count

        first, second = Counting("a"), Counting("b")
        for _ in range(2):
            declared(first).draft.tools["more"].handler()

        assert (first.count, second.count) == (2, 0)


def test_hints_are_words():
    """Empty ones are left out."""
    assert declared(AgentBase("a").add_hint("").add_hints(["x", "", "y"])).draft.hints == ["x", "y"]
