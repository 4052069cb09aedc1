"""SipCall: the data of a SIP call that decide which agent answers it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agenthost.sip.uri import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SipCall"]


def _now() -> datetime:
    return datetime.now(UTC)


@frozen
class SipCall:
    """A call that waits for an answer.

    Args:
        to: the called address, as received.
        from_: the calling address, as received. None if the platform sent none.
        headers: SIP headers, in order and as received.
        called: the called telephone number, without separators. None if it is not a number.
        calling: the calling telephone number, without separators. None if it is not a number.
        time: the time of the call, with its time zone.
    """

    to: str
    from_: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    called: str | None = None
    calling: str | None = None
    time: datetime = field(factory=_now)

    @classmethod
    def of(cls, call: Mapping[str, Any], time: datetime | None = None) -> SipCall:
        """Read the ``call`` of a request.

        Fields of an unexpected form are ignored.

        Args:
            call: ``to``, and if present ``from``, ``to_number``, ``from_number`` and ``headers``: a list of objects
                with ``name`` and ``value``, or one object.
            time: the time of the call. Defaults to now.
        """
        to, from_ = _text(call.get("to")) or "", _text(call.get("from"))
        return cls(
            to,
            from_,
            tuple(_headers(call.get("headers"))),
            number_of(to) or number_of(_text(call.get("to_number"))),
            number_of(from_) or number_of(_text(call.get("from_number"))),
            time or _now(),
        )

    def header(self, name: str) -> str | None:
        """Return the first value of a header, by its case-insensitive name, or None."""
        wanted = name.casefold()
        return next((value for known, value in self.headers if known.casefold() == wanted), None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _headers(given: object) -> Iterator[tuple[str, str]]:
    if isinstance(given, dict):
        pairs = list(given.items())
    else:
        listed = given if isinstance(given, list) else []
        pairs = [(each.get("name"), each.get("value")) for each in listed if isinstance(each, dict)]
    for name, value in pairs:
        if isinstance(name, str) and isinstance(value, str):
            yield name, value
