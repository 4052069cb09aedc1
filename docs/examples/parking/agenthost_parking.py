"""Finds parking spaces of a hotel."""

from typing import Literal

from agenthost import AgentBase, FunctionResult

__all__ = ["ParkingAgent"]

_PLACES = {"small": "the courtyard", "large": "the meadow behind the house"}


class ParkingAgent(AgentBase):
    """Finds parking spaces of a hotel."""

    def __init__(self) -> None:
        super().__init__(
            name="parking",
            route="/parking",
            sip=("parking",),
            fallback="I'm sorry, I cannot see the parking spaces right now. Please ask at the desk.",
            examples=["Where can I park?", "Is there a space for my camper van?"],
        )
        self.prompt_add_section("Role", "You tell guests where to park.", bullets=["Be brief"])
        self.add_language("English", "en-US", "rime.spore")

    @AgentBase.tool
    def find_space(self, size: Literal["small", "large"] = "small") -> FunctionResult:
        """Find a parking space.

        Args:
            size: Size of the vehicle
        """
        return FunctionResult(f"Please park in {_PLACES[size]}.")
