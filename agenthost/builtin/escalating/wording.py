"""Words of customers who want a person, and of agents that give up."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "alike",
    "asks_for_person",
    "comes_again",
    "denied",
    "first",
    "gives_up",
    "is_angry",
    "plain",
    "shouts",
    "whole_words",
    "words",
]

_LONGEST_TEXT = 4000
_LEAST_WORDS = 3
_SAME = 0.8

_WHO = (
    r"(?:(?:human|real|live|actual) )?(?:manager|supervisor|boss|human(?: being| agent)?|representative|operator)"
    r"|(?:real|live|actual) (?:person|agent)|(?:someone|somebody) (?:senior|in charge|real|human)"
    r"|gerente|encargad[oa]|jef[ea]|responsable|humano|(?:agente|ser) humano|persona(?: (?:real|humana|de verdad))?"
    r"|representante|operadora?|supervisora"
)
_WANTS = (
    r"speak|talk|connect|transfer|get|give|put|pass|want|need|demand|require|ask for|asking for"
    r"|hablar|comunica\w*|comunique\w*|pas[ae]\w*|pong[ae]\w*|quiero|necesito|exijo|deme|dame|transfier[ae]\w*|conect\w*"
)
_BETWEEN = (
    r"to|with|a|an|the|your|me|us|on|through|over|speak|speaking|talk|talking|be|connected|transferred|now|please|line"
    r"|con|al|un|una|el|la|su|de|que|hablar|por|favor|otro|otra|alguna|ya"
)
_ASKED = re.compile(
    rf"\b(?:(?:{_WANTS})(?: (?:{_BETWEEN})){{0,7}} (?:{_WHO})"
    r"|escalate (?:this|it|that|my|the|me)|escalar (?:esto|este|mi|el|la)|escalelo|escale (?:esto|este|mi|el))\b"
)
_ALONE = re.compile(rf"^\W*(?:an? |the |un |una |el |la )?(?:{_WHO})(?:,? (?:please|now|por favor|ya))?\W*$")
_GIVES_UP = re.compile(
    r"\b(?:escalate|(?:human|senior) agent|supervisor|(?:cannot|can't|unable to|not able to) (?:resolve|help)"
    r"|escalar|agente humano|supervisora|no puedo (?:resolver|ayudar)\w*)\b"
)
_DENIAL = re.compile(
    r"\b(?:not|no|never|without|nor|neither|don't|dont|doesn't|didn't|won't|isn't|aren't|wasn't|needn't|wouldn't"
    r"|nunca|jamas|sin|tampoco|ni)\b"
)
_NO_DENIAL = re.compile(
    r"\b(?:not (?:been )?able to|not only|don't you|dont you|why (?:don't|dont|won't|not)|why (?:do|can) (?:i|we) not"
    r"|no (?:he |hemos )?(?:puedo|pude|podido|logro|consigo|podemos)|no solo|por que no)\b"
)
_DENIED_AFTER = re.compile(
    r"^[^.,;:!?]{0,12}\b(?:not|isn't|no es|no hace|no sera) (?:be )?(?:needed|necessary|required|necesari[oa]|falta)\b"
)
_CLAUSE = re.compile(r"[.,;:!?\n()]| - | but | pero | sino | however ")
_REACH = 4

_ANGRY = re.compile(
    r"\b(?:unacceptable|ridiculous|outrageous|disgust(?:ed|ing)|furious|angry|terrible|awful|horrible|appalling"
    r"|worst|pathetic|useless|incompeten(?:t|ce)|scam(?:med|mers)?|liars?|lied to|fed up|sick of|had enough|how dare"
    r"|disgrace(?:ful)?|ashamed|waste of (?:time|money)|legal action|lawyers?|sue you|bullshit|wtf"
    r"|inaceptable|ridiculo|indignante|indignad[oa]|furios[oa]|enfadad[oa]|enojad[oa]|pesim[oa]|vergonzos[oa]"
    r"|verguenza|estafa(?:dores)?|estafad[oa]|mentiros[oa]s?|hart[oa]s?|inutil(?:es)?|basura|asco|asqueroso"
    r"|abogad[oa]s?|denunciar|demandar(?:los|les)?|el peor|la peor)\b"
)
_SHOUTED = re.compile(r"[!]{2,}")
_CAPITALS = 12
_NUMBER = (
    r"(?:two|three|four|five|six|seven|eight|nine|ten|several|many|\d{1,3}|dos|tres|cuatro|cinco|seis|varias|muchas)"
)
_ORDINAL = r"(?:second|third|fourth|fifth|sixth|\d{1,2}(?:nd|rd|th)|segunda|tercera|cuarta|quinta|\d{1,2}a)"
_CONTACT = r"(?:call\w*|contact\w*|writ\w+|wrote|ask\w*|told|email\w*|messag\w+|llam\w+|escri\w+|contact\w+|pregunt\w+)"
_AGAIN = re.compile(
    rf"\b(?:{_ORDINAL} (?:time|vez)|{_CONTACT}(?: \w+){{0,3}} {_NUMBER} (?:times|veces)"
    rf"|{_NUMBER} (?:times|veces)(?: \w+){{0,4}} {_CONTACT}"
    rf"|(?:again and again|over and over|una y otra vez|otra vez lo mismo)"
    rf"|still waiting|sigo esperando)\b"
)
_WORDS = re.compile(r"[^\W_]+")


def asks_for_person(text: str) -> str | None:
    """Return the words that ask for a person or an escalation, or None."""
    said = plain(text)
    if _ALONE.match(said):
        return said.strip()
    return first((_ASKED,), said)


def gives_up(text: str) -> str | None:
    """Return the words by which an agent gives up, or None."""
    return first((_GIVES_UP,), plain(text))


def comes_again(text: str) -> str | None:
    """Return the words of a customer who has been there before, or None."""
    return first((_AGAIN,), plain(text), deniable=False)


def is_angry(text: str) -> str | None:
    """Return a customer's angry words, or None."""
    return first((_ANGRY,), plain(text))


def shouts(text: str) -> bool:
    """Return True for capitals with exclamation marks."""
    text = text[:_LONGEST_TEXT]
    letters = [letter for letter in text if letter.isalpha()]
    capitals = len(letters) >= _CAPITALS and sum(letter.isupper() for letter in letters) > len(letters) / 2
    return capitals and bool(_SHOUTED.search(text))


def whole_words(phrases: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Return patterns of phrases in a text from ``plain``."""
    return tuple(re.compile(rf"(?<!\w){re.escape(plain(phrase))}(?!\w)") for phrase in phrases if phrase.strip())


def denied(text: str, start: int, end: int) -> bool:
    """Return True if the clause around ``text[start:end]`` denies it.

    A denial counts within four words before the phrase, or right behind it.

    Args:
        text: a text from ``plain``.
        start: the start of the phrase.
        end: the end of the phrase.
    """
    before = _NO_DENIAL.sub(" ", _CLAUSE.split(text[:start])[-1])
    words = " ".join(before.split()[-_REACH:])
    return bool(_DENIAL.search(words) or _DENIED_AFTER.match(text[end:]))


def plain(text: str) -> str:
    """Strip case, accents, curly apostrophes and repeated spaces.

    Of a longer text, the first 4000 characters count.
    """
    folded = unicodedata.normalize("NFKD", text[:_LONGEST_TEXT].casefold())
    folded = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return re.sub(r"[^\S\n]+", " ", folded[:_LONGEST_TEXT].replace("\u2019", "'"))  # a letter may unfold to 18


def first(patterns: tuple[re.Pattern[str], ...], text: str, *, deniable: bool = True) -> str | None:
    """Return the first words that a pattern finds, without denied ones, or None."""
    for found in _found(patterns, text):
        if not (deniable and denied(text, found.start(), found.end())):
            return found.group()
    return None


def _found(patterns: tuple[re.Pattern[str], ...], text: str) -> Iterator[re.Match[str]]:
    for pattern in patterns:
        yield from pattern.finditer(text)


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(_WORDS.findall(plain(text)))


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return True if two messages have nearly the same words."""
    return len(one) >= _LEAST_WORDS and len(one & other) >= _SAME * len(one | other)
