"""Actions on the conversation: what is said, heard and waited for, and what the model may do next."""

# ruff: noqa: FBT001, FBT002, FBT003 - the field's agents pass these flags by position

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from agenthost.errors import DefinitionError
from agenthost.results.actions import Actions
from agenthost.results.arguments import filled, instance

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ConversationActions"]

_LONGEST_HOLD = 900


class ConversationActions(Actions):
    """What a result may ask of the running conversation."""

    __slots__ = ()

    def say(self, text: str) -> Self:
        """Speak a text at once, before the model goes on.

        Args:
            text: What is spoken.
        """
        instance("text", text, str, "a string")
        return self.add_action("say", text)

    def stop(self) -> Self:
        """End the agent's part of the call; the document continues after ``ai``."""
        return self.add_action("stop", True)

    def hold(
        self,
        prompt: str | int | None = None,
        timeout: int = 300,
        step: str | None = None,
        timeout_step: str | None = None,
    ) -> Self:
        """Put the caller on hold.

        Args:
            prompt: What the model says before the hold begins; a number here is taken as ``timeout``.
            timeout: Longest hold in seconds, kept within 0 to 900.
            step: Step to continue at when the caller is taken off hold.
            timeout_step: Step to continue at when the time is over.
        """
        if isinstance(prompt, bool):
            prompt = None
        elif isinstance(prompt, int):
            timeout, prompt = prompt, None
        instance("timeout", timeout, int, "a number of seconds")
        if prompt is not None:
            self.set_tool_response("status: on hold", prompt)
            self.post_process = True
        seconds = min(max(timeout, 0), _LONGEST_HOLD)
        steps = {name: value for name, value in (("step", step), ("timeout_step", timeout_step)) if value is not None}
        return self.add_action("hold", {"timeout": seconds, **steps} if steps else seconds)

    def wait_for_user(
        self, enabled: bool | None = None, timeout: int | None = None, answer_first: bool = False
    ) -> Self:
        """Wait for the caller to speak before the model does.

        Args:
            enabled: Whether to wait at all; true when nothing else is passed.
            timeout: How many times to wait; it takes precedence over ``enabled``.
            answer_first: Wait until the call is answered; it takes precedence over the others.
        """
        if answer_first:
            return self.add_action("wait_for_user", "answer_first")
        if timeout is not None:
            return self.add_action("wait_for_user", timeout)
        return self.add_action("wait_for_user", True if enabled is None else enabled)

    def simulate_user_input(self, text: str) -> Self:
        """Let the model read a text as if the caller had said it.

        Args:
            text: The caller's supposed words.
        """
        instance("text", text, str, "a string")
        return self.add_action("user_input", text)

    def play_background_file(self, filename: str, wait: bool = False) -> Self:
        """Play a sound under the conversation; it replaces the one that plays.

        Args:
            filename: URL or path of the file.
            wait: Whether the agent is silent until the file has ended.
        """
        instance("filename", filename, str, "a string")
        return self.add_action("playback_bg", {"file": filename, "wait": True} if wait else filename)

    def stop_background_file(self) -> Self:
        """Stop the sound under the conversation."""
        return self.add_action("stop_playback_bg", True)

    def add_dynamic_hints(self, hints: Sequence[str | dict[str, Any]]) -> Self:
        """Teach speech recognition words for the rest of the call.

        Args:
            hints: Words, or objects with ``hint``, ``pattern`` and ``replace``.
        """
        instance("hints", hints, (list, tuple), "a list")
        return self.add_action("add_dynamic_hints", list(hints))

    def clear_dynamic_hints(self) -> Self:
        """Forget every hint that was added during the call."""
        return self.add_action("clear_dynamic_hints", {})

    def set_end_of_speech_timeout(self, milliseconds: int) -> Self:
        """Change how long a silence ends the caller's turn.

        Args:
            milliseconds: Length of the silence.
        """
        instance("milliseconds", milliseconds, int, "a number of milliseconds")
        return self.add_action("end_of_speech_timeout", milliseconds)

    def set_speech_event_timeout(self, milliseconds: int) -> Self:
        """Change how long to wait for the next event of speech recognition.

        Args:
            milliseconds: Length of the wait.
        """
        instance("milliseconds", milliseconds, int, "a number of milliseconds")
        return self.add_action("speech_event_timeout", milliseconds)

    def change_voice(self, voice: str) -> Self:
        """Speak with another voice from here on.

        Args:
            voice: Name of the voice, such as ``rime.spore:mistv2``.

        Raises:
            DefinitionError: The name is empty or not text.
        """
        filled("voice", voice, "the name of a voice, such as 'rime.spore'")
        return self.add_action("change_voice", voice)

    def toggle_functions(self, function_toggles: Sequence[dict[str, Any]]) -> Self:
        """Switch tools on or off for the rest of the call.

        Args:
            function_toggles: Objects with ``function`` (a tool's name) and ``active``.
        """
        instance("function_toggles", function_toggles, (list, tuple), "a list")
        return self.add_action("toggle_functions", list(function_toggles))

    def enable_functions_on_timeout(self, enabled: bool = True) -> Self:
        """Choose whether the model may call tools when the caller has been silent too long."""
        return self.add_action("functions_on_speaker_timeout", enabled)

    def back_to_back_functions(self, allowed: bool | Literal["forever"] = True) -> Self:
        """Choose whether the model may call tools one after another without a turn of the caller.

        Args:
            allowed: True for the next time, ``"forever"`` for the rest of the call.

        Raises:
            DefinitionError: It is neither a bool nor ``"forever"``.
        """
        if not (isinstance(allowed, bool) or allowed == "forever"):
            raise DefinitionError(f'back_to_back_functions takes True, False or "forever"; got {allowed!r}')
        return self.add_action("back_to_back_functions", allowed)

    def enable_extensive_data(self, enabled: bool = True) -> Self:
        """Choose whether the logs of tool calls and conversation carry extensive data."""
        return self.add_action("extensive_data", enabled)

    def replace_in_history(self, text: str | bool = True) -> Self:
        """Replace this tool call in what the model remembers.

        Args:
            text: What to remember instead; true remembers nothing.
        """
        instance("text", text, (str, bool), "a string or a bool")
        return self.add_action("replace_in_history", text)

    def update_settings(self, settings: dict[str, Any]) -> Self:
        """Change settings of the language model for the rest of the call.

        Args:
            settings: Names and values, such as ``{"temperature": 0.2}``.
        """
        instance("settings", settings, dict, "an object")
        return self.add_action("settings", settings)
