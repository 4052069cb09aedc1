"""The matter of a message: its text without names of people and denied matters.

"My name is Bill" has nothing to do with bills, and "not the invoice, the delivery" is about a delivery. The patterns
cover English, Spanish, French, German, Portuguese, Italian and Dutch.
"""

from __future__ import annotations

import re
from functools import cache

from agenthost.conversation.empty_words import EMPTY_WORDS, plain_words

__all__ = ["matter"]

_LONGEST_TEXT = 2000
_WORD = r"[^\W_]+(?:['-][^\W_]+)*"
_CAPITAL = r"(?-i:[A-ZÀ-ÖØ-Þ][^\W\d_]*(?:['-][^\W\d_]+)*)"
_END = r"(?=\s*(?:[.,;:!?)\n]|$|\b(?:and|y|et|und|e|en)\b))"

_PRESENTS = (
    r"my (?:full |first |last )?name(?:'s| is)|mi nombre(?: completo)? es|me llamo|je m'appelle|mon nom(?: est|:)"
    r"|ich hei(?:ß|ss)e|mein name ist|meu nome é|me chamo|eu me chamo|chamo-me|mi chiamo|il mio nome è"
    r"|mijn naam is|ik heet"
)
_MAY_PRESENT = r"i am|i'm|this is|it's|soy|habla|je suis|c'est|ich bin|hier spricht|sou|sono|ik ben|u spreekt met"
_BEFORE_NAMES = (
    r"(?:spoke|speak|speaking|talked|talk|talking|spoken) (?:to|with)|named|called|a friend|my friend|namens|llamad[oa]"
    r"|hablé con|parlé (?:à|avec)|gesprochen mit|falei com|parlato con|gesproken met"
)
_TITLES = (
    r"mr|mrs|ms|miss|dr|herrn?|frau|señora?|sra?|monsieur|madame|mme|signora?|senhora?|mevrouw|meneer|dhr|doctora?"
)
_NAMES = (
    rf"\b(?:{_PRESENTS}) {_WORD}(?: {_CAPITAL}| {_WORD}{_END})?"
    rf"|\b(?:{_MAY_PRESENT}) {_CAPITAL}(?: {_CAPITAL}){{0,2}}(?=\s*(?:[.,;]|$|\b(?:speaking|here|and|y|et|und)\b))"
    rf"|\b(?:{_BEFORE_NAMES}),? {_CAPITAL}(?: {_CAPITAL})?"
    rf"|\b(?:{_TITLES})\b\.? {_CAPITAL}(?: {_CAPITAL})?"
)

_LANGUAGES = (
    # not, words between it and an article, articles, words that introduce the other matter
    (
        r"(?:not|isn't|don't (?:want|need|mean)|do not (?:want|need|mean)|didn't mean)",
        r"about|for|with|because of|regarding|to",
        r"the|my|an?|your|our|this|that|any|his|her",
        r"but|rather|it's|it is|i (?:want|need|mean|meant)|i'd like|just|only|about|for",
    ),
    (
        r"no",
        r"es|se trata|quiero|necesito|por|sobre|de|para",
        r"el|la|los|las|lo|una?|mis?|su",
        r"sino|es|quiero|necesito|solo|por|sobre|de",
    ),
    (
        r"pas",
        r"de|pour|sur|à cause",
        r"les?|la|une?|mon|ma|mes|des?|du|l'",
        r"mais|c'est|plutôt|je (?:veux|voudrais)|pour|sur",
    ),
    (
        r"(?:nicht|keine?n?)",
        r"um|wegen|für|über",
        r"der|die|das|den|dem|des|meine?[nrms]?|eine?[nrms]?",
        r"sondern|es geht|ich (?:will|möchte|brauche)|nur|um|wegen",
    ),
    (
        r"não",
        r"é|quero|preciso|sobre|de|para",
        r"[oa]s?|uma?|meus?|minhas?|d[oa]s?",
        r"mas|é|e sim|sim|quero|preciso|sobre",
    ),
    (
        r"non",
        r"è|voglio|per|di",
        r"il|l[aoe]|i|gli|una?|mi[oa]|dell?[ao]?|l'",
        r"ma|bensì|è|voglio|per",
    ),
    (r"(?:niet|geen)", r"over|voor|om", r"de|het|een|mijn", r"maar|ik (?:wil|bedoel)|over|voor"),
)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compile the patterns of names and of denied matters, which takes 10 ms."""
    return re.compile(_NAMES, re.IGNORECASE), re.compile(_denials(), re.IGNORECASE)


def _denials() -> str:
    """Return the pattern of denied matters, for words with one space between them."""
    patterns = []
    for denied, between, articles, others in _LANGUAGES:
        article = rf"(?:{articles})(?:(?<=')| )"
        matters = rf"{denied} (?:(?:{between}) ){{0,2}}(?:{article})?{_WORD}(?: {_WORD}){{0,2}}?"
        stated = rf"{denied} (?:(?:{between}) ){{0,2}}{article}{_WORD}(?: {_WORD}){{0,2}}?"
        patterns += [
            rf"\b{matters} ?[,;–-]? (?={_adversative(others)}\b)",
            rf"\b{stated} ?[,;–-] ?(?={article}|(?:{others})\b)",
            rf"[,;–-] ?(?:and |but |y |et |und |e |en )?{stated}(?= ?[.!]* ?$)",
        ]
    return "|".join(patterns)


def _adversative(others: str) -> str:
    """Return the word of a language for "but", the first of the others."""
    return others.partition("|")[0]


def matter(text: str) -> str:
    """Return a message without names of people and denied matters, in at most 2000 characters.

    A denial goes only if another matter remains.

    Args:
        text: the message.
    """
    kept = text[:_LONGEST_TEXT].replace("\u2019", "'")
    names, denied = _patterns()
    nameless = " ".join(names.sub(" ", kept).split())
    affirmed = denied.sub(" ", nameless)
    remains = not EMPTY_WORDS.issuperset(plain_words(affirmed))
    return " ".join((affirmed if remains else nameless).split()).strip(" ,;–-")
