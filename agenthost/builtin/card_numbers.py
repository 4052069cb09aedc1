"""``card numbers``: the built-in redactor."""

from __future__ import annotations

import re

from agenthost import Redactor, hookimpl

__all__ = ["redactors", "without_card_numbers"]

_RUN = re.compile(r"(?<![\d])\d(?:[ -]?\d){12,18}(?![\d])")
_SHOWN = 4


@hookimpl
def redactors() -> list[Redactor]:
    """Offer the redactor ``card numbers``."""
    return [Redactor("card numbers", without_card_numbers)]


def without_card_numbers(text: str) -> str:
    """Replace card numbers by their last four digits.

    A card number is a run of 13 to 19 digits with a valid check digit (ISO/IEC 7812-1, annex B). Single spaces and
    hyphens between the digits are allowed.
    """
    return _RUN.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    digits = [int(character) for character in found[0] if character.isdigit()]
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits))]
    if sum(doubled) % 10:
        return found[0]
    return f"[card ending in {''.join(map(str, digits[-_SHOWN:]))}]"
