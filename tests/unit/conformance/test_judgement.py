"""Documents where being right matters more than being equal (tests/data/conformance/README.md).

What the platform's own SDK emits for these steps loses something, or the platform cannot use it. Each case is decided
here: refused with an error when it is defined or sealed, or rendered as its author meant it.
"""

from __future__ import annotations

import json

import conformance
import pytest
from documents import rendered

from agenthost.errors import DefinitionError

RECORDS = {record["id"]: record for record in conformance.records("judgement")}
HOOK = "https://hook.example/x"

REFUSED = {
    "doc0002": ("an empty text is no prompt", "the prompt text is empty"),
    "doc0009": ("a subsection that says nothing is forgotten work", "'S2' has no content"),
    "doc0014": ("so is a section", "'Empty' has no content"),
    "doc0016": ("and one without so much as a title", "has no content"),
    "doc0022": ("no sections are no prompt", "has no sections"),
    "doc0091": ("the platform has no such function, and would drop it without a word", "no native function 'transfer'"),
    "doc0095": ("nothing is ever said during a function that there is not", "no internal function 'unknown_fn'"),
    "doc0111": ("a function has one name and one address", "function, web_hook_url cannot be set"),
    "doc0130": ("a data map that does nothing leaves the model without an answer", "it does nothing"),
    "doc0131": ("the same, with a purpose", "it does nothing"),
    "doc0132": ("the same, with a description", "it does nothing"),
    "doc0133": ("the same, with parameters", "it does nothing"),
    "doc0175": ("'next' is how steps name the one that follows", "cannot be called 'next'"),
}
"""Case, the reason, and a part of the error."""

INTRODUCTION = {"text": "You are gen, a helpful AI assistant."}
STEPS = {"default": {"steps": [{"name": "s", "text": "x"}]}}
PROMPTS = {
    "doc0000": ("an agent without a prompt is introduced by its name", INTRODUCTION),
    "doc0010": (
        "a section that only holds others has an empty body, which the platform's schema wants",
        {"pom": [{"title": "Missing", "body": "", "subsections": [{"title": "S", "body": "sb"}]}]},
    ),
    "doc0011": (
        "a subsection is found at any depth, instead of beginning a section of the same title",
        {
            "pom": [
                {
                    "title": "P",
                    "body": "p",
                    "subsections": [
                        {"title": "S", "body": "sb", "subsections": [{"title": "SS", "body": "deep"}]},
                    ],
                }
            ]
        },
    ),
    "doc0015": ("an empty title is no title, which the first section may go without", {"pom": [{"body": "body"}]}),
    "doc0024": (
        "text and sections are both kept, the text first",
        {"pom": [{"body": "Be brief."}, {"title": "X", "body": "x"}]},
    ),
    "doc0025": (
        "the same, whichever came first",
        {"pom": [{"body": "Be brief."}, {"title": "X", "body": "x"}]},
    ),
    "doc0177": ("contexts do not replace the prompt", INTRODUCTION | {"contexts": STEPS}),
    "doc0178": (
        "contexts that are written out are read, and the prompt stays",
        {"text": "Be brief.", "contexts": STEPS},
    ),
    "doc0179": (
        "the same beside sections",
        {"pom": [{"title": "Role", "body": "r"}], "contexts": STEPS},
    ),
}
"""Case, the reason, and the prompt."""


def ai(record):
    """The record's ``ai`` verb, as the platform gets it."""
    return rendered(record)["sections"]["main"][-1]["ai"]


@pytest.mark.parametrize(("case", "message"), [(case, message) for case, (_, message) in REFUSED.items()])
def test_refused(case, message):
    """Invalid descriptions are refused when the agent is described, never during a call."""
    with pytest.raises(DefinitionError, match=message):
        rendered(RECORDS[case])


@pytest.mark.parametrize(("case", "prompt"), [(case, prompt) for case, (_, prompt) in PROMPTS.items()])
def test_prompt_as_meant(case, prompt):
    """All that an author wrote reaches the model."""
    actual = ai(RECORDS[case])

    assert {"prompt": prompt, "params": {}} == actual


def test_doc0124_tools_are_called_where_the_author_says():
    """``set_web_hook_url`` holds for every tool without an address of its own.

    The SDK lets it pass for secure tools, which are most. Their token goes along, so that what answers there can pass
    the call on to this host.
    """
    swaig = ai(RECORDS["doc0124"])["SWAIG"]

    assert swaig["defaults"] == {"web_hook_url": HOOK}
    assert [f"{HOOK}?__token=<TOKEN>", None] == [function.get("web_hook_url") for function in swaig["functions"]]


def test_every_case_is_decided():
    assert RECORDS.keys() == REFUSED.keys() | PROMPTS.keys() | {"doc0124"}


@pytest.mark.parametrize("case", [*PROMPTS, "doc0124"])
def test_nothing_is_rendered_as_the_sdk_does(case):
    """A case whose document is equal after all belongs in the documents."""
    record = RECORDS[case]

    assert json.dumps(record["emitted"], sort_keys=True) != json.dumps(rendered(record), sort_keys=True)
