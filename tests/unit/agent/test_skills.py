"""Skills: found by their entry points, configured, added and removed.

Two are built in.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from contextlib import asynccontextmanager
from types import ModuleType

import attrs
import pytest
from hypothesis import given, strategies as st

from agenthost import AgentBase, DataMap, FunctionResult, Skill
from agenthost.agent.base import declared, lifespan_of, seal
from agenthost.agent.per_call import copy_for_call
from agenthost.builtin.skills.math import MathSkill, evaluate
from agenthost.builtin.skills.time import DateTimeSkill
from agenthost.errors import AgentSealed, DefinitionError


@attrs.frozen
class WeatherSettings:
    city: str = attrs.field(default="Berlin", validator=attrs.validators.instance_of(str))
    days: int = attrs.field(default=1, validator=attrs.validators.ge(1))


class Weather(Skill):
    Settings = WeatherSettings

    def setup(self):
        if self.settings.city == "Atlantis":
            raise LookupError("no such city")

    def hints(self):
        return ["forecast"]

    def global_data(self):
        return {"city": self.settings.city}

    def prompt_sections(self):
        return [{"title": "Weather", "body": f"Use {self.tool_name('forecast')}."}]

    @AgentBase.tool
    def forecast(self, day: str = "today"):
        """Tell the weather."""
        return f"{self.settings.city} {day}"


@pytest.fixture(autouse=True)
def installed(tmp_path, monkeypatch):
    """Install distributions with skills, the first of which is agenthost itself."""
    module = ModuleType("weather_skills")
    module.Weather, module.nothing = Weather, object()
    monkeypatch.setitem(sys.modules, "weather_skills", module)
    offers = {
        "agenthost": "datetime = agenthost.builtin.skills.time:DateTimeSkill\n"
        "math = agenthost.builtin.skills.math:MathSkill\n",
        "agenthost_weather": "weather = weather_skills:Weather\ntwice = weather_skills:Weather\n"
        "broken = weather_skills:missing\nwrong = weather_skills:nothing\n",
        "other_weather": "twice = weather_skills:Weather\n",
    }
    for name, entries in offers.items():
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[agenthost.skills]\n{entries}")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.fixture
def agent():
    return AgentBase("desk", "/desk").prompt_add_section("Role", "You help.")


def draft(agent):
    return declared(agent).draft


def test_a_skill_brings_what_it_has(agent):
    agent.add_skill("weather", {"city": "Rome"})

    assert agent.list_skills() == ["weather"]
    assert agent.has_skill("weather")
    assert agent.on_function_call("forecast", {"day": "mon"}) == "Rome mon"
    assert draft(agent).hints == ["forecast"]
    assert draft(agent).global_data == {"city": "Rome"}
    assert agent.get_prompt()[1] == {"title": "Weather", "body": "Use forecast."}
    seal(agent)


def test_a_removed_skill_leaves_nothing(agent):
    agent.add_hint("forecast").add_skill("weather").remove_skill("weather").remove_skill("weather")

    assert agent.list_skills() == []
    assert not draft(agent).tools
    assert draft(agent).hints == ["forecast"]
    assert draft(agent).global_data == {}
    assert agent.get_prompt() == [{"title": "Role", "body": "You help."}]


def test_several_instances_have_prefixes(agent):
    agent.add_skill("weather", {"prefix": "rome", "city": "Rome"}).add_skill("weather", {"skip_prompt": True})

    assert agent.list_skills() == ["weather_rome", "weather"]
    assert list(draft(agent).tools) == ["rome_forecast", "forecast"]
    assert [section["title"] for section in agent.get_prompt()] == ["Role", "Weather"]
    assert agent.get_prompt()[1]["body"] == "Use rome_forecast."


def test_fields_of_its_tools(agent):
    agent.add_skill("weather", {"swaig_fields": {"fillers": {"en-US": ["Looking outside."]}}})

    assert draft(agent).tools["forecast"].extras == {"fillers": {"en-US": ["Looking outside."]}}


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("nope", {}, "offers the skill 'nope'. Installed: broken, datetime, math, twice, weather, wrong"),
        ("twice", {}, "'agenthost-weather:twice' or 'other-weather:twice'"),
        ("broken", {}, "agenthost-weather 1.0 cannot be imported"),
        ("wrong", {}, "not a subclass of agenthost.Skill"),
        ("weather", {"town": "Rome"}, "no parameter 'town'. Its parameters are city, days"),
        ("weather", {"days": 0}, "agenthost-weather 1.0: 'days' must be >= 1"),
        ("weather", {"city": "Atlantis"}, "cannot be set up: no such city"),
        ("math", {"digits": 2}, "It has none of its own"),
        ("datetime", {"timezone": "Mars/Base"}, "no time zone 'Mars/Base'"),
    ],
)
def test_refused(agent, name, params, message):
    with pytest.raises(DefinitionError, match=message):
        agent.add_skill(name, params)
    assert agent.list_skills() == []


def test_one_of_several_distributions(agent):
    assert agent.add_skill("other-weather:twice").has_skill("other-weather:twice")


def test_conflicts_name_both_sides(agent):
    agent.add_skill("weather")
    with pytest.raises(DefinitionError, match=r"already has the skill 'weather'.*prefix"):
        agent.add_skill("weather")
    with pytest.raises(
        DefinitionError, match="brings a tool 'forecast', and agent 'desk' has one from the skill 'weath"
    ):
        agent.add_skill("other-weather:twice")

    other = AgentBase("other").define_tool("calculate", "mine", {}, lambda args: "")
    with pytest.raises(DefinitionError, match="has one of its own"):
        other.add_skill("math")


def test_a_sealed_agent_takes_no_skills(agent):
    seal(agent)
    for method in (agent.add_skill, agent.remove_skill):
        with pytest.raises(AgentSealed):
            method("math")


class TestTime:
    @pytest.fixture
    def skill(self):
        return DateTimeSkill(DateTimeSkill.Settings(timezone="Europe/Berlin"))

    def test_time(self, skill, monkeypatch):
        class Clock(dt.datetime):
            @classmethod
            def now(cls, tz=None):
                return cls(2026, 7, 4, 12, 30, 5, tzinfo=dt.UTC).astimezone(tz)

        monkeypatch.setattr(dt, "datetime", Clock)

        assert skill.get_current_time({}).response == "It is 02:30:05 PM (Europe/Berlin)."
        assert skill.get_current_time({"timezone": "UTC"}).response == "It is 12:30:05 PM (UTC)."
        assert skill.get_current_date({}).response == "Today is Saturday, July 4, 2026 (Europe/Berlin)."

    @pytest.mark.parametrize("zone", ["Nowhere", "../../etc/passwd", "\x00", "a" * 5000])
    def test_zones_that_are_none(self, skill, zone):
        assert "there is no time zone" in skill.get_current_time({"timezone": zone}).response


class TestMath:
    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            ("2 + 3 * 4", 14),
            ("-(10 - 4) / 3", -2),
            ("7 // 2 + 7 % 4", 6),
            ("2 ** 10", 1024),
            ("4 ** 0.5", 2),
            ("0.5 ** 100000", 0),
            ("(-1) ** 99999999999", -1),
        ],
    )
    def test_value(self, expression, value):
        assert evaluate(expression) == value

    @pytest.mark.parametrize(
        "expression",
        [
            "",
            "2 +",
            "__import__('os').system('true')",
            "a",
            "(1).real",
            "[1]",
            "'a' * 9",
            "True + 1",
            "1j",
            "1 if 2 else 3",
            "2 ** 9999999999",
            "9 ** 9 ** 9",
            "2.0 ** 1e300",
            "(-8) ** 0.5",
            "1e999",
            "9" * 201,
            "1" + "0" * 190 + "**2",
            "(" * 100 + "1" + ")" * 100,
        ],
    )
    def test_refused(self, expression):
        """Nothing runs, and nothing takes long."""
        with pytest.raises(ValueError, match=r"."):
            evaluate(expression)

    @given(st.text(alphabet="0123456789.+-*/%()eE ", max_size=60))
    def test_anything_else_is_an_answer(self, expression):
        """Any expression gets an answer of one sentence, and soon."""
        response = MathSkill().calculate({"expression": expression}).response

        assert 0 < len(response) < 600

    @pytest.mark.parametrize(
        ("expression", "response"),
        [("1 / 0", "That would divide by zero"), ("1 / 3 ** ", "This cannot be calculated"), (" 1 + 1 ", "1 + 1 = 2")],
    )
    def test_answers(self, expression, response):
        assert MathSkill().calculate({"expression": expression}).response.startswith(response)


@attrs.frozen
class LookupSettings:
    tool: str = "find"
    log: list = attrs.field(factory=list)


class Lookup(Skill):
    """Tools named by the settings, a data map, and a client."""

    Settings = LookupSettings

    def describe(self, agent):
        agent.define_tool(self.tool_name(self.settings.tool), "Find it.", {}, lambda _args, _raw: "found")
        data_map = DataMap(self.tool_name("joke")).description("Tell a joke.").webhook("GET", "https://jokes.example")
        agent.register_swaig_function(data_map.output(FunctionResult("${response.joke}")))
        agent.add_hint("joke")
        agent.prompt_add_section("Jokes", "Tell one.")
        agent.set_global_data({"jokes": 1})

    @asynccontextmanager
    async def lifespan(self):
        self.settings.log.append("open")
        yield
        self.settings.log.append("closed")


@pytest.fixture
def lookup(monkeypatch):
    monkeypatch.setattr(sys.modules["weather_skills"], "Weather", Lookup)


@pytest.mark.usefixtures("lookup")
class TestDescribe:
    def test_it_uses_the_agent_s_vocabulary(self):
        """Data maps, and tools that are named by settings, several times."""
        agent = AgentBase("desk")
        agent.add_skill("weather", {"tool": "search"})
        agent.add_skill("weather", {"tool": "look", "prefix": "second"})

        assert [*declared(agent).draft.tools] == ["search", "joke", "second_look", "second_joke"]

    def test_what_it_adds_is_removed_with_it(self):
        agent = AgentBase("desk")
        agent.prompt_add_section("Role", "You sell.")
        before = agent.get_document()
        agent.add_skill("weather")
        assert agent.get_document() != before
        agent.remove_skill("weather")

        assert agent.get_document() == before

    def test_a_failure_names_the_skill(self):
        agent = AgentBase("desk")
        agent.define_tool("find", "Find it.", {}, lambda _args, _raw: "mine")

        with pytest.raises(DefinitionError, match=r"skill 'weather' cannot describe itself: .*two tools called 'find'"):
            agent.add_skill("weather")


@pytest.mark.usefixtures("lookup")
class TestLifespan:
    def test_it_surrounds_the_agent_s_own(self):
        log = []

        class Desk(AgentBase):
            @asynccontextmanager
            async def lifespan(self):
                log.append("own")
                yield

        agent = Desk("desk")
        agent.add_skill("weather", {"log": log})

        async def served():
            async with lifespan_of(agent)():
                log.append("served")

        asyncio.run(served())
        assert log == ["open", "own", "served", "closed"]

    def test_an_agent_without_any_has_none(self):
        agent = AgentBase("desk")
        agent.add_skill("math")

        assert lifespan_of(agent) is None

    def test_it_cannot_begin_with_a_call(self):
        copy = copy_for_call(AgentBase("desk"))

        with pytest.raises(DefinitionError, match="fix: add it in __init__, not for a call"):
            copy.add_skill("weather")
