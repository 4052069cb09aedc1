"""The documentation for language models: ``llms.txt`` (https://llmstxt.org), and everything in one file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_for_models"]

_PARTS = {
    "Tutorial": ("tutorial",),
    "How-to guides": ("how-to",),
    "Reference": ("reference",),
    "Explanation": ("explanation",),
    "Examples": ("examples",),
    "Optional": ("glossary", "messages", "plugins", "changes", "agents", "contributing", "security-policy"),
}
_SUMMARY = (
    "agenthost is a host for voice and chat agents in Python: install agent packages, type `agenthost run`, and every "
    "installed agent is served at its own route, with SIP routing, health, shared state, isolation and workflows."
)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_CONTENTS = re.compile(r"\n```\{toctree\}\n.*?\n```\n", re.DOTALL)


def write_for_models(sources: Path, site: Path) -> None:
    """Write each page's Markdown beside the page, ``llms.txt`` and ``llms-full.txt``."""
    pages = {
        page.relative_to(sources).as_posix(): _CONTENTS.sub("", page.read_text(encoding="utf-8"))
        for page in sorted(sources.rglob("*.md"))
    }
    for name, text in pages.items():
        (site / name).write_text(text, encoding="utf-8")
    (site / "llms.txt").write_text(_overview(pages), encoding="utf-8")
    full = "\n\n".join(f"<!-- {name} -->\n\n{text.strip()}" for name, text in pages.items())
    (site / "llms-full.txt").write_text(f"{full}\n", encoding="utf-8")


def _overview(pages: dict[str, str]) -> str:
    lines = ["# agenthost", "", f"> {_SUMMARY}"]
    for part, places in _PARTS.items():
        lines += ["", f"## {part}", ""]
        lines += [
            f"- [{_title(text)}]({name}): {_sentence(text)}".removesuffix(": ")
            for name, text in pages.items()
            if name.removesuffix(".md").partition("/")[0] in places and name.rpartition("/")[2] != "index.md"
        ]
    return "\n".join([*lines, ""])


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ")


def _sentence(text: str) -> str:
    """Return the first sentence of a page, as plain text."""
    paragraphs = (part.replace("\n", " ") for part in text.split("\n\n")[1:])
    first = next((part for part in paragraphs if part[:1].isalnum() or part.startswith(("`", "["))), "")
    return re.split(r"(?<=[.:])\s", _LINK.sub(r"\1", first))[0].rstrip(":")
