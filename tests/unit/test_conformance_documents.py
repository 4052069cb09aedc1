"""Whole documents: what a sequence of an agent's methods renders to (tests/data/conformance/README.md)."""

from __future__ import annotations

import json
from typing import Literal

import conformance
import pytest

from agenthost import AgentBase
from agenthost.agent.base import seal
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
    """The class that a record's agent is an instance of."""
    match options.get("$class"):
        case {"$tools": "typed"}:
            return TypedTools
        case {"PROMPT_SECTIONS": sections}:
            return type("Agent", (AgentBase,), {"PROMPT_SECTIONS": sections})
    return AgentBase


RECORDS = conformance.records("documents", kind="document")


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
