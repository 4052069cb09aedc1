"""Documents: files of text, Markdown, reStructuredText and HTML, split at headings and paragraphs."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost_search.passages import Passage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["SUFFIXES", "passages_of", "read_passages"]

_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*$")
_UNDERLINE = re.compile(r"([=\-~^\"'*+#])\1{2,}\s*$")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_SENTENCE = re.compile(r"(?<=[.!?。])\s+")
_LEVELS_OF_HTML = {f"h{level}": level for level in range(1, 7)}
_BREAKS = frozenset(("p", "div", "li", "tr", "br", "section", "article", "table", "ul", "ol", "pre", "dt", "dd"))
_HIDDEN = frozenset(("script", "style", "head", "template", "noscript", "svg"))


@frozen
class _Block:
    """A heading, with its level, or a paragraph, with the level 0."""

    level: int
    text: str
    first: int
    last: int


def read_passages(file: Path, name: str, size: int, tags: Iterable[str] = ()) -> Iterator[Passage]:
    """Yield the passages of a file.

    Args:
        file: The file, in UTF-8. Other bytes are replaced
        name: Its name in sources
        size: Characters of a passage, at most
        tags: Words that its passages are given
    """
    text = file.read_bytes().decode("utf-8-sig", "replace")
    yield from passages_of(text, name, size, file.suffix.lower(), tags)


def passages_of(text: str, name: str, size: int, suffix: str = ".md", tags: Iterable[str] = ()) -> Iterator[Passage]:
    """Yield the passages of a text, as ``read_passages`` does."""
    titles: list[tuple[int, str]] = []
    kept: list[_Block] = []
    given = tuple(tags)

    def passage() -> Iterator[Passage]:
        if kept:
            said = "\n\n".join(block.text for block in kept)
            section = " > ".join(title for _, title in titles)
            yield Passage(said, name, section, kept[0].first, kept[-1].last, given)
        kept.clear()

    for block in (part for whole in SUFFIXES[suffix](text) for part in _bounded(whole, size)):
        if block.level:
            yield from passage()
            titles[:] = [*(title for title in titles if title[0] < block.level), (block.level, block.text)]
        else:
            if kept and sum(len(each.text) + 2 for each in kept) + len(block.text) > size:
                yield from passage()
            kept.append(block)
    yield from passage()


def _bounded(block: _Block, size: int) -> Iterator[_Block]:
    """Split a long paragraph at its lines, else at sentences, else anywhere."""
    if block.level or len(block.text) <= size:
        yield block
        return
    part, first, number = "", block.first, block.first
    for line in block.text.split("\n"):
        for piece in _pieces(line, size):
            if part and len(part) + 1 + len(piece) > size:
                yield _Block(0, part, first, max(first, number))
                part, first = "", min(number, block.last)
            part = f"{part}\n{piece}" if part else piece
        number = min(number + 1, block.last)
    yield _Block(0, part, first, block.last)


def _pieces(line: str, size: int) -> Iterator[str]:
    if len(line) <= size:
        yield line
        return
    part = ""
    for sentence in _SENTENCE.split(line):
        for start in range(0, len(sentence), size):
            piece = sentence[start : start + size]
            if part and len(part) + 1 + len(piece) > size:
                yield part
                part = ""
            part = f"{part} {piece}" if part else piece
    yield part


def _markdown(text: str) -> Iterator[_Block]:
    """Yield the blocks of Markdown. Lines of code are never headings."""
    fence = ""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        heading = None if fence else _HEADING.match(line)
        if heading:
            yield from _paragraph(lines)
            yield _Block(len(heading[1]), heading[2], number, number)
        elif not fence and len(lines) == 1 and line[:1] in ("=", "-") and _UNDERLINE.match(line):
            [(above, title)] = lines
            lines.clear()
            yield _Block(1 if line[0] == "=" else 2, title.strip(), above, number)
        elif line.strip() or fence:
            lines.append((number, line))
        else:
            yield from _paragraph(lines)
    yield from _paragraph(lines)


def _restructured(text: str) -> Iterator[_Block]:
    """Yield the blocks of reStructuredText, whose levels follow the order of the underlines."""
    seen: list[str] = []
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        mark = _UNDERLINE.match(line)
        if mark and lines and len(line.rstrip()) >= len(lines[-1][1].strip()):
            above, title = lines.pop()
            if lines and _UNDERLINE.match(lines[-1][1]):
                lines.pop()  # the line above a title
            yield from _paragraph(lines)
            if mark[1] not in seen:
                seen.append(mark[1])
            yield _Block(seen.index(mark[1]) + 1, title.strip(), above, number)
        elif line.strip():
            lines.append((number, line))
        else:
            yield from _paragraph(lines)
    yield from _paragraph(lines)


def _plain(text: str) -> Iterator[_Block]:
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            lines.append((number, line))
        else:
            yield from _paragraph(lines)
    yield from _paragraph(lines)


def _paragraph(lines: list[tuple[int, str]]) -> Iterator[_Block]:
    said = "\n".join(line.rstrip() for _, line in lines).strip("\n")
    if said.strip():
        yield _Block(0, said, lines[0][0], lines[-1][0])
    lines.clear()


def _html(text: str) -> Iterator[_Block]:
    page = _Page()
    page.feed(text)
    page.close()
    page.finish()
    return iter(page.blocks)


class _Page(HTMLParser):
    """Collects the headings and paragraphs of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[_Block] = []
        self._words: list[str] = []
        self._first = 1
        self._level = 0
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - of the base
        self._hidden += tag in _HIDDEN
        if tag in _LEVELS_OF_HTML or tag in _BREAKS:
            self.finish()
            self._level = _LEVELS_OF_HTML.get(tag, 0)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if tag in _LEVELS_OF_HTML or tag in _BREAKS:
            self.finish()
            self._level = 0

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            if not self._words:
                self._first = self.getpos()[0]
            self._words.append(data)

    def finish(self) -> None:
        """End the paragraph."""
        said = " ".join("".join(self._words).split())
        if said:
            self.blocks.append(_Block(self._level, said, self._first, max(self._first, self.getpos()[0])))
        self._words.clear()


SUFFIXES: dict[str, Callable[[str], Iterator[_Block]]] = {
    ".md": _markdown,
    ".markdown": _markdown,
    ".rst": _restructured,
    ".txt": _plain,
    ".html": _html,
    ".htm": _html,
}
"""Suffixes of the files that are indexed."""
