"""Small talk: messages that belong to no agent, for the calibration of classifiers by meaning.

They are in English only: a model of several languages places them well for all, while messages of another language
would seem to belong to nobody by their language alone.
"""

from __future__ import annotations

__all__ = ["SMALL_TALK"]

SMALL_TALK = (
    "yes, that's right",
    "no, thank you",
    "okay, thanks",
    "good afternoon",
    "hi, how's it going?",
    "can somebody help me?",
    "I'd like some help",
    "sorry, I didn't catch that",
    "could you repeat it?",
    "I'm not sure",
    "the first one, please",
    "next Monday at three",
    "my name is Peter Miller",
    "my number is 555 0134",
    "my postcode is 90210",
    "let me think about it",
    "wait a second",
    "that's all, goodbye",
    "tell me a story",
    "what is the meaning of life?",
    "will it rain tomorrow?",
    "who wrote Hamlet?",
    "what is twelve times nine?",
    "recommend a good film",
    "how do I cook rice?",
    "which team won the cup?",
    "translate this into Latin",
    "are you a robot?",
    "I live near the station",
    "it was a lovely weekend",
)
