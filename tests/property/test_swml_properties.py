"""Documents, whatever an author writes into them."""

from __future__ import annotations

import json

import attrs
from hypothesis import given, strategies as st

from agenthost import AgentBase
from agenthost.agent.base import declared, seal
from agenthost.swml import Addresses

TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["\u241f", "\u241fb;", "\u241f0;", "b;", "t0;", '","', "\\", "__token=", "\u2028", "\x00"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
DATA = st.dictionaries(TEXT, JSON, max_size=3)
NAMES = st.lists(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True), max_size=3, unique=True)
SAFE = st.from_regex(r"[A-Za-z0-9._~:/@%-]{0,20}", fullmatch=True)


@st.composite
def agents(draw):
    """An agent with anything in its document that JSON carries."""
    agent = AgentBase("desk")
    agent.set_global_data(draw(DATA)).set_params(draw(DATA)).add_hints(draw(st.lists(TEXT, max_size=2)))
    for title, body in draw(st.lists(st.tuples(TEXT.filter(str.strip), TEXT.filter(str.strip)), max_size=2)):
        agent.prompt_add_section(title, body)
    for name in draw(NAMES):
        properties = draw(st.dictionaries(TEXT, st.fixed_dictionaries({"description": TEXT}), max_size=2))
        agent.define_tool(
            name, draw(TEXT), properties, lambda args: "", secure=draw(st.booleans()), meta_data=draw(DATA)
        )
    return agent


@given(agents(), SAFE, st.dictionaries(st.text(), SAFE))
def test_a_rendered_document_is_the_built_one(agent, base, tokens):
    """Filling the gaps of the encoded document gives what encoding the filled document gives."""

    def token(name):
        return tokens.get(name, f"{name}-token")

    base = f"https://u:p@host.example/{base}"
    told = {"base": base, "origin": "https://host.example", "token": token, "sibling": str}
    addresses = Addresses(**{field.name: told[field.name] for field in attrs.fields(Addresses) if field.name in told})
    built = json.loads(json.dumps(declared(agent).draft.build(addresses)))
    template = seal(agent)

    assert built == json.loads(template.render(base.encode(), lambda name: token(name).encode()))
    assert built == json.loads(template.with_base(base.encode()).render(b"", lambda name: token(name).encode()))
