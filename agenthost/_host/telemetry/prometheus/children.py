"""Children of histograms: the samples of one set of labels, in files and as text."""

from __future__ import annotations

import sys
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field

from agenthost._host.telemetry.prometheus.text import number_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["INFINITE", "LE", "Child", "Parts", "Shape"]

LE = "le"
"""The label of the bound of a bucket."""
INFINITE = "+Inf"
"""The bound of the last bucket, whose number is the count, too."""
_ESCAPE = b"\\"
_BEFORE, _AFTER = b"\xfe\xff", b"\xff\xfe"
"""The places of what a child's keys have in common. Keys are ASCII."""
_START, _END, _ALL = "\0", "\1", "\2"
"""The places of labels in a template."""


class Parts(NamedTuple):
    """The parts of a sum's key that those of its buckets have, too."""

    before: bytes
    """The key of a bucket up to the bound."""
    after: bytes
    labels: tuple[str, str]
    """The text of the labels before and after that of the bound."""


class _Layout(NamedTuple):
    """The layout of a child's buckets, for children whose keys have the same lengths."""

    keys: tuple[tuple[int, int], ...]
    """The beginnings and ends of lengths and keys, relative to the first one."""
    written: bytes
    """All lengths and keys, with marks for what is the child's own."""
    places: tuple[int, ...]
    length: int

    @classmethod
    def of(cls, bounds: tuple[bytes, ...], size: int) -> _Layout:
        keys, written, places, position = [], [], [], 0
        for bound in bounds:
            length = size + len(bound)
            keys.append((position, position + 4 + length))
            written.append(length.to_bytes(4, sys.byteorder) + _BEFORE + bound + _AFTER)
            place = position + 4 + length + 8 - (length + 4) % 8
            places.append(place // 8)
            position = place + 16
        return cls(tuple(keys), b"".join(written), tuple(places), position)


@define(eq=False)
class Shape:
    """The common form of the children of a family."""

    bounds: tuple[str, ...]
    _written: tuple[bytes, ...]
    """The bounds as they are in keys."""
    _head: bytes
    """The beginning of the keys of sums, up to their labels."""
    _bucket: bytes
    """The same of buckets."""
    _follows: bytes
    """The text after the bound in keys: the next label, or the end of the labels."""
    _template: str
    _layouts: dict[int, _Layout] = field(factory=dict)
    """The layouts of children by the size of what their keys have in common."""

    @classmethod
    def of(cls, key: bytes, bounds: tuple[str, ...]) -> Shape | None:
        """Return the form of children by the key of a bucket, if sums tell it."""
        before, mark, after = key.partition(b'"le": "')
        head = before[: before.find(b"{") + 1]
        if _ESCAPE in key or not mark or (head == before and b'": "' not in after):
            return None
        follows = after[after.index(b'"') + 1 :]
        follows = follows[: follows.index(b': "') + 3] if follows.startswith(b",") else b'}, "'
        follows = b"" if head == before else follows
        name = head.split(b'"')[1].decode()
        lines = [f'{name}_bucket{{{_START}le="{bound}"{_END}}} %s' for bound in bounds]
        template = "".join((*lines, f"{name}_count{{{_ALL}}} %s", f"{name}_sum{{{_ALL}}} %s"))
        written = tuple(b'"le": "%b"' % bound.encode() for bound in bounds)
        return cls(bounds, written, head.replace(b'_bucket", {', b'_sum", {'), head, follows, template)

    def split(self, key: bytes) -> Parts | None:
        """Return the parts of a sum's key, or None if it has another form."""
        if not key.startswith(self._head) or _ESCAPE in key or not key.endswith(b'"]'):
            return None
        rest = key[len(self._head) :]
        end, at = rest.rfind(b'}, "'), rest.find(self._follows)
        if not 0 < end >= at >= 0:
            return None
        start, rear = rest[:at], rest[at:end].removeprefix(b", ")
        labels = (f"{_text(start)}," if start else "", f",{_text(rear)}" if rear else "")
        if at:
            return Parts(self._bucket + start + b", ", rest[at:], labels)
        return Parts(self._bucket, b", " + rest, labels)

    def places(self, parts: Parts, content: bytes, position: int) -> tuple[list[int], int]:
        """Return the places of the buckets' numbers, and the position after them.

        There are none if something else follows.
        """
        size = len(parts.before) + len(parts.after)
        layout = self._layouts.get(size)
        if layout is None:
            layout = self._layouts[size] = _Layout.of(self._written, size)
        found = b"".join([content[position + start : position + end] for start, end in layout.keys])
        if found != layout.written.replace(_BEFORE, parts.before).replace(_AFTER, parts.after):
            return [], position
        first = position // 8
        return [first + each for each in layout.places], position + layout.length

    def text(self, labels: tuple[str, str], numbers: Sequence[float]) -> str:
        """Return the lines of a child with all its samples."""
        start, end = labels
        if "%" in start or "%" in end:
            start, end = start.replace("%", "%%"), end.replace("%", "%%")
        template = self._template.replace(_START, start).replace(_END, end).replace(_ALL, _whole(start, end))
        count, written, texts = 0.0, "0.0\n", []
        for number in numbers[1:]:
            if number:
                count += number
                written = number_text(count)
            texts.append(written)
        return template % (*texts, written, number_text(numbers[0]))


@define(eq=False)
class Child:
    """A child, with the places of its numbers among the totals.

    The first is that of the sum, and the others are those of the buckets.
    """

    name: str
    labels: tuple[str, str]
    slots: list[int]
    bounds: tuple[str, ...] = ()
    shape: Shape | None = None
    """Its form, if it has all samples."""

    def add(self, bound: str, slot: int) -> None:
        """Add a bucket."""
        at = bisect_left([float(each) for each in self.bounds], float(bound))
        self.bounds = (*self.bounds[:at], bound, *self.bounds[at:])
        self.slots.insert(1 + at, slot)
        self.shape = None

    def now(self, totals: Sequence[float | None]) -> str:
        """Return its lines with the present numbers."""
        numbers = [totals[slot] for slot in self.slots]
        if self.shape is not None and None not in numbers:
            return self.shape.text(self.labels, numbers)  # type: ignore[arg-type]  # without None
        return "".join(self._lines(numbers))

    def _lines(self, numbers: Sequence[float | None]) -> Iterator[str]:
        start, end = self.labels
        whole = _whole(start, end)
        count = 0.0
        for bound, number in zip(self.bounds, numbers[1:], strict=True):
            count += number or 0.0
            if number is not None:
                yield f'{self.name}_bucket{{{start}le="{bound}"{end}}} {number_text(count)}'
        braced = f"{{{whole}}}" if whole else ""
        if self.bounds[-1:] == (INFINITE,) and numbers[-1] is not None:
            yield f"{self.name}_count{braced} {number_text(count)}"
        if numbers[0] is not None:
            yield f"{self.name}_sum{braced} {number_text(numbers[0])}"


def _text(pairs: bytes) -> str:
    """Return labels of a key without escapes as text."""
    return pairs[1:].decode().replace('": "', '="').replace('", "', '",')


def _whole(start: str, end: str) -> str:
    return f"{start[:-1]}{end}" if start else end[1:]
