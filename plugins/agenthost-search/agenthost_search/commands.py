"""The commands ``agenthost index`` and ``agenthost search``."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agenthost import AgentHostError, ExitCode, Secret
from agenthost_search.building import SIZE, Built, build, collect
from agenthost_search.packaging import FILE, make_package, module_of
from agenthost_search.places import is_database, open_index
from agenthost_search.vectors import embedder_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost_search.passages import Passage
    from agenthost_search.vectors import Embedder

__all__ = ["index", "search"]

T = TypeVar("T")

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_collection = click.option("--collection", default="documents", show_default=True, help="Its name in a database.")
_embeddings = click.option("--embeddings", metavar="e5|URL", help="Model of vectors, in this process or by an API.")
_model = click.option("--model", default="", metavar="NAME", help="Name of the API's model.")
_key = click.option("--key-variable", metavar="NAME", help="Environment variable that contains the API's key.")


@click.command("index")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", metavar="FILE|URL", help="The index.  [default: FOLDER.sqlite]")
@click.option("--package", metavar="NAME", help="Write a package that contains the index.")
@click.option(
    "--size", default=SIZE, show_default=True, type=click.IntRange(100, 10_000), help="Characters of a passage."
)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag of all passages. May be repeated.")
@_collection
@_embeddings
@_model
@_key
@_as_json
def index(
    folder: Path,
    output: str | None,
    package: str | None,
    size: int,
    tags: tuple[str, ...],
    collection: str,
    **given: Any,
) -> None:
    """Index the documents of FOLDER for the skill "search".

    Documents are Markdown, reStructuredText, HTML and text.
    """
    if output and package:
        raise click.UsageError("--output and --package exclude each other.")
    target = output or f"{folder.resolve().name}.sqlite"

    def made() -> tuple[Built | None, int]:
        embedder = _embedder(given)
        if is_database(target):
            from agenthost_search.postgres import write_collection  # noqa: PLC0415 - an extra

            passages = collect(folder, size=size, tags=tags).passages
            write_collection(target, collection, passages, embedder)
            return None, len(passages)
        file = make_package(Path(), package) if package else Path(target)
        built = build(folder, file, size=size, tags=tags, embedder=embedder)
        return built, built.passages

    built, passages = _guarded(made)
    if given["as_json"]:
        click.echo(json.dumps(_built(built) if built else {"collection": collection, "passages": passages}))
    elif built is None:
        click.echo(f"collection {collection}: {passages} passages")
    else:
        _show(built, package, target)


@click.command("search")
@click.argument("place", metavar="INDEX")
@click.argument("question")
@click.option("--count", default=3, show_default=True, type=click.IntRange(1, 20), help="Passages at most.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Search passages with this tag. May be repeated.")
@_collection
@_embeddings
@_model
@_key
@_as_json
def search(place: str, question: str, count: int, tags: tuple[str, ...], collection: str, **given: Any) -> None:
    """Print the passages of INDEX that answer QUESTION, with their sources.

    INDEX is a file, also one of SignalWire's SDK (.swsearch), package:file or postgresql://…. Exit code 1: nothing is
    found.
    """

    def found() -> tuple[list[Passage], float]:
        opened = open_index(
            place, collection=collection, embeddings=given["embeddings"], model=given["model"], api_key=_secret(given)
        )
        try:
            begun = time.perf_counter()
            return list(opened.search(question, count, tags)), time.perf_counter() - begun
        finally:
            opened.close()

    passages, took = _guarded(found)
    if given["as_json"]:
        click.echo(json.dumps([_passage(each) for each in passages], indent=2))
    else:
        for each in passages:
            click.secho(_escaped(each.source), bold=True)
            click.echo(_escaped(each.content))
            click.echo()
        click.echo(f"{len(passages)} passages in {took * 1000:.1f} ms", err=True)
    sys.exit(ExitCode.OK if passages else ExitCode.FINDINGS)


def _guarded(work: Callable[[], T]) -> T:
    try:
        return work()
    except AgentHostError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(ExitCode.CONFIGURATION)


def _embedder(given: dict[str, Any]) -> Embedder | None:
    if given["embeddings"] in (None, "none"):
        return None
    return embedder_of(given["embeddings"], given["model"], _secret(given))


def _secret(given: dict[str, Any]) -> Secret | None:
    name = given["key_variable"]
    if name is None:
        return None
    if not os.environ.get(name):
        raise click.UsageError(f"the environment variable {name} is not set.")
    return Secret(os.environ[name])


def _show(built: Built, package: str | None, target: str) -> None:
    left = f", {built.left_out} files of other kinds are left out" if built.left_out else ""
    click.echo(
        f"{built.file}: {built.passages} passages of {built.documents} documents, {max(built.size // 1000, 1)} kB{left}"
    )
    click.echo(f'  try:  agenthost search {built.file} "a question"')
    place = f"{module_of(package)}:{FILE}" if package else target
    if package:
        click.echo(f"  then: pip install ./{package}")
    click.echo(f'  use:  self.add_skill("search", {{"index": "{place}"}})')


def _built(built: Built) -> dict[str, Any]:
    return {
        "file": str(built.file),
        "passages": built.passages,
        "documents": built.documents,
        "left_out": built.left_out,
        "size": built.size,
    }


def _passage(passage: Passage) -> dict[str, Any]:
    return {
        "source": passage.source,
        "content": passage.content,
        "filename": passage.filename,
        "section": passage.section,
        "first_line": passage.first_line,
        "last_line": passage.last_line,
        "tags": list(passage.tags),
        "score": round(passage.score, 5),
    }


def _escaped(text: str) -> str:
    """Return a text that cannot move the cursor of a terminal."""
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text)
