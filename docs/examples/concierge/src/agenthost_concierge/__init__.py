"""Sends guests of a hotel to the agent in charge."""

from attrs import frozen

from agenthost import AgentBase, FunctionResult, Router, SipCall, SipUri, hookimpl

__all__ = ["GuestsPlugin", "GuestsSettings", "ReceptionAgent", "concierge"]

_FALLBACK = "I'm sorry, I cannot do that right now. Please call again in a few minutes."


class ReceptionAgent(AgentBase):
    """Answers whatever the others do not, and calls a person."""

    def __init__(self) -> None:
        super().__init__(
            name="reception",
            route="/reception",
            sip=("reception", "desk"),
            fallback=_FALLBACK,
            examples=["I have lost my key.", "I want to speak to somebody."],
        )
        self.prompt_add_section("Role", "You are the reception of a hotel.", bullets=["Be brief"])
        self.add_language("English", "en-US", "rime.spore")

    @AgentBase.tool(idempotent=True)
    def call_colleague(self, reason: str) -> FunctionResult:
        """Ask a colleague to call the guest back.

        Args:
            reason: What the guest wants
        """
        return FunctionResult("A colleague calls you back.").update_global_data({"call_back": reason})


def concierge() -> Router:
    """Return the router, which sends each conversation to one of the agents."""
    made = Router(
        "concierge",
        ["parking", "table", "reception"],
        route="/",
        sip=("hotel",),
        fallback_agent="reception",
        fallback=_FALLBACK,
        description="Sends guests of a hotel to the agent in charge.",
    )
    made.add_language("English", "en-US", "rime.spore")
    return made


@frozen
class GuestsSettings:
    """Settings of the plugin, in ``[plugins.guests]`` of agenthost.toml.

    Args:
        regular: Numbers of regular guests
    """

    regular: tuple[str, ...] = ()


class GuestsPlugin:
    """Lets calls of regular guests reach the reception at once."""

    Settings = GuestsSettings

    def __init__(self, settings: GuestsSettings) -> None:
        self._regular = frozenset(settings.regular)

    @hookimpl
    def resolve_sip(self, uri: SipUri, call: SipCall) -> str | None:  # noqa: ARG002 - the form of the hook
        """Choose the reception for a regular guest, and leave others to aliases and rules."""
        return "reception" if call.calling in self._regular else None
