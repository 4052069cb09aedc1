"""Titles and annotations of tools, for clients of the Model Context Protocol."""

import pytest

from agenthost import AgentBase, DefinitionError
from agenthost.agent.base import declared


def defined(**options):
    """Return a tool with options."""
    agent = AgentBase("shop").define_tool("price", "Returns a price.", {}, lambda args, raw: "99", **options)
    return declared(agent).draft.tools["price"]


def test_they_are_kept_beside_the_description():
    """Documents for the platform do not have them."""
    tool = defined(title="Price", annotations={"readOnlyHint": True})

    assert (tool.title, tool.annotations) == ("Price", {"readOnlyHint": True})
    assert {"title", "annotations"}.isdisjoint(tool.describe(None))
    assert (defined().title, defined().annotations) == (None, {})


@pytest.mark.parametrize("annotations", [{"readOnly": True}, {"readOnlyHint": "yes"}, ["readOnlyHint"], "readOnlyHint"])
def test_other_annotations_are_refused(annotations):
    with pytest.raises(DefinitionError, match=r"tool 'price': annotations must be hints .* fix: use destructiveHint"):
        defined(annotations=annotations)
