"""Renders a conformance record of a whole document (tests/data/conformance/README.md)."""

import json
from typing import Literal

import conformance

from agenthost import AgentBase
from agenthost.agent.base import seal

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


def rendered(record):
    """The record's document, as the platform gets it."""
    options = {name: value for name, value in record["agent"].items() if name != "$class"}
    agent = class_of(record["agent"])("gen", **{"route": "/agent", **options})
    conformance.replay(record["steps"], agent=agent)
    base = ORIGIN + options.get("route", "/agent")
    return json.loads(seal(agent).render(base.encode(), lambda _: b"<TOKEN>"))
