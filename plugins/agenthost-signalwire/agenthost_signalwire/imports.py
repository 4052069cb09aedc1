"""Imports of SignalWire's SDK, rewritten to imports of agenthost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
from attrs import frozen
from libcst.metadata import MetadataWrapper, PositionProvider

import agenthost
from agenthost_signalwire.findings import BRIDGED, SKILLS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Migrated", "migrated", "replacement_of"]

_PACKAGES = ("signalwire", "signalwire_agents")
_ELSEWHERE = "it is not a part of agenthost: keep signalwire-sdk installed next to it"


@frozen
class Migrated:
    """The result of a migration.

    Args:
        text: the new source.
        remarks: line numbers with what remains to be done.
    """

    text: str
    remarks: tuple[tuple[int, str], ...]


def migrated(text: str) -> Migrated:
    """Rewrite a module's imports.

    Args:
        text: its source.

    Raises:
        libcst.ParserSyntaxError: it is not Python.
    """
    wrapper = MetadataWrapper(cst.parse_module(text))
    rewriting = _Rewriting()
    module = wrapper.visit(rewriting)
    return Migrated(module.code, tuple(sorted(set(rewriting.remarks))))


class _Rewriting(cst.CSTTransformer):
    """Moves names that agenthost has, and remarks on the others."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.remarks: list[tuple[int, str]] = []
        self.agent = agenthost.AgentBase("agent")

    def leave_SimpleStatementLine(  # noqa: N802 - libcst's
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        """Split an import into those of agenthost and those that stay."""
        if len(original_node.body) != 1 or not isinstance(found := original_node.body[0], cst.ImportFrom):
            return updated_node
        module = _dotted(found.module)
        if module.partition(".")[0] not in _PACKAGES or isinstance(found.names, cst.ImportStar):
            if module.partition(".")[0] in _PACKAGES:
                self._remark(original_node, f"from {module} import *: name what is imported")
            return updated_node
        ours = [each for each in found.names if each.evaluated_name in agenthost.__all__]
        theirs = [each for each in found.names if each not in ours]
        for each in theirs:
            reason = replacement_of(agenthost, each.evaluated_name) or _ELSEWHERE
            self._remark(original_node, f"{each.evaluated_name} of {module}: {reason}")
        if not ours:
            return updated_node
        made = found.with_changes(module=cst.Name("agenthost"))
        if not theirs:
            return updated_node.with_changes(body=[made])
        stays = cst.SimpleStatementLine([_only(found, theirs)])
        return cst.FlattenSentinel([updated_node.with_changes(body=[_only(made, ours)]), stays])

    def visit_Import(self, node: cst.Import) -> None:  # noqa: N802
        """Remark on imports of whole modules."""
        for each in node.names:
            if each.evaluated_name.partition(".")[0] in _PACKAGES:
                self._remark(node, f"import {each.evaluated_name}: import the names that are used")

    def visit_Attribute(self, node: cst.Attribute) -> None:  # noqa: N802
        """Remark on methods that agenthost does not have."""
        name = node.attr.value
        if isinstance(node.value, cst.Name) and node.value.value in ("self", "agent"):
            reason = replacement_of(self.agent, name)
            if reason is not None:
                self._remark(node, f"{name}: {reason}")

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        """Remark on skills that agenthost does not have."""
        if not (isinstance(node.func, cst.Attribute) and node.func.attr.value == "add_skill" and node.args):
            return
        if isinstance(value := node.args[0].value, cst.SimpleString):
            name = value.evaluated_value
            if name in BRIDGED:
                self._remark(node, f"the skill {name!r} is one of signalwire-sdk: keep agenthost-signalwire installed")
            elif name not in SKILLS:
                self._remark(
                    node,
                    f"the skill {name!r} is not in agenthost or agenthost-skills: write it, or find a package",
                )

    def _remark(self, node: cst.CSTNode, text: str) -> None:
        self.remarks.append((self.get_metadata(PositionProvider, node).start.line, text))


def _dotted(node: cst.BaseExpression | None) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


def _only(found: cst.ImportFrom, names: Sequence[cst.ImportAlias]) -> cst.ImportFrom:
    """Return an import of some of its names, on one line."""
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    *first, last = names
    before = [each.with_changes(comma=comma) for each in first]
    whole = [*before, last.with_changes(comma=cst.MaybeSentinel.DEFAULT)]
    return found.with_changes(names=whole, lpar=None, rpar=None)


def replacement_of(owner: object, name: str) -> str | None:
    """Return what agenthost says instead of a name of the SDK, or None."""
    try:
        getattr(owner, name)
    except AttributeError as error:
        _, marked, fix = str(error).partition("fix: ")
        return fix.partition(" (see ")[0] if marked else None
    return None
