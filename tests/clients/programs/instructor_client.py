"""instructor: structured output in each of its modes."""

from __future__ import annotations

import os

import instructor
import openai
from wanted import Trip

client = openai.OpenAI(base_url=os.environ["AGENTHOST_URL"], api_key=os.environ["AGENTHOST_PASSWORD"])
MODES = (instructor.Mode.TOOLS, instructor.Mode.JSON, instructor.Mode.JSON_SCHEMA)


def ask(mode, *said, **options):
    messages = [{"role": "user", "content": each} for each in said]
    patched = instructor.from_openai(client, mode=mode)
    return patched.chat.completions.create(model="shop", messages=messages, response_model=Trip, **options)


def structured():
    for mode in MODES:
        assert ask(mode, "A trip").model_dump() == {"city": "Oslo", "days": 3}, mode


def stream():
    patched = instructor.from_openai(client)
    said = [{"role": "user", "content": "A trip"}]
    *_, last = patched.chat.completions.create_partial(model="shop", messages=said, response_model=Trip)
    assert (last.city, last.days) == ("Oslo", 3)


def retry():
    assert ask(instructor.Mode.TOOLS, "flaky instructor").city == "Oslo"


def chat():
    patched = instructor.from_openai(client)
    said = [{"role": "user", "content": "Hello"}]
    answer = patched.chat.completions.create(model="shop", messages=said, response_model=None)
    assert answer.choices[0].message.content == "You have written 1 times."
