"""The text that Prometheus reads.

The beginning of a line, with its name and labels, is the same in every scrape, so it is kept: a scrape of a thousand
agents then costs little more than its numbers.
"""

# ruff: noqa: SLF001 - the client library has no other way to the values of a family than one object for each line

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.registry import Collector

    Family = Counter | Gauge | Histogram
    Labels = tuple[str, ...]

__all__ = ["CONTENT_TYPE", "Text", "line_beginning", "number_text"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Media type of the text."""
_LARGE = 1e6
"""Numbers from here on, which Go writes in another form than Python."""


class Text:
    """The text of one process's families.

    Dates of creation, which ``generate_latest`` adds for each counter and histogram, are left out.
    """

    def __init__(self, families: Iterable[Collector]) -> None:
        self._parts = [
            _Lines(each) if isinstance(each, (Counter, Gauge, Histogram)) else _Foreign(each) for each in families
        ]

    def now(self) -> bytes:
        """Return the text with the present values."""
        return "".join([line for part in self._parts for line in part.now()]).encode()


class _Foreign:
    """A collector of another kind."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def now(self) -> Iterator[str]:
        yield generate_latest(self._collector).decode()


class _Lines:
    """The lines of one family, each without its value."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._name = f"{family._name}_total" if isinstance(family, Counter) else family._name
        kind = family._type
        self._head = f"# HELP {self._name} {family._documentation}\n# TYPE {self._name} {kind}\n"
        self._kept: dict[Labels, tuple[str, ...]] = {}

    def now(self) -> Iterator[str]:
        family = self._family
        yield self._head
        children: dict[Labels, Any] = {(): family}
        if family._labelnames:
            with family._lock:
                children = {tuple(labels): child for labels, child in family._metrics.items()}
        if len(self._kept) > len(children):
            self._kept = {labels: kept for labels, kept in self._kept.items() if labels in children}
        for labels, child in children.items():
            kept = self._kept.get(labels)
            if kept is None:
                kept = self._kept[labels] = self._beginnings(labels)
            if isinstance(child, Histogram):
                total = 0.0
                written = "0.0\n"
                for beginning, bucket in zip(kept, child._buckets, strict=False):
                    if number := bucket.get():
                        total += number
                        written = number_text(total)
                    yield beginning + written
                yield kept[-2] + written
                yield kept[-1] + number_text(child._sum.get())
            else:
                yield kept[0] + number_text(child._value.get())

    def _beginnings(self, values: Labels) -> tuple[str, ...]:
        family, name = self._family, self._name
        labels = dict(zip(family._labelnames, values, strict=True))
        if not isinstance(family, Histogram):
            return (line_beginning(name, labels),)
        bounds = (line_beginning(f"{name}_bucket", {**labels, "le": _number(each)}) for each in family._upper_bounds)
        return (*bounds, line_beginning(f"{name}_count", labels), line_beginning(f"{name}_sum", labels))


def line_beginning(name: str, labels: Mapping[str, str]) -> str:
    """Return a line up to its number."""
    pairs = ",".join([f'{label}="{_escaped(labels[label])}"' for label in sorted(labels)])
    return f"{name}{{{pairs}}} " if pairs else f"{name} "


def _escaped(value: str) -> str:
    if value.isalnum():
        return value
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


def number_text(value: float) -> str:
    """Return a number as the end of a line."""
    return f"{value!r}\n" if -_LARGE < value < _LARGE else f"{_number(value)}\n"
