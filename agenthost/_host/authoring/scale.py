"""The quality scale: the level of a package, computed from rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._host.authoring.scale_rules import LEVELS, SCALE, ScaleRule

if TYPE_CHECKING:
    from agenthost._host.authoring.package_facts import PackageFacts

__all__ = ["Rating", "rate"]


@frozen
class Rating:
    """The rating of a package.

    Args:
        name: name of the distribution.
        version: its version.
        missing: rules that it does not fulfil, each with what is missing.
        exempt: rules that it is exempt from, each with the reason.
    """

    name: str
    version: str
    missing: tuple[tuple[ScaleRule, str], ...]
    exempt: tuple[tuple[ScaleRule, str], ...] = ()

    @property
    def level(self) -> str:
        """The highest level up to which no rule is missing, or ``none``."""
        lacking = {rule.level for rule, _ in self.missing}
        reached = "none"
        for level in LEVELS:
            if level in lacking:
                break
            reached = level
        return reached

    @property
    def badge(self) -> str:
        """The level as text for a README."""
        return f"agenthost scale: {self.level} ({len(SCALE) - len(self.missing)} of {len(SCALE)} rules)"

    def lines(self) -> list[str]:
        """Return the rating for people: the next level first."""
        told = [f"{self.name} {self.version}: {self.level}, {len(SCALE) - len(self.missing)} of {len(SCALE)} rules"]
        told += [f"  {rule.level}  {rule.name} {rule.asks}: {why}. fix: {rule.fix}" for rule, why in self.missing]
        told += [f"  exempt  {rule.name} {rule.asks}: {why}" for rule, why in self.exempt]
        return [*told, f"  badge:  {self.badge}"]

    def report(self) -> dict[str, Any]:
        """Return the rating as JSON."""
        missing = [
            {"rule": rule.name, "level": rule.level, "reason": why, "fix": rule.fix} for rule, why in self.missing
        ]
        exempt = [{"rule": rule.name, "reason": why} for rule, why in self.exempt]
        known = {"package": self.name, "version": self.version, "level": self.level, "badge": self.badge}
        return known | {"missing": missing, "exempt": exempt}


def rate(facts: PackageFacts) -> Rating:
    """Rate a package by its facts. An exemption without a reason does not count."""
    missing, exempt = [], []
    for rule in SCALE:
        if reason := facts.exemptions.get(rule.name, "").strip():
            exempt.append((rule, reason))
        elif (why := rule.missing(facts)) is not None:
            missing.append((rule, why))
    return Rating(facts.name, facts.version, tuple(missing), tuple(exempt))
