"""The text that Prometheus reads, added up over the files of several processes.

``prometheus_client.multiprocess`` decodes every name and writes every line again for each scrape, a third of a second
for a thousand agents. Here names are decoded once: a scrape reads the numbers, and writes the families that changed.
The samples of a histogram with the same labels are a child. Most children have the bounds of the one before them and
are in one piece in a file, so that their keys are compared with what is expected, and not decoded one by one.
"""

from __future__ import annotations

import json
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import define, field

from agenthost._host.telemetry.prometheus.children import INFINITE, LE, Child, Parts, Shape
from agenthost._host.telemetry.prometheus.shared import locked
from agenthost._host.telemetry.prometheus.text import line_beginning, number_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Together"]

_START = 8
"""Position of the first entry of a file, after the number of bytes that are used."""
_integer = struct.Struct("i").unpack_from
_SUM = b'_sum", {'
_MERGED = {"livemax": max, "livemin": min}
"""Gauges that are not added up, by the word for their mode in the names of files."""


@define(eq=False)
class _Family:
    """A family with the lines of all processes."""

    head: str
    lines: list[tuple[str, int]] = field(factory=list)
    """The lines of samples without their numbers, and the places of these."""
    children: dict[tuple[str, str], Child] = field(factory=dict)
    """The children of a histogram, by the text of their labels around that of the bound."""
    shape: Shape | None = None
    """The common form of the children in files, once one of them is complete."""
    slots: Sequence[int] = ()
    added: bool = False
    numbers: Sequence[float | None] = ()
    text: str = ""

    def now(self, totals: Sequence[float | None]) -> str:
        """Return the text with the present numbers."""
        if self.added:
            self.lines.sort()
            self.children = dict(sorted(self.children.items()))
            own = [slot for child in self.children.values() for slot in child.slots]
            self.slots = own or [slot for _, slot in self.lines]
            self.added = False
        numbers = [totals[slot] for slot in self.slots]
        if numbers != self.numbers or not self.text:
            self.numbers = numbers
            text = "".join(self._written(totals))
            self.text = f"{self.head}{text}" if text else ""
        return self.text

    def _written(self, totals: Sequence[float | None]) -> Iterator[str]:
        for child in self.children.values():
            yield child.now(totals)
        for beginning, slot in self.lines:
            number = totals[slot]
            if number is not None:
                yield beginning + number_text(number)


@define(eq=False)
class _File:
    """The entries of a process, of which those of an earlier scrape are known."""

    node: int
    used: int = _START
    slots: list[int] = field(factory=list)
    places: list[int] = field(factory=list)


@define(eq=False)
class Together:
    """The text of the families in the files of a directory."""

    _directory: Path
    _families: dict[tuple[str, str], _Family] = field(factory=dict)
    _files: dict[str, _File] = field(factory=dict)
    _slots: dict[str, dict[bytes, int]] = field(factory=dict)
    """The places of samples among the totals, by the mode of their files and by name."""
    _used: int = 0
    _latest: tuple[bytes, tuple[_Family, Parts, Child] | None] = (b"", None)
    """The latest key of a sum, and what it tells."""
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
                    slot = known[key] = self._new_slot(kind, mode, key)
                place = start + length + (8 - (length + 4) % 8)
                slots.append(slot)
                places.append(place // 8)
                file.used = position = place + 16
                if kind == "histogram" and _SUM in key:
                    file.used = position = self._buckets(key, content, position, used, file)
        return file

    def _new_slot(self, kind: str, mode: str, key: bytes) -> int:
        """Return the place of a sample that is new, or that its child has."""
        if kind != "histogram":
            name, description, beginning = _plain(key)
            shown = f"{name}_total" if kind == "counter" else name
            family = self._family(name, mode, shown, kind, description)
            family.lines.append((beginning, self._used))
            family.added = True
            self._used += 1
            return self._used - 1
        found = self._sum_of(key)
        if found is not None:
            return found[2].slots[0]
        name, labels, bound, description = _of_histogram(key)
        family = self._family(name, "", name, kind, description)
        child = self._child(family, name, labels)
        if bound is None:
            return child.slots[0]
        if bound not in child.bounds:
            child.add(bound, self._used)
            self._used += 1
            family.added = True
            if family.shape is None and bound == INFINITE:
                family.shape = Shape.of(key, child.bounds)
        return child.slots[1 + child.bounds.index(bound)]

    def _family(self, name: str, mode: str, shown: str, kind: str, description: str) -> _Family:
        family = self._families.get((name, mode))
        if family is None:
            head = f"# HELP {shown} {description}\n# TYPE {shown} {kind}\n"
            family = self._families[(name, mode)] = _Family(head)
        return family

    def _child(self, family: _Family, name: str, labels: tuple[str, str]) -> Child:
        child = family.children.get(labels)
        if child is None:
            child = family.children[labels] = Child(name, labels, [self._used])
            family.added = True
            self._used += 1
        return child

    def _sum_of(self, key: bytes) -> tuple[_Family, Parts, Child] | None:
        """Return what the key of a sum tells, if its family has a usual form."""
        if self._latest[0] == key:
            return self._latest[1]
        name, found = _name(key), None
        family = self._families.get((name, ""))
        if family is not None and family.shape is not None and (parts := family.shape.split(key)) is not None:
            found = family, parts, self._child(family, name, parts.labels)
        self._latest = key, found
        return found

    def _buckets(self, key: bytes, content: bytes, position: int, used: int, file: _File) -> int:
        """Read buckets of the usual form after a sum. Return the position after them."""
        found = self._sum_of(key)
        if found is None:
            return position
        family, parts, child = found
        shape = family.shape
        if shape is None or child.bounds not in ((), shape.bounds):
            return position
        places, end = shape.places(parts, content, position)
        if end > used or not places:
            return position
        if not child.bounds:
            child.bounds, child.shape = shape.bounds, shape
            child.slots += range(self._used, self._used + len(places))
            self._used += len(places)
            family.added = True
        file.slots += child.slots[1:]
        file.places += places
        return end

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


def _name(key: bytes) -> str:
    """Return the name of the family of a key, which is JSON without escapes there."""
    return key[2 : key.index(b'"', 2)].decode()


def _plain(key: bytes) -> tuple[str, str, str]:
    """Return the family, the description and the beginning of the line of a sample.

    A key is JSON, with sorted labels. Without escapes, it differs from a line in its separators alone.
    """
    if b"\\" in key or not key.endswith(b'"]'):  # escaped, or not finished
        name, sample, labels, description = json.loads(key)
        return name, description, line_beginning(sample, labels)
    head, _, rest = key.decode().partition("{")
    _, name, _, sample, _ = head.split('"')
    if rest.startswith("}"):
        return name, rest.split('"')[1], f"{sample} "
    pairs, _, rest = rest.partition('"}, "')
    written = pairs[1:].replace('": "', '="').replace('", "', '",')
    return name, rest[:-2], f'{sample}{{{written}"}} '


def _of_histogram(key: bytes) -> tuple[str, tuple[str, str], str | None, str]:
    """Return the family, the labels around the bound, the bound, and the description."""
    name, _, labels, description = json.loads(key)
    bound = labels.pop(LE, None)
    before = {label: value for label, value in labels.items() if label < LE}
    after = {label: value for label, value in labels.items() if label > LE}
    start, end = (line_beginning("", each)[1:-2] if each else "" for each in (before, after))
    return name, (f"{start}," if start else "", f",{end}" if end else ""), bound, description
