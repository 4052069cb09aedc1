"""The skill ``search``: answers from a knowledge base, with their source."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs

from agenthost import FunctionResult, Secret, Skill
from agenthost_search.places import open_index

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from agenthost_search.passages import Passage, Passages

__all__ = ["SearchSettings", "SearchSkill"]

_LONGEST_PASSAGE = 2000
_LONGEST_QUESTION = 500


@attrs.frozen
class SearchSettings:
    """Settings of ``search``.

    Args:
        index: Path of a file, ``package:file`` for a file in an installed package, or a ``postgresql://`` URL
        tool_name: Name of the tool
        description: Description of the tool
        count: Passages of an answer, at most
        tags: Tags of which a passage has one. Empty for all passages
        no_results: Answer where nothing is found
        collection: Name of the index in a database
        embeddings: ``e5``, the URL of an API of OpenAI's form, or ``none``. None takes e5 if the index is of it
        embeddings_model: Name of the API's model
        embeddings_key: Key of the API
        timeout: Seconds that the API has for a question. Words decide alone after it
    """

    index: str = attrs.field(repr=False, validator=attrs.validators.min_len(1))
    tool_name: str = "search_knowledge"
    description: str = "Search the knowledge base for facts"
    count: int = attrs.field(default=3, validator=[attrs.validators.ge(1), attrs.validators.le(20)])
    tags: Sequence[str] = ()
    no_results: str = "The knowledge base has nothing about this. Say that you do not know, and offer other help."
    collection: str = "documents"
    embeddings: str | None = None
    embeddings_model: str = ""
    embeddings_key: Secret | None = None
    timeout: float = attrs.field(default=2.0, validator=attrs.validators.gt(0))


class SearchSkill(Skill):
    """Answers questions from a knowledge base, with their source."""

    Settings = SearchSettings
    _index: Passages

    def setup(self) -> None:
        """Open the index."""
        settings = self.settings
        self._index = open_index(
            settings.index,
            collection=settings.collection,
            embeddings=settings.embeddings,
            model=settings.embeddings_model,
            api_key=settings.embeddings_key,
            timeout=settings.timeout,
        )

    def prompt_sections(self) -> list[dict[str, Any]]:
        """Return the section that says when to search."""
        name = self.tool_name(self.settings.tool_name)
        return [
            {
                "title": "Knowledge",
                "body": f"Use {name} before you state a fact: {self.settings.description}.",
                "bullets": [
                    "Answer from its passages alone, in your own words.",
                    "Say where an answer is from if the caller asks.",
                    "If no passage answers the question, say that you do not know.",
                ],
            }
        ]

    def describe(self, agent: Any) -> None:
        """Add the tool."""
        settings = self.settings
        question = {"type": "string", "description": "What to search for, in a sentence or in keywords"}
        agent.define_tool(
            name=self.tool_name(settings.tool_name),
            description=settings.description,
            parameters={"query": question},
            required=["query"],
            handler=self._search,
        )

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Close the index at the end."""
        try:
            yield
        finally:
            self._index.close()

    def _search(self, args: dict[str, Any]) -> FunctionResult:
        settings = self.settings
        found = self._index.search(args["query"][:_LONGEST_QUESTION], settings.count, settings.tags)
        return FunctionResult("\n\n".join(map(_told, enumerate(found, 1))) if found else settings.no_results)


def _told(numbered: tuple[int, Passage]) -> str:
    number, passage = numbered
    return f"[{number}] {passage.source}:\n{passage.content[:_LONGEST_PASSAGE]}"
