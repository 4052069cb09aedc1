"""Functions of a session, as the platform reads them from a document."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from attrs import define, field

from agenthost.testing.platform.trace import scrubbed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenthost.testing.platform.leg import Leg

__all__ = ["HOOKS", "NATIVES", "Function", "include_functions", "read_functions"]

HOOKS = frozenset({"startup_hook", "hangup_hook", "summarize_conversation", "check_for_input"})
"""Functions that the model never sees."""
_OLDER_HOOKS = {"start_hook": "startup_hook", "stop_hook": "hangup_hook"}
NATIVES = {
    "check_time": ("Return the present time.", {}),
    "wait_seconds": ("Wait for some seconds.", {"seconds": {"type": "number"}}),
    "wait_for_user": ("Wait until the user speaks.", {}),
    "adjust_response_latency": ("Answer later or sooner.", {"direction": {"type": "string"}}),
}
"""Functions of the platform that an agent can switch on."""
_RESERVED = frozenset({"next_step", "change_context", "gather_submit", "hangup", "end_call"})
_SHARED_STORE = "data_map"


@define
class Function:
    """A function of a session.

    Args:
        name: its name.
        definition: its entry in the document.
        url: its webhook, or empty text.
        store: the token of its metadata.
        active: whether it is switched on.
        uses: the calls that are left, or None.
        native: whether the platform runs it.
    """

    name: str
    definition: Mapping[str, Any]
    url: str = ""
    store: str = ""
    active: bool = True
    uses: int | None = None
    native: bool = False

    @property
    def description(self) -> str:
        """Text for the model."""
        described = self.definition.get("description", self.definition.get("purpose", ""))
        return described if isinstance(described, str) else ""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON Schema of the arguments."""
        schema = self.definition.get("parameters", self.definition.get("argument"))
        return schema if isinstance(schema, dict) and schema else {"type": "object", "properties": {}}

    @property
    def data_map(self) -> Mapping[str, Any] | None:
        """Data map of the function, or None."""
        found = self.definition.get("data_map")
        return found if isinstance(found, dict) and found else None


@define
class _Reading:
    leg: Leg
    default_url: str
    found: dict[str, Function] = field(factory=dict)


def read_functions(leg: Leg, swaig: Mapping[str, Any]) -> dict[str, Function]:
    """Read the functions of a document. Those the platform skips are findings."""
    defaults = swaig.get("defaults")
    url = defaults.get("web_hook_url", "") if isinstance(defaults, dict) else ""
    reading = _Reading(leg, url if isinstance(url, str) else "")
    for definition in _entries(swaig.get("functions")):
        _read(reading, definition)
    for name in swaig["native_functions"] if isinstance(swaig.get("native_functions"), list) else ():
        if name in NATIVES:
            description, properties = NATIVES[name]
            schema = {"type": "object", "properties": properties}
            reading.found[name] = Function(name, {"description": description, "parameters": schema}, native=True)
        else:
            leg.finding("unknown_native", f"the platform has no native function {name!r}"[:200])
    return reading.found


async def include_functions(leg: Leg, swaig: Mapping[str, Any], functions: dict[str, Function]) -> None:
    """Fetch the functions of other servers, and register everything they return."""
    for include in _entries(swaig.get("includes")):
        url = include.get("url")
        if not isinstance(url, str):
            leg.finding("include", "an include has no url")
            continue
        body = {
            "action": "get_signature",
            "functions": include.get("functions", []),
            "content_type": "text/swaig",
            "version": "2.0",
        }
        if "meta_data" in include:
            body["meta_data"] = include["meta_data"]
        delivered = await leg.room.delivery.post("get_signature", url, body, timeout=leg.room.options.document_timeout)
        try:
            answer = delivered.response.json() if delivered.response is not None else None
        except ValueError:
            answer = None
        found = _signatures(answer)
        leg.trace("include", url=delivered.url, status=delivered.status, functions=[name for name, _ in found])
        if not found:
            leg.finding("include", f"{scrubbed(url)} returned no function: {delivered.failure or delivered.status}")
        reading = _Reading(leg, _default_of(answer) or url, functions)
        for _, definition in found:
            _read(reading, definition)


def _read(reading: _Reading, definition: Mapping[str, Any]) -> None:
    leg, name = reading.leg, definition.get("function")
    if not isinstance(name, str) or not name:
        leg.finding("function", "a function has no name, so it is skipped")
        return
    if name in _OLDER_HOOKS:
        leg.finding("function", f"{name!r} is an older name of {_OLDER_HOOKS[name]!r}")
        name = _OLDER_HOOKS[name]
    if name in _RESERVED:
        leg.finding("function", f"{name!r} is reserved by the platform")
        return
    own = definition.get("web_hook_url")
    url = own if isinstance(own, str) and own else reading.default_url
    function = Function(name, definition, url)
    if not function.description and name not in HOOKS:
        leg.finding("function", f"{name!r} has no description, so the platform skips it")
        return
    if not url and function.data_map is None:
        leg.finding("function", f"{name!r} has neither a webhook nor a data map, so the platform skips it")
        return
    function.store = _store_of(function)
    active = definition.get("active", True)
    if isinstance(active, bool):
        function.active = active
    elif isinstance(active, int):
        function.uses = active
    reading.found[name] = function


def _store_of(function: Function) -> str:
    """Return the token of a function's metadata, the same in each run."""
    own = function.definition.get("meta_data_token")
    if isinstance(own, str) and own:
        return own
    if function.data_map is not None:
        return _SHARED_STORE
    scope = f"{function.name} " if "token=" in function.url else ""
    return hashlib.sha256(f"{scope}{scrubbed(function.url)}".encode("utf-8", "replace")).hexdigest()[:32]


def _signatures(answer: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the functions of an answer: a list, one object, or an object with ``functions``."""
    entries = answer.get("functions", [answer]) if isinstance(answer, dict) else answer
    return [(str(entry.get("function")), entry) for entry in _entries(entries) if "function" in entry]


def _default_of(answer: Any) -> str:
    defaults = answer.get("defaults") if isinstance(answer, dict) else None
    url = defaults.get("web_hook_url") if isinstance(defaults, dict) else None
    return url if isinstance(url, str) else ""


def _entries(value: Any) -> Iterator[Mapping[str, Any]]:
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, dict):
            yield entry
