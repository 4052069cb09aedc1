"""Arguments of a tool in the messages of a person.

A value counts if the message names it, never because it merely looks like one.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from agenthost.builtin.offline.wishes import names_of, verbs_of
from agenthost.builtin.offline.words import WORD, carrying, spoken, stem, stems, word_set
from agenthost.tools.call_sentences import referenced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost import Message, ToolSpec

__all__ = ["Heard", "arguments", "fill", "plain"]

_NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?![\w-])")
_DIGITS = re.compile(r"(?<![\w-])#?(?=[\w-]*\d)[\w-]{2,}")
_SHAPED = re.compile(r"[A-Z]{1,6}-?\d[\w-]{2,}")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"\+?\d[\d ()-]{6,}\d")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_QUOTED = re.compile(r"[\"“”«]([^\"“”«»]+)[\"“”»]")
_NAMED = re.compile(
    r"\b(?i:my name is|me llamo|ich heiße|the name is)\s+([^\W\d_]+(?:\s+[A-Z][^\W\d_]+)?)"
    r"|\b(?i:i am|i'm|this is|soy|ich bin)\s+([A-ZÄÖÜ][^\W\d_]+(?:\s+[A-Z][^\W\d_]+)?)"
)
_PLACE = re.compile(r"\b(?:in|at|from|to|near|en|de)\s+([A-Z][^\W\d_]+(?:\s+[A-Z][^\W\d_]+)*)")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "today", "tomorrow", "tonight")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_IDS = word_set("id number order code ticket account sku reference tracking invoice no nr serial key")
_BETWEEN = word_set("number no nr id code ref reference is was with the my our its it's called of")
"""The words that may be between a thing and its id."""
_UNITS = word_set("% am pm st nd rd th percent people person euro dollar dollars min kg km")
_NO_PLURAL = frozenset({"is", "was", "has", "does", "as", "yes", "please", "this", "us"})
_WHOLE = frozenset(
    {
        "answer",
        "description",
        "details",
        "issue",
        "message",
        "problem",
        "query",
        "question",
        "reason",
        "request",
        "text",
        "topic",
    }
)
_MONEY = ({"€", "$", "£"}, frozenset({"dollar", "euro", "pric", "amount", "cost", "pound"}))
_NOT = word_set("not no never isn't without")
_FEW = 6
"""Words that an answer to a question has at most, to be the argument as a whole."""
_LEAST = 2
"""Digits that an id has at least."""
_SHORTEST = 3
_DEEPEST = 16
"""Levels of a schema that are filled."""
_MOST_ITEMS = 16


class Heard:
    """The messages of a person.

    Args:
        said: the messages, oldest first.
        most: characters of each that are read.
        answers: whether the latest answers a question for arguments.
    """

    def __init__(self, said: Sequence[Message], most: int, *, answers: bool) -> None:
        self.answers = answers
        self.texts: list[str] = []
        """The messages, latest first."""
        self.known: list[str] = []
        """The context: messages that end in a JSON object."""
        for message in reversed(said):
            if _is_data(message.content):
                self.known.append(message.content)
            else:
                self.texts.append(message.content[:most])


def arguments(tool: ToolSpec, heard: Heard, whole: str) -> tuple[dict[str, Any], list[str]]:
    """Find arguments, latest message first, and list the required ones that are missing.

    Of the known context, only a value next to the name of an argument counts.

    Args:
        tool: the tool.
        heard: what was said.
        whole: the message that a description is, if nothing else is.
    """
    properties = tool.parameters.get("properties", {})
    required = [name for name in tool.parameters.get("required", ()) if name in properties]
    finder = _Finder(tool, [plain(declared) for declared in properties.values()])
    found: dict[str, Any] = {}
    for name, declared in properties.items():
        kinds = plain(declared)
        for number, text in enumerate(heard.texts):
            finder.asked = heard.answers and not number and name in required
            finder.needed = name in required
            value = finder.find(name, kinds, text)
            if value is not None:
                found[name] = value
                break
        beside = (_value_beside(name, text) for text in heard.known)
        if name not in found and kinds.get("type") == "string" and (value := next(filter(None, beside), None)):
            found[name] = value
    missing = [name for name in required if name not in found]
    if len(missing) == 1 and plain(properties[missing[0]]).get("type") == "string":
        [name] = missing
        kinds = plain(properties[name])
        if whole and name.split("_")[-1] in _WHOLE:
            found[name], missing = whole, []
        elif heard.answers and "enum" not in kinds and _pattern_of(name, kinds) is None:
            answer = heard.texts[0].strip(" .!") if heard.texts else ""
            if 0 < len(spoken(answer)) <= _FEW and not set(name.split("_")) & {"day", "date", "when", "time"}:
                found[name], missing = answer, []
    return found, missing


def plain(declared: object) -> Mapping[str, Any]:
    """Return a property's schema, without the null that an optional one allows.

    Args:
        declared: the schema.
    """
    kinds: Mapping[str, Any] = declared if isinstance(declared, dict) else {}
    options = kinds.get("anyOf")
    if isinstance(options, list):
        schemas = (option for option in options if isinstance(option, dict))
        return next((option for option in schemas if option.get("type") != "null"), {})
    return kinds


def fill(schema: Mapping[str, Any], text: str, otherwise: str) -> Any:
    """Make a value that fits a schema, as far as words allow.

    Args:
        schema: the schema.
        text: where a value may be found.
        otherwise: text for where none is.
    """
    return _filled(schema, text, otherwise, schema, _DEEPEST)


def _filled(node: object, text: str, otherwise: str, root: Mapping[str, Any], depth: int) -> Any:
    """Make a value for a part of a schema, down to a depth."""
    kinds = plain(referenced(node, root))
    if not depth:
        return None
    if kinds.get("type") == "object" or "properties" in kinds:
        properties = kinds.get("properties", {})
        return {name: _filled(declared, text, otherwise, root, depth - 1) for name, declared in properties.items()}
    if "const" in kinds:
        return kinds["const"]
    if isinstance(choices := kinds.get("enum"), list) and choices:
        found = _choice(choices, text)
        return choices[0] if found is None else found
    if kinds.get("type") == "array":
        least = min(int(kinds.get("minItems", 0)), _MOST_ITEMS)
        return [_filled(kinds.get("items"), text, otherwise, root, depth - 1)] * least
    if kinds.get("type") in ("integer", "number"):
        numbers = (float(each) for each in _NUMBER.findall(text))
        low, high = kinds.get("minimum", -math.inf), kinds.get("maximum", math.inf)
        whole = kinds["type"] == "integer"
        fits = (each for each in numbers if low <= each <= high and (each.is_integer() or not whole))
        value = next(fits, max(low, 0) if low > -math.inf else 0)
        return int(value) if whole or float(value).is_integer() else value
    return {"string": otherwise, "boolean": False}.get(str(kinds.get("type")))


class _Finder:
    """Finds the values for one tool.

    A number or an id counts for one argument alone.
    """

    def __init__(self, tool: ToolSpec, schemas: Sequence[Mapping[str, Any]]) -> None:
        self._things = {stem(word) for word in names_of(tool)}
        self._changes = verbs_of(tool) is not None
        self._numeric = sum(kinds.get("type") in ("integer", "number") for kinds in schemas)
        self._used: set[str] = set()
        self.asked = False
        """True if the text answers a question for the argument."""
        self.needed = False

    def find(self, name: str, kinds: Mapping[str, Any], text: str) -> Any:
        """Find the value of an argument in a text, or return None."""
        if isinstance(choices := kinds.get("enum"), list):
            return _choice(choices, text)
        kind = kinds.get("type")
        if kind in ("integer", "number"):
            return self._number(name, kinds, text)
        if kind == "boolean":
            return _truth(name, text)
        if kind == "array":
            item = self.find(name, plain(kinds.get("items")), text)
            return None if item is None else [item]
        return self._text(name, kinds, text) if kind == "string" else None

    def _number(self, name: str, kinds: Mapping[str, Any], text: str) -> int | float | None:
        written = [(found[0], found.start(), found.end()) for found in _NUMBER.finditer(text)]
        named = ((found[0].casefold(), found) for found in WORD.finditer(text))
        written += [(str(_COUNTS.index(word)), at.start(), at.end()) for word, at in named if word in _COUNTS]
        written = [each for each in written if each[0] not in self._used]
        alone = len(written) == 1 and self._numeric == 1
        for number, start, end in written:
            value = float(number)
            whole = value == int(value)
            if kinds["type"] == "integer" and not whole:
                continue
            meant = self.asked or (alone and (self.needed or (not self._changes and kinds["type"] == "integer")))
            fits = kinds.get("minimum", value) <= value <= kinds.get("maximum", value)
            if fits and (meant or _belongs(name, kinds, text, start, end)):
                self._used.add(number)
                return int(value) if whole else value
        return None

    def _text(self, name: str, kinds: Mapping[str, Any], text: str) -> str | None:
        words = set(name.casefold().split("_"))
        pattern = _pattern_of(name, kinds)
        if pattern is not None:
            for found in pattern.finditer(text):
                value = next((group for group in found.groups() if group), found[0]).strip("#- ")
                if value not in self._used and (pattern is not _DIGITS or self._is_id(words, text, found)):
                    if pattern is _PLACE and value.casefold() in (*_DAYS, *_MONTHS):
                        continue
                    self._used.add(value)
                    return value
        if words & {"day", "date", "when", "time"}:
            return next((word for word in WORD.findall(text.casefold()) if word in _DAYS), None)
        quoted = _QUOTED.search(text) if self.needed and pattern is None else None
        return quoted[1] if quoted else None

    def _is_id(self, words: set[str], text: str, found: re.Match[str]) -> bool:
        """Return True if something with digits is an id.

        The thing before it shows that, or its form, or that it answers a question.
        """
        token = found[0].strip("#- ")
        if found[0].startswith("#"):
            return True
        if sum(letter.isdigit() for letter in token) < _LEAST or _counts(spoken(text[found.end() :])[:1]):
            return False
        if _SHAPED.fullmatch(token):
            return True
        if self.asked and len(spoken(text)) <= _FEW:
            return True
        things = {stem(word) for word in words - {"id", "number", "no", "code", "nr"}} | self._things
        for passed, word in enumerate(reversed(spoken(text[: found.start()]))):
            if stem(word) in things:
                return True
            if word not in _BETWEEN or passed > _SHORTEST:
                return False
        return False


def _pattern_of(name: str, kinds: Mapping[str, Any]) -> re.Pattern[str] | None:
    words = {*name.casefold().split("_"), str(kinds.get("format", ""))}
    wanted: Sequence[tuple[frozenset[str], re.Pattern[str]]] = (
        (frozenset({"email", "mail"}), _EMAIL),
        (frozenset({"phone", "telephone", "mobile"}), _PHONE),
        (frozenset({"date"}), _DATE),
        (_IDS, _DIGITS),
        (frozenset({"name", "customer", "caller"}), _NAMED),
        (frozenset({"city", "place", "location", "town", "country"}), _PLACE),
    )
    return next((pattern for names, pattern in wanted if names & words), None)


def _counts(after: Sequence[str]) -> bool:
    """Return True if the number before these words counts them."""
    word = after[0] if after else ""
    return word in _UNITS or (len(word) > _SHORTEST and word.endswith("s") and word not in _NO_PLURAL)


def _belongs(name: str, kinds: Mapping[str, Any], text: str, start: int, end: int) -> bool:
    """Return True for a number by a word of its argument, or between commas."""
    before, after = text[:start].rstrip(), text[end:].lstrip()
    own = stems(name) | stems(str(kinds.get("description", "")))
    beside = {stem(word) for word in (*carrying(before)[-1:], *carrying(after)[:1])}
    if own & beside:
        return True
    if own & _MONEY[1] and ({before[-1:], after[:1]} & _MONEY[0]):
        return True
    return before[-1:] in (",", ";") and after[:1] in (",", ";", "", ".")


def _choice(choices: Sequence[Any], text: str) -> Any:
    """Return the choice that a text names.

    It may name one of its words, or the day or month that it abbreviates.
    """
    words = carrying(text)
    named = f" {' '.join(words)} "
    for choice in choices:
        written = " ".join(WORD.findall(str(choice).casefold().replace("_", " ")))
        if written and f" {written} " in named:
            return choice
    for word in words:
        fits = [choice for choice in choices if _is_meant(str(choice).casefold(), word)]
        if len(fits) == 1:
            return fits[0]
    return None


def _is_meant(choice: str, word: str) -> bool:
    if word in (*_DAYS, *_MONTHS):
        return len(choice) >= _SHORTEST and word.startswith(choice)
    return stem(word) in {stem(each) for each in WORD.findall(choice.replace("_", " "))}


def _truth(name: str, text: str) -> bool | None:
    """Return whether a text says what a name says, or denies it."""
    own, words = stems(name), spoken(text)
    if not own or not own <= {stem(word) for word in words}:
        return None
    place = next(place for place, word in enumerate(words) if stem(word) in own)
    return not any(word in _NOT or word.endswith("n't") for word in words[max(0, place - 2) : place])


def _is_data(text: str) -> bool:
    """Return True for known context: a message that ends in a JSON object."""
    try:
        return isinstance(json.loads(text[text.find("{") :]), dict)
    except (ValueError, RecursionError):
        return False


def _value_beside(name: str, text: str) -> str | None:
    """Return the value of a name in JSON, as in the known context."""
    found = re.search(rf'"{re.escape(name)}"\s*:\s*"([^"]*)"', text)
    return found[1] if found else None
