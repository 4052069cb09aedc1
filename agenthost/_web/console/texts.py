"""Texts of the console in the language of their reader.

English is written where it is shown: in the templates and in calls of these functions. ``languages/console.pot`` lists
all of it for gettext, and a translation is a file beside it, such as ``de.mo``.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["LANGUAGES", "gettext", "language", "later", "ngettext", "read_in", "word"]

LANGUAGES = Path(__file__).with_name("languages")
"""The directory of the translations."""
ENGLISH = "en"
_LONGEST = 200
"""Bytes of a header that are read."""

_reader: ContextVar[tuple[str, NullTranslations]] = ContextVar(
    "agenthost_console_reader", default=(ENGLISH, NullTranslations())
)


def later(text: str) -> str:
    """Mark a text that is translated where it is shown."""
    return text


_WORDS = frozenset(
    {
        *(later("starting"), later("pending"), later("ok"), later("degraded"), later("failing")),
        *(later("ready"), later("not built yet"), later("not called"), later("not served"), later("disabled")),
        *(later("quarantined"), later("conflict"), later("elsewhere")),
        *(later("caller"), later("answered"), later("refused"), later("busy"), later("failed"), later("timeout")),
        *(later("set"), later("removed")),
        *(later("problem"), later("warning")),
        *(later("user"), later("assistant"), later("tool"), later("step"), later("failure")),
    }
)
"""States, outcomes and roles that the host names."""


def gettext(text: str) -> str:
    """Return a text in the language of the reader."""
    return _reader.get()[1].gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """Return the text for a number of things in the language of the reader."""
    return _reader.get()[1].ngettext(one, many, number)


def word(text: str) -> str:
    """Return a state or role in the language of the reader.

    Other words stay as they are.
    """
    return gettext(text) if text in _WORDS else text


def language() -> str:
    """Return the language of the reader, as HTML names it."""
    return _reader.get()[0]


def read_in(accepted: bytes) -> None:
    """Set the language of the reader, for the rest of a request.

    ``accepted`` is the header ``Accept-Language``. The most wanted language that has a translation is used.
    """
    found = _translations(LANGUAGES)
    wanted = next((each for each in _wanted(accepted[:_LONGEST].decode("latin-1")) if each in found), ENGLISH)
    _reader.set((wanted, found[wanted]))


@cache
def _translations(place: Path) -> Mapping[str, NullTranslations]:
    """Return the translations, by the names of their languages in lower case."""
    found: dict[str, NullTranslations] = {ENGLISH: NullTranslations()}
    for path in sorted(place.glob("*.mo")):
        with path.open("rb") as file:
            found[path.stem.lower()] = GNUTranslations(file)
    return found


def _wanted(accepted: str) -> Iterator[str]:
    """Yield the names of languages, the most wanted first, each also without its region."""
    ranges = [each.partition(";q=") for each in accepted.replace(" ", "").lower().split(",")]
    for name, *_ in sorted(ranges, key=lambda each: -_number(each[2])):
        yield name
        yield name.partition("-")[0]


def _number(weight: str) -> float:
    try:
        return float(weight) if weight else 1.0
    except ValueError:
        return 0.0
