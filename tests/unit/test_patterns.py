"""No regular expression of the package takes long, whatever it is given."""

import pytest
from patterns import Use, seconds, texts, uses

MOST_SECONDS = 0.005
ATTEMPTS = 10
LENGTH = 4000
"""Characters of a message in which agents in text look for something."""
LENGTHS = {
    "agenthost._web.request.requests.": 8192,  # a path with its query
    "agenthost._web.request.host_header.": 8192,
    "agenthost.builtin.card_numbers.": 16384,
    "agenthost.conversation.matter:": 2000,  # the rest of a message is cut off before
    "agenthost.sip.uri.": 1024,
    "agenthost.sip.rules:": 1024,  # a user part
}
"""The characters that are read of what others send, by the beginning of a pattern's name."""
USES = uses()


def test_finds_patterns_of_every_kind():
    assert {
        ("agenthost.sip.uri._NAME_ADDR", "fullmatch"),  # a constant
        ("agenthost.sip.aliases", "sub"),  # written into a function
        ("agenthost.sip.rules", "match"),  # compiled in one, of what configuration holds
        ("agenthost.builtin.escalating.wording._ASKED", "finditer"),  # handed on
    } <= {(use.name.partition(":")[0], use.function) for use in USES}


@pytest.mark.slow
@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.name}.{use.function}")
def test_pattern_takes_at_most_five_milliseconds(use: Use):
    length = next((most for name, most in LENGTHS.items() if use.name.startswith(name)), LENGTH)
    for size in (length // 4, length):  # a pattern that tries everything in every way ends at the first
        for text in texts(use.pattern, size):
            least = MOST_SECONDS + 1
            for _ in range(
                ATTEMPTS
            ):  # a busy machine can make one look slow, and no machine makes a slow one look fast
                least = min(least, seconds(use, text))
                if least <= MOST_SECONDS:
                    break
            assert least <= MOST_SECONDS, f"{use.pattern.pattern!r} takes {least:.3f} s of {text[:30]!r}…"
