"""Redaction of card numbers, and of no other numbers."""

from __future__ import annotations

import pytest

from agenthost.builtin.card_numbers import without_card_numbers


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("pay with 4111 1111 1111 1111 please", "pay with [card ending in 1111] please"),
        ("4111-1111-1111-1111", "[card ending in 1111]"),
        ("378282246310005,5555555555554444", "[card ending in 0005],[card ending in 4444]"),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"),
        ("order 12345678, call +49 30 1234567", "order 12345678, call +49 30 1234567"),
        ("41111111111111111111111", "41111111111111111111111"),
    ],
)
def test_numbers(said, stored):
    assert without_card_numbers(said) == stored
