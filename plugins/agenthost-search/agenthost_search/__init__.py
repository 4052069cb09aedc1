"""Knowledge bases: indexes of documents, and a skill that answers from them with sources."""

from __future__ import annotations

from agenthost_search.building import Built, build
from agenthost_search.index import SqliteIndex
from agenthost_search.passages import Passage, Passages
from agenthost_search.places import open_index

__all__ = ["Built", "Passage", "Passages", "SqliteIndex", "build", "open_index"]
