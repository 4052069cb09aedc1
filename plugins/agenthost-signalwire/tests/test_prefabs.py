"""Prefabs of the SDK, with any settings, are served as by the SDK."""

from __future__ import annotations

import json

import pytest
import signalwire.prefabs
from agenthost_signalwire import SignalWire
from hypothesis import HealthCheck, given, settings, strategies as st
from test_examples import BASE, theirs, without_urls

from agenthost.agent.base import declared, seal
from agenthost.agent.per_call import render_per_call

WORDS = st.sampled_from(["Where are you?", "In Berlin.", "Pool", "nine to five", "Grüße"])
LINES = st.lists(WORDS, min_size=1, max_size=3, unique=True)
KEYS = st.sampled_from(["name", "reason", "number"])
PREFABS = {
    "ConciergeAgent": st.fixed_dictionaries(
        {
            "venue_name": WORDS,
            "services": LINES,
            "amenities": st.dictionaries(WORDS, st.fixed_dictionaries({"hours": WORDS}), min_size=1, max_size=2),
        },
        optional={"welcome_message": WORDS, "special_instructions": LINES},
    ),
    "FAQBotAgent": st.fixed_dictionaries(
        {
            "faqs": st.lists(
                st.fixed_dictionaries({"question": WORDS, "answer": WORDS}, optional={"categories": LINES}),
                min_size=1,
                max_size=3,
            )
        },
        optional={"suggest_related": st.booleans(), "persona": WORDS},
    ),
    "InfoGathererAgent": st.fixed_dictionaries(
        {
            "questions": st.lists(
                st.fixed_dictionaries({"key_name": KEYS, "question_text": WORDS}, optional={"confirm": st.booleans()}),
                min_size=1,
                max_size=3,
            )
        }
    ),
    "ReceptionistAgent": st.fixed_dictionaries(
        {
            "departments": st.lists(
                st.fixed_dictionaries({"name": KEYS, "description": WORDS, "number": st.just("+15550100")}),
                min_size=1,
                max_size=3,
                unique_by=lambda each: each["name"],
            )
        },
        optional={"greeting": WORDS},
    ),
    "SurveyAgent": st.fixed_dictionaries(
        {
            "survey_name": WORDS,
            "questions": st.lists(
                st.fixed_dictionaries({"id": KEYS, "text": WORDS, "type": st.sampled_from(["open_ended", "yes_no"])})
                | st.fixed_dictionaries({"id": KEYS, "text": WORDS, "type": st.just("rating")})
                | st.fixed_dictionaries(
                    {"id": KEYS, "text": WORDS, "type": st.just("multiple_choice"), "options": LINES}
                ),
                min_size=1,
                max_size=3,
            ),
        },
        optional={"brand_name": WORDS, "max_retries": st.integers(1, 3)},
    ),
}


def test_these_are_all():
    assert set(signalwire.prefabs.__all__) == set(PREFABS)


@pytest.mark.parametrize("name", PREFABS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_documents_and_tools_are_the_sdk_s(name, data):
    """URLs belong to the host, and each tool answers the same."""
    prefab = getattr(signalwire.prefabs, name)
    options = data.draw(PREFABS[name])
    sdk, ours = prefab(**options), SignalWire().adapt_agent(prefab(**options)).agent
    seal(ours)
    document = json.loads(render_per_call(ours, BASE, lambda _: "T", str, {}, {}, {}))
    assert without_urls(document) == without_urls(theirs(sdk))

    tools = sdk._tool_registry._swaig_functions
    assert set(declared(ours).draft.tools) <= set(tools)
    for tool, described in tools.items():
        properties = described._ensure_parameter_structure()["properties"]
        args = {
            key: data.draw(st.sampled_from(schema["enum"]) if "enum" in schema else WORDS | KEYS, key)
            for key, schema in properties.items()
        }
        raw = {"global_data": {"questions": [{"key_name": "name", "question_text": "Who?"}], "question_index": 0}}
        answers = [json.dumps(_read(each.on_function_call(tool, dict(args), dict(raw)))) for each in (sdk, ours)]
        assert answers[0] == answers[1]


def _read(result):
    return result.to_dict() if hasattr(result, "to_dict") else result
