"""The pages of the documentation, parsed for the tests that compare them with the code."""

from __future__ import annotations

import re
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = (
    ROOT / "README.md",
    ROOT / "AGENTS.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.rglob("*.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
)

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./-]+\.(?:py|toml))`[^`]*$")

_NO_FILES = ("console", "text")
"""Blocks that nobody saves, although a sentence before them may name a file."""


@frozen
class Block:
    """A fenced block.

    Args:
        page: the page, relative to the checkout.
        line: line of its first line of text.
        info: what stands after the fence, such as ``python``.
        text: what is in it.
        file: the file that the sentence before it says to put it into, or an empty text.
    """

    page: str
    line: int
    info: str
    text: str
    file: str

    @property
    def is_test(self) -> bool:
        """True for a file of tests."""
        return self.file.rpartition("/")[2].startswith("test_")

    @property
    def name(self) -> str:
        """Names the block in a test's id."""
        return f"{self.page}:{self.line}"


def title(page: Path) -> str:
    """Names a page in a test's id."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *infos: str) -> list[Block]:
    """The blocks of a page, or those of some languages."""
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        before = text[: fence.start()].rstrip()
        lead = before.rpartition("\n\n")[2].replace("\n", " ")
        file = _FILE.search(lead) if before.endswith(":") and fence["info"] not in _NO_FILES else None
        line = text.count("\n", 0, fence.start()) + 2
        found.append(Block(title(page), line, fence["info"], fence["text"], file[1] if file else ""))
    return [block for block in found if not infos or block.info in infos]


def every(*infos: str) -> list[Block]:
    """The blocks of all pages."""
    return [block for page in PAGES for block in blocks(page, *infos)]


def prose(page: Path) -> str:
    """A page without its blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def section(page: Path, heading: str) -> str:
    """The text below a heading of the second level."""
    _, _, rest = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    assert rest, f"{title(page)} has no section {heading!r}"
    return rest.partition("\n## ")[0]


def write(page: Path, folder: Path) -> list[Path]:
    """Write the files of a page.

    A later version of a file replaces an earlier one.
    """
    paths = []
    for block in blocks(page):
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            paths.append(path)
    return paths
