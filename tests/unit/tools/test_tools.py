"""Tools: how they are declared, defined and described."""

from __future__ import annotations

import functools
from typing import Any, Literal
from unittest.mock import Mock

import pytest

from agenthost import AgentBase
from agenthost.agent.base import declared
from agenthost.errors import ArgumentsRefused, DefinitionError
from agenthost.tools.signatures import read_signature
from agenthost.tools.swaig import Call
from agenthost.tools.tool import Tool, declarations, read_ahead

CALL = Call("call-1", None, None, {}, {}, {"function": "t"})
CITY = {"city": {"type": "string"}}


def tools_of(cls):
    """Name to tool of an agent of this class."""
    return declared(cls("a")).draft.tools


class TestDecorator:
    def test_bare(self):
        """The method's name is the tool's."""

        class Desk(AgentBase):
            @AgentBase.tool
            def book(self, day: str):
                """Book a visit."""
                return day

        (tool,) = tools_of(Desk).values()

        assert (tool.name, tool.description, tool.secure, tool.on_loop) == ("book", "Book a visit.", True, False)
        assert tool.call({"day": "mon"}, CALL) == "mon"

    @pytest.mark.parametrize("decorator", [AgentBase.tool(), AgentBase.tool(None)])
    def test_called_without_arguments(self, decorator):
        Desk = type("Desk", (AgentBase,), {"book": decorator(lambda self: "done")})  # noqa: N806

        assert tools_of(Desk)["book"].call({}, CALL) == "done"

    def test_with_a_name(self):
        class Desk(AgentBase):
            @AgentBase.tool("book_visit")
            def book(self, day: str): ...

        assert list(tools_of(Desk)) == ["book_visit"]

    def test_with_options(self):
        """It takes what define_tool takes."""

        class Desk(AgentBase):
            @AgentBase.tool(
                name="weather",
                description="Tell it.",
                parameters=CITY,
                required=["city"],
                secure=False,
                fallback="No weather today.",
                wait_file="https://x.example/w.mp3",
            )
            def tell(self, args, raw_data):
                return args, raw_data

        (tool,) = tools_of(Desk).values()

        assert tool.name == "weather"
        assert tool.fallback == "No weather today."
        assert not tool.secure
        assert tool.describe(None) == {
            "function": "weather",
            "description": "Tell it.",
            "parameters": {"type": "object", "properties": CITY, "required": ["city"]},
            "wait_file": "https://x.example/w.mp3",
        }
        assert ({"city": "Bern"}, CALL.raw_data) == tool.call({"city": "Bern", "x": 1}, CALL)

    def test_the_method_stays_a_method(self):
        class Desk(AgentBase):
            @AgentBase.tool
            def book(self, day: str):
                return f"{self.get_name()}: {day}"

        assert Desk("desk").book("mon") == "desk: mon"

    def test_async(self):
        class Desk(AgentBase):
            @AgentBase.tool
            async def book(self, day: str): ...

        assert tools_of(Desk)["book"].on_loop

    def test_under_another_decorator(self):
        """A decorator that copies attributes keeps the declaration, and the wrapped signature counts."""

        def logged(method):
            @functools.wraps(method)
            def wrapper(*args, **kwargs):
                return f"logged {method(*args, **kwargs)}"

            return wrapper

        class Desk(AgentBase):
            @logged
            @AgentBase.tool
            def book(self, nights: int):
                return nights

        assert tools_of(Desk)["book"].call({"nights": "2"}, CALL) == "logged 2"

    @pytest.mark.parametrize("outside", [True, False], ids=["outside", "inside"])
    def test_static_methods(self, outside):
        """Either order of the two decorators makes a tool."""

        def book(nights: int):
            return nights

        method = staticmethod(AgentBase.tool(book)) if outside else AgentBase.tool(staticmethod(book))
        Desk = type("Desk", (AgentBase,), {"book": method})  # noqa: N806

        assert tools_of(Desk)["book"].call({"nights": 2}, CALL) == 2

    def test_class_methods(self):
        class Desk(AgentBase):
            @classmethod
            @AgentBase.tool
            def book(cls, nights: int):
                return cls, nights

        assert (Desk, 2) == tools_of(Desk)["book"].call({"nights": 2}, CALL)

    @pytest.mark.parametrize(
        "mark", [lambda: AgentBase.tool("book")(5), lambda: AgentBase.tool("book")(property(lambda self: 0))]
    )
    def test_only_on_methods(self, mark):
        with pytest.raises(DefinitionError, match=r"decorates methods, not (int|property)"):
            mark()

    def test_a_wrong_option_is_refused_when_the_agent_is_made(self):
        class Desk(AgentBase):
            @AgentBase.tool(parameters=["city"])
            def book(self, args): ...

        with pytest.raises(
            DefinitionError, match="tool 'book': parameters must be a JSON Schema as a dictionary, not list"
        ):
            Desk("desk")

    def test_two_methods_with_one_name(self):
        class Desk(AgentBase):
            @AgentBase.tool("book")
            def first(self): ...

            @AgentBase.tool("book")
            def second(self): ...

        with pytest.raises(DefinitionError, match="agent 'desk' has two tools called 'book'"):
            Desk("desk")


class TestInheritance:
    class Base(AgentBase):
        @AgentBase.tool
        def first(self):
            return "base first"

        @AgentBase.tool
        def second(self):
            return "base second"

    def test_base_classes_come_first(self):
        class Desk(self.Base):
            @AgentBase.tool
            def a_new_one(self): ...

        assert list(tools_of(Desk)) == ["first", "second", "a_new_one"]

    def test_an_overriding_tool_keeps_the_place(self):
        class Desk(self.Base):
            @AgentBase.tool
            def third(self): ...

            @AgentBase.tool("first")
            def first(self):
                return "own first"

        tools = tools_of(Desk)

        assert list(tools) == ["first", "second", "third"]
        assert tools["first"].call({}, CALL) == "own first"

    def test_an_undecorated_override_is_no_tool(self):
        """A class that overrides a tool decides if it stays one."""

        class Desk(self.Base):
            def first(self): ...

        assert list(tools_of(Desk)) == ["second"]

    def test_none_takes_a_tool_away(self):
        class Desk(self.Base):
            first = None

        assert list(tools_of(Desk)) == ["second"]

    def test_the_base_is_as_it_was(self):
        class Desk(self.Base):
            first = None

        tools_of(Desk)

        assert list(tools_of(self.Base)) == ["first", "second"]

    def test_mixins(self):
        """The last override in the order of resolution counts."""

        class Left(AgentBase):
            @AgentBase.tool
            def which(self):
                return "left"

        class Right(AgentBase):
            @AgentBase.tool
            def which(self):
                return "right"

        class Desk(Left, Right): ...

        assert tools_of(Desk)["which"].call({}, CALL) == "left"

    def test_attributes_that_answer_everything_are_no_tools(self):
        class Desk(AgentBase):
            client = Mock()

        assert declarations(Desk) == {}


def plain_zero(): ...
def plain_one(args): ...
def plain_two(args, raw_data): ...
def plain_default(args, raw_data=None): ...
def plain_star(*args): ...
def plain_three(args, raw_data, more): ...
def plain_three_default(args, raw_data, more=1): ...
def plain_keyword(args, *, more): ...
def plain_keyword_default(args, *, more=1): ...


class TestArity:
    @pytest.mark.parametrize(
        ("handler", "takes"),
        [
            (plain_one, 1),
            (plain_two, 2),
            (plain_default, 2),
            (plain_star, 2),
            (plain_three_default, 2),
            (plain_keyword_default, 1),
            (lambda anything: 0, 1),
        ],
    )
    def test_how_many_arguments_a_handler_gets(self, handler, takes):
        """As many of (args, raw_data) as it takes by position."""
        seen = []

        @functools.wraps(handler)
        def spy(*args):
            seen.append(args)
            handler(*args)

        Tool.define("t", spy, parameters=CITY).call({"city": "Bern"}, CALL)

        assert [({"city": "Bern"}, CALL.raw_data)[:takes]] == seen

    @pytest.mark.parametrize("handler", [plain_zero, plain_three, plain_keyword])
    def test_a_handler_that_cannot_be_called(self, handler):
        with pytest.raises(DefinitionError, match=r"^tool 't': .* must take \(args, raw_data\)\.$"):
            Tool.define("t", handler, parameters=CITY)

    @pytest.mark.parametrize(
        ("handler", "passed"),
        [
            (lambda city: [city], ["Bern"]),
            (lambda city, days=3: [city, days], ["Bern", 2]),
            (lambda days, city: [days, city], [2, "Bern"]),
            (lambda city, other=None: [city, other], ["Bern", None]),
            (lambda city, raw_data: [city, raw_data], ["Bern", CALL.raw_data]),
            (lambda *, city, call: [city, call], ["Bern", CALL]),
            (lambda call, args: [call, args], [{"city": "Bern", "days": 2}, CALL.raw_data]),
            (lambda city, unknown: [city, unknown], [{"city": "Bern", "days": 2}, CALL.raw_data]),
            (lambda a, b=None: [a, b], [{"city": "Bern", "days": 2}, CALL.raw_data]),
            (lambda city, /: [city], [{"city": "Bern", "days": 2}]),
        ],
    )
    def test_a_handler_may_take_properties_by_name(self, handler, passed):
        """All its required parameters must be properties of the schema.

        Otherwise it is plain, whatever its names are.
        """
        tool = Tool.define("t", handler, parameters={**CITY, "days": {"type": "integer"}})

        assert passed == tool.call({"city": "Bern", "days": "2", "more": 1}, CALL)

    def test_what_a_handler_needs_by_name_is_asked_for(self):
        """Also where the schema, which the model has seen, does not require it."""
        tool = Tool.define("t", lambda city, days: 0, parameters={**CITY, "days": {"type": "integer"}})

        with pytest.raises(ArgumentsRefused, match=r"^days is missing; it must be an integer$"):
            tool.call({"city": "Bern"}, CALL)

    @pytest.mark.parametrize(
        ("handler", "passed"),
        [(lambda: ["none"], ["none"]), (lambda raw_data: [raw_data], [CALL.raw_data]), (lambda call: [call], [CALL])],
    )
    @pytest.mark.parametrize("parameters", [{}, {"type": "object", "properties": {}}])
    def test_a_handler_may_take_nothing_from_the_model(self, parameters, handler, passed):
        tool = Tool.define("t", handler, parameters=parameters)

        assert ({"type": "object", "properties": {}}, passed) == (tool.parameters, tool.call({"x": 1}, CALL))

    def test_a_handler_without_a_signature_gets_both(self):
        class Handler:
            __signature__ = "unreadable"

            def __call__(self, *args):
                return args

        assert ({}, CALL.raw_data) == Tool.define("t", Handler()).call({}, CALL)


class TestUndeclared:
    @pytest.mark.parametrize("handler", [plain_one, plain_two, plain_default])
    def test_a_dictionary_of_which_nothing_is_known(self, handler):
        assert True is Tool.define("t", handler).undeclared

    @pytest.mark.parametrize(
        ("handler", "parameters"),
        [
            (plain_two, {}),
            (plain_two, {"type": "object", "properties": {}}),
            (plain_two, CITY),
            (lambda: 0, None),
            (lambda city: 0, None),
            (lambda raw_data: 0, None),
            (lambda _args, raw_data: 0, {}),
        ],
    )
    def test_tools_that_say_what_they_take(self, handler, parameters):
        """Also nothing at all."""
        assert False is Tool.define("t", handler, parameters=parameters).undeclared


class TestDefine:
    @pytest.mark.parametrize("name", ["a", "_", "Book_2", "x" * 64])
    def test_names(self, name):
        assert name == Tool.define(name, lambda: 0).name

    @pytest.mark.parametrize("name", ["", "2a", "a-b", "a b", "book\n", "é", "a.b", None, 5])
    def test_names_that_a_model_cannot_call(self, name):
        with pytest.raises(DefinitionError, match="a name must be a letter or _, then letters, digits and _"):
            Tool.define(name, lambda: 0)

    def test_a_handler_is_callable(self):
        with pytest.raises(DefinitionError, match="tool 't': handler must be a function, not str"):
            Tool.define("t", "book")

    @pytest.mark.parametrize("key", ["function", "web_hook_url"])
    def test_fields_that_the_host_writes(self, key):
        with pytest.raises(DefinitionError, match=f"tool 't': {key} cannot be set as a field"):
            Tool.define("t", lambda: 0, **{key: "x"})

    @pytest.mark.parametrize(
        ("parameters", "required", "schema"),
        [
            (None, None, {"type": "object", "properties": {}}),
            ({}, ["city"], {"type": "object", "properties": {}}),
            (CITY, None, {"type": "object", "properties": CITY}),
            (CITY, [], {"type": "object", "properties": CITY}),
            (CITY, ("city",), {"type": "object", "properties": CITY, "required": ["city"]}),
            ({"type": "object", "properties": CITY}, None, {"type": "object", "properties": CITY}),
            ({"type": "object"}, None, {"type": "object", "properties": {}}),
            (
                {"type": "object", "properties": CITY, "required": [], "additionalProperties": False},
                ["city"],
                {"type": "object", "properties": CITY, "required": ["city"], "additionalProperties": False},
            ),
            ({"type": {"type": "string"}}, None, {"type": "object", "properties": {"type": {"type": "string"}}}),
        ],
    )
    def test_parameters_are_a_schema_or_its_properties(self, parameters, required, schema):
        made = Tool.define("t", lambda args: 0, parameters=parameters, required=required)

        assert schema == made.parameters

    def test_parameters_are_not_shared_with_the_author(self):
        written = {"type": "object", "properties": dict(CITY)}
        made = Tool.define("t", lambda args: 0, parameters=written)
        written["properties"]["more"] = {}

        assert made.parameters == {"type": "object", "properties": CITY}

    def test_declared_parameters_win_over_the_signature(self):
        """A handler with any parameter names is plain when parameters are given."""
        made = Tool.define("t", lambda anything: anything, parameters=CITY)

        assert made.call({"city": "Bern"}, CALL) == {"city": "Bern"}
        with pytest.raises(ArgumentsRefused, match="city must be text"):
            made.call({"city": [5]}, CALL)

    @pytest.mark.parametrize(
        ("description", "doc", "expected"),
        [
            ("Said.", "Written.", "Said."),
            ("", "Written.", ""),
            (None, "Written.\n\nAt length.", "Written."),
            (None, None, "Execute t"),
        ],
    )
    def test_description(self, description, doc, expected):
        def handler(args): ...

        handler.__doc__ = doc

        assert expected == Tool.define("t", handler, description=description).description

    def test_a_typed_tool_s_description_can_be_said(self):
        def handler(day: str):
            """Written."""

        assert Tool.define("t", handler, description="Said.").description == "Said."

    def test_tools_are_compared_by_identity(self):
        """They hold the author's objects, which need not be comparable."""
        assert Tool.define("t", plain_one) != Tool.define("t", plain_one)


class TestDescribe:
    def test_order(self):
        """The contract's keys come first: name, description, schema, fillers, address.

        Then the author's own follow.
        """
        made = Tool.define(
            "t", plain_one, meta_data={"k": 1}, fillers={"en-US": ["One moment."]}, active=False, wait_file=None
        )

        assert list(made.describe("https://x.example/swaig").items()) == [
            ("function", "t"),
            ("description", "Execute t"),
            ("parameters", {"type": "object", "properties": {}}),
            ("fillers", {"en-US": ["One moment."]}),
            ("web_hook_url", "https://x.example/swaig"),
            ("meta_data", {"k": 1}),
            ("active", False),
        ]

    def test_without_address(self):
        """A tool at the document's default address does not repeat it."""
        described: dict[str, Any] = Tool.define("t", plain_one).describe(None)

        assert list(described) == ["function", "description", "parameters"]


def _desk(parameters):
    """Return a new class whose tool has these parameters."""
    found = {"AgentBase": AgentBase, "Literal": Literal, "__name__": __name__}
    source = f"class Desk(AgentBase):\n @AgentBase.tool\n def book(self, {parameters}): ..."
    exec(compile(source, "desk", "exec", dont_inherit=True), found)  # noqa: S102 - this test's own
    return found["Desk"]


class TestReadAhead:
    """Signatures that are read before there is an agent, for all agents of a class."""

    @pytest.fixture
    def reads(self, monkeypatch):
        """Count the readings of signatures."""
        read = Mock(side_effect=read_signature)
        for module in ("tool", "signatures"):
            monkeypatch.setattr(f"agenthost.tools.{module}.read_signature", read)
        return read

    def test_agents_of_one_class_share_a_signature(self, reads):
        class Desk(AgentBase):
            @AgentBase.tool
            def book(self, day: str):
                """Book a visit."""
                return f"{self.name} {day}"

        read_ahead(Desk, {})
        one, other = (declared(Desk(name)).draft.tools["book"] for name in ("one", "other"))

        assert reads.call_count == 1
        assert [tool.call({"day": "mon"}, CALL) for tool in (one, other)] == ["one mon", "other mon"]

    def test_tools_that_are_declared_alike_share_a_signature(self, reads):
        classes = [_desk("day: str = 'mon'") for _ in range(2)]
        known = {}
        for cls in classes:
            read_ahead(cls, known)
        one, other = (declared(cls("desk")).draft.tools["book"] for cls in classes)

        assert reads.call_count == len(known) == 1
        assert one.arguments is other.arguments
        assert one.handler.__func__ is not other.handler.__func__

    @pytest.mark.parametrize(
        "parameters",
        [
            "day: str = 'tue'",
            "month: str = 'mon'",
            "day: Literal['mon', 'tue'] = 'mon'",
            "day: Literal['tue', 'mon'] = 'mon'",
            "day: int = 1",
            "day: bool = True",
            "day: list = ['mon']",
        ],
    )
    def test_others_have_their_own(self, parameters):
        """An enum has the order of its declaration, and ``True`` is not 1."""
        known = {}
        for each in ("day: Literal['mon', 'tue'] = 'mon'", "day: str = 'mon'", "day: int = 1.0"):
            read_ahead(_desk(each), known)
        cls = _desk(parameters)
        read_ahead(cls, known)
        tool = declared(cls("desk")).draft.tools["book"]
        alone = read_signature("book", cls("desk").book)

        assert str((tool.parameters, tool.arguments.accepted)) == str((alone.schema, alone.arguments.accepted))

    def test_a_method_that_is_overridden_has_its_own(self):
        class Desk(AgentBase):
            @AgentBase.tool
            def book(self, day: str): ...

        class Other(Desk):
            @AgentBase.tool
            def book(self, month: str): ...

        for cls in (Desk, Other):
            read_ahead(cls, {})

        assert [[*tools_of(cls)["book"].parameters["properties"]] for cls in (Desk, Other)] == [["day"], ["month"]]

    def test_a_name_of_its_own_is_the_one_in_errors(self):
        def book(self, *days): ...

        Desk = type("Desk", (AgentBase,), {"book": AgentBase.tool("book_visit")(book)})  # noqa: N806
        read_ahead(Desk, {})

        with pytest.raises(DefinitionError, match="tool 'book_visit': parameter"):
            Desk("a")

    def test_what_cannot_be_read_is_reported_by_the_agent(self):
        class Desk(AgentBase):
            @AgentBase.tool
            def book(self, day: Undefined): ...  # noqa: F821 - on purpose

        read_ahead(Desk, {})

        with pytest.raises(DefinitionError, match="tool 'book': a type hint cannot be read"):
            Desk("a")

    def test_plain_handlers_are_left(self, reads):
        class Desk(AgentBase):
            @AgentBase.tool(parameters=CITY)
            def book(self, args, raw_data): ...

            @AgentBase.tool
            def cancel(self, args, raw_data): ...

        read_ahead(Desk, {})

        assert reads.call_count == 0


async def _later():
    """Wait."""


@pytest.mark.parametrize(
    ("options", "why"), [({"handler": _later}, "is async"), ({"webhook_url": "https://x.example"}, "another server")]
)
def test_only_an_ordinary_function_runs_inline(options, why):
    with pytest.raises(DefinitionError, match=why):
        AgentBase("desk").define_tool("t", inline=True, **options)
