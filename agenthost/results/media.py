"""Actions on the sound of the call: recordings, taps, rooms and conferences."""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these by position, and there are that many

from __future__ import annotations

from typing import Any, Literal, Self

from agenthost.results.actions import Actions, swml_action
from agenthost.results.arguments import filled, given, instance, one_of, whole_number

__all__ = ["MediaActions"]

_DIRECTIONS = ("speak", "listen", "both")
_METHODS = ("GET", "POST")


class MediaActions(Actions):
    """Actions on the sound of the call."""

    __slots__ = ()

    def record_call(
        self,
        control_id: str | None = None,
        stereo: bool = False,
        format: Literal["wav", "mp3", "mp4"] = "wav",  # noqa: A002 - its name in the field
        direction: Literal["speak", "listen", "both"] = "both",
        terminators: str | None = None,
        beep: bool = False,
        input_sensitivity: float = 44.0,
        initial_timeout: float | None = None,
        end_silence_timeout: float | None = None,
        max_length: float | None = None,
        status_url: str | None = None,
    ) -> Self:
        """Record the call in the background.

        Args:
            control_id: Name of the recording, to stop it by.
            stereo: Whether each side gets a channel of its own.
            format: Kind of the file.
            direction: Whose sound is recorded: the caller's (``speak``), the agent's (``listen``), or both.
            terminators: Keys that end the recording.
            beep: Whether a tone announces the recording.
            input_sensitivity: Least loudness of speech, 0 to 100.
            initial_timeout: Seconds to wait for the first words.
            end_silence_timeout: Seconds of silence that end the recording.
            max_length: Longest recording in seconds.
            status_url: URL for the platform's reports on the recording.

        Raises:
            DefinitionError: The format or the direction is unknown.
        """
        one_of("format", format, ("wav", "mp3", "mp4"))
        one_of("direction", direction, _DIRECTIONS)
        recording = {
            "stereo": stereo,
            "format": format,
            "direction": direction,
            "beep": beep,
            "input_sensitivity": input_sensitivity,
        }
        recording |= given(
            control_id=control_id,
            terminators=terminators,
            initial_timeout=initial_timeout,
            end_silence_timeout=end_silence_timeout,
            max_length=max_length,
            status_url=status_url,
        )
        self.action.append(swml_action({"record_call": recording}))
        return self

    def stop_record_call(self, control_id: str | None = None) -> Self:
        """Stop a recording.

        Args:
            control_id: Name of the recording. Defaults to the latest one.
        """
        self.action.append(swml_action({"stop_record_call": given(control_id=control_id)}))
        return self

    def tap(
        self,
        uri: str,
        control_id: str | None = None,
        direction: Literal["speak", "listen", "both"] = "both",
        codec: Literal["PCMU", "PCMA"] = "PCMU",
        rtp_ptime: int = 20,
        status_url: str | None = None,
    ) -> Self:
        """Send a copy of the call's sound elsewhere in the background.

        Args:
            uri: ``rtp://``, ``ws://`` or ``wss://`` address of the receiver.
            control_id: Name of the tap, to stop it by.
            direction: Whose sound is sent: the caller's (``speak``), the agent's (``listen``), or both.
            codec: Encoding of the sound.
            rtp_ptime: Milliseconds of sound in a packet, for RTP.
            status_url: URL for the platform's reports on the tap.

        Raises:
            DefinitionError: The direction or codec is unknown, or the packet time is not positive.
        """
        instance("uri", uri, str, "a string")
        one_of("direction", direction, _DIRECTIONS)
        one_of("codec", codec, ("PCMU", "PCMA"))
        packet_time = whole_number("rtp_ptime", rtp_ptime, at_least=1)
        tap: dict[str, Any] = {"uri": uri, "direction": direction}
        tap |= given(
            control_id=control_id,
            codec=None if codec == "PCMU" else codec,
            rtp_ptime=None if packet_time == 20 else packet_time,  # noqa: PLR2004 - the default
            status_url=status_url,
        )
        self.action.append(swml_action({"tap": tap}))
        return self

    def stop_tap(self, control_id: str | None = None) -> Self:
        """Stop a tap.

        Args:
            control_id: Name of the tap. Defaults to the latest one.
        """
        self.action.append(swml_action({"stop_tap": given(control_id=control_id)}))
        return self

    def join_room(self, name: str) -> Self:
        """Bring the caller into a room for several parties.

        Args:
            name: Name of the room.
        """
        instance("name", name, str, "a string")
        self.action.append(swml_action({"join_room": {"name": name}}))
        return self

    def join_conference(
        self,
        name: str,
        muted: bool = False,
        beep: Literal["true", "false", "onEnter", "onExit"] = "true",
        start_on_enter: bool = True,
        end_on_exit: bool = False,
        wait_url: str | None = None,
        max_participants: int | str | None = None,
        record: Literal["do-not-record", "record-from-start"] = "do-not-record",
        region: str | None = None,
        trim: Literal["trim-silence", "do-not-trim"] = "trim-silence",
        coach: str | None = None,
        status_callback_event: str | None = None,
        status_callback: str | None = None,
        status_callback_method: Literal["GET", "POST"] = "POST",
        recording_status_callback: str | None = None,
        recording_status_callback_method: Literal["GET", "POST"] = "POST",
        recording_status_callback_event: str = "completed",
        result: Any = None,
    ) -> Self:
        """Bring the caller into a conference.

        Args:
            name: Name of the conference, which is created if it does not exist.
            muted: Whether the caller can only listen.
            beep: When a tone is played: always, never, on entry, on exit.
            start_on_enter: Whether the conference begins with this caller.
            end_on_exit: Whether the conference ends when this caller leaves.
            wait_url: Document that plays until the conference begins.
            max_participants: Most parties allowed, at least 2.
            record: Whether the conference is recorded.
            region: Region it is held in.
            trim: Whether silence at both ends of the recording is cut.
            coach: Call identifier of the one party that hears this caller.
            status_callback_event: Events to report, separated by spaces.
            status_callback: URL for the reports.
            status_callback_method: HTTP method of the reports.
            recording_status_callback: URL for reports on the recording.
            recording_status_callback_method: HTTP method of those reports.
            recording_status_callback_event: Events of the recording to report, separated by spaces.
            result: The document's use of the outcome (SWML ``switch`` or ``cond``).

        Raises:
            DefinitionError: The name is empty, or an argument is not one of its allowed values.
        """
        filled("name", name, "the name of a conference")
        one_of("beep", beep, ("true", "false", "onEnter", "onExit"))
        one_of("record", record, ("do-not-record", "record-from-start"))
        one_of("trim", trim, ("trim-silence", "do-not-trim"))
        one_of("status_callback_method", status_callback_method, _METHODS)
        one_of("recording_status_callback_method", recording_status_callback_method, _METHODS)
        if max_participants is not None:
            max_participants = whole_number("max_participants", max_participants, at_least=2)
        # The document has only what differs from the platform's defaults, and a bare name if nothing does.
        options = given(
            muted=muted or None,
            beep=None if beep == "true" else beep,
            start_on_enter=None if start_on_enter else False,
            end_on_exit=end_on_exit or None,
            wait_url=wait_url,
            max_participants=max_participants,
            record=None if record == "do-not-record" else record,
            region=region,
            trim=None if trim == "trim-silence" else trim,
            coach=coach,
            status_callback_event=status_callback_event,
            status_callback=status_callback,
            status_callback_method=None if status_callback_method == "POST" else status_callback_method,
            recording_status_callback=recording_status_callback,
            recording_status_callback_method=(
                None if recording_status_callback_method == "POST" else recording_status_callback_method
            ),
            recording_status_callback_event=(
                None if recording_status_callback_event == "completed" else recording_status_callback_event
            ),
        )
        if result is not None:
            options["result"] = result
        self.action.append(swml_action({"join_conference": {"name": name, **options} if options else name}))
        return self
