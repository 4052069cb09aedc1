"""The text that Prometheus reads, added up over the files of several processes.

``prometheus_client.multiprocess`` decodes every name and writes every line again for each scrape, a third of a second
for a thousand agents. Here names are decoded once: a scrape reads the numbers, and writes the families that changed.
"""

from __future__ import annotations

import json
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field

from agenthost._host.telemetry.prometheus.shared import locked
from agenthost._host.telemetry.prometheus.text import line_beginning, number_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Together"]

_START = 8
"""Position of the first entry of a file, after the number of bytes that are used."""
_integer = struct.Struct("i").unpack_from
_MERGED = {"livemax": max, "livemin": min}
"""Gauges that are not added up, by the word for their mode in the names of files."""


class _Line(NamedTuple):
    """A sample in the order of its family, and its text without the number."""

    labels: tuple[str, ...]
    """The values of its labels, but for the bound of a bucket."""
    part: int
    bound: float
    slot: int
    beginning: str


@define(eq=False)
class _Family:
    """A family with the lines of all processes."""

    head: str
    buckets: bool
    lines: list[_Line] = field(factory=list)
    added: bool = False
    numbers: Sequence[float | None] = ()
    text: str = ""

    def now(self, totals: Sequence[float | None]) -> str:
        """Return the text with the present numbers."""
        if self.added:
            self.lines.sort()
            self.added = False
        numbers = [totals[line.slot] for line in self.lines]
        if numbers != self.numbers or not self.text:
            self.numbers = numbers
            written = self._histogram(numbers) if self.buckets else self._plain(numbers)
            text = "".join(written)
            self.text = f"{self.head}{text}" if text else ""
        return self.text

    def _plain(self, numbers: Sequence[float | None]) -> Iterator[str]:
        for line, number in zip(self.lines, numbers, strict=True):
            if number is not None:
                yield line.beginning + number_text(number)

    def _histogram(self, numbers: Sequence[float | None]) -> Iterator[str]:
        """Yield the buckets of each child, added up, then count and sum."""
        count, child = 0.0, None
        for line, number in zip(self.lines, numbers, strict=True):
            labels, part, _, _, beginning = line
            if labels != child:
                child, count = labels, 0.0
            if part == _BUCKET:
                count += number or 0.0
            if number is not None:
                yield beginning + number_text(number if part == _SUM else count)


_BOUND = b'"le": "'
"""The text before the bound in the key of a bucket. Quotes in values are escaped."""
_BUCKET, _COUNT, _SUM = range(3)
"""The parts of a histogram, in the order of their lines."""
_INFINITE = float("inf")


@define(eq=False)
class _File:
    """The entries of a process, of which those of an earlier scrape are known."""

    node: int
    used: int = _START
    slots: list[int] = field(factory=list)
    places: list[int] = field(factory=list)


class _Child(NamedTuple):
    """A child of a histogram: the common parts of its buckets' keys and lines."""

    mode: str
    before: bytes
    """The key up to the bound."""
    after: bytes
    family: _Family
    labels: tuple[str, ...]
    beginning: str
    """The line up to the bound."""
    end: str
    """The line after the bound, up to its number."""
    total: str
    """The beginning of the line with the count."""


@define(eq=False)
class Together:
    """The text of the families in the files of a directory."""

    _directory: Path
    _families: dict[tuple[str, str], _Family] = field(factory=dict)
    _files: dict[str, _File] = field(factory=dict)
    _slots: dict[str, dict[bytes, int]] = field(factory=dict)
    """The places of samples among the totals, by the mode of their files and by name."""
    _used: int = 0
    _child: _Child | None = None
    """The child of the latest bucket, which is the next one's, too, but for the last bucket of a child."""
    _lock: threading.Lock = field(factory=threading.Lock)

    def now(self) -> bytes:
        """Return the text with the present numbers of all processes, including ended ones."""
        with self._lock:
            return self._now()

    def _now(self) -> bytes:
        with locked(self._directory, alone=False):
            found = [(path, path.stat().st_ino, path.read_bytes()) for path in sorted(self._directory.glob("*.db"))]
        self._files = {path.name: self._known(path, node, content) for path, node, content in found}
        totals: list[float | None] = [None] * self._used
        for path, _, content in found:
            self._add(path, content, totals)
        return "".join([family.now(totals) for _, family in sorted(self._families.items())]).encode()

    def _known(self, path: Path, node: int, content: bytes) -> _File:
        """Return what is known of a file, with its new entries."""
        kind, _, rest = path.stem.partition("_")
        mode = rest.rpartition("_")[0] if kind == "gauge" else ""
        used = min(_integer(content, 0)[0], len(content)) if content else 0
        file = self._files.get(path.name)
        if file is None or file.node != node or file.used > used:
            file = _File(node)
        known, slots, places = self._slots.setdefault(mode, {}), file.slots, file.places
        position = file.used
        with suppress(ValueError, struct.error):  # a process was killed while it wrote the rest
            while position < used:
                (length,) = _integer(content, position)
                start = position + 4
                key = content[start : start + length]
                slot = known.get(key)
                if slot is None:
                    slot = self._new_slot(kind, mode, key)
                place = start + length + (8 - (length + 4) % 8)
                slots.append(slot)
                places.append(place // 8)
                file.used = position = place + 16
        return file

    def _new_slot(self, kind: str, mode: str, key: bytes) -> int:
        """Return the place of a new sample among the totals."""
        before, is_bucket, rest = key.partition(_BOUND)
        bound, _, after = rest.partition(b'"')
        child = self._child
        if child is not None and child.before == before and child.after == after and child.mode == mode:
            return self._new_bucket(child, key, bound.decode())
        parts = _parts(key)
        name = parts.name
        slot = self._slots[mode][key] = self._used
        self._used += 1
        family = self._families.get((name, mode))
        if family is None:
            shown = f"{name}_total" if kind == "counter" else name
            head = f"# HELP {shown} {parts.description}\n# TYPE {shown} {kind}\n"
            family = self._families[(name, mode)] = _Family(head, kind == "histogram")
        family.lines.extend(_lines(family, parts, slot))
        family.added = True
        if is_bucket and family.buckets and b"\\" not in key:
            self._child = _child_of(mode, before, after, family, parts)
        return slot

    def _new_bucket(self, child: _Child, key: bytes, bound: str) -> int:
        """Return the place of another bucket of a child."""
        slot = self._slots[child.mode][key] = self._used
        self._used += 1
        number, family = float(bound), child.family
        family.lines.append(_Line(child.labels, _BUCKET, number, slot, f"{child.beginning}{bound}{child.end}"))
        if number == _INFINITE:
            family.lines.append(_Line(child.labels, _COUNT, 0.0, slot, child.total))
        family.added = True
        return slot

    def _add(self, path: Path, content: bytes, totals: list[float | None]) -> None:
        file = self._files[path.name]
        numbers = memoryview(content[: len(content) // 8 * 8]).cast("d")
        merge = _MERGED.get(path.stem.split("_")[1])
        for slot, place in zip(file.slots, file.places, strict=True):
            total, number = totals[slot], numbers[place]
            if total is None:
                totals[slot] = number
            else:
                totals[slot] = total + number if merge is None else merge(total, number)


class _Parts(NamedTuple):
    """The parts of a sample's key, and the beginning of its line."""

    name: str
    sample: str
    labels: Sequence[str]
    """The names of its labels, sorted."""
    values: Sequence[str]
    description: str
    beginning: str


def _parts(key: bytes) -> _Parts:
    """Return the parts of a sample's key.

    A key is JSON, with sorted labels. Without escapes, its strings are what is between quotes, and its labels differ
    from those of a line in their separators alone.
    """
    if b"\\" in key or not key.endswith(b'"]'):  # escaped, or not finished
        name, sample, labels, description = json.loads(key)
        labels = dict(sorted(labels.items()))
        return _Parts(name, sample, [*labels], [*labels.values()], description, line_beginning(sample, labels))
    head, _, rest = key.decode().partition("{")
    _, name, _, sample, _ = head.split('"')
    if rest.startswith("}"):
        return _Parts(name, sample, (), (), rest.split('"')[1], f"{sample} ")
    pairs, _, rest = rest.partition('"}, "')
    pieces = pairs.split('"')
    written = pairs[1:].replace('": "', '="').replace('", "', '",')
    return _Parts(name, sample, pieces[1::4], pieces[3::4], rest[:-2], f'{sample}{{{written}"}} ')


def _child_of(mode: str, before: bytes, after: bytes, family: _Family, parts: _Parts) -> _Child:
    """Return the child of a bucket whose key has no escapes."""
    place = parts.labels.index("le")
    pairs = [f'{label}="{value}"' for label, value in zip(parts.labels, parts.values, strict=True)]
    beginning = ",".join([*pairs[:place], 'le="'])
    end = "".join(f",{pair}" for pair in pairs[place + 1 :])
    own = tuple(value for number, value in enumerate(parts.values) if number != place)
    others = ",".join(pair for number, pair in enumerate(pairs) if number != place)
    total = f"{parts.name}_count{{{others}}} " if others else f"{parts.name}_count "
    return _Child(mode, before, after, family, own, f"{parts.sample}{{{beginning}", f'"{end}}} ', total)


def _lines(family: _Family, parts: _Parts, slot: int) -> Iterable[_Line]:
    """Return the lines of a sample.

    A histogram's largest bucket is its count, too.
    """
    values = tuple(parts.values)
    if not family.buckets:
        return [_Line(values, 0, 0.0, slot, parts.beginning)]
    if parts.sample.endswith("_sum"):
        return [_Line(values, _SUM, 0.0, slot, parts.beginning)]
    place = parts.labels.index("le")
    bound, child = float(values[place]), (*values[:place], *values[place + 1 :])
    lines = [_Line(child, _BUCKET, bound, slot, parts.beginning)]
    if bound == _INFINITE:
        labels = [label for label in parts.labels if label != "le"]
        count = line_beginning(f"{parts.name}_count", dict(zip(labels, child, strict=True)))
        lines.append(_Line(child, _COUNT, 0.0, slot, count))
    return lines
