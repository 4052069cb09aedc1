"""The tool and the structured answer that most programs ask for."""

from __future__ import annotations

from pydantic import BaseModel

WEATHER = {
    "name": "weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
"""A function, which chat completions and responses wrap differently."""


class Trip(BaseModel):
    """A trip."""

    city: str
    days: int
