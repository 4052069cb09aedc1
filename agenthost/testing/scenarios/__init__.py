"""Scenarios: scripted calls in files, with everything that must and must not happen."""

from __future__ import annotations

from agenthost.testing.scenarios.checking import Problem
from agenthost.testing.scenarios.reading import find_scenarios, read_scenario
from agenthost.testing.scenarios.running import play, run_scenario
from agenthost.testing.scenarios.scenario import Scenario
from agenthost.testing.scenarios.verdict import Run, Verdict, lines_about

__all__ = [
    "Problem",
    "Run",
    "Scenario",
    "Verdict",
    "find_scenarios",
    "lines_about",
    "play",
    "read_scenario",
    "run_scenario",
]
