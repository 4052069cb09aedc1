"""Actions on other calls, by the platform's remote procedures."""

from __future__ import annotations

from typing import Any, Self

from agenthost.errors import DefinitionError
from agenthost.results.actions import Actions, swml_action
from agenthost.results.arguments import given, instance

__all__ = ["RemoteActions"]


class RemoteActions(Actions):
    """Actions on calls other than its own."""

    __slots__ = ()

    def execute_rpc(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        call_id: str | None = None,
        node_id: str | None = None,
    ) -> Self:
        """Run a remote procedure of the platform.

        Args:
            method: Name of the procedure.
            params: Its parameters.
            call_id: Call it concerns.
            node_id: Node of the platform that has the call.
        """
        instance("method", method, str, "a string")
        rpc = {"method": method, **given(call_id=call_id, node_id=node_id, params=params or None)}
        self.action.append(swml_action({"execute_rpc": rpc}))
        return self

    def rpc_dial(self, to_number: str, from_number: str, dest_swml: str, device_type: str = "phone") -> Self:
        """Start another call.

        Args:
            to_number: Number to call, in E.164 form.
            from_number: Number that is shown there, in E.164 form.
            dest_swml: URL of the document for the new call.
            device_type: The kind of device to call.
        """
        device = {"type": device_type, "params": {"to_number": to_number, "from_number": from_number}}
        return self.execute_rpc("dial", {"devices": device, "dest_swml": dest_swml})

    def rpc_ai_message(
        self,
        call_id: str,
        message_text: str | None = None,
        role: str = "system",
        global_data: dict[str, Any] | None = None,
    ) -> Self:
        """Send a message or data to the agent of another call.

        Args:
            call_id: The other call.
            message_text: The message for its model.
            role: The role that the message has.
            global_data: Values that are merged into the data of that call.

        Raises:
            DefinitionError: There is neither a message nor data.
        """
        params: dict[str, Any] = {}
        if message_text is not None:
            params = {"role": role, "message_text": message_text}
        if global_data is not None:
            params["global_data"] = global_data
        if not params:
            raise DefinitionError("rpc_ai_message needs message_text, global_data, or both")
        return self.execute_rpc("ai_message", params, call_id)

    def rpc_ai_global_data(self, call_id: str, data: dict[str, Any]) -> Self:
        """Merge values into the data of another call.

        Args:
            call_id: The other call.
            data: Keys and values that JSON can carry.
        """
        instance("data", data, dict, "an object")
        return self.rpc_ai_message(call_id, global_data=data)

    def rpc_ai_unhold(self, call_id: str) -> Self:
        """Take another call off hold.

        Args:
            call_id: The other call.
        """
        return self.execute_rpc("ai_unhold", call_id=call_id)
