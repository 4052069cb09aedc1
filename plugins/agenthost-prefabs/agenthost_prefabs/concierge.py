"""The concierge: tells guests about a place, and connects them with its services."""

from __future__ import annotations

from attrs import field, frozen

from agenthost import FunctionResult
from agenthost_prefabs.prefab import Prefab, PrefabSettings, filled

__all__ = ["Amenity", "ConciergeAgent", "ConciergeSettings"]

_NOTHING = "I have no information about that. Offer to ask at the desk."


@frozen(kw_only=True)
class Amenity:
    """Something that guests can use.

    Args:
        name: Its name, such as pool
        description: What it is, and what guests should know
        hours: Its opening hours
        location: Its place
        agent: Key, name or route of the agent that takes reservations
    """

    name: str = field(validator=filled)
    description: str = ""
    hours: str = ""
    location: str = ""
    agent: str = ""


@frozen(kw_only=True)
class ConciergeSettings(PrefabSettings):
    """Settings of the concierge.

    Args:
        amenities: Amenities and services
        hours: Opening hours of the place
        directions: The way to the place
    """

    amenities: tuple[Amenity, ...] = ()
    hours: str = ""
    directions: str = ""


class ConciergeAgent(Prefab):
    """Tells guests about a place, its amenities and its hours."""

    Settings = ConciergeSettings

    def __init__(self, settings: ConciergeSettings) -> None:
        super().__init__(
            name="concierge",
            route="/concierge",
            sip=("concierge",),
            fallback=self.fallback_words(),
            examples=("When does the pool open?", "How do I get to you?"),
        )
        self._settings = settings
        role = f"You are the concierge of {settings.company}. You help guests, and never invent facts."
        self.begin(settings, role, {"request": "what the guest wanted", "done": "true or false"})
        self._tell("tell_hours", "Tell the opening hours of the house", settings.hours)
        self._tell(
            "tell_directions",
            "Tell directions: the address, and the way to the hotel, the shop or the house",
            settings.directions,
        )
        names = [each.name for each in settings.amenities]
        if names:
            self.prompt_add_section("Amenities", bullets=names)
            self.define_tool(
                name="describe_amenity",
                description=f"Tell when it opens, and where it is: {', '.join(names)}",
                parameters={"name": {"type": "string", "description": "The amenity", "enum": names}},
                required=["name"],
                handler=self._describe,
            )
        for each in settings.amenities:
            if each.agent:
                self._reserve(each)

    def _reserve(self, amenity: Amenity) -> None:
        """Add the tool that connects a guest with the agent of an amenity."""
        agent, name = amenity.agent, amenity.name

        def reserve(_args: dict[str, str]) -> FunctionResult:
            return FunctionResult(f"I connect you with {name}.").hand_over(agent)

        key = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.casefold())
        self.define_tool(
            name=f"connect_{key}",
            description=f"Connect the guest with {name}, for reservations: {amenity.description}",
            parameters={},
            handler=reserve,
        )

    def _describe(self, args: dict[str, str]) -> FunctionResult:
        each = next(each for each in self._settings.amenities if each.name == args["name"])
        told = (each.description, f"Hours: {each.hours}", f"Place: {each.location}")
        kept = [words for words in told if words and not words.endswith(": ")]
        return FunctionResult(f"{each.name}. {'. '.join(kept) or _NOTHING}")

    def _tell(self, name: str, description: str, words: str) -> None:
        """Add a tool that says one thing."""
        self.define_tool(
            name=name, description=description, parameters={}, handler=lambda _args: FunctionResult(words or _NOTHING)
        )
