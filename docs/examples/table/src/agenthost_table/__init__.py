"""Reserves tables of a hotel's restaurant."""

from typing import Literal

from attrs import field, frozen
from attrs.validators import ge

from agenthost import AgentBase, FunctionResult

__all__ = ["TableAgent", "TableSettings"]


@frozen
class TableSettings:
    """Settings of the agent, in ``[agents.table]`` of agenthost.toml.

    Args:
        tables: Number of tables for an evening
        opens: When the kitchen opens, as the agent tells it
    """

    tables: int = field(default=12, validator=ge(1))
    opens: str = "6 pm"


class FullError(Exception):
    """There is no table left."""


class TableAgent(AgentBase):
    """Reserves tables of a hotel's restaurant."""

    Settings = TableSettings

    def __init__(self, settings: TableSettings) -> None:
        super().__init__(
            name="table",
            route="/table",
            sip=("table", "restaurant"),
            fallback="I'm sorry, I cannot reach the restaurant right now. Please call again in a few minutes.",
            examples=["Can I have a table on Friday?", "When does the restaurant open?"],
        )
        self._settings = settings
        self.prompt_add_section("Role", "You reserve tables.", bullets=["Be brief", "Ask for day and number of guests"])
        self.prompt_add_section("Kitchen", f"The kitchen opens at {settings.opens}.")
        self.add_language("English", "en-US", "rime.spore")

    @AgentBase.tool(idempotent=True)
    async def reserve(self, day: Literal["fri", "sat", "sun"], guests: int) -> FunctionResult:
        """Reserve a table.

        Args:
            day: Day of the evening
            guests: Number of guests
        """
        try:
            taken = await self.state.update(f"taken/{day}", self._take, default=0)
        except FullError:
            return FunctionResult(f"There is no table left on {day}.")
        return FunctionResult(f"Table {taken} for {guests} on {day}, from {self._settings.opens}.").update_global_data(
            {"day": day, "guests": guests}
        )

    def _take(self, taken: int) -> int:
        if taken >= self._settings.tables:
            raise FullError
        return taken + 1
