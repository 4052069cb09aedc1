"""Actions on the call itself: its destination, documents and messages."""

# ruff: noqa: FBT001, FBT002, FBT003 - the field's agents pass these flags by position

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, Self

from agenthost.errors import DefinitionError
from agenthost.results.actions import Actions, HandOver, swml_action
from agenthost.results.arguments import filled, given, instance

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CallActions"]


class _Document(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


class CallActions(Actions):
    """Actions on the live call."""

    __slots__ = ()

    def hangup(self) -> Self:
        """End the call."""
        return self.add_action("hangup", True)

    def connect(self, destination: str, final: bool = True, from_addr: str | None = None) -> Self:
        """Connect the call to a number or SIP address.

        Args:
            destination: Number in E.164 form, or a SIP address.
            final: Whether the call leaves the agent for good. If not, it returns when the other side hangs up.
            from_addr: Number or address that the other side sees.
        """
        instance("destination", destination, str, "a number or a SIP address")
        connect = {"to": destination}
        if from_addr is not None:
            connect["from"] = from_addr
        self.action.append(swml_action({"connect": connect}, transfer=final))
        return self

    def swml_transfer(self, dest: str, ai_response: str, final: bool = True) -> Self:
        """Continue the call with the SWML document at a URL.

        Args:
            dest: URL of the document.
            ai_response: The words for the model when the call comes back.
            final: Whether the call leaves the agent for good.
        """
        instance("dest", dest, str, "a URL")
        self.action.append(
            swml_action({"set": {"ai_response": ai_response}}, {"transfer": {"dest": dest}}, transfer=final)
        )
        return self

    def transfer(self, dest: str, *, summarize: bool = False) -> Self:
        """Leave the agent for good and continue with the SWML document at a URL.

        Args:
            dest: URL of the document.
            summarize: Whether the conversation is summarised for what comes next.

        Raises:
            DefinitionError: There is no destination.
        """
        filled("dest", dest, "the URL of a SWML document")
        return self.add_action("transfer", {"dest": dest, "summarize": True} if summarize else dest)

    def hand_over(self, agent: str, ai_response: str | None = None, *, final: bool = True) -> Self:
        """Hand the live call to another agent of this host.

        The host inserts that agent's public URL.

        Args:
            agent: Key, name or route of the agent, as ``agenthost agents`` lists it.
            ai_response: The words for this agent's model when the call comes back.
            final: Whether the call leaves this agent for good.

        Raises:
            DefinitionError: No agent is named, or the call comes back without words for the model.
        """
        filled("agent", agent, "the name of an agent of this host")
        if not final and ai_response is None:
            raise DefinitionError(f"hand_over({agent!r}, final=False) brings the call back. fix: pass ai_response")
        self.action.append(HandOver(agent, ai_response, final))
        return self

    def execute_swml(self, swml_content: str | dict[str, Any] | _Document, transfer: bool = False) -> Self:
        """Run a SWML document on the call.

        Args:
            swml_content: The document: an object, JSON text, text in another notation that the platform reads
                (YAML), or something with ``to_dict()``.
            transfer: Whether the call leaves the agent for good.

        Raises:
            TypeError: The argument is none of these.
        """
        document: Any
        if isinstance(swml_content, str):
            try:
                document = json.loads(swml_content)
            except ValueError:
                document = {"raw_swml": swml_content}
        elif isinstance(swml_content, dict):
            document = dict(swml_content)
        elif hasattr(swml_content, "to_dict"):
            document = swml_content.to_dict()
        else:
            raise TypeError(
                "swml_content must be a SWML document (an object, text, or something with to_dict()), "
                f"not {type(swml_content).__name__}"
            )
        self.action.append({"transfer": "true", "SWML": document} if transfer else {"SWML": document})
        return self

    def swml_user_event(self, event_data: dict[str, Any]) -> Self:
        """Send an event to the call's client by running a SWML document.

        Args:
            event_data: The event, an object of the application's own shape.
        """
        instance("event_data", event_data, dict, "an object")
        self.action.append(swml_action({"user_event": {"event": event_data}}))
        return self

    def user_event(self, event: dict[str, Any]) -> Self:
        """Send an event to the call's client while the model continues.

        Args:
            event: The event, an object of the application's own shape.
        """
        instance("event", event, dict, "an object")
        return self.add_action("user_event", event)

    def sip_refer(self, to_uri: str) -> Self:
        """Redirect the caller's own equipment (SIP REFER, RFC 3515).

        Args:
            to_uri: SIP URI of the new destination.
        """
        instance("to_uri", to_uri, str, "a SIP URI")
        self.action.append(swml_action({"sip_refer": {"to_uri": to_uri}}))
        return self

    def send_sms(
        self,
        to_number: str,
        from_number: str,
        body: str | None = None,
        media: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
        region: str | None = None,
    ) -> Self:
        """Send a text message.

        Args:
            to_number: Receiver in E.164 form.
            from_number: Sender in E.164 form, a number of the account.
            body: Text of the message.
            media: URLs of pictures and other files.
            tags: Words to find the message by later.
            region: Region it is sent from.

        Raises:
            DefinitionError: There is neither text nor a file.
        """
        if not body and not media:
            raise DefinitionError("send_sms needs body, media, or both")
        message = {"to_number": to_number, "from_number": from_number}
        message |= given(body=body, media=media, tags=tags, region=region)
        self.action.append(swml_action({"send_sms": message}))
        return self
