"""The documentation, in the wheel and in a checkout: pages, names and words."""

from __future__ import annotations

import re
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import field, frozen

from agenthost._error_words import did_you_mean

__all__ = ["Documentation", "Page"]

_FACE: Any = import_module("agenthost")
"""The public names, which lie above this room."""
_FIRST = ("AGENTS", "tutorial", "how-to", "reference", "explanation", "glossary")
"""The order of the parts."""
_MOST_PAGES = 10
_NAMES = "reference/names/"
"""The pages with an entry for each public name."""
_ROW = re.compile(r"^\| (.*) \|$", re.MULTILINE)


@frozen
class Page:
    """A page.

    Args:
        name: its path without a suffix, such as ``how-to/write-tools``.
        path: its file.
    """

    name: str
    path: Path = field(repr=False)

    @property
    def text(self) -> str:
        """The page in Markdown."""
        return self.path.read_text(encoding="utf-8")

    @property
    def title(self) -> str:
        """The first heading."""
        return self.text.partition("\n")[0].lstrip("# ")


@frozen(slots=False)
class Documentation:
    """All pages.

    Args:
        folder: where they lie; by default in the wheel, else in the checkout.
    """

    folder: Path = field()

    @folder.default
    def _own(self) -> Path:
        package = Path(_FACE.__file__).parent
        return package / "_docs" if (package / "_docs").is_dir() else package.parent / "docs"

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """The pages, part by part."""
        files = [*self.folder.rglob("*.md"), self.folder.parent / "AGENTS.md"]
        found = {
            ("AGENTS" if path.name == "AGENTS.md" else path.relative_to(self.folder).with_suffix("").as_posix()): path
            for path in files
            if path.is_file() and path.name != "index.md"
        }
        order = {part: number for number, part in enumerate(_FIRST)}
        names = sorted(found, key=lambda name: (order.get(name.partition("/")[0], len(order)), name))
        return tuple(Page(name, found[name]) for name in names)

    def about(self, topic: str) -> str:
        """Return a page, or what the documentation says about a name or a word.

        Raises:
            LookupError: there is nothing about it.
        """
        wanted = topic.removesuffix(".md").casefold()
        for page in self.pages:
            if wanted in (page.name.casefold(), page.name.rpartition("/")[2].casefold(), page.title.casefold()):
                return page.text
        found = "\n\n".join(
            part for part in (self._entry(topic), self._explained(topic), self._mentions(topic)) if part
        )
        if not found:
            near = did_you_mean(topic, [page.name.rpartition("/")[2] for page in self.pages] + _FACE.__all__)
            raise LookupError(f"there is nothing about {topic!r}. {near}agenthost docs lists the pages.")
        return f"{found}\n"

    def _entry(self, topic: str) -> str:
        """Return the entry of a public name, and the names of its attributes."""
        name = topic.removeprefix("agenthost.").removeprefix("testing.")
        entry = re.compile(rf"^##+ {re.escape(name)}\n.*?(?=\n##|\Z)", re.MULTILINE | re.DOTALL)
        for page in self.pages:
            if page.name.startswith(_NAMES) and (found := entry.search(page.text)):
                attributes = re.findall(rf"^### ({re.escape(name)}\..+)$", page.text, re.MULTILINE)
                listed = [f"  agenthost docs {attribute}" for attribute in attributes]
                return "\n".join((found[0].strip(), *(("", *listed) if listed else ())))
        return ""

    def _explained(self, word: str) -> str:
        """Return the entry of the glossary, and rows of tables that begin with a name."""
        name = word.rpartition(".")[2]
        lines = []
        for page in self.pages:
            if page.name == "glossary":
                entry = re.search(
                    rf"^\*\*{re.escape(word)}\*\*.*?(?=\n\n|\Z)", page.text, re.MULTILINE | re.DOTALL | re.IGNORECASE
                )
                lines += [entry[0]] if entry else []
            lines += [
                f"{page.name}: {row[0]}"
                for row in _ROW.finditer(page.text)
                if not page.name.startswith(_NAMES)
                if re.match(rf"`?{re.escape(name)}(?!\w)", row[1].partition(" | ")[0])
            ]
        return "\n".join(dict.fromkeys(lines))

    def _mentions(self, word: str) -> str:
        pattern = re.compile(rf"(?<!\w){re.escape(word.rpartition('.')[2])}(?!\w)", re.IGNORECASE)
        counted = [(len(pattern.findall(page.text)), page) for page in self.pages]
        most = sorted((each for each in counted if each[0]), key=lambda each: -each[0])[:_MOST_PAGES]
        lines = [f"  agenthost docs {page.name}  ({page.title})" for _, page in most]
        return "\n".join(["Pages:", *lines]) if lines else ""
