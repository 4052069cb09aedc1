"""An author's attrs class, built from its section of the configuration."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence  # noqa: TC003  # the types are read
from datetime import date, time
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

import attrs
import pytest
from attrs import field, frozen, validators

from agenthost._host.config.author_settings import build_settings
from agenthost._host.config.place import Lines, Place
from agenthost.errors import ConfigurationError, DefinitionError
from agenthost.secret import Secret


class Colour(str, Enum):  # noqa: UP042  # the form that authors still write
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1


@frozen
class Room:
    name: str
    beds: int = 2


@frozen
class Tree:
    branches: list[Tree] = field(factory=list)


def _below_ten(instance, attribute, value):
    if value >= 10:
        raise ValueError(f"{value} chairs are too many")


@frozen
class Settings:
    rooms: int
    title: str = "practice"
    token: Secret | None = None
    rate: float = 1.5
    open: bool = True
    days: tuple[Literal["mon", "tue"], ...] = ()
    pair: tuple[int, str] = (1, "a")
    names: frozenset[str] = frozenset()
    wards: list[Room] = field(factory=list)
    main: Room | None = None
    prices: Mapping[str, int] = field(factory=dict)
    either: int | str | list[str] = 1
    anything: Any = None
    thing: object = None
    colour: Colour = Colour.RED
    level: Level = Level.LOW
    tree: Tree = field(factory=Tree)
    path: Path = Path()
    raw: bytes = b""
    opens: time | None = None
    since: date | None = None
    chairs: int = field(default=1, validator=_below_ten)
    code: str = field(default="abc", validator=validators.matches_re("[a-z]*"))
    cost: Decimal = field(default="1", converter=Decimal)
    made: int = field(default=0, init=False)


def _build(values, cls=Settings, **more):
    return build_settings(cls, values, Place("agenthost.toml").at("agents", "dental"), **more)


def _refused(values, cls=Settings, **more):
    with pytest.raises(ConfigurationError) as caught:
        _build(values, cls, **more)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_defaults():
    """Only what has no default has to be written."""
    assert Settings(rooms=3) == _build({"rooms": 3})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"title": "a"}, {"title": "a"}),
        ({"title": Secret("a")}, {"title": "a"}),
        ({"token": Secret("a")}, {"token": Secret("a")}),
        ({"token": "a"}, {"token": Secret("a")}),
        ({"rate": 2}, {"rate": 2.0}),
        ({"open": False}, {"open": False}),
        ({"days": ["mon", "tue"]}, {"days": ("mon", "tue")}),
        ({"days": [Secret("mon")]}, {"days": ("mon",)}),
        ({"pair": [2, "b"]}, {"pair": (2, "b")}),
        ({"names": ["a", "a"]}, {"names": frozenset({"a"})}),
        ({"wards": [{"name": "a"}]}, {"wards": [Room("a")]}),
        ({"main": {"name": "a", "beds": 3}}, {"main": Room("a", 3)}),
        ({"prices": {"a": 1}}, {"prices": {"a": 1}}),
        ({"either": 5}, {"either": 5}),
        ({"either": "5"}, {"either": "5"}),
        ({"either": ["5"]}, {"either": ["5"]}),
        ({"anything": [1, {"a": True}]}, {"anything": [1, {"a": True}]}),
        ({"thing": {"a": Secret("a")}}, {"thing": {"a": Secret("a")}}),
        ({"colour": "blue"}, {"colour": Colour.BLUE}),
        ({"level": 1}, {"level": Level.LOW}),
        ({"tree": {"branches": [{"branches": []}]}}, {"tree": Tree([Tree()])}),
        ({"path": "a/b"}, {"path": Path("a/b")}),
        ({"raw": "ä"}, {"raw": "ä".encode()}),
        ({"opens": time(9)}, {"opens": time(9)}),
        ({"since": date(2026, 1, 1)}, {"since": date(2026, 1, 1)}),
        ({"cost": "1.10"}, {"cost": Decimal("1.10")}),
    ],
)
def test_values(values, expected):
    """TOML's values become what the fields declare."""
    assert Settings(rooms=3, **expected) == _build({"rooms": 3, **values})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"rooms": "5"}, "rooms: '5' is not a whole number. fix: write rooms = 1"),
        ({"rooms": True}, "rooms: true is not a whole number. fix: write rooms = 1"),
        ({"rooms": 2.0}, "rooms: 2.0 is not a whole number. fix: write rooms = 1"),
        ({"rooms": Secret("5")}, "rooms: a secret is not a whole number. fix: write rooms = 1"),
        ({"title": 5}, 'title: 5 is not text. fix: write title = "practice"'),
        ({"token": 5}, 'token: it is not text. fix: write token = { env = "NAME" }'),
        ({"rate": "1"}, "rate: '1' is not a number. fix: write rate = 1.5"),
        ({"rate": 10**400}, "rate: a number beyond 64 bits is too large. fix: write rate = 1.5"),
        ({"open": 1}, "open: 1 is not true or false. fix: write open = true"),
        ({"days": "mon"}, "days: 'mon' is not a list. fix: write days = [\"mon\"]"),
        ({"days": ["mon", "wed"]}, "days[1]: 'wed' is not one of 'mon', 'tue'. fix: write days = [\"mon\"]"),
        ({"pair": [1]}, 'pair: it must contain 2 values, not 1. fix: write pair = [1, "…"]'),
        ({"names": {"a": 1}}, 'names: a table is not a list. fix: write names = ["…"]'),
        ({"wards": [{"name": "a"}, {"beds": 1}]}, 'wards[1].name: it is missing. fix: write name = "…"'),
        ({"wards": [{"nam": "a"}]}, "wards[0].nam: there is no such key. Did you mean name? Known here: name, beds."),
        ({"wards": ["a"]}, "wards[0]: 'a' is not a table. fix: write wards = [{ … }]"),
        ({"main": 1}, "main: 1 is not a table. fix: write main = { … }"),
        ({"prices": {"a b": "x"}}, "prices.\"a b\": 'x' is not a whole number. fix: write prices = { … }"),
        ({"either": 1.5}, "either: 1.5 is not a whole number or text or a list. fix: write either = 1"),
        ({"colour": "green"}, "colour: 'green' is not one of 'red', 'blue'. fix: write colour = \"red\""),
        ({"level": 2}, "level: 2 is not one of 1. fix: write level = 1"),
        (
            {"tree": {"branches": [{"branches": 1}]}},
            "tree.branches[0].branches: 1 is not a list. fix: write branches = [{ … }]",
        ),
        ({"since": time(9)}, "since: a date or a time is not a date. fix: write since = 2026-01-31"),
        ({"chairs": 10}, "agents.dental: 10 chairs are too many. fix: change [agents.dental]"),
        ({"code": "A"}, "code: 'code' must match regex '[a-z]*' ('A' doesn't). fix: write code = \"abc\""),
        (
            {"cost": "x"},
            "agents.dental: InvalidOperation: [<class 'decimal.ConversionSyntax'>]. fix: change [agents.dental]",
        ),
    ],
)
def test_refused_values(values, expected):
    """A value of the wrong type is refused with its path and a fix."""
    text = _refused({"rooms": 3, **values})

    assert text.removeprefix("agenthost.toml: ").removeprefix("agents.dental.") == expected


def test_missing():
    """A key without default that is not there is named."""
    assert _refused({}) == "agenthost.toml: agents.dental.rooms: it is missing. fix: write rooms = 1"


def test_unknown():
    """An unknown key is reported, with all known ones, before a missing one."""
    assert _refused({"room": 3}, reserved=("enabled", "route")).startswith(
        "agenthost.toml: agents.dental.room: there is no such key. Did you mean rooms? Known here: rooms, title, "
    )
    assert _refused({"rooms": 3, "rout": "/"}, reserved=("enabled", "route")).endswith(", enabled, route.")
    assert "made" not in re.split("[ ,.]", _refused({"rooms": 3, "zzz": 1}))


@frozen
class _Pair:
    secret: str
    low: int = 0

    def __attrs_post_init__(self):
        if self.low > 0:
            raise ValueError("low is too high.\nReally.")
        raise RuntimeError(f"cannot use {self.secret!r}")


def test_an_error_quotes_no_secret():
    """The message of an author's own check is included unless it contains a secret."""
    assert _refused({"rooms": 1, "code": Secret("HUNTER2")}) == (
        'agenthost.toml: agents.dental.code: Settings refuses its value, a secret. fix: write code = "abc"'
    )
    assert _refused({"secret": Secret("a'\n\"b")}, _Pair) == (
        "agenthost.toml: agents.dental: _Pair refuses its value, a secret. fix: change [agents.dental]"
    )
    assert _refused({"secret": Secret("x" * 9), "low": 1}, _Pair) == (
        "agenthost.toml: agents.dental: low is too high. Really. fix: change [agents.dental]"
    )


def test_the_host_reads_some_keys_itself():
    """A field that the host would never let through is the author's mistake."""
    cls = attrs.make_class("Mine", ["route"])

    with pytest.raises(DefinitionError, match=r"Mine: the host reads route itself\. fix: rename this field"):
        _build({}, cls, reserved=("enabled", "route"))


@frozen
class _Late:
    deep: list[_Impossible]


@frozen
class _Impossible:
    number: complex


@pytest.mark.parametrize(("cls", "values"), [(_Impossible, {"number": 1}), (_Late, {"deep": [{"number": 1}]})])
def test_a_type_that_toml_has_not(cls, values):
    """A field that can never be filled is the author's mistake, not the operator's."""
    with pytest.raises(DefinitionError, match=r"no TOML value can be read as <class 'complex'>"):
        _build(values, cls)


def test_threads_do_not_loosen_each_others_checks():
    """A class that several threads build for the first time stays strict."""
    for _ in range(20):
        cls = attrs.make_class("Met", {"names": field(type=list[attrs.make_class("In", ["a"])])})  # type: ignore[misc]
        barrier, texts = threading.Barrier(4), []

        def build(cls=cls, barrier=barrier, texts=texts):
            barrier.wait(timeout=60)
            texts.append(_refused({"names": "a"}, cls))

        threads = [threading.Thread(target=build) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        texts.append(_refused({"names": "a"}, cls))

        assert texts == ["agenthost.toml: agents.dental.names: 'a' is not a list. fix: write names = [{ … }]"] * 5


SECTION = """\
[agents.dental]
title = "x"
rooms = "3"
wards = [
  { name = "a" },
  { name = "b", bed = 1 },
]
"""


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rooms": "3"}, "agenthost.toml:3: agents.dental.rooms: '3' is not"),
        ({"title": "x"}, "agenthost.toml:1: agents.dental.rooms: it is missing"),
        (
            {"rooms": 3, "wards": [{"name": "a"}, {"name": "b", "bed": 1}]},
            "agenthost.toml:6: agents.dental.wards[1].bed:",
        ),
    ],
)
def test_a_mistake_names_its_line(values, said):
    place = Place("agenthost.toml", lines=Lines(SECTION)).at("agents", "dental")
    if "rooms" not in values:
        place = attrs.evolve(place, lines=Lines(SECTION.replace('rooms = "3"', "")))
    with pytest.raises(ConfigurationError) as caught:
        build_settings(Settings, values, place)

    assert str(caught.value).startswith(said)


Port = NewType("Port", int)


@frozen
class _Bounded:
    low: int = 0

    def __attrs_post_init__(self):
        if self.low > 9:
            raise ValueError("low is too high")


@frozen
class _Further:
    port: Port = Port(1)
    limit: Annotated[int, "of calls"] = 1
    names: Sequence[str] = ()
    pairs: set[Any] = field(factory=set)
    bounded: _Bounded = field(factory=_Bounded)


def test_further_types():
    assert _build({"port": 2, "limit": 3, "names": ["a"], "pairs": [1]}, _Further) == _Further(2, 3, ("a",), {1})
    assert _refused({"port": "2"}, _Further).endswith("port: '2' is not a whole number. fix: write port = 1")
    assert _refused({"pairs": [[1]]}, _Further).endswith(
        'which can contain neither lists nor tables. fix: write pairs = ["…"]'
    )
    assert _refused({"bounded": {"low": 10}}, _Further).endswith("too high. fix: change [agents.dental.bounded]")


def test_a_type_that_nobody_imported():
    cls = attrs.make_class("Typo", {"day": field(type="Dya")})

    with pytest.raises(DefinitionError, match=r"Typo: name 'Dya' is not defined\. fix: import the types"):
        _build({"day": 1}, cls)
