"""The sources of the site: the Markdown of the checkout, with tables of contents.

Pages are written for GitHub and ``agenthost docs``, so a link may lead out of ``docs``. On the site, such pages have
places of their own.
"""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import site_messages
from site_diagrams import BLOCK, draw

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ROOT", "links", "stage"]

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_BESIDE = {"AGENTS.md": "agents.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security-policy.md"}
_CHANGES = "CHANGELOG.md"
_FIRST = (
    "tutorial/first-agent",
    "how-to/index",
    "reference/index",
    "explanation/index",
    "examples/index",
    "glossary",
    "messages",
    "plugins/index",
    "changes/index",
    "agents",
    "contributing",
    "security-policy",
)
"""The table of contents of the front page."""
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_BELOW = re.compile(r"[\w-]+(/(index|README))?\.md")
"""A page that an index lists."""
_LINK = re.compile(r"\[(?P<words>[^\]]*)\]\((?P<target>[^)\s]+)\)")


def stage(folder: Path) -> None:
    """Write the sources of the site into an empty folder."""
    places = _places()
    for source, place in places.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(_page(source, places), encoding="utf-8")
        else:
            shutil.copyfile(source, target)
    for name, text in _lists().items():
        (folder / name / "index.md").write_text(text, encoding="utf-8")
    (folder / "messages.md").write_text(site_messages.render(), encoding="utf-8")


def links(page: Path) -> Iterator[str]:
    """Yield the targets of a page's links, as they are written."""
    for part in _FENCED.split(page.read_text(encoding="utf-8")):
        if not part.startswith("```"):
            yield from (link["target"] for link in _LINK.finditer(part))


def _places() -> dict[Path, str]:
    """Return the place on the site of each file that belongs to it."""
    files = (path for path in sorted(DOCS.rglob("*")) if path.is_file() and path.name != _CHANGES)
    found = {path: path.relative_to(DOCS).as_posix() for path in files}
    found |= {ROOT / name: place for name, place in _BESIDE.items()}
    for plugin in sorted(ROOT.glob("plugins/*/README.md")):
        found[plugin] = f"plugins/{plugin.parent.name}.md"
    for changes in (ROOT / _CHANGES, *sorted(ROOT.glob(f"plugins/*/{_CHANGES}"))):
        found[changes] = f"changes/{'agenthost' if changes.parent == ROOT else changes.parent.name}.md"
    return found


def _page(source: Path, places: dict[Path, str]) -> str:
    here = PurePosixPath(places[source]).parent

    def moved(link: re.Match[str]) -> str:
        target, mark, anchor = link["target"].partition("#")
        path = (source.parent / target).resolve()
        if not target or "://" in target or not path.exists():
            return link[0]
        if path not in places:  # a file or folder of the checkout that is not part of the site
            return link["words"]
        return f"[{link['words']}]({os.path.relpath(places[path], here)}{mark}{anchor})"

    parts = _FENCED.split(_drawn(source.read_text(encoding="utf-8")))
    text = "".join(part if part.startswith("```") else _LINK.sub(moved, part) for part in parts)
    if source.parent == DOCS and source.name == "index.md":
        return text + _contents(_FIRST)
    if source.name == "index.md":
        below = [
            link.removesuffix(".md") for link in links(source) if re.fullmatch(r"[\w-]+(/(index|README))?\.md", link)
        ]
        return text + _contents(tuple(dict.fromkeys(below)))
    return text


def _drawn(text: str) -> str:
    """Return a page with its diagrams, each named after the heading above it."""

    def figure(block: re.Match[str]) -> str:
        headings = re.findall(r"^#+ (.+)$", text[: block.start()], re.MULTILINE)
        return draw(block[1], headings[-1])

    return BLOCK.sub(figure, text)


def _contents(pages: tuple[str, ...]) -> str:
    return "\n".join(("\n```{toctree}", ":hidden:", "", *pages, "```", ""))


def _lists() -> dict[str, str]:
    """Return the pages that list the plugins and the changelogs."""
    projects = {
        file.parent.name: tomllib.loads(file.read_text(encoding="utf-8"))["project"]["description"]
        for file in sorted(ROOT.glob("plugins/*/pyproject.toml"))
    }
    changed = ["agenthost", *(path.parent.name for path in sorted(ROOT.glob(f"plugins/*/{_CHANGES}")))]
    plugins = [f"- [{name}]({name}.md): {description}" for name, description in projects.items()]
    changes = [f"- [{name}]({name}.md)" for name in changed]
    return {
        "plugins": "\n".join(("# Plugins", "", *plugins, "")) + _contents(tuple(projects)),
        "changes": "\n".join(("# Changes", "", *changes, "")) + _contents(tuple(changed)),
    }
