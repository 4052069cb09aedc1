"""Documents, actions and turns of any kind, for properties of the simulated platform."""

from __future__ import annotations

from hypothesis import strategies as st
from swml_host import ai, document, function

from agenthost.testing.platform import FunctionCall, Limits, ModelTurn
from agenthost.testing.platform.ai.actions import ACTIONS, NOT_PERFORMED
from agenthost.testing.platform.swml.walker import VERBS

LIMITS = Limits(verbs=200, sessions=6, calls=40, rounds=6, depth=8, text=4096)
"""Limits that end a call soon."""
DEEP = [1]
for _ in range(90):
    DEEP = [DEEP]
EXPRESSIONS = ["${vars.x}", "${vars.x}${vars.x}", "${1 +}", "${x.y[0]}", "1 < 2", "true ? a : b", "@{expr 1/0}", "5m"]
ADDRESSES = ["http://host.example/", "http://host.example/b", "http://other.example/", "http://[", "sip:x@host.example"]
texts = st.sampled_from(["", "a", "b", "main", "next", "say:hi", "true", *EXPRESSIONS, *ADDRESSES])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2000) | st.floats(allow_nan=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            texts | st.sampled_from(["dest", "url", "label", "to", "text", "steps", "name", "functions"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
names = st.sampled_from(["f", "g", "next_step", "change_context", "gather_submit", "hangup", "wait_seconds"])
one_step = st.fixed_dictionaries(
    {"name": st.sampled_from("abc"), "text": texts},
    optional={
        "functions": st.lists(names, max_size=2) | st.just("none") | values,
        "valid_steps": st.lists(st.sampled_from(["a", "b", "next"]), max_size=2) | values,
        "valid_contexts": st.just(["default", "other"]) | values,
        "skip_user_turn": st.booleans(),
        "skip_to_next_step": st.booleans(),
        "end": st.booleans(),
        "history": st.sampled_from(["keep", "hide", "default"]) | values,
        "gather_info": st.just({"questions": [{"key": "k", "question": "?"}], "completion_action": "next_step"})
        | values,
        "reset": st.just({"full_reset": True, "user_prompt": "u"}) | values,
    },
)
contexts = st.dictionaries(
    st.sampled_from(["default", "other"]),
    st.fixed_dictionaries({"steps": st.lists(one_step, max_size=3)}) | values,
    max_size=2,
)
actions = st.lists(
    st.dictionaries(st.sampled_from([*ACTIONS, *NOT_PERFORMED, "nope"]), values, max_size=2)
    | st.builds(lambda name: {"change_step": name}, st.sampled_from("abc"))
    | st.just(
        {"SWML": document({"set": {"x": ["${x}", "${x}"]}}, {"transfer": "http://host.example/b"}), "transfer": True}
    )
    | st.just({"SWML": document(ai(function("f")))})
    | st.just({"user_input": "again"})
    | st.just({"toggle_functions": [{"function": "f", "active": False}]}),
    max_size=3,
)
data_maps = st.fixed_dictionaries(
    {},
    optional={
        "expressions": st.lists(
            st.fixed_dictionaries({"string": texts, "pattern": texts, "output": values}), max_size=2
        )
        | values,
        "webhooks": st.lists(st.fixed_dictionaries({"url": texts, "output": values}), max_size=2) | values,
        "output": values,
    },
)


@st.composite
def ai_verbs(draw):
    swaig = {
        "functions": [
            function("f"),
            function("g") | {"data_map": draw(data_maps)},
            *draw(st.lists(values, max_size=1)),
        ],
        "native_functions": ["wait_seconds"],
        "includes": draw(st.just([]) | values),
    }
    prompt = {"text": draw(texts), "contexts": draw(contexts | values)}
    params = draw(
        st.dictionaries(
            st.sampled_from(
                ["static_greeting", "wait_for_user", "attention_timeout", "inactivity_timeout", "hard_stop_time"]
            ),
            values,
            max_size=2,
        )
    )
    return ai(prompt=prompt, SWAIG=swaig, params=params, global_data=draw(values))


verbs = st.dictionaries(st.sampled_from([*sorted(VERBS), "nope"]), values, min_size=1, max_size=2) | ai_verbs()
flows = st.sampled_from(
    [
        {"label": "a"},
        {"goto": {"label": "a"}},
        {"set": {"x": ["${x}", "${x}"]}},
        {"set": {"x": "${x}${x}ab"}},
        {"set": {"x": ["${x}"]}},
        {"set": {"x": DEEP}},
        {"execute": "b"},
        {"transfer": "b"},
        {"cond": [{"when": "vars.x", "then": [{"goto": {"label": "a"}}]}, {"else": [{"execute": "main"}]}]},
        {"switch": {"variable": "x", "case": {}, "default": [{"play": {"url": "say:${x}"}}]}},
        {"connect": {"to": "sip:x@host.example"}},
        {"connect": {"to": "sip:x@host.example", "confirm": "http://host.example/b"}},
        {"connect": {"to": "+1", "confirm": [{"execute": "main"}, {"transfer": "http://host.example/"}]}},
        {"join_conference": {"name": "c", "wait_url": "http://host.example/"}},
        "answer",
    ]
)
documents = st.builds(
    lambda main, b: document(*main, b=b),
    st.lists(verbs | flows, max_size=5),
    st.lists(verbs | flows, max_size=3),
)
turns = st.builds(
    lambda say, calls: ModelTurn(say, tuple(calls)),
    texts,
    st.lists(
        st.builds(
            FunctionCall,
            names,
            st.dictionaries(st.sampled_from(["step", "answer", "seconds"]), values, max_size=1) | texts,
        ),
        max_size=2,
    ),
)
