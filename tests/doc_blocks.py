"""Write the Python blocks of the documentation as modules, for a type checker.

``python tests/doc_blocks.py FOLDER`` writes a file for each block that runs. Its lines have the numbers of their
page.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pages import PAGES, Block, blocks

__all__ = ["main", "write_blocks"]


def write_blocks(folder: Path) -> list[Path]:
    """Write the blocks of all pages, and return the files."""
    written: list[Path] = []
    for page in PAGES:
        last = {block.file: block.line for block in blocks(page, "python") if block.file}
        for block in blocks(page, "python"):
            path = folder / (_module(block) if last.get(block.file) == block.line else _alone(block))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n" * (block.line - 1) + block.text, encoding="utf-8")
            written.append(path)
    return written


def _module(block: Block) -> str:
    """Return the name under which other blocks import a block."""
    return re.sub(r"^(src|tests)/", "", block.file)


def _alone(block: Block) -> str:
    """Return the name of a block that nothing imports, or that a later one replaces."""
    return f"{re.sub(r'[^a-z]+', '_', block.page.removesuffix('.md').lower())}_{block.line}.py"


def main(arguments: list[str]) -> int:
    """Write the blocks, and return the exit code."""
    [folder] = arguments
    write_blocks(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
