"""Integrity of installed distributions: whether their files are those that were installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._host.generations.contents import contents_of
from agenthost._host.installer.environment import installer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenthost._host.operations.hosted import Hosted

__all__ = ["differing", "unrecorded"]

_MOST_NAMED = 3


def unrecorded(hosted: Iterable[Hosted]) -> Iterator[tuple[str, str]]:
    """Yield a sentence about each distribution without RECORD, and its fix."""
    for each in hosted:
        if not each.location or not contents_of(each.location).recorded:
            says = f"{each.name} {each.version} has no RECORD: a change of its files cannot be found"
            yield says, _reinstall(each)


def differing(hosted: Iterable[Hosted]) -> Iterator[tuple[str, str]]:
    """Yield a sentence about each distribution whose files differ from RECORD, and its fix."""
    for each in hosted:
        changed = contents_of(each.location).changed if each.location else ()
        if changed:
            more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
            says = (
                f"files of {each.name} {each.version} differ from its RECORD: {', '.join(changed[:_MOST_NAMED])}{more}"
            )
            yield says, f"Find out who changed them, then: {_reinstall(each)}"


def _reinstall(each: Hosted) -> str:
    return str(installer().reinstall(f"{each.name}=={each.version}"))
