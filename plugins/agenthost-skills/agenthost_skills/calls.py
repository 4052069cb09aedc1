"""Skills that act on the call: transfers, and files played in the background."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from agenthost import DataMap, FunctionResult, Skill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["PlayBackgroundFileSkill", "PlaySettings", "TransferSettings", "TransferSkill"]

_DESTINATIONS = ("agent", "url", "address")
_DELIMITED = re.compile(r"/(.*)/[a-z]*", re.DOTALL)


def _transfers(_settings: object, _field: object, value: object) -> None:
    if not isinstance(value, dict) or not value:
        raise ValueError("transfers must map patterns to destinations, such as {'/sales/i': {'agent': 'sales'}}")
    for pattern, to in value.items():
        if not isinstance(to, dict) or sum(name in to for name in _DESTINATIONS) != 1:
            raise ValueError(f"transfers: {pattern!r} needs one of {', '.join(_DESTINATIONS)}")


@attrs.frozen
class TransferSettings:
    """Settings of ``swml_transfer``.

    Args:
        transfers: Pattern of a destination's name to where it leads: ``agent`` (key, name or route of an agent of this
            host), ``url`` (a SWML document) or ``address`` (a number or SIP address), and ``message``,
            ``return_message``, ``post_process``, ``final`` and ``from_addr``
        tool_name: Name of the tool
        description: Description of the tool
        parameter_name: Name of its parameter
        parameter_description: Description of its parameter
        default_message: Answer for a name that no pattern matches
        default_post_process: Whether the model speaks once more then
        required_fields: Further parameters, with their descriptions, which are kept as ``call_data``
    """

    transfers: dict[str, dict[str, Any]] = attrs.field(validator=_transfers)
    tool_name: str = "transfer_call"
    description: str = "Transfer the call to a destination"
    parameter_name: str = "transfer_type"
    parameter_description: str = "Name of the destination"
    default_message: str = "Ask which destination the caller wants."
    default_post_process: bool = False
    required_fields: dict[str, str] = attrs.field(factory=dict)


class TransferSkill(Skill):
    """Transfers calls to agents, documents and numbers."""

    Settings = TransferSettings

    def prompt_sections(self) -> list[dict[str, Any]]:
        """Return the section that lists the destinations."""
        settings = self.settings
        bullets = [f"{name}: {_destination(to)}" for name, to in self._named()]
        name = self.tool_name(settings.tool_name)
        body = f"Use {name} to transfer the call. Pass one of these destinations as {settings.parameter_name}."
        return [{"title": "Transfers", "body": body, "bullets": bullets or ["any"]}]

    def hints(self) -> list[str]:
        """Return the names of the destinations."""
        return [each for name, _ in self._named() for each in name.split("|") if each.replace(" ", "").isalnum()]

    def describe(self, agent: Any) -> None:
        """Add the tool, which the platform runs."""
        settings = self.settings
        tool = DataMap(self.tool_name(settings.tool_name)).description(settings.description)
        tool.parameter(settings.parameter_name, "string", settings.parameter_description, required=True)
        for name, told in settings.required_fields.items():
            tool.parameter(name, "string", told, required=True)
        value = f"${{args.{settings.parameter_name}}}"
        for pattern, to in settings.transfers.items():
            tool.expression(value, pattern, self._result(to))
        default = FunctionResult(settings.default_message, post_process=settings.default_post_process)
        tool.expression(value, "/.*/", self._kept(default))
        agent.register_swaig_function(tool)

    def _result(self, to: Mapping[str, Any]) -> FunctionResult:
        message, final = to.get("message", "Transferring you now."), to.get("final", True)
        result = self._kept(FunctionResult(message, post_process=to.get("post_process", True)))
        back = to.get("return_message", "The transfer is over. Ask whether there is anything else.")
        if "agent" in to:
            return result.hand_over(to["agent"], None if final else back, final=final)
        if "url" in to:
            return result.swml_transfer(to["url"], back, final)
        return result.connect(to["address"], final, to.get("from_addr"))

    def _kept(self, result: FunctionResult) -> FunctionResult:
        """Keep the required fields in the call's data."""
        fields = {name: f"${{args.{name}}}" for name in self.settings.required_fields}
        return result.update_global_data({"call_data": fields}) if fields else result

    def _named(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the destinations with names that a model can pass."""
        for pattern, to in self.settings.transfers.items():
            inner = _DELIMITED.fullmatch(pattern)
            name = inner[1] if inner else pattern
            if name and not name.startswith("."):
                yield name, to


def _destination(to: Mapping[str, Any]) -> str:
    """Return the destination for the prompt, without credentials of a URL."""
    written = str(next(to[name] for name in _DESTINATIONS if name in to))
    return re.sub(r"//[^/@]*@", "//", written).partition("?")[0]


def _files(_settings: object, _field: object, value: object) -> None:
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError("files must be a list of objects with key, description and url")
    for each in value:
        if not isinstance(each, dict) or not {"key", "description", "url"} <= each.keys():
            raise ValueError(f"files: {each!r} needs key, description and url")


@attrs.frozen
class PlaySettings:
    """Settings of ``play_background_file``.

    Args:
        files: Objects with ``key``, ``description`` and ``url``, and ``wait``, which keeps the agent silent meanwhile
        tool_name: Name of the tool
    """

    files: Sequence[dict[str, Any]] = attrs.field(validator=_files)
    tool_name: str = "play_background_file"


class PlayBackgroundFileSkill(Skill):
    """Plays files behind the conversation, and stops them."""

    Settings = PlaySettings

    def describe(self, agent: Any) -> None:
        """Add the tool, which the platform runs."""
        files = self.settings.files
        told = "; ".join((*(f"start_{each['key']}: {each['description']}" for each in files), "stop: stop the file"))
        actions = [*(f"start_{each['key']}" for each in files), "stop"]
        tool = DataMap(self.tool_name(self.settings.tool_name)).description("Start or stop a file in the background")
        tool.parameter("action", "string", f"What to do. {told}", required=True, enum=actions)
        for each in files:
            result = FunctionResult(f"Tell the caller that {each['description']} is played now.", post_process=True)
            result.play_background_file(each["url"], wait=each.get("wait", False))
            tool.expression("${args.action}", f"/^start_{re.escape(each['key'])}$/i", result)
        stopped = FunctionResult("Tell the caller that the file has stopped.").stop_background_file()
        tool.expression("${args.action}", "/^stop$/i", stopped)
        agent.register_swaig_function(tool)
