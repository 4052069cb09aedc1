"""Actions on the conversation: speech, waiting, tools and model settings."""

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
    """Actions on the running conversation."""

    __slots__ = ()

    def say(self, text: str) -> Self:
        """Speak a text at once, before the model continues.

        Args:
            text: The text to speak.
        """
        instance("text", text, str, "a string")
        return self.add_action("say", text)

    def stop(self) -> Self:
        """End the agent's part of the call.

        The document continues after ``ai``.
        """
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
            prompt: The model's words before the hold begins. A number here is taken as ``timeout``.
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
            enabled: Whether to wait at all. True if nothing else is passed.
            timeout: Number of times to wait. It takes precedence over ``enabled``.
            answer_first: Whether to wait until the call is answered. It takes precedence over the others.
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
        """Play a sound under the conversation, in place of the current one.

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
        """Add speech recognition hints for the rest of the call.

        Args:
            hints: Words, or objects with ``hint``, ``pattern`` and ``replace``.
        """
        instance("hints", hints, (list, tuple), "a list")
        return self.add_action("add_dynamic_hints", list(hints))

    def clear_dynamic_hints(self) -> Self:
        """Remove every hint that was added during the call."""
        return self.add_action("clear_dynamic_hints", {})

    def set_end_of_speech_timeout(self, milliseconds: int) -> Self:
        """Change the length of the silence that ends the caller's turn.

        Args:
            milliseconds: Length of the silence.
        """
        instance("milliseconds", milliseconds, int, "a number of milliseconds")
        return self.add_action("end_of_speech_timeout", milliseconds)

    def set_speech_event_timeout(self, milliseconds: int) -> Self:
        """Change the timeout for the next event of speech recognition.

        Args:
            milliseconds: Length of the wait.
        """
        instance("milliseconds", milliseconds, int, "a number of milliseconds")
        return self.add_action("speech_event_timeout", milliseconds)

    def change_voice(self, voice: str) -> Self:
        """Speak with another voice from now on.

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
        """Choose whether the model may call tools after a silence of the caller."""
        return self.add_action("functions_on_speaker_timeout", enabled)

    def back_to_back_functions(self, allowed: bool | Literal["forever"] = True) -> Self:
        """Choose whether the model may call tools without a turn of the caller between.

        Args:
            allowed: True for the next time, ``"forever"`` for the rest of the call.

        Raises:
            DefinitionError: The argument is neither a bool nor ``"forever"``.
        """
        if not (isinstance(allowed, bool) or allowed == "forever"):
            raise DefinitionError(f'back_to_back_functions takes True, False or "forever"; got {allowed!r}')
        return self.add_action("back_to_back_functions", allowed)

    def enable_extensive_data(self, enabled: bool = True) -> Self:
        """Choose whether the logs of tool calls and conversation carry extensive data."""
        return self.add_action("extensive_data", enabled)

    def replace_in_history(self, text: str | bool = True) -> Self:
        """Replace this tool call in the model's history.

        Args:
            text: The replacement. True removes the call without one.
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
