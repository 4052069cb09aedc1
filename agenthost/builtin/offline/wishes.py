"""Wishes: the words with which a person asks for a tool that changes something.

Only English is understood. If it is not clear that a person asks, the model needs a yes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agenthost.builtin.offline.words import spoken, stem, word_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost import ToolSpec

__all__ = ["agrees", "asks", "declines", "denies", "is_question", "matter_of", "names_of", "verbs_of"]

_SENTENCE = re.compile(r"[.!?;:\n]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LOOKS = word_set(
    "answer ask calculate check compare compute connect convert count describe determine diagnose escalate estimate"
    " explain fetch find get give guide hand help identify inspect know list load lookup look measure overview peek"
    " preview print provide query quote read recall recommend retrieve say search see show suggest summarise summarize"
    " tell test track trace translate troubleshoot validate verify view watch what when where which whether who"
)
"""Verbs of tools that change nothing: they look something up, or pass a person on."""
_ALSO_LOOKS = _LOOKS | word_set("return returns report reports is are has can does how")
"""First words of the descriptions of such tools; as a name, ``return_order`` changes something."""
_CHANGES = word_set(
    "accept activate add adjust allocate amend apply approve arrange assign block book buy call cancel change charge"
    " claim clear close confirm create deactivate debit decline delete deposit disable discard dispatch disconnect"
    " downgrade drop edit email enable end enrol enroll erase exchange expire extend file finish freeze grant hold"
    " insert invite issue join kill leave lend lock log mail make mark merge message modify move notify open order"
    " pause pay place post publish purchase put rebook record redeem refund register reject release remind remove"
    " rename renew replace reply report request reschedule reserve reset resend restart restore resume return revoke"
    " save schedule send set ship sign start stop store submit subscribe suspend switch terminate transfer unblock"
    " unlock unsubscribe update upgrade upload void wipe withdraw write"
)
_FACTS = word_set(
    "availability balance cost count details fee fees history hours info information lookup number options overview"
    " policy price prices quote report search state status summary times"
)
"""Last words of names that are facts: ``order_status`` orders nothing."""
_NOUNS = word_set(
    "book call change charge claim deposit exchange file issue log mail message order place post purchase record refund"
    " release report request return schedule set ship sign start stop store switch transfer update upgrade"
)
"""Verbs that are also nouns."""
_OBJECTS = word_set(
    "a all an another any both everything for her him his it me my one our please that the their them these this those"
    " three today tomorrow two us your"
)
"""Words that follow them as verbs."""
_ALIKE = (
    frozenset({"book", "reserve", "schedule", "arrange"}),
    frozenset({"change", "update", "edit", "modify", "adjust"}),
    frozenset({"delete", "remove", "erase"}),
    frozenset({"create", "add", "open", "make", "start"}),
    frozenset({"buy", "order", "purchase"}),
    frozenset({"send", "mail", "email"}),
    frozenset({"block", "freeze", "lock"}),
    frozenset({"register", "enrol", "enroll"}),
)
"""Verbs with which people mean the same."""
_FILLERS = word_set(
    "actually ahead alright also and fine go good great hello hey hi just kindly no now oh ok okay please so sorry sure"
    " thank thanks then well yeah yes you"
)
"""The words that may precede an order."""
_NOT = word_set("cannot cant dont neither never nobody not nothing without wont")
_ASKED_ABOUT = word_set("how if unless until what whats when where whether which who whose why")
"""Words after which something is asked about, or a condition is made."""
_OPEN_QUESTIONS = word_set(
    "am are aren't did didn't do does doesn't had has hasn't have haven't is isn't should was wasn't were"
)
_TOLD = word_set("already forgot he said says she somebody someone they told tried")
_WANTING = word_set("demand going gonna have like love need want wish")
_ABLE = word_set("can could may")
_POLITE = word_set("can could will would")
_YES = re.compile(
    r"(?:yes|yeah|yep|sure|ok(?:ay)?|please(?: do)?|do (?:it|so|that)|go ahead|of course|right|correct|sí|si|ja|oui)\b"
)
_NO = re.compile(r"(?:no|nope|never ?mind|forget it|stop|don't|do not|leave it|nein|not now)\b")
_FEW = 5
"""Words that a mere no has at most."""


def verbs_of(tool: ToolSpec) -> frozenset[str] | None:
    """Return the verbs with which a person asks for a tool that changes something.

    None is for a tool that changes nothing. The verbs are read from the tool's name, or else from the first word of its
    description. A tool with neither may change something, and any word of its name asks for it.

    Args:
        tool: the tool.
    """
    name = names_of(tool)
    described = (spoken(tool.description) or [""])[0]
    forms = {described, described.removesuffix("s"), described.removesuffix("es")}
    if name[0] in _LOOKS or name[-1] in _FACTS:
        return None
    verbs = {word for word in name if word in _CHANGES - _NOUNS} or {name[0]} & _CHANGES
    if not verbs and forms & _ALSO_LOOKS:
        return None
    verbs |= forms & _CHANGES
    return frozenset(verbs.union(*(alike for alike in _ALIKE if alike & verbs)) or name)


def names_of(tool: ToolSpec) -> list[str]:
    """Return the words of a tool's name.

    Args:
        tool: the tool.
    """
    return re.findall(r"[^\W_]+", _HUMP.sub("_", tool.name).casefold()) or [""]


def asks(text: str, tool: ToolSpec) -> bool:
    """Return True if a person asks for a tool.

    A question about what it does is not such a wish, and neither is the opposite.

    Args:
        text: the message.
        tool: the tool.
    """
    verbs = verbs_of(tool)
    if verbs is None:
        return True
    if not verbs & _CHANGES:
        return bool({stem(verb) for verb in verbs} & {stem(word) for word in spoken(text)})
    named = {*names_of(tool), *spoken(tool.description)[1:_FEW]}
    objects = {*named, *(f"{word}s" for word in named)} - verbs
    return any(_asks(sentence, verbs, objects) for sentence in _SENTENCE.split(text))


def denies(text: str, tool: ToolSpec) -> bool:
    """Return True if a person speaks against a tool that changes something.

    Args:
        text: the message.
        tool: the tool.
    """
    words = spoken(text)
    return any(map(_negates, words)) and not (verbs_of(tool) or frozenset()).isdisjoint(words)


def matter_of(tool: ToolSpec) -> str:
    """Return a tool's description, without a first verb such as ``Look up``.

    Args:
        tool: the tool.
    """
    first = (spoken(tool.description) or [""])[0]
    looks = first in _ALSO_LOOKS or first.removesuffix("s") in _LOOKS
    return tool.description.partition(" ")[2] if looks else tool.description


def is_question(text: str) -> bool:
    """Return True if a message asks about something.

    Args:
        text: the message.
    """
    first = (spoken(text) or [""])[0]
    return "?" in text or first in _ASKED_ABOUT or first in _OPEN_QUESTIONS


def agrees(text: str) -> bool:
    """Return True if a message says yes.

    Args:
        text: the message.
    """
    return bool(_YES.match(text.strip().casefold())) and not any(map(_negates, spoken(text)))


def declines(text: str) -> bool:
    """Return True if a message says no, and nothing else.

    Args:
        text: the message.
    """
    return bool(_NO.match(text.strip().casefold().replace("\u2019", "'"))) and len(spoken(text)) <= _FEW


def _asks(sentence: str, verbs: frozenset[str], objects: set[str]) -> bool:
    """Return True if one sentence asks for it."""
    earlier: list[str] = []
    for part in sentence.split(","):
        words = spoken(part)
        if not earlier and words[:1] and words[0] in _OPEN_QUESTIONS:
            return False
        for place, word in enumerate(words):
            before, after = words[:place], words[place + 1 : place + 2]
            about = any(each in _ASKED_ABOUT for each in (*earlier, *before)) or any(each in _TOLD for each in before)
            is_verb = word not in _NOUNS or not after or after[0] in _OBJECTS or after[0] in objects
            if (
                word in verbs
                and not about
                and _wants(before, word, is_verb=is_verb, denied=any(map(_negates, earlier)))
            ):
                return True
        earlier += [word for word in words if word not in _FILLERS]
    return False


def _wants(before: Sequence[str], word: str, *, is_verb: bool, denied: bool) -> bool:
    """Return True if the words before a verb make it a wish.

    With ``is_verb``, what follows lets it be a verb, where it may be a noun.
    """
    if any(map(_negates, before)):
        return False
    first, second, last = ("", "", "", *before)[-3:]
    if all(each in _FILLERS for each in before):
        return is_verb and (not denied or last == "please")
    wishes = {
        "please": is_verb,
        "and": is_verb and not denied,
        "then": is_verb and not denied,
        "to": second in _WANTING or (second == "you" and first in _WANTING),
        "i": second in _ABLE,
        "we": second in _ABLE,
        "you": second in _POLITE,
        "me": second == "help",
        "let's": True,
        "lets": True,
    }
    noun = last in ("a", "an") and word in _NOUNS and any(each in _WANTING for each in before)
    return noun or wishes.get(last, False)


def _negates(word: str) -> bool:
    return word in _NOT or word.endswith("n't")
