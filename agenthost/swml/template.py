"""Template: a document encoded once and rendered for each call."""

from __future__ import annotations

import secrets
from contextlib import suppress
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, frozen

from agenthost.swml.addresses import Addresses, generation_parameter
from agenthost.swml.encoding import encode_document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost.swml.draft import Draft

__all__ = ["Template"]

_NONE: Mapping[str, str] = MappingProxyType({})
_SHARED = 1_000
"""The most parts that templates share, such as the words between the tools and their addresses."""

T = TypeVar("T")


@lru_cache(_SHARED)
def _shared(part: T) -> T:
    """Return a part of another template that equals this one, if there is one."""
    return part


@frozen(slots=True)
class Template:
    """A document encoded once, as immutable bytes with gaps.

    Args:
        parts: the encoded document, with an empty item for each gap.
        bases: indexes of the gaps for the agent's public address, or addresses derived from it.
        tokens: index and name of the gaps for a token: of a tool, or ``POST_PROMPT``.
        origins: those of ``bases`` for the host's public address without credentials.
        siblings: those of ``bases`` for another agent's address, with its name.
        routes: those of ``bases`` for another agent's address, with its route, and its own credentials if it has any.
        generations: index and separator of the gaps for the generation of the host's processes.
    """

    parts: tuple[bytes, ...]
    bases: tuple[int, ...]
    tokens: tuple[tuple[int, str], ...]
    origins: tuple[int, ...] = ()
    siblings: tuple[tuple[int, str], ...] = ()
    routes: tuple[tuple[int, bytes, bytes], ...] = ()
    generations: tuple[tuple[int, str], ...] = ()

    @classmethod
    def seal(cls, draft: Draft, build: Callable[[Addresses], dict[str, Any]] | None = None) -> Template:
        """Encode a draft's document.

        Args:
            draft: the draft.
            build: builds another document in its place.

        Raises:
            DefinitionError: a part of the draft is wrong, or is not JSON.
        """
        mark = f"\u241f{secrets.token_hex(16)}"  # unguessable, so no prompt contains it
        names: list[str] = []

        def named(kind: str) -> Callable[[str], str]:
            def note(name: str) -> str:
                names.append(name)
                return f"{mark}{kind}{len(names) - 1};"

            return note

        addresses = Addresses(f"{mark}b;", f"{mark}o;", named("t"), named("s"), named("g"))
        encoded = encode_document((build or draft.build)(addresses))
        first, *rest = encoded.split(mark.encode())
        parts, bases, tokens, origins, siblings, generations = [first], [], [], [], [], []
        for piece in rest:
            gap, _, literal = piece.partition(b";")
            index = len(parts)
            kind, name = gap[:1], names[int(gap[1:])] if gap[1:] else ""
            if kind == b"t":
                tokens.append((index, name))
            elif kind == b"g":
                generations.append((index, name))
            else:
                bases.append(index)
            if kind == b"o":
                origins.append(index)
            elif kind == b"s":
                siblings.append((index, name))
            parts += (b"", literal)
        gaps = tuple(parts), tuple(bases), tuple(tokens), tuple(origins), tuple(siblings)
        return cls(*gaps, generations=tuple(generations))

    def kept(self) -> Template:
        """Return the template of a served agent, which shares what equals that of others."""
        first, *others = self.parts  # the first has the prompt, which no other agent has
        gaps = (self.bases, self.tokens, self.origins, self.siblings, self.routes, self.generations)
        return Template((first, *map(_shared, others)), *map(_shared, gaps))

    def located(self, route_of: Callable[[str], str | None], userinfos: Mapping[str, str] = _NONE) -> Template:
        """Insert the routes of the other agents.

        A hand-off to an agent that is not served stays with this agent, under its own address.

        Args:
            route_of: returns the route of an agent by its name, or None if there is no such agent.
            userinfos: credentials of agents that have their own, in the form of a URL, by route.
        """
        if not self.siblings:
            return self
        routes = [(index, route) for index, name in self.siblings if (route := route_of(name)) is not None]
        known = ((index, route.encode(), userinfos.get(route, "").encode()) for index, route in routes)
        return evolve(self, routes=tuple(known))

    def of_generation(self, generation: str) -> Template:
        """Insert the generation of the host's processes, which may be empty."""
        if not self.generations or not generation:
            return self
        parts = list(self.parts)
        for index, separator in self.generations:
            parts[index] = generation_parameter(separator, generation).encode()
        return evolve(self, parts=tuple(parts), generations=())

    def render(self, base: bytes, token: Callable[[str], bytes]) -> bytes:
        """Render the document for one call.

        Args:
            base: the agent's public address, JSON-safe ASCII.
            token: mints the token for a tool's name, JSON-safe ASCII.
        """
        parts = self._addressed(base)
        for index, tool in self.tokens:
            parts[index] = token(tool)
        return b"".join(parts)

    def filled(self, base: bytes, token: Callable[[str], bytes], sibling: Callable[[str], str]) -> bytes:
        """Render the document for one call, with a lookup of each other agent's address.

        See ``render``.

        Args:
            base: the agent's public address, JSON-safe ASCII.
            token: mints the token for a tool's name, JSON-safe ASCII.
            sibling: returns the public URL of another agent by name. On a LookupError, the call stays with this agent.
        """
        parts = self._addressed(base)
        for index, tool in self.tokens:
            parts[index] = token(tool)
        for index, name in self.siblings:
            with suppress(LookupError):
                parts[index] = sibling(name).encode()
        return b"".join(parts)

    def with_base(self, base: bytes) -> Template:
        """Insert a public address that is the same for all calls."""
        parts = self._addressed(base)
        merged: list[bytes] = []
        tokens = dict(self.tokens)
        kept: list[tuple[int, str]] = []
        literal: list[bytes] = []
        for index, part in enumerate(parts):
            if index in tokens:
                merged += (b"".join(literal), b"")
                kept.append((len(merged) - 1, tokens[index]))
                literal = []
            else:
                literal.append(part)
        merged.append(b"".join(literal))
        return Template(tuple(merged), (), tuple(kept))

    def _addressed(self, base: bytes) -> list[bytes]:
        parts = list(self.parts)
        for index in self.bases:
            parts[index] = base
        if self.origins or self.routes:
            scheme, _, rest = base.partition(b"://")
            authority = rest.partition(b"/")[0]
            for index in self.origins:
                parts[index] = b"%s://%s" % (scheme, authority.rpartition(b"@")[2])
            for index, route, userinfo in self.routes:
                where = b"%s@%s" % (userinfo, authority.rpartition(b"@")[2]) if userinfo else authority
                parts[index] = b"%s://%s%s" % (scheme, where, route)
        return parts
