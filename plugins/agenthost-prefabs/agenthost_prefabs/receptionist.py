"""The receptionist: finds out who a caller needs, and connects them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agenthost import AgentBase, Call, FunctionResult
from agenthost_prefabs.prefab import Prefab, PrefabSettings, filled

if TYPE_CHECKING:
    from collections.abc import Callable

    import attrs

__all__ = ["Department", "ReceptionistAgent", "ReceptionistSettings"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_REACHED = "exactly one of agent and number"


def _name(_department: object, _attribute: attrs.Attribute[str], value: str) -> None:
    if not _NAME.fullmatch(value):
        raise ValueError(f"a department's name has lower case letters, digits and _, such as sales, not {value!r}")


def _different(_settings: object, _attribute: object, value: tuple[Department, ...]) -> None:
    names = [each.name for each in value]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two departments are called {twice[0]!r}")


@frozen(kw_only=True)
class Department:
    """A department that callers are connected with.

    Args:
        name: Its name, such as sales
        description: What it is for, in the words of callers
        agent: Key, name or route of an agent of this host
        number: Phone number or SIP address, in place of an agent
    """

    name: str = field(validator=_name)
    description: str = field(validator=filled)
    agent: str = ""
    number: str = ""

    def __attrs_post_init__(self) -> None:
        if bool(self.agent) == bool(self.number):
            raise ValueError(f"department {self.name!r} needs {_REACHED}")


@frozen(kw_only=True)
class ReceptionistSettings(PrefabSettings):
    """Settings of the receptionist.

    Args:
        departments: Departments that callers are connected with
    """

    departments: tuple[Department, ...] = field(default=(), validator=_different)


class ReceptionistAgent(Prefab):
    """Connects callers with departments, and takes messages."""

    Settings = ReceptionistSettings

    def __init__(self, settings: ReceptionistSettings) -> None:
        super().__init__(
            name="receptionist",
            route="/receptionist",
            sip=("receptionist",),
            fallback=self.fallback_words(),
            examples=("I would like to speak to somebody.", "Can you connect me?", "Can I leave a message?"),
        )
        role = f"You are the receptionist of {settings.company}. You find out what callers need, and connect them."
        self.begin(settings, role, {"name": "the caller's name", "reason": "the reason of the call"})
        if settings.departments:
            told = [f"{each.name}: {each.description}" for each in settings.departments]
            self.prompt_add_section(
                "Departments", "Ask back if it is not clear which one a caller needs. Never name others.", bullets=told
            )
        for each in settings.departments:
            self.define_tool(
                name=f"connect_{each.name}",
                description=f"Connect the caller with {each.name}: {each.description}",
                parameters={},
                handler=_connecting(each),
            )
        self.prompt_add_section("Messages", "Offer to take a message if no department fits.")

    @AgentBase.tool(idempotent=True)
    async def take_message(self, message: str, call: Call, name: str = "") -> FunctionResult:
        """Take a message of the caller for somebody.

        Args:
            message: The message, in the caller's words
            call: The call, which the host passes
            name: The caller's name
        """
        taken = {"message": message, "name": name or call.caller_name, "number": call.caller_number}
        await self.state.set(f"message:{call.id}:{message}"[:200], taken)
        return FunctionResult("The message is taken.").update_global_data({"message": taken})


def _connecting(department: Department) -> Callable[[dict[str, Any]], FunctionResult]:
    agent, number, words = department.agent, department.number, f"I connect you with {department.name}."
    if agent:

        def hand_over(_args: dict[str, Any]) -> FunctionResult:
            return FunctionResult(words).hand_over(agent)

        return hand_over

    def connect(_args: dict[str, Any]) -> FunctionResult:
        return FunctionResult(words).connect(number, final=True)

    return connect
