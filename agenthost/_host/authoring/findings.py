"""Findings: what an author should correct, each by a rule."""

from __future__ import annotations

from attrs import frozen

__all__ = ["PAGE", "RULES", "Finding"]

PAGE = "checks"
"""The page of the rules, as ``agenthost docs`` names it."""

RULES = {
    "A101": "parameter-without-hint",
    "A102": "call-of-another-type",
    "A103": "method-without-self",
    "A104": "argument-that-fits-nothing",
    "A105": "tool-without-description",
    "A106": "two-methods-of-one-name",
    "A107": "probe-with-parameters",
    "A108": "lifespan-without-context-manager",
    "A109": "hook-without-mark",
    "A110": "agent-in-the-group-of-plugins",
    "A111": "misspelt-group",
    "A112": "doubled-entry-point",
    "A113": "prompt-without-role",
    "A114": "change-without-fallback",
    "A115": "blocking-call-in-async-tool",
    "A116": "parameter-without-description",
    "A117": "state-on-self",
    "A118": "tool-that-returns-nothing",
    "A119": "tool-without-mark",
    "A120": "plugin-without-hooks",
    "A121": "option-of-a-tool-misspelt",
    "A122": "method-that-serves",
    "A123": "state-without-await",
    "A124": "name-of-the-agent-replaced",
    "A125": "default-that-is-shared",
}
"""The name of each rule. docs/reference/checks.md has a row for each."""


@frozen
class Finding:
    """A probable mistake.

    Args:
        rule: a key of ``RULES``.
        place: file and line, or the package.
        text: what is wrong.
        fix: what to write instead.
    """

    rule: str
    place: str
    text: str
    fix: str

    def __str__(self) -> str:
        return f"{self.place}: {self.rule} {self.text}{'' if self.text.endswith('?') else '.'} fix: {self.fix}"
