"""The SWML document: what a call runs (wire.md, section 3).

``Draft`` collects what an author configures. ``Draft.build`` gives the document with its parts in the order of the
contract; ``Template.seal`` encodes it once, leaving gaps only where calls differ: the public address and the tokens.
"""

from __future__ import annotations

import copy
import secrets
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import Factory, define, frozen

from agenthost.errors import DefinitionError
from agenthost.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost.tools import Tool

__all__ = ["Addresses", "Draft", "Template"]

_encode = msgspec.json.Encoder().encode


@frozen
class Addresses:
    """Builds the URLs of one document.

    Args:
        base: scheme, credentials and public host of the agent, and its route: ``https://u:p@host/sales``.
        token: gives the token for a tool's name.
    """

    base: str
    token: Callable[[str], str]

    def swaig(self, tool: str | None = None) -> str:
        """Where tools are called; with ``tool``, the address that only this tool's token opens."""
        return f"{self.base}/swaig/" + (f"?__token={self.token(tool)}" if tool else "")


@define
class Draft:
    """What one agent's document is made of, while it can still be changed.

    Args:
        name: the agent's name, which introduces it where it has no prompt.
        prompt: the prompt, as sections or text.
        languages: entries of ``ai.languages``.
        hints: entries of ``ai.hints``.
        params: ``ai.params``.
        global_data: ``ai.global_data``.
        tools: the agent's tools by name, in order of definition.
    """

    name: str
    prompt: Prompt = Factory(Prompt)
    languages: list[dict[str, Any]] = Factory(list)
    hints: list[Any] = Factory(list)
    params: dict[str, Any] = Factory(dict)
    global_data: dict[str, Any] = Factory(dict)
    tools: dict[str, Tool] = Factory(dict)

    def copy(self) -> Draft:
        """A draft of its own for one call; the tools, which hold the author's objects, are shared."""
        return Draft(
            self.name,
            copy.deepcopy(self.prompt),
            copy.deepcopy(self.languages),
            copy.deepcopy(self.hints),
            copy.deepcopy(self.params),
            copy.deepcopy(self.global_data),
            dict(self.tools),
        )

    def build(self, addresses: Addresses) -> dict[str, Any]:
        """The document as a dictionary, its keys in the order of the contract."""
        ai: dict[str, Any] = {"prompt": self.prompt.to_dict(self.name)}
        if self.tools:
            ai["SWAIG"] = {
                "functions": [tool.describe(_address(tool, addresses)) for tool in self.tools.values()],
                "defaults": {"web_hook_url": addresses.swaig()},
            }
        ai["params"] = self.params
        optional = {"hints": self.hints, "languages": self.languages, "global_data": self.global_data}
        ai.update((key, value) for key, value in optional.items() if value)
        return {"version": "1.0.0", "sections": {"main": [{"answer": {}}, {"ai": ai}]}}


def _address(tool: Tool, addresses: Addresses) -> str | None:
    if tool.webhook_url is not None:
        return tool.webhook_url
    return addresses.swaig(tool.name) if tool.secure else None


@frozen(slots=True)
class Template:
    """A document encoded once: immutable bytes with gaps.

    Args:
        parts: the encoded document, with an empty item for each gap.
        bases: indexes of the gaps that take the agent's public address.
        tokens: index and tool name of the gaps that take a token.
    """

    parts: tuple[bytes, ...]
    bases: tuple[int, ...]
    tokens: tuple[tuple[int, str], ...]

    @classmethod
    def seal(cls, draft: Draft) -> Template:
        """Encode a draft's document.

        Raises:
            DefinitionError: it holds something that JSON cannot carry.
        """
        mark = f"\u241f{secrets.token_hex(16)}"  # nobody can write this into a prompt beforehand
        tools: list[str] = []

        def token(tool: str) -> str:
            tools.append(tool)
            return f"{mark}{len(tools) - 1};"

        try:
            encoded = _encode(draft.build(Addresses(f"{mark}b;", token)))
        except (TypeError, ValueError, RecursionError) as error:
            msg = f"the document cannot be written as JSON: {error}"
            raise DefinitionError(msg) from error
        first, *rest = encoded.split(mark.encode())
        parts, bases, tokens = [first], [], []
        for piece in rest:
            name, _, literal = piece.partition(b";")
            if name == b"b":
                bases.append(len(parts))
            else:
                tokens.append((len(parts), tools[int(name)]))
            parts += (b"", literal)
        return cls(tuple(parts), tuple(bases), tuple(tokens))

    def render(self, base: bytes, token: Callable[[str], bytes]) -> bytes:
        """The document for one call.

        Args:
            base: the agent's public address, JSON-safe ASCII.
            token: mints the token for a tool's name, JSON-safe ASCII.
        """
        parts = list(self.parts)
        for index in self.bases:
            parts[index] = base
        for index, tool in self.tokens:
            parts[index] = token(tool)
        return b"".join(parts)

    def with_base(self, base: bytes) -> Template:
        """The same document where the public address is known once and for all."""
        parts = list(self.parts)
        for index in self.bases:
            parts[index] = base
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
