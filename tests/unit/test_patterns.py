"""No regular expression of the package takes long, whatever it is given."""

import pytest
from patterns import Use, seconds, texts, uses

MOST_SECONDS = 0.005
LENGTH = 4000
"""Characters of a message in which agents in text look for something."""
LENGTHS = {
    "agenthost._web.request.requests.": 8192,  # a path with its query
    "agenthost._host.runtime.runtime.": 8192,
    "agenthost.builtin.card_numbers.": 16384,
    "agenthost.sip.uri.": 1024,
    "agenthost.sip.rules:": 1024,  # a user part
}
"""What is read of what others send, by the beginning of a pattern's name."""
USES = uses()


def test_finds_patterns_of_every_kind():
    assert {
        ("agenthost.sip.uri._NAME_ADDR", "fullmatch"),  # a constant
        ("agenthost.sip.aliases", "sub"),  # written into a function
        ("agenthost.sip.rules", "match"),  # compiled in one, of what configuration holds
        ("agenthost.builtin.escalation._ASKED", "finditer"),  # handed on
    } <= {(use.name.partition(":")[0], use.function) for use in USES}


@pytest.mark.slow
@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.name}.{use.function}")
def test_pattern_takes_at_most_five_milliseconds(use: Use):
    length = next((most for name, most in LENGTHS.items() if use.name.startswith(name)), LENGTH)
    for size in (length // 4, length):  # a pattern that tries everything in every way ends at the first
        for text in texts(use.pattern, size):
            if seconds(use, text) > MOST_SECONDS:
                least = min(seconds(use, text) for _ in range(3))  # what another process cost is not counted
                assert least <= MOST_SECONDS, f"{use.pattern.pattern!r} takes {least:.3f} s of {text[:30]!r}…"
