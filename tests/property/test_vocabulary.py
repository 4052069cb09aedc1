"""Properties of results and prompts, for anything that an author writes."""

import json

from hypothesis import given, strategies as st

from agenthost.contexts import ContextBuilder
from agenthost.prompt import Prompt, PromptSections
from agenthost.results import FunctionResult

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORDS = TEXT.filter(str.strip)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
DATA = st.dictionaries(TEXT, JSON, max_size=3)

CALLS = st.one_of(
    st.tuples(st.just("say"), st.tuples(TEXT)),
    st.tuples(st.just("hold"), st.tuples(st.integers() | TEXT)),
    st.tuples(st.just("connect"), st.tuples(TEXT, st.booleans(), st.none() | TEXT)),
    st.tuples(st.just("update_global_data"), st.tuples(DATA)),
    st.tuples(st.just("set_metadata"), st.tuples(DATA)),
    st.tuples(st.just("add_action"), st.tuples(TEXT, JSON)),
    st.tuples(st.just("execute_swml"), st.tuples(DATA | TEXT, st.booleans())),
    st.tuples(st.just("hand_over"), st.tuples(WORDS)),
    st.tuples(st.just("switch_context"), st.tuples(TEXT, TEXT, st.booleans(), st.booleans())),
    st.tuples(st.just("set_tool_response"), st.tuples(st.none() | TEXT, st.none() | TEXT)),
    st.tuples(st.just("set_post_process"), st.tuples(st.booleans())),
)


def sections(*, titled):
    """Sections as an author writes them out: each says something."""
    content = st.fixed_dictionaries(
        {"body": WORDS},
        optional={"bullets": st.lists(TEXT, max_size=2), "numbered": st.booleans(), "numberedBullets": st.booleans()},
    )
    title = st.fixed_dictionaries({"title": WORDS})
    return st.builds(lambda a, b: a | b, title if titled else st.just({}) | title, content)


NESTED = st.builds(
    lambda section, below: section | ({"subsections": below} if below else {}),
    sections(titled=True),
    st.lists(sections(titled=True), max_size=3),
)
WRITTEN = st.builds(
    lambda first, rest: [*first, *rest], st.lists(sections(titled=False), max_size=1), st.lists(NESTED, max_size=3)
)


@given(TEXT, st.lists(CALLS, max_size=5))
def test_every_result_is_json(response, calls):
    """A result from JSON values encodes to JSON, with a sentence for the model."""
    result = FunctionResult(response)
    for method, args in calls:
        assert getattr(result, method)(*args) is result

    encoded = result.to_dict(lambda agent: f"https://host.example/{agent}")

    assert json.loads(json.dumps(encoded)) == encoded
    assert encoded.get("response") or encoded["action"]
    assert encoded == result.to_dict(lambda agent: f"https://host.example/{agent}")


@given(st.lists(CALLS, max_size=5))
def test_actions_keep_their_order(calls):
    """Each method adds its action after those before it."""
    result, lengths = FunctionResult(), []
    for method, args in calls:
        before = list(result.action)
        getattr(result, method)(*args)
        assert result.action[: len(before)] == before
        lengths.append(len(result.action))

    assert lengths == sorted(lengths)


@given(WRITTEN)
def test_sections_can_be_read_back(written):
    """Emitted sections are read back unchanged."""
    emitted = PromptSections.from_json(written).to_dict()

    assert PromptSections.from_json(json.dumps(emitted)).to_dict() == emitted


@given(WRITTEN)
def test_every_word_reaches_every_form(written):
    """No title, body or bullet is lost on the way to a model."""
    prompt = PromptSections.from_json(written)
    markdown, xml = prompt.render_markdown(), prompt.render_xml()

    for section in (section for top in prompt.sections for section in top.walk()):
        for words in (section.title or "", section.body, *section.bullets):
            assert words in markdown
            assert words in xml


@given(st.none() | WORDS, WRITTEN)
def test_a_prompt_is_never_empty(text, written):
    """An agent always has a prompt: text or sections, with all that was said."""
    prompt = Prompt()
    if text is not None:
        prompt.set_text(text)
    if written:
        prompt.set_sections(written)

    emitted = prompt.to_dict("gen")

    assert [*emitted] in (["text"], ["pom"])
    assert (
        text is None or text in json.dumps(emitted, ensure_ascii=False) or json.dumps(text)[1:-1] in json.dumps(emitted)
    )
    if "pom" in emitted:
        assert PromptSections.from_json(emitted["pom"]).to_dict() == emitted["pom"]


@given(
    st.lists(
        st.tuples(WORDS.filter(lambda name: name != "next"), TEXT), min_size=1, max_size=5, unique_by=lambda s: s[0]
    )
)
def test_contexts_can_be_read_back(steps):
    """Emitted contexts are read back unchanged."""
    builder = ContextBuilder()
    context = builder.add_context("default")
    for name, text in steps:
        context.add_step(name).set_text(text)

    emitted = builder.to_dict()

    assert ContextBuilder.from_dict(emitted).to_dict() == emitted
