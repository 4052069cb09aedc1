"""Messages that are kept with a response."""

from __future__ import annotations

from agenthost._host.text.history import Bound
from agenthost._web.endpoints.responses.items import response_of
from agenthost._web.endpoints.responses.kept import for_later

CALL = {"id": "c", "type": "function", "function": {"name": "price", "arguments": "{}"}}
PAIR = [
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c", "content": "$9"},
]


def turn(number, size=4):
    said = [{"role": "user", "content": f"{number} ".ljust(size)}]
    return [*said, *PAIR, {"role": "assistant", "content": "yes"}]


def test_the_latest_messages_are_kept():
    assert for_later([*turn(1), *turn(2), *turn(3)], Bound(4)) == ([*turn(2), *turn(3)], True)
    assert for_later([*turn(1), *turn(2)], Bound()) == ([*turn(1), *turn(2)], False)


def test_the_latest_turn_is_always_kept():
    assert for_later([*turn(1), *turn(2)], Bound(0)) == (turn(2), True)


def test_long_messages_are_cut_and_old_ones_left_out():
    kept, cut = for_later([*turn(1, 20_000), *turn(2, 10_000)], Bound())
    assert cut

    assert [each["content"][:2] for each in kept if each["role"] == "user"] == ["2 "]
    [first, *_], _ = for_later(turn(1, 20_000), Bound())
    assert first["content"].endswith("[cut]")


def test_items_name_their_response():
    assert response_of("msg_0a_0") == ("resp_0a", 0)
    assert response_of("fc_0a_12") == ("resp_0a", 12)
    for other in ("", "msg", "msg_0a", "x_0a_0", "msg_0a_-1", "msg_0a_99999"):
        assert response_of(other) == ("", -1)
