"""The cost of scenarios, many in a row and many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from installed import AGENTHOST
from processes import cpu_of_command, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["measure_scenarios"]

SCENARIOS = 200
CALLS = 100
AGENT = '''
from typing import Literal

from agenthost import AgentBase, FunctionResult


class ClinicAgent(AgentBase):
    """Books visits to a clinic."""

    def __init__(self) -> None:
        super().__init__(name="clinic", route="/clinic")
        self.set_post_prompt("Summarise the call.")
        steps = self.define_contexts().add_context("default")
        steps.add_step("identify").set_text("Ask for the date of birth.").set_functions(["identify"])
        steps.add_step("book").set_text("Book a visit.").set_functions(["book"])

    @AgentBase.tool
    async def identify(self, born: str) -> FunctionResult:
        """Identify the patient.

        Args:
            born: Date of birth, such as 1980-02-29
        """
        return FunctionResult("Thank you.").swml_change_step("book")

    @AgentBase.tool
    async def book(self, day: Literal["mon", "tue"]) -> FunctionResult:
        """Book a visit.

        Args:
            day: Day of the visit
        """
        return FunctionResult(f"Booked for {day}, visit {await self.state.incr('visits')}.")
'''
SCENARIO = """title = "Visit {number}"
agent = "/clinic"
seed = {number}

[host]
files = ["agenthost_clinic.py"]

[[turn]]
user = "I was born on the 29th of February 1980."
model = [{{ call = "identify", with = {{ born = "1980-02-29" }} }}, {{ say = "Which day?" }}]

[[turn]]
user = "Tuesday, please."
model = [{{ call = "book", with = {{ day = "tue" }} }}, {{ say = "See you on Tuesday." }}]

[expect]
tools = ["identify", {{ call = "book", with = {{ day = "tue" }} }}]
step = "book"
ended = "caller"
"""


def measure_scenarios(directory: Path) -> Iterable[Figure]:
    """Measure ``agenthost test`` with many scenarios, then many calls to one host.

    Args:
        directory: an empty one to work in.
    """
    environ = variables(directory)
    (directory / "agenthost_clinic.py").write_text(AGENT, encoding="utf-8")
    for number in range(SCENARIOS):
        (directory / f"visit{number:03}.call.toml").write_text(SCENARIO.format(number=number), encoding="utf-8")
    load = ("simulate", "agenthost_clinic.py", "--scenario", "visit000.call.toml", "--calls")

    def needed(*words: str) -> float:
        return cpu_of_command([AGENTHOST, *words], directory, environ)

    one, many = needed("test", "visit000.call.toml"), needed("test", "--jobs", "2")
    yield Figure(
        f"`agenthost test` with {SCENARIOS} scenarios in two processes, CPU time",
        f"{many:.1f} s",
        f"one scenario: {one:.1f} s",
        many,
        unit=" s",
        most=40,  # 20 seconds on two cores
    )
    alone, at_once = needed(*load, "1"), needed(*load, str(CALLS))
    yield Figure(
        f"{CALLS} simulated calls at once, CPU time",
        f"{at_once:.2f} s",
        f"one call: {alone:.2f} s",
        (at_once - alone) / (CALLS - 1) * 1000,
        unit=" ms",
    )
