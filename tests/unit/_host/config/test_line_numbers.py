"""Lines of tables and keys, against what tomllib reads."""

from __future__ import annotations

import tomllib

import tomli_w
from hypothesis import example, given, strategies as st

from agenthost._host.config.line_numbers import toml_lines

KEYS = st.one_of(st.sampled_from(["sip", "rules", "a", "b-c"]), st.text(max_size=3))
LEAVES = st.one_of(st.booleans(), st.integers(-9, 9), st.text("\"'#[]={}\n\\ a", max_size=6))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(KEYS, inner, max_size=3), st.lists(st.dictionaries(KEYS, inner, max_size=2), max_size=3)
    ),
    max_leaves=12,
)

DOCUMENT = '''
# [sip]
[sip] # the first
default = """
[[sip.rules]]
agent = "no"
"""
[[sip.rules]]
user = [
  "a", # agent = 1
  "b]",
]
agent = "x"
[[ sip . "rules" ]]
"agent" = 'y'
[other]
agent = 1
sip.rules = [
  { agent = "z" },
  { agent = "{" }, { agent = "w" },
]
'''


def paths(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*path, index))


def test_lines_of_a_document():
    lines = toml_lines(DOCUMENT)

    assert {
        ("sip",): 3,
        ("sip", "default"): 4,
        ("sip", "rules", 0): 8,
        ("sip", "rules", 0, "user"): 9,
        ("sip", "rules", 0, "agent"): 13,
        ("sip", "rules", 1): 14,
        ("sip", "rules", 1, "agent"): 15,
        ("other", "sip", "rules", 0): 19,
        ("other", "sip", "rules", 2): 20,
    }.items() <= lines.items()


@given(st.dictionaries(KEYS, TREES, max_size=4), st.booleans())
def test_a_path_that_has_a_line_is_in_the_document(tree, multiline):
    """Nothing in a string or a comment is taken for a key, whatever is written."""
    text = tomli_w.dumps(tree, multiline_strings=multiline)
    known = set(paths(tomllib.loads(text)))

    assert {path for path in toml_lines(text) if isinstance(path[-1], str)} <= known


@example('"\\\\="=')
@given(st.text("[]=\"'#{}\n\\.a ", max_size=60))
def test_whatever_is_written_ends(text):
    assert isinstance(dict(toml_lines(text)), dict)
