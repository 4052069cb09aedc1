"""Whole documents: what a sequence of an agent's methods renders to (tests/data/conformance/README.md)."""

from __future__ import annotations

import conformance
import documents
import pytest

from agenthost.errors import AgentHostError

RECORDS = conformance.records("documents", kind="document")


@pytest.mark.parametrize("record", [r for r in RECORDS if not r["error"]], ids=lambda r: r["id"])
def test_renders_what_the_platform_expects(record):
    """The steps render to the recorded document."""
    assert record["emitted"] == documents.rendered(record)


@pytest.mark.parametrize("record", [r for r in RECORDS if not r["error"]], ids=lambda r: r["id"])
def test_keys_stand_in_the_order_of_the_contract(record):
    """People read documents, and compare them as text (wire.md, section 3)."""
    actual, emitted = (
        next(v["ai"] for v in d["sections"]["main"] if "ai" in v)
        for d in (documents.rendered(record), record["emitted"])
    )

    assert list(emitted) == list(actual)
    assert list(emitted.get("SWAIG", ())) == list(actual.get("SWAIG", ()))


@pytest.mark.parametrize("record", [r for r in RECORDS if r["error"]], ids=lambda r: r["id"])
def test_refuses_what_cannot_work(record):
    """Calls that the platform's SDK refuses are refused with an AgentHostError."""
    with pytest.raises(AgentHostError):
        documents.rendered(record)
