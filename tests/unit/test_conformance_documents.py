"""Whole documents: what a sequence of an agent's methods renders to (tests/data/conformance/README.md).

A record is tested as soon as AgentBase has every method and argument that it uses.
"""

from __future__ import annotations

import inspect
import json
from typing import Literal

import conformance
import pytest

from agenthost import AgentBase
from agenthost.agent import seal
from agenthost.errors import AgentHostError

ORIGIN = "https://user:pass@agent.example"


class TypedTools(AgentBase):
    """The class that ``{"$tools": "typed"}`` stands for."""

    @AgentBase.tool
    def get_weather(self, city: str, days: int = 1, unit: Literal["c", "f"] = "c", note: str | None = None):
        """Weather lookup.

        :param city: City name
        :param days: How many days
        """

    @AgentBase.tool(parameters={"a": {"type": "string"}}, description="Plain")
    def plain(self, args, raw_data): ...


def class_of(options):
    """The class that a record's agent is an instance of; None when AgentBase cannot be one yet."""
    match options.get("$class"):
        case None:
            return AgentBase
        case {"$tools": "typed"}:
            return TypedTools
        case {"PROMPT_SECTIONS": sections} if hasattr(AgentBase, "PROMPT_SECTIONS"):
            return type("Agent", (AgentBase,), {"PROMPT_SECTIONS": sections})
    return None


def known(record):
    """Whether AgentBase has everything that the record uses."""
    if class_of(record["agent"]) is None:
        return False
    taken = inspect.signature(AgentBase).parameters
    if not {option for option in record["agent"] if option != "$class"} <= taken.keys():
        return False
    return all(hasattr(AgentBase, method) for target, method, *_ in record["steps"] if target == "agent")


RECORDS = [record for record in conformance.records("documents", kind="document") if known(record)]


def rendered(record):
    """The record's document, as the platform gets it."""
    options = {name: value for name, value in record["agent"].items() if name != "$class"}
    agent = class_of(record["agent"])("gen", **{"route": "/agent", **options})
    conformance.replay(record["steps"], agent=agent)
    base = ORIGIN + options.get("route", "/agent")
    return json.loads(seal(agent).render(base.encode(), lambda _: b"<TOKEN>"))


@pytest.mark.parametrize("record", [r for r in RECORDS if not r["error"]], ids=lambda r: r["id"])
def test_renders_what_the_platform_expects(record):
    """The steps render to the recorded document."""
    assert record["emitted"] == rendered(record)


@pytest.mark.parametrize("record", [r for r in RECORDS if not r["error"]], ids=lambda r: r["id"])
def test_keys_stand_in_the_order_of_the_contract(record):
    """People read documents, and compare them as text (wire.md, section 3)."""
    actual, emitted = (
        next(v["ai"] for v in d["sections"]["main"] if "ai" in v) for d in (rendered(record), record["emitted"])
    )

    assert list(emitted) == list(actual)
    assert list(emitted.get("SWAIG", ())) == list(actual.get("SWAIG", ()))


@pytest.mark.parametrize("record", [r for r in RECORDS if r["error"]], ids=lambda r: r["id"])
def test_refuses_what_cannot_work(record):
    """What the platform's own SDK refuses is refused here, with an error of ours."""
    with pytest.raises(AgentHostError):
        rendered(record)


def test_records_are_not_lost():
    """The vocabulary only grows."""
    assert len(RECORDS) >= 38
