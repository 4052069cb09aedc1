"""The built-in escalation detectors, with word lists in English and Spanish.

Phrases match whole words, unless the same clause denies them: "I don't need a supervisor" is not an escalation, "No, I
need a supervisor" is one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost import EscalationDetector, Signal, Status, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost import Outcome, Turn

__all__ = [
    "Anger",
    "Failure",
    "LowConfidence",
    "Phrases",
    "RepeatContact",
    "StructuredSignal",
    "asks_for_person",
    "denied",
    "escalation_detectors",
    "plain",
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


@hookimpl
def escalation_detectors() -> list[EscalationDetector]:
    """Offer the six detectors, each with its defaults."""
    return [StructuredSignal(), Phrases(), Failure(), LowConfidence(), RepeatContact(), Anger()]


@frozen
class StructuredSignal:
    """Detects that the agent itself escalates, by a tool's result or ``Reply.escalate``."""

    name: str = "signal"

    async def before(self, turn: Turn) -> Signal | None:  # noqa: ARG002
        """Detect nothing, as only answers count."""
        return None

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect an escalation in the reply."""
        reason = outcome.reply.escalate if outcome.reply is not None else None
        return None if reason is None else Signal(self.name, reason or "the agent escalates")


@frozen
class Phrases:
    """Detects that the customer asks for a person, or that the agent gives up.

    Args:
        more: further phrases of customers, matched as whole words in any case.
    """

    name: str = "phrases"
    more: tuple[str, ...] = ()
    _more: tuple[re.Pattern[str], ...] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        patterns = tuple(
            re.compile(rf"(?<!\w){re.escape(plain(phrase))}(?!\w)") for phrase in self.more if phrase.strip()
        )
        object.__setattr__(self, "_more", patterns)

    async def before(self, turn: Turn) -> Signal | None:
        """Detect a customer who asks for a person."""
        said = asks_for_person(turn.text) or _first(self._more, plain(turn.text))
        return None if said is None else Signal(self.name, f"the customer says: {said}")

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect an agent that gives up."""
        if outcome.reply is None:
            return None
        said = _first((_GIVES_UP,), plain(outcome.reply.text))
        return None if said is None else Signal(self.name, f"the agent says: {said}")


@frozen
class Failure:
    """Detects that the agent failed or was too slow."""

    name: str = "failure"

    async def before(self, turn: Turn) -> Signal | None:  # noqa: ARG002
        """Detect nothing, as only answers count."""
        return None

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect an error or a timeout. A cancelled or skipped agent has not failed."""
        if outcome.status is Status.TIMEOUT:
            return Signal(self.name, f"{outcome.agent} did not answer in time")
        if outcome.status is Status.ERROR:
            return Signal(self.name, f"{outcome.agent} failed")
        return None


@frozen
class LowConfidence:
    """Detects that the agent is not confident enough.

    Args:
        below: the least confidence that is enough, 0 to 1.
    """

    name: str = "low_confidence"
    below: float = 0.4

    async def before(self, turn: Turn) -> Signal | None:  # noqa: ARG002
        """Detect nothing, as only answers count."""
        return None

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect a low confidence. A reply without a confidence counts as confident."""
        sure = outcome.reply.confidence if outcome.reply is not None else None
        return None if sure is None or sure >= self.below else Signal(self.name, f"the agent is {sure:.0%} sure")


@frozen
class RepeatContact:
    """Detects a customer who contacts again about the same matter, or repeats a message.

    Args:
        times: number of similar messages before this one, in this conversation.
    """

    name: str = "repeat_contact"
    times: int = 2

    async def before(self, turn: Turn) -> Signal | None:
        """Detect the words for it, or a message that repeats earlier ones."""
        if said := _first((_AGAIN,), plain(turn.text), deniable=False):
            return Signal(self.name, f"the customer says: {said}")
        words = _words(turn.text)
        same = sum(_alike(words, _words(message.content)) for message in turn.history if message.role == "user")
        if same >= self.times:
            return Signal(self.name, f"the customer says the same for the {same + 1}. time")
        return None

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect nothing, as only the customer's messages count."""
        return None


@frozen
class Anger:
    """Detects anger, by words or by capitals with exclamation marks."""

    name: str = "anger"

    async def before(self, turn: Turn) -> Signal | None:
        """Detect angry words or shouting."""
        text = turn.text[:_LONGEST_TEXT]
        if said := _first((_ANGRY,), plain(text)):
            return Signal(self.name, f"the customer says: {said}")
        if _shouts(text) and _SHOUTED.search(text):
            return Signal(self.name, "the customer shouts")
        return None

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect nothing, as only the customer's messages count."""
        return None


def asks_for_person(text: str) -> str | None:
    """Return the words that ask for a person or an escalation, or None."""
    said = plain(text)
    if _ALONE.match(said):
        return said.strip()
    return _first((_ASKED,), said)


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


def _first(patterns: tuple[re.Pattern[str], ...], text: str, *, deniable: bool = True) -> str | None:
    for found in _found(patterns, text):
        if not (deniable and denied(text, found.start(), found.end())):
            return found.group()
    return None


def _found(patterns: tuple[re.Pattern[str], ...], text: str) -> Iterator[re.Match[str]]:
    for pattern in patterns:
        yield from pattern.finditer(text)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORDS.findall(plain(text)))


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    return len(first) >= _LEAST_WORDS and len(first & second) >= _SAME * len(first | second)


def _shouts(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) >= _CAPITALS and sum(letter.isupper() for letter in letters) > len(letters) / 2
