"""Constants that an author's code passes to methods."""

from __future__ import annotations

from functools import wraps

import pytest

from agenthost.tools.named_agents import constants_given


def plain(result):
    return result.say("x").hand_over("sales")


def by_keyword(result):
    return result.hand_over(agent="sales", ai_response="back", final=False)


def inside(results):
    return [each.hand_over("sales") for each in results]


async def later(result):
    def onward():
        return result.hand_over("sales")

    return onward()


@wraps(plain)
def wrapped(*args):
    return plain(*args)


class Own:
    def method(self, result):
        return result.hand_over("sales") if result else result.hand_over("support")


def test_a_method_names_both():
    assert constants_given(Own().method, "hand_over") == ("sales", "support")


@pytest.mark.parametrize("function", [plain, by_keyword, inside, later, wrapped], ids=lambda each: each.__name__)
def test_constants_are_found(function):
    assert constants_given(function, "hand_over") == ("sales",)


def around(agent):
    def onward(result):
        return result.hand_over(agent)

    return onward


def test_variables_of_the_function_around_are_read_for_each_function():
    assert [constants_given(around(name), "hand_over") for name in ("sales", "desk")] == [("sales",), ("desk",)]
    assert constants_given(around(7), "hand_over") == ()


@pytest.mark.parametrize("function", [print, lambda result, name: result.hand_over(name), int])
def test_nothing_else_is_found(function):
    assert constants_given(function, "hand_over") == ()
