"""The example of a cinema, as configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "agenthost.toml.example"


@pytest.fixture(scope="session")
def example():
    """The text of the example."""
    return EXAMPLE.read_text(encoding="utf-8")


@pytest.fixture
def sections(example):
    """The settings of its agents."""
    return tomllib.loads(example)["agents"]
